// A journal against a model that forgets nothing, with the power cut in every word that is written.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include <recado/store/crc32c.hpp>
#include <recado/store/failing_storage_for_tests.hpp>
#include <recado/store/journal.hpp>
#include <recado/store/memory_storage.hpp>

namespace recado::store {
namespace {

using testing::failing_storage, testing::power_loss;

/// What a journal should hold.
struct model {
  std::map<std::pair<int, std::uint32_t>, std::string> records;
  note last;
  bool operator==(const model&) const = default;
};

/// One life of a journal: what is done is drawn from a seed, and done to the model, too.
class life {
 public:
  life(const storage_geometry& shape, std::uint64_t seed, std::size_t places = 24)
      : below(shape), random(seed), index(places + 1), memory(below, index, scratch) {}

  bool begin() { return history = {{}}, memory.format().has_value(); }
  /// One step: false once the power is gone.
  bool step() {
    const std::uint64_t what = random() % 16;
    const key name{static_cast<std::uint8_t>(1 + random() % 3), static_cast<std::uint32_t>(random() % 9)};
    model next = history.back();
    const note with{random() % 1000, random()};
    const bool noted = random() % 3 == 0;
    std::expected<void, error> done{};
    if (what < 9) {
      const std::string text(random() % (memory.payload_bytes_max() + 1), static_cast<char>('a' + random() % 26));
      const bytes all = as_bytes(text);
      const bytes pieces[] = {all.first(all.size() / 3), all.subspan(all.size() / 3)};
      next.records[{name.kind, name.number}] = text;
      done = memory.put(name, pieces, noted ? &with : nullptr);
    } else if (what < 13) {
      next.records.erase({name.kind, name.number});
      done = memory.remove(name, noted ? &with : nullptr);
    } else if (what == 13) {
      std::erase_if(next.records, [&](const auto& each) { return each.first.first == name.kind; });
      done = memory.clear(name.kind);
    } else {
      done = memory.sync();
      if (done) history = {history.back()};
      return done.has_value();
    }
    if (noted && what < 13) next.last = with;
    if (!done && (done.error() == error::full || done.error() == error::index_full)) return ++refused, true;
    history.push_back(next);  // it may have come to be even if the power went within
    return done.has_value();
  }
  /// What the journal holds now.
  model seen() {
    model found;
    found.last = memory.last_note();
    for (std::uint8_t kind = 1; kind <= 3; ++kind) {
      std::optional<std::uint32_t> number;
      for (std::uint32_t from = 0; (number = memory.next(kind, from)); from = *number + 1) {
        std::string text(memory.size_of({kind, *number}).value_or(0), ' ');
        const auto count = memory.read({kind, *number}, 0, std::as_writable_bytes(std::span{text}));
        EXPECT_EQ(count.value_or(SIZE_MAX), text.size());
        found.records[{kind, *number}] = text;
      }
    }
    return found;
  }
  /// Mounts anew: true if a state that the power may leave is there, which is the only one from now on.
  ::testing::AssertionResult resumes() {
    const auto report = memory.mount();
    if (!report) return ::testing::AssertionFailure() << words(report.error());
    if (report->damaged()) return ::testing::AssertionFailure() << "said to be damaged";
    const model now = seen();
    const bool known = std::ranges::find(history, now) != history.end();
    history = {now};
    if (!known) return ::testing::AssertionFailure() << "a state that never was, or an older one";
    return ::testing::AssertionSuccess();
  }

  failing_storage below;
  std::mt19937_64 random;
  std::vector<index_entry> index;
  std::array<std::byte, 128> scratch{};
  journal memory;
  std::deque<model> history;  // the synced state, and each one since
  int refused = 0;
};

constexpr storage_geometry shapes[] = {
    {512, 2, 1, std::byte{0xff}},     {768, 3, 4, std::byte{0xff}},       {512, 4, 8, std::byte{0x00}},
    {1024, 5, 32, std::byte{0xff}},   {1024, 2, 16, std::byte{0xff}},     {2048, 3, 64, std::byte{0xff}},
    {512, 4, 1, std::byte{0xff}, 64}, {4096, 3, 8, std::byte{0x00}, 512}, {1024, 3, 4, std::byte{0xff}, 32},
};

TEST(crc32c, the_examples_of_rfc_3720) {  // appendix B.4
  std::array<std::byte, 32> data{};
  EXPECT_EQ(crc32c(data), 0x8a91'36aaU);
  data.fill(std::byte{0xff});
  EXPECT_EQ(crc32c(data), 0x62a8'ab43U);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(data), 0x46dd'794eU);
  EXPECT_EQ(crc32c(bytes{data}.subspan(7), crc32c(bytes{data}.first(7))), 0x46dd'794eU);
}

TEST(crc32c, is_the_same_bit_by_bit_for_any_length_and_start) {
  std::array<std::byte, 40> data{};
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 151 + 7);
  const auto bit_by_bit = [](bytes of, std::uint32_t value) {
    for (const std::byte each : of) {
      value ^= std::to_integer<std::uint32_t>(each);
      for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? value >> 1U ^ 0x82f6'3b78 : value >> 1U;
    }
    return value;
  };
  for (std::size_t start = 0; start < 9; ++start)
    for (std::size_t length = 0; start + length <= data.size(); ++length) {
      const bytes part = bytes{data}.subspan(start, length);
      EXPECT_EQ(crc32c(part, 0x1234'5678), ~bit_by_bit(part, ~0x1234'5678U)) << start << ' ' << length;
    }
}

TEST(journal, does_what_a_map_does) {
  for (const storage_geometry& shape : shapes) {
    life one{shape, 1};
    ASSERT_TRUE(one.begin());
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(one.step());
      ASSERT_EQ(one.seen(), one.history.back());
      if (i % 100 == 0) {
        ASSERT_TRUE(one.resumes());
      }
      ASSERT_EQ(one.seen(), one.history.back());
    }
    EXPECT_GT(one.refused, 0) << "the life never met a full journal";
    EXPECT_FALSE(one.below.misused());
  }
}

// Every word of a life of 40 steps, on every kind of storage, in every way to lose power; then it goes on, and the
// power goes again.
TEST(journal, power_goes_in_every_word) {
  std::uint64_t cuts = 0;
  for (const storage_geometry& shape : shapes) {
    life whole{shape, 7};
    ASSERT_TRUE(whole.begin());
    const std::uint64_t begun = whole.below.steps();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(whole.step());
    const std::uint64_t end = whole.below.steps();
    for (const power_loss how : testing::power_losses) {
      for (std::uint64_t at = testing::first_cut(how); at < end - begun; at += testing::cut_stride, ++cuts) {
        life one{shape, 7};
        ASSERT_TRUE(one.begin());
        one.below.cut_in(at);
        while (one.step()) {
        }
        std::mt19937_64 chance{at};
        one.below.power_up(how, chance);
        ASSERT_TRUE(one.resumes()) << "sectors of " << shape.sector_bytes << ", cut in step " << at << ", way "
                                   << static_cast<int>(how);
        one.below.cut_in(at % 97);
        for (int i = 0; i < 20 && one.step(); ++i) {
        }
        one.below.power_up(how, chance);
        ASSERT_TRUE(one.resumes()) << "the second time, cut in step " << at << ", way " << static_cast<int>(how);
        ASSERT_FALSE(one.below.misused());
      }
    }
  }
  RecordProperty("cuts", std::to_string(cuts));
  EXPECT_GT(cuts, 1000U / testing::cut_stride);
}

TEST(journal, power_goes_at_random_through_long_lives) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    life one{shapes[seed % std::size(shapes)], seed};
    ASSERT_TRUE(one.begin());
    for (int crash = 0; crash < 12; ++crash) {
      one.below.cut_in(one.random() % 700);
      while (one.step()) {
      }
      one.below.power_up(static_cast<power_loss>(one.random() % std::size(testing::power_losses)), one.random);
      ASSERT_TRUE(one.resumes()) << "seed " << seed << ", crash " << crash;
      ASSERT_FALSE(one.below.misused()) << "seed " << seed;
    }
  }
}

// docs/design/journal.md: at most 4 bytes are programmed for one that is put, whatever lives and whatever goes.
TEST(journal, sectors_wear_evenly_and_amplification_is_bounded) {
  enum class load : std::uint8_t { light, full, full_in_any_order };
  for (const storage_geometry& shape : shapes) {
    for (const load how : {load::light, load::full, load::full_in_any_order}) {
      life one{shape, 3, 120};
      ASSERT_TRUE(one.begin());
      std::fill(one.below.wear.begin(), one.below.wear.end(), 0U);
      const std::string text(how == load::light ? 8 : 40, 'x');
      const bytes pieces[] = {as_bytes(text)};
      std::vector<std::uint32_t> there;
      std::uint32_t number = 0;
      while (how == load::light ? there.empty() : one.memory.put({1, number}, pieces).has_value())
        there.push_back(number++);
      const journal_counts before = one.memory.counts();
      for (std::uint32_t i = 0; i < 3000; ++i) {
        std::uint32_t& goes = there[how == load::full_in_any_order ? one.random() % there.size() : i % there.size()];
        ASSERT_TRUE(one.memory.remove({1, goes}));
        ASSERT_TRUE(one.memory.put({1, goes = number++}, pieces)) << i;
      }
      const auto [least, most] = std::ranges::minmax(one.below.wear);
      EXPECT_LE(most - least, 1U);
      const double asked = static_cast<double>(one.memory.counts().asked_bytes - before.asked_bytes);
      const double done = static_cast<double>(one.memory.counts().programmed_bytes - before.programmed_bytes);
      EXPECT_LT(done / asked, how == load::light ? 1.5 : 4.0) << shape.sector_bytes << " x " << shape.sectors;
      RecordProperty(std::string{how == load::light  ? "light"
                                 : how == load::full ? "full"
                                                     : "any_order"} +
                         "_" + std::to_string(shape.sector_bytes) + "_" + std::to_string(shape.sectors),
                     std::to_string(done / asked));
    }
  }
}

// What was put long ago and stays, beside much that comes and goes.
TEST(journal, mount_reads_no_more_than_what_lives_asks_for) {
  const storage_geometry shape{512, 64, 8, std::byte{0xff}};
  life one{shape, 3, 400};
  ASSERT_TRUE(one.begin());
  const std::string text(40, 'x');
  const bytes pieces[] = {as_bytes(text)};
  for (std::uint32_t i = 0; i < 20; ++i) ASSERT_TRUE(one.memory.put({2, i}, pieces));
  for (std::uint32_t i = 0; i < 5000; ++i) {
    ASSERT_TRUE(one.memory.put({1, i}, pieces));
    ASSERT_TRUE(one.memory.remove({1, i}));
    EXPECT_LE(one.memory.sectors_in_use() * shape.sector_bytes, 3 * one.memory.live_bytes() + 4 * shape.sector_bytes);
  }
  const auto report = one.memory.mount();
  ASSERT_TRUE(report);
  EXPECT_LE(report->sectors_read * shape.sector_bytes, 3 * one.memory.live_bytes() + 4 * shape.sector_bytes);
}

TEST(journal, a_full_one_refuses_and_loses_nothing) {
  life one{{512, 3, 4, std::byte{0xff}}, 1, 100};
  ASSERT_TRUE(one.begin());
  const std::string text(60, 'x');
  const bytes pieces[] = {as_bytes(text)};
  std::uint32_t count = 0;
  std::expected<void, error> done{};
  while ((done = one.memory.put({1, count}, pieces))) ++count;
  EXPECT_EQ(done.error(), error::full);
  EXPECT_GT(count, 3U);
  for (int again = 0; again < 50; ++again) EXPECT_FALSE(one.memory.put({1, count}, pieces));
  ASSERT_TRUE(one.memory.mount());
  EXPECT_EQ(one.memory.records(), count);
  ASSERT_TRUE(one.memory.remove({1, 0})) << "there is always room to remove";
  ASSERT_TRUE(one.memory.put({1, count}, pieces));
  const std::string longest(one.memory.payload_bytes_max() + 1, 'x');
  const bytes too_long[] = {as_bytes(longest)};
  EXPECT_EQ(one.memory.put({1, 99}, too_long).error(), error::too_long);
}

TEST(journal, of_another_format_is_refused) {
  std::array<std::byte, 1024> memory;
  std::array<index_entry, 8> index;
  std::array<std::byte, 128> scratch;
  memory_storage below{memory, {512, 2, 1, std::byte{0xff}}};
  journal one{below, index, scratch};
  ASSERT_TRUE(one.format() && one.mount());
  for (const std::size_t header : {std::size_t{0}, sector_header_bytes}) {
    const mutable_bytes octets = mutable_bytes{memory}.subspan(header, sector_header_bytes);
    octets[4] ^= std::byte{3};  // the format stands behind the magic number
    const std::uint32_t sum = crc32c(octets.first(sector_header_bytes - 4));
    for (std::size_t i = 0; i < 4; ++i) octets[sector_header_bytes - 4 + i] = static_cast<std::byte>(sum >> 8 * i);
  }
  EXPECT_EQ(one.mount().error(), error::other_format);
}

// What was synced shares no page with what is written behind it; what was not may.
TEST(journal, what_was_synced_has_its_pages_for_itself) {
  for (const bool spares : {true, false}) {
    const storage_geometry shape{1024, 3, 4, std::byte{0xff}, 64, spares};
    std::vector<std::byte> memory(std::size_t{1024} * 3);
    std::array<index_entry, 40> index;
    std::array<std::byte, 128> scratch;
    memory_storage below{memory, shape};
    journal one{below, index, scratch};
    ASSERT_TRUE(one.format());
    const auto used = [&] {
      std::size_t count = 0;
      for (std::size_t page = 0; page < 16; ++page)
        count += std::ranges::count(std::span{memory}.subspan(page * 64, 64), shape.erased) == 64 ? 0U : 1U;
      return count;
    };
    EXPECT_EQ(used(), 2U) << "twice the header";
    for (std::uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(one.put({1, i}, {}));
    EXPECT_EQ(used(), 4U) << "24 bytes each";
    ASSERT_TRUE(one.sync());
    for (std::uint32_t i = 4; i < 7; ++i) ASSERT_TRUE(one.put({1, i}, {}) && one.sync());
    EXPECT_EQ(used(), spares ? 7U : 5U);
    const std::size_t before = used();
    const auto report = one.mount();
    ASSERT_TRUE(report && !report->torn && !report->damaged());
    EXPECT_EQ(one.records(), 7U);
    ASSERT_TRUE(one.put({1, 7}, {}));
    EXPECT_EQ(used(), spares ? before + 1 : before);
  }
}

// Each record is synced: what a lap of the ring takes, the rests of pages included, stays bounded.
TEST(journal, pages_that_are_left_cost_a_bounded_part) {
  for (const storage_geometry& shape : shapes) {
    if (shape.page_bytes == 1) continue;
    life one{shape, 3, 200};
    ASSERT_TRUE(one.begin());
    const std::string text(40, 'x');
    const bytes pieces[] = {as_bytes(text)};
    std::uint32_t count = 0;
    while (one.memory.put({1, count}, pieces) && one.memory.sync()) ++count;
    const std::uint64_t before = one.memory.counts().erased_sectors;
    constexpr std::uint32_t commits = 2000;
    for (std::uint32_t i = 0; i < commits; ++i)
      ASSERT_TRUE(one.memory.remove({1, i % count}) && one.memory.put({1, i % count}, pieces) && one.memory.sync());
    const auto took = static_cast<double>((one.memory.counts().erased_sectors - before) * shape.sector_bytes);
    const std::uint32_t asked = one.memory.stored_bytes(0, false) + one.memory.stored_bytes(text.size(), false);
    const std::uint32_t page = shape.page_bytes, needed = (asked + page - 1) / page * page;
    EXPECT_LT(took / (commits * needed), 4.0) << shape.sector_bytes << " in " << page;
    RecordProperty("taken_" + std::to_string(page), std::to_string(took / (commits * needed)));
  }
}

TEST(journal, room_can_be_spared_for_what_matters_more) {
  life one{{512, 4, 4, std::byte{0xff}}, 1, 100};
  ASSERT_TRUE(one.begin());
  const std::string text(40, 'x');
  const bytes pieces[] = {as_bytes(text)};
  std::uint32_t count = 0;
  while (one.memory.put({1, count}, pieces, nullptr, 200)) ++count;
  EXPECT_LE(one.memory.live_bytes() + 200, one.memory.live_bytes_max());
  EXPECT_TRUE(one.memory.put({2, 0}, pieces));
}

// A bit of what was synced is flipped: the rest is there, and the report says that something is missing.
TEST(journal, damage_is_told_and_costs_only_what_it_hit) {
  const storage_geometry shape{512, 6, 4, std::byte{0xff}};
  std::uint64_t damaged = 0, tried = 0;
  for (std::size_t at = 0; at < std::size_t{512} * 6; at += 3) {
    life one{shape, 5, 100};
    ASSERT_TRUE(one.begin());
    const std::string text(30, 'x');
    const bytes pieces[] = {as_bytes(text)};
    for (std::uint32_t i = 0; i < 16; ++i) {
      ASSERT_TRUE(one.memory.put({1, i}, pieces));
      ASSERT_TRUE(one.memory.sync());
    }
    one.below.image()[at] ^= std::byte{1};
    const auto report = one.memory.mount();
    ASSERT_TRUE(report);
    ++tried;
    const std::size_t missing = 16 - one.memory.records();
    if (report->sectors_lost == 0) {
      EXPECT_LE(missing, 1U) << at;
    }
    // The last record has no successor that says it was synced; a damaged one looks like an interrupted write.
    EXPECT_TRUE(missing == 0 || report->damaged() || report->torn) << at;
    if (report->damaged()) ++damaged;
    EXPECT_TRUE(report->damaged() || missing <= 1) << at;
    ASSERT_TRUE(one.memory.put({2, 0}, pieces)) << "and it goes on";
    ASSERT_TRUE(one.memory.mount());
    EXPECT_EQ(one.memory.records(), 16 - missing + 1);
  }
  EXPECT_GT(damaged, tried / 8);
}

/// Twelve records of one kind with different texts, the fourth with a note; none of their sectors is given up yet.
constexpr std::uint32_t kept_count = 12;
constexpr note kept_note{7, 9};
std::string kept_text(std::uint32_t number) { return std::string(30, static_cast<char>('a' + number)); }
void put_kept(journal& into) {
  for (std::uint32_t i = 0; i < kept_count; ++i) {
    const std::string text = kept_text(i);
    const bytes pieces[] = {as_bytes(text)};
    ASSERT_TRUE(into.put({1, i}, pieces, i == 3 ? &kept_note : nullptr));
    ASSERT_TRUE(into.sync());
  }
}
/// Puts others until each sector was erased twice. False: it failed.
bool put_two_laps(journal& into) {
  const std::uint64_t end = into.counts().erased_sectors + 12;
  const bytes pieces[] = {as_bytes("something else that comes and goes")};
  for (std::uint32_t i = 0; into.counts().erased_sectors < end; ++i)
    if (!into.put({2, i % 2}, pieces)) return false;
  return true;
}
/// How many of the twelve are gone; those that are there must be whole.
std::uint32_t missing_of(journal& from) {
  std::uint32_t missing = 0;
  for (std::uint32_t i = 0; i < kept_count; ++i) {
    std::string text(100, ' ');
    const auto count = from.read({1, i}, 0, std::as_writable_bytes(std::span{text}));
    if (!count) {
      EXPECT_EQ(count.error(), error::not_found) << i;
      ++missing;
    } else {
      EXPECT_EQ(text.substr(0, *count), kept_text(i));
    }
  }
  return missing;
}

// A bit changes in a journal that is in use: what it hit is counted and gone, and nothing else is.
TEST(journal, damage_while_it_is_in_use_is_counted_and_costs_only_what_it_hit) {
  const storage_geometry shape{512, 6, 4, std::byte{0xff}};
  std::uint64_t lost = 0;
  for (std::size_t at = 0; at < std::size_t{512} * 6; ++at) {
    life one{shape, 5, 100};
    ASSERT_TRUE(one.begin());
    put_kept(one.memory);
    if (one.below.image()[at] == shape.erased) continue;  // nothing is there yet
    one.below.image()[at] ^= std::byte{1};
    ASSERT_TRUE(put_two_laps(one.memory)) << at;
    const std::uint32_t missing = missing_of(one.memory);
    ASSERT_EQ(one.memory.lost_later(), missing) << at;
    EXPECT_LE(missing, 1U) << at;
    EXPECT_EQ(one.memory.records(), kept_count - missing + 2) << at;
    lost += missing;
    const std::uint32_t live = one.memory.live_bytes();
    const auto report = one.memory.mount();
    ASSERT_TRUE(report && !report->damaged()) << at;
    EXPECT_EQ(one.memory.live_bytes(), live) << at;
    EXPECT_EQ(one.memory.last_note(), kept_note) << at;
    EXPECT_EQ(missing_of(one.memory), missing) << at;
  }
  EXPECT_GE(lost, kept_count * std::uint64_t{record_header_bytes + 30});  // each byte of each record
}

TEST(journal, a_sector_whose_header_is_damaged_while_it_is_in_use_gives_up_its_records_whole) {
  for (const std::uint32_t sector : {0U, 1U}) {
    life one{{512, 6, 4, std::byte{0xff}}, 5, 100};
    ASSERT_TRUE(one.begin());
    put_kept(one.memory);
    ASSERT_GT(one.memory.sectors_in_use(), sector);
    std::fill_n(one.below.image().begin() + 512 * sector, 2 * sector_header_bytes, std::byte{});
    ASSERT_TRUE(put_two_laps(one.memory));
    EXPECT_EQ(one.memory.lost_later(), 0U);
    EXPECT_EQ(missing_of(one.memory), 0U);
    EXPECT_EQ(one.memory.last_note(), kept_note);
  }
}

TEST(journal, another_header_is_not_read_as_the_record) {
  life one{{512, 6, 4, std::byte{0xff}}, 5, 100};
  ASSERT_TRUE(one.begin());
  put_kept(one.memory);
  const auto first = static_cast<std::ptrdiff_t>(2 * sector_header_bytes);
  one.below.image()[first + 16] ^= std::byte{1};  // its number
  std::array<std::byte, 30> text;
  EXPECT_EQ(one.memory.read({1, 0}, 0, text).error(), error::damaged);
  EXPECT_FALSE(one.memory.size_of({1, 0}));
}

TEST(journal, what_is_not_a_journal) {
  std::vector<std::byte> memory(std::size_t{512} * 4, std::byte{0x55});
  std::array<index_entry, 8> index;
  std::array<std::byte, 128> scratch;
  memory_storage small{memory, {512, 4, 4, std::byte{0xff}}};
  journal one{small, index, scratch};
  EXPECT_EQ(one.mount().error(), error::empty);
  EXPECT_EQ(one.put({1, 1}, {}).error(), error::not_mounted);
  ASSERT_TRUE(one.format());
  ASSERT_TRUE(one.mount());
  memory_storage other{memory, {1024, 2, 4, std::byte{0xff}}};
  journal two{other, index, scratch};
  EXPECT_EQ(two.mount().error(), error::other_geometry);
  memory_storage wrong{memory, {500, 4, 3, std::byte{0xff}}};
  journal three{wrong, index, scratch};
  EXPECT_EQ(three.mount().error(), error::bad_geometry);
  journal four{small, index, std::span{scratch}.first(64)};
  EXPECT_EQ(four.mount().error(), error::memory_too_small);
}

TEST(journal, a_storage_that_fails_ends_it) {
  life one{{512, 3, 4, std::byte{0xff}}, 1};
  ASSERT_TRUE(one.begin());
  const bytes pieces[] = {as_bytes("x")};
  one.below.cut_in(2);
  EXPECT_EQ(one.memory.put({1, 1}, pieces).error(), error::failed);
  EXPECT_EQ(one.memory.put({1, 1}, pieces).error(), error::not_mounted);
  EXPECT_EQ(one.memory.sync().error(), error::not_mounted);
}

}  // namespace
}  // namespace recado::store
