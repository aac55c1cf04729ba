// One place for the stream's bytes and for datagrams.
#include <gtest/gtest.h>

#include <array>

#include <recado/device/arrivals.hpp>

namespace recado::device {
namespace {

struct arrivals_test : testing::Test {
  void comes(std::string_view text) {
    const mutable_bytes room = place.room();
    ASSERT_LE(text.size(), room.size());
    copy(as_bytes(text), room);
    place.came(text.size());
  }
  std::string_view waiting() const { return as_text(place.waiting()); }
  bool holds(datagram& one) {
    const mutable_bytes room = place.take(one);
    one.payload = room.first(std::min<std::size_t>(room.size(), 4));
    return !room.empty();
  }

  std::array<std::byte, 8> memory{};
  arrivals place{memory};
  datagram dhcp, dns;
};

TEST_F(arrivals_test, half_a_packet_moves_to_the_front_and_is_continued) {
  comes("abcdefgh");
  EXPECT_TRUE(place.room().empty());
  place.consumed(5);
  EXPECT_EQ(waiting(), "fgh");
  comes("ijklm");
  EXPECT_EQ(waiting(), "fghijklm");
  place.clear();
  EXPECT_EQ(waiting(), "");
  EXPECT_EQ(place.room().size(), memory.size());
}

TEST_F(arrivals_test, a_datagram_gives_way_to_another_one) {
  EXPECT_TRUE(holds(dhcp));
  EXPECT_TRUE(holds(dhcp)) << "its own next one";
  EXPECT_TRUE(holds(dns));
  EXPECT_TRUE(dhcp.payload.empty()) << "as if it were lost on the way";
  EXPECT_FALSE(dns.payload.empty());
}

TEST_F(arrivals_test, a_datagram_gives_way_to_the_stream_once_that_has_something) {
  EXPECT_TRUE(holds(dhcp));
  comes("");
  EXPECT_FALSE(dhcp.payload.empty());
  comes("abc");
  EXPECT_TRUE(dhcp.payload.empty());
}

TEST_F(arrivals_test, no_datagram_is_taken_while_half_a_packet_waits) {
  comes("abc");
  place.consumed(2);
  EXPECT_FALSE(holds(dns));
  EXPECT_EQ(waiting(), "c");
  place.consumed(1);
  EXPECT_TRUE(holds(dns));
}

}  // namespace
}  // namespace recado::device
