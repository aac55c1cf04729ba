// Many messages: no allocation, few writes, identifiers beyond their end, and a cost that does not grow.
#include <tests/support/count_calls.hpp>
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

/// A server that answers in place, without allocating: the session's own packets tell it what to say.
struct answering_server {
  std::array<std::byte, 70'000> said{};  // to the session
  std::size_t size = 0;
  std::size_t published = 0;

  void say(packet_type type, std::uint16_t identifier) {
    const unsigned first = static_cast<unsigned>(type) << 4 | (type == packet_type::pubrel ? 2U : 0U);
    for (const unsigned b : {first, 2U, unsigned{identifier} >> 8U, unsigned{identifier} & 0xffU})
      said[size++] = static_cast<std::byte>(b);
  }
  void hear(bytes out) {
    const decode_options how{.from = sender::client};
    while (!out.empty()) {
      fixed_header header;
      ASSERT_FALSE(read_header(out, how, header));
      ASSERT_LE(header.total(), out.size()) << "only whole packets are written here";
      if (header.type == packet_type::publish) {
        mqtt::publish message;
        ASSERT_FALSE(decode(header, out, how, message));
        ++published;
        if (message.qos == qos::at_least_once) say(packet_type::puback, message.packet_identifier);
        if (message.qos == qos::exactly_once) say(packet_type::pubrec, message.packet_identifier);
      } else if (header.type == packet_type::pubrel) {
        acknowledgement ack;
        ASSERT_FALSE(decode(header, out, how, ack));
        say(packet_type::pubcomp, ack.packet_identifier);
      }
      out = out.subspan(header.total());
    }
  }
};

struct load {
  std::size_t writes = 0, done = 0;

  void run(session& s, answering_server& server, qos level, std::size_t count) {
    std::size_t asked = 0;
    while (done < count && !::testing::Test::HasFailure()) {
      while (asked < count && s.publish({.topic = "load", .payload = as_bytes("0123456789abcdef"), .qos = level})) {
        ++asked;
        if (level == qos::at_most_once) ++done;
      }
      for (bytes out = s.pending({}); !out.empty(); out = s.pending({})) {
        server.hear(out);
        s.sent(out.size());
        ++writes;
      }
      bytes in = bytes{server.said}.first(server.size);
      while (auto what = s.receive(in, {})) done += std::holds_alternative<acknowledged>(*what) ? 1 : 0;
      ASSERT_TRUE(in.empty());
      server.size = 0;
    }
  }
};

// original defect 16: memory was asked for with each packet, and whether it came was not looked at
TEST(session_load, publishing_allocates_nothing_and_many_leave_per_write) {
  const sizes big{.transmit = 65'536, .outgoing = 1000};
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    subject who{big};
    auto server = std::make_unique<answering_server>();
    dialogue{big}.connects().play({}, who);
    load work;
    work.run(who.machine, *server, level, 1000);  // warm
    const std::size_t before = recado::test::counts().allocations;
    load more;
    more.run(who.machine, *server, level, 200'000);  // identifiers wrap three times
    EXPECT_EQ(recado::test::counts().allocations - before, 0u);
    EXPECT_EQ(server->published, 201'000u);
    EXPECT_EQ(who.machine.in_flight(), 0u);
    EXPECT_LE(static_cast<double>(more.writes) / 200'000, 0.01);
  }
}

TEST(session_load, receiving_allocates_nothing_and_acknowledgements_leave_together) {
  const sizes big{.transmit = 16'384, .received = received_bitmap_words};
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    subject who{big};
    session& s = who.machine;
    dialogue{big}.connects().play({}, who);
    octets data;
    for (std::uint16_t id = 1; id <= 1000; ++id) {
      const octets one = wire(message_of(level, level == qos::at_most_once ? 0 : id, "load", "0123456789abcdef"));
      data.insert(data.end(), one.begin(), one.end());
      if (level == qos::exactly_once) {
        const octets two = wire(answer(pubrel, id));
        data.insert(data.end(), two.begin(), two.end());
      }
    }
    std::size_t writes = 0, received = 0;
    const std::size_t before = recado::test::counts().allocations;
    for (int round = 0; round < 100; ++round) {
      bytes in = data;
      while (auto what = s.receive(in, {})) received += std::holds_alternative<message_received>(*what) ? 1 : 0;
      ASSERT_TRUE(in.empty());
      for (bytes out = s.pending({}); !out.empty(); out = s.pending({})) s.sent(out.size()), ++writes;
    }
    EXPECT_EQ(recado::test::counts().allocations - before, 0u);
    EXPECT_EQ(received, 100'000u);
    EXPECT_LE(static_cast<double>(writes) / 100'000, 0.01);
  }
}

}  // namespace
}  // namespace recado::mqtt::test
