#include <array>

#include <gmock/gmock.h>

#include <recado/chain/session_places.hpp>

namespace recado::chain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class places_of_sessions : public testing::Test {
 protected:
  static constexpr std::uint32_t a = 7, b = 8, c = 9;
  std::array<std::uint32_t, 3> memory{};
  session_places places{memory};
};

TEST_F(places_of_sessions, are_twins_while_each_has_the_session) {
  places.accepted(a, false);
  places.accepted(b, true);
  places.accepted(a, true);
  EXPECT_FALSE(places.stale_at(a) || places.stale_at(b));
  EXPECT_THAT(places.known(), ElementsAre(a));
}

TEST_F(places_of_sessions, are_left_for_one_that_has_it_not) {
  EXPECT_THAT(places.known(), IsEmpty());
  EXPECT_FALSE(places.stale_at(a));
  places.accepted(a, false);
  places.accepted(a, false);
  EXPECT_FALSE(places.stale_at(a)) << "it has forgotten";
  places.accepted(b, false);
  EXPECT_TRUE(places.stale_at(a));
  EXPECT_FALSE(places.stale_at(b));
  places.accepted(a, false);
  EXPECT_FALSE(places.stale_at(a));
  EXPECT_TRUE(places.stale_at(b));
}

TEST_F(places_of_sessions, may_hold_one_of_which_nothing_is_known) {
  places.leave(b);
  EXPECT_TRUE(places.stale_at(b));
  EXPECT_FALSE(places.stale_at(0)) << "nobody's";
  places.accepted(b, false);
  EXPECT_THAT(places.known(), ElementsAre(b));
}

TEST_F(places_of_sessions, are_remembered_the_newest_ones) {
  for (const std::uint32_t one : {a, b, c}) places.accepted(one, false);
  EXPECT_THAT(places.known(), ElementsAre(c, a, b));
  places.accepted(10, false);
  EXPECT_THAT(places.known(), ElementsAre(10, b, c)) << "there is no room for more";
  std::array<std::uint32_t, 2> less{};
  session_places again{less};
  again.restore(places.known());
  EXPECT_THAT(again.known(), ElementsAre(10, c));
  again.restore({});
  EXPECT_THAT(again.known(), IsEmpty());
}

TEST(places_of_session, have_a_number_for_host_and_port) {
  const auto number = session_places::number_of;
  EXPECT_EQ(number("a", 1883), number("a", 1883));
  EXPECT_NE(number("a", 1883), number("a", 1884));
  EXPECT_NE(number("a", 1883), number("b", 1883));
  EXPECT_NE(number("", 0), 0U);
}

}  // namespace
}  // namespace recado::chain
