// The table of acknowledgements that are owed, against a plain list.
#include <recado/mqtt/received.hpp>

#include <deque>
#include <random>

#include <gtest/gtest.h>

namespace recado::mqtt {
namespace {

TEST(owed_acknowledgements, know_what_a_list_would_know) {
  for (std::size_t places = 1; places <= 9; ++places)
    for (unsigned seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(std::to_string(places) + " " + std::to_string(seed));
      std::mt19937 random{seed};
      std::vector<owed_acknowledgement> memory(places);
      owed_acknowledgements table{memory};
      std::deque<std::uint16_t> list;
      for (int step = 0; step < 300; ++step) {
        // Identifiers that share places, and the same one twice, as servers of 3.1.1 may send it.
        const auto identifier = static_cast<std::uint16_t>(1 + random() % (3 * places));
        if (random() % 5 < 3 && !table.full()) {
          table.push(packet_type::puback, identifier, reason::success, true);
          list.push_back(identifier);
        } else if (!table.empty()) {
          EXPECT_EQ(table.front().packet_identifier, list.front());
          table.pop(), list.pop_front();
        }
        EXPECT_EQ(table.empty(), list.empty());
        EXPECT_EQ(table.full(), list.size() == places);
        for (std::uint16_t one = 1; one <= 3 * places; ++one)
          EXPECT_EQ(table.holds(one), std::find(list.begin(), list.end(), one) != list.end()) << one;
        if (::testing::Test::HasFailure()) return;
      }
    }
}

TEST(owed_acknowledgements, a_receipt_names_one_that_is_there) {
  std::vector<owed_acknowledgement> memory(4);
  owed_acknowledgements table{memory};
  EXPECT_EQ(table.find({}), nullptr);
  EXPECT_EQ(table.find({1}), nullptr) << "nothing is owed yet";
  const receipt first = table.push(packet_type::puback, 5, reason::success, false);
  const receipt second = table.push(packet_type::puback, 9, reason::success, false);
  EXPECT_EQ(table.find({second.number + 1}), nullptr) << "never given";
  ASSERT_NE(table.find(second), nullptr);
  EXPECT_EQ(table.find(second)->packet_identifier, 9);
  table.pop();
  EXPECT_EQ(table.find(first), nullptr) << "it has left";
  EXPECT_NE(table.find(second), nullptr);
}

TEST(owed_acknowledgements, without_memory_nothing_is_owed) {
  owed_acknowledgements table{{}};
  EXPECT_TRUE(table.empty() && table.full());
  EXPECT_FALSE(table.holds(1));
  EXPECT_EQ(table.find({1}), nullptr);
}

}  // namespace
}  // namespace recado::mqtt
