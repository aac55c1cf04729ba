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
    one.payload = place.take(one, datagram_bytes);
    return !one.payload.empty();
  }

  static constexpr std::size_t datagram_bytes = 4;
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

TEST_F(arrivals_test, a_datagram_lies_behind_half_a_packet_if_there_is_room) {
  comes("abcd");
  ASSERT_TRUE(holds(dns));
  copy(as_bytes(std::string_view{"dns!"}), place.take(dns, datagram_bytes));
  EXPECT_EQ(waiting(), "abcd");
  EXPECT_EQ(as_text(dns.payload), "dns!");
  comes("e");
  EXPECT_TRUE(dns.payload.empty());
  EXPECT_FALSE(holds(dns)) << "it waits in the network";
  EXPECT_EQ(waiting(), "abcde");
  place.clear();
  EXPECT_TRUE(holds(dns));
}

}  // namespace
}  // namespace recado::device
