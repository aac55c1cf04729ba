// The random number generator on a model of its registers: its start, each kind of failure, and the end of patience.
#include "random.hpp"

#include <gtest/gtest.h>

#include <array>

#include "model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

/// A generator that gives words counted up, and what the test wants to go wrong.
class generator : public ::testing::Test {
 protected:
  generator() {
    chip.on_store[rng::cr.address] = [this](std::uint32_t v) { control(v); };
    chip.on_store[rng::htcr.address] = [this](std::uint32_t v) {
      EXPECT_TRUE(chip.at(rng::cr) & rng::condrst) << "the threshold is locked";
      EXPECT_TRUE(v == rng::htcr_magic || chip.at(rng::htcr) == rng::htcr_magic) << "without its key";
      chip.at(rng::htcr) = v;
    };
    chip.on_store[rng::sr.address] = [this](std::uint32_t v) { sticky &= v | ~(rng::seis | rng::ceis); };
    chip.on_load[rng::sr.address] = [this] { return status(); };
    chip.on_load[rng::dr.address] = [this] { return give(); };
  }
  void control(std::uint32_t v) {
    const std::uint32_t before = std::exchange(chip.at(rng::cr), never_resets ? v | rng::condrst : v);
    if ((before & rng::condrst) && !(v & rng::condrst)) {
      ++resets;
      if (!broken) current = 0;
    }
    if ((v & rng::rngen) && !(before & rng::rngen) && fails_at_start) sticky |= rng::seis;
  }
  std::uint32_t status() {
    const bool on = chip.at(rng::cr) & rng::rngen;
    return sticky | current | (on && sticky == 0 && current == 0 && alive ? rng::drdy : 0);
  }
  std::uint32_t give() {
    ++words;
    if (words == fails_at) sticky |= rng::seis, current |= rng::secs;
    if (words == clock_fails_at) sticky |= rng::ceis;
    if (words == zero_at) return 0;
    return words >= stuck_from ? 0x12345678 : 0x1000 + words;
  }

  chip_model chip;
  random_source source;
  std::uint32_t sticky = 0, current = 0;
  unsigned words = 0, resets = 0, fails_at = 0, clock_fails_at = 0, zero_at = 0, stuck_from = 1'000'000;
  bool alive = true, broken = false, never_resets = false, fails_at_start = false;
  std::array<std::byte, 16> out{};
};

std::array<std::byte, 16> words_from(std::uint32_t first, std::uint32_t second, std::uint32_t third,
                                     std::uint32_t fourth) {
  const std::uint32_t all[] = {first, second, third, fourth};
  std::array<std::byte, 16> result{};
  copy(std::as_bytes(std::span{all}), result);
  return result;
}

TEST_F(generator, is_set_up_as_nist_configuration_a) {
  ASSERT_TRUE(source.start());
  EXPECT_EQ(chip.at(rng::cr), 0x00f00d04U);
  EXPECT_EQ(chip.at(rng::htcr), 0xaa74U);
  EXPECT_EQ(chip.written.front(), std::pair(rng::cr.address, 0x40f00d00U));
  ASSERT_TRUE(source.fill(out));
  EXPECT_EQ(out, words_from(0x1002, 0x1003, 0x1004, 0x1005)) << "the first word isn't used";
}

TEST_F(generator, fills_any_length) {
  ASSERT_TRUE(source.start());
  std::array<std::byte, 7> seven{};
  ASSERT_TRUE(source.fill(mutable_bytes{seven}.first(5)));
  EXPECT_EQ(seven[5], std::byte{0});
  EXPECT_EQ(seven[4], std::byte{0x03});
  EXPECT_TRUE(source.fill({}));
}

TEST_F(generator, starts_although_its_start_leaves_a_seed_error) {
  fails_at_start = true;
  EXPECT_TRUE(source.start());
  EXPECT_TRUE(source.fill(out));
}

// original defect 20: an error of the generator was taken for randomness
TEST_F(generator, throws_away_a_word_of_bad_noise) {
  ASSERT_TRUE(source.start());
  fails_at = 3;
  ASSERT_TRUE(source.fill(out));
  EXPECT_EQ(out, words_from(0x1002, 0x1004, 0x1005, 0x1006));
  EXPECT_EQ(source.counted().seed_errors, 1U);
  EXPECT_EQ(resets, 2U);
}

TEST_F(generator, takes_zero_for_a_failure) {
  ASSERT_TRUE(source.start());
  zero_at = 2;
  ASSERT_TRUE(source.fill(out));
  EXPECT_EQ(out, words_from(0x1003, 0x1004, 0x1005, 0x1006));
  EXPECT_EQ(source.counted().seed_errors, 1U);
}

TEST_F(generator, goes_on_after_its_clock_was_slow) {
  ASSERT_TRUE(source.start());
  clock_fails_at = 2;
  ASSERT_TRUE(source.fill(out));
  EXPECT_EQ(source.counted().clock_errors, 1U);
  EXPECT_EQ(source.counted().seed_errors, 0U);
}

// original defect 20
TEST_F(generator, gives_nothing_if_it_does_not_recover) {
  ASSERT_TRUE(source.start());
  fails_at = 3, broken = true;
  out.fill(std::byte{0xee});
  EXPECT_FALSE(source.fill(out));
  EXPECT_EQ(out, (std::array<std::byte, 16>{})) << "not even the good words before";
}

TEST_F(generator, gives_nothing_if_words_repeat) {
  ASSERT_TRUE(source.start());
  stuck_from = 3;
  EXPECT_FALSE(source.fill(out));
  EXPECT_EQ(source.counted().repeated, random_source::recoveries_max + 1);
  EXPECT_EQ(resets, 1 + random_source::recoveries_max);
}

TEST_F(generator, does_not_wait_for_ever) {
  alive = false;
  EXPECT_FALSE(source.start());
  alive = true, never_resets = true;
  EXPECT_FALSE(source.start());
  never_resets = false;
  EXPECT_TRUE(source.start());
}

}  // namespace
}  // namespace recado::nucleo_h723zg
