// A journal as full, as long and as scattered as it can be.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include <recado/store/journal.hpp>
#include <recado/store/memory_storage.hpp>

namespace recado::store {
namespace {

constexpr storage_geometry shape{512, 4, 4, std::byte{0xff}};

class journal_limits : public ::testing::Test {
 protected:
  explicit journal_limits(std::size_t places = 200) : index(places), one(below, index, scratch) {
    EXPECT_TRUE(one.format());
  }

  std::vector<std::byte> memory = std::vector<std::byte>(std::size_t{shape.sector_bytes} * shape.sectors);
  memory_storage below{memory, shape};
  std::array<std::byte, 128> scratch{};
  std::vector<index_entry> index;
  journal one;
};

TEST_F(journal_limits, numbers_are_found_however_far_apart_they_are) {
  for (const std::uint32_t number : {5U, 1000U, 0xffff'ffffU}) ASSERT_TRUE(one.put({1, number}, {}));
  ASSERT_TRUE(one.put({2, 500}, {}));
  EXPECT_EQ(one.next(1, 0), 5U);
  EXPECT_EQ(one.next(1, 5), 5U);
  EXPECT_EQ(one.next(1, 6), 1000U);
  EXPECT_EQ(one.next(1, 1000), 1000U);
  EXPECT_EQ(one.next(1, 1001), 0xffff'ffffU);
  EXPECT_EQ(one.next(1, 0xffff'ffffU), 0xffff'ffffU);
  EXPECT_EQ(one.next(2, 501), std::nullopt);
}

// The note alone has to find room once its record is gone.
TEST_F(journal_limits, notes_take_room_as_well) {
  const note with{1, 2};
  const std::uint32_t each = one.stored_bytes(0, true), spare = each / 2;
  std::uint32_t count = 0;
  while (one.put({1, count}, {}, &with, spare)) ++count;
  EXPECT_EQ(one.put({1, count}, {}, &with, spare).error(), error::full);
  EXPECT_LE(one.live_bytes() + each + spare, one.live_bytes_max());
  EXPECT_GT(one.live_bytes() + 2 * each + spare, one.live_bytes_max());
}

TEST_F(journal_limits, a_record_may_be_as_long_as_it_is_said_also_with_a_note) {
  const std::string text(one.payload_bytes_max() + 1, 'x');
  const bytes whole[] = {as_bytes(text).first(text.size() - 1)}, longer[] = {as_bytes(text)};
  const note with{1, 2};
  EXPECT_EQ(one.put({1, 1}, longer, &with).error(), error::too_long);
  ASSERT_TRUE(one.put({1, 1}, whole, &with));
  ASSERT_TRUE(one.mount());
  EXPECT_EQ(one.size_of({1, 1}), one.payload_bytes_max());
  EXPECT_EQ(one.last_note(), with);
}

// What is written again, or removed, has its place already.
TEST_F(journal_limits, an_index_holds_what_lives_and_not_one_record_more) {
  std::array<index_entry, 4> few{};
  journal small{below, few, scratch};
  ASSERT_TRUE(small.format());
  std::uint32_t count = 0;
  while (small.put({1, count}, {})) ++count;
  EXPECT_EQ(small.put({1, count}, {}).error(), error::index_full);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(small.put({1, 0}, {}));
  ASSERT_TRUE(small.remove({1, 1}));
  ASSERT_TRUE(small.put({1, count}, {}));
  ASSERT_TRUE(small.mount());
  EXPECT_TRUE(small.size_of({1, count}));
  journal fewer{below, std::span{few}.first(few.size() - 1), scratch};
  EXPECT_EQ(fewer.mount().error(), error::memory_too_small);
}

}  // namespace
}  // namespace recado::store
