// What a journal knows of damage to what was written last.
#include <recado/store/failing_storage_for_tests.hpp>
#include <recado/store/journal.hpp>

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace recado::store {
namespace {

constexpr std::uint32_t record_count = 12;

/// A journal with twelve records that were synced together.
struct written {
  written() : records(below, index, scratch) {
    EXPECT_TRUE(records.format().has_value());
    for (std::uint32_t i = 0; i < record_count; ++i) put(i);
    EXPECT_TRUE(records.sync().has_value());
  }
  void put(std::uint32_t number) {
    const std::string text(30, static_cast<char>('a' + number));
    const bytes pieces[] = {as_bytes(text)};
    EXPECT_TRUE(records.put({1, number}, pieces, &last).has_value());
  }
  mount_report mount_with_damage_to(std::uint32_t number) {
    const std::string text(30, static_cast<char>('a' + number));
    const auto found = std::ranges::search(below.image(), as_bytes(text));
    EXPECT_FALSE(found.empty());
    *found.begin() ^= std::byte{1};
    const auto report = records.mount();
    EXPECT_TRUE(report.has_value());
    return report.value_or(mount_report{});
  }

  testing::failing_storage below{{4096, 4, 4, std::byte{0xff}}};
  std::array<index_entry, 32> index;
  std::array<std::byte, 256> scratch;
  journal records;
  const note last{3, 4};
};

TEST(journal_seal, without_it_damage_to_what_was_written_last_looks_like_an_interruption) {
  written one;
  const mount_report report = one.mount_with_damage_to(2);
  EXPECT_TRUE(report.torn);
  EXPECT_FALSE(report.damaged());
  EXPECT_EQ(one.records.records(), 2U);
}

TEST(journal_seal, behind_it_damage_is_told_and_costs_what_it_hit) {
  for (const std::uint32_t number : {0U, 2U, record_count - 1}) {
    written one;
    ASSERT_TRUE(one.records.seal());
    const mount_report report = one.mount_with_damage_to(number);
    EXPECT_FALSE(report.torn);
    EXPECT_EQ(report.records_lost, 1U);
    EXPECT_EQ(one.records.records(), record_count - 1);
    EXPECT_EQ(one.records.last_note(), one.last);
  }
}

TEST(journal_seal, costs_nothing_where_nothing_has_changed) {
  written one;
  ASSERT_TRUE(one.records.seal());
  const std::uint64_t sequence = one.records.sequence();
  ASSERT_TRUE(one.records.seal());
  ASSERT_TRUE(one.records.mount());
  ASSERT_TRUE(one.records.seal());
  EXPECT_EQ(one.records.sequence(), sequence);
  one.put(0);
  ASSERT_TRUE(one.records.seal());
  EXPECT_EQ(one.records.sequence(), sequence + 2);
}

TEST(journal_seal, says_why_it_could_not) {
  written one;
  one.put(0);
  one.below.cut_in(0);
  EXPECT_EQ(one.records.seal().error(), error::failed);
}

// Sealed or not, what was synced is there.
TEST(journal_seal, the_power_may_go_in_it) {
  for (const testing::power_loss how : testing::power_losses) {
    for (std::uint64_t steps = 0; steps < 12; ++steps) {
      written one;
      std::mt19937_64 chance{steps};
      one.below.cut_in(steps);
      (void)one.records.seal();
      if (one.below.dead()) one.below.power_up(how, chance);
      const auto report = one.records.mount();
      ASSERT_TRUE(report);
      EXPECT_FALSE(report->damaged());
      EXPECT_EQ(one.records.records(), record_count);
    }
  }
}

}  // namespace
}  // namespace recado::store
