// What the ancestor of recado got wrong, byte for byte as it was found there.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

constexpr version both[] = {version::v5_0, version::v3_1_1};

std::size_t decoded_messages(bytes out) {
  const decode_options how{.from = sender::client};
  std::size_t count = 0;
  while (!out.empty()) {
    fixed_header header;
    EXPECT_FALSE(read_header(out, how, header));
    if (header.size == 0 || out.size() < header.total()) {
      ADD_FAILURE() << "half a packet: " << hex(out);
      return count;
    }
    mqtt::publish message;
    EXPECT_FALSE(decode(header, out, how, message));
    EXPECT_EQ(as_text(message.payload), "twenty bytes of text");
    out = out.subspan(header.total());
    ++count;
  }
  return count;
}

// original defect 1: the length of the topic was 128 * first + second byte
TEST(session_defects, a_topic_of_300_bytes_has_the_payload_behind_it) {
  const std::string topic(300, 'x');
  octets heard = raw({0x30, 0xb1, 0x02, 0x01, 0x2c});
  for (const char c : topic) heard.push_back(static_cast<std::byte>(c));
  for (const int b : {0x00, 0x68, 0x69}) heard.push_back(static_cast<std::byte>(b));
  dialogue{sizes{.receive = 400}}.connects().hears(heard).tells("message " + topic + " 'hi' qos 0").plain();
}

// original defect 9: the end of the stream was taken for a packet, read from what an earlier one had left behind
TEST(session_defects, the_end_of_the_stream_is_no_packet) {
  for (const version protocol : both) {
    const octets data = wire(message_of(qos::at_most_once, 0, "t", "0k"), protocol);
    for (std::size_t arrived = 0; arrived <= data.size(); ++arrived) {
      SCOPED_TRACE(arrived);
      subject who{{}};
      dialogue talk;
      talk.speaks(protocol).connects().play({}, who);
      session& s = who.machine;
      const octets memory(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(arrived));  // not a byte longer
      bytes in = memory;
      const auto what = s.receive(in, {});
      ASSERT_EQ(what.has_value(), arrived == data.size());
      if (what) {
        EXPECT_EQ(tell(*what), "message t '0k' qos 0");
      }
      s.lost(make_fault(stream_error::closed_by_peer), {});
      bytes nothing, stale = data;
      EXPECT_FALSE(s.receive(nothing, {}));
      EXPECT_FALSE(s.receive(stale, {})) << "what an earlier packet left behind is none";
      EXPECT_TRUE(s.pending({}).empty());
      EXPECT_EQ(s.deadline(), never);
      dialogue again;
      again.speaks(protocol).connects().hears(data).tells("message t '0k' qos 0").play({}, who);
    }
  }
}

// original defect 9: the last byte of SUBACK and UNSUBACK was read where there is none, in front of the buffer
TEST(session_defects, an_answer_too_short_for_its_codes_is_refused) {
  static const subscription filter[] = {{.filter = "a"}};
  static const std::string_view name[] = {"a"};
  struct row {
    version protocol;
    octets heard;
    error why;
  };
  std::vector<row> rows;
  for (const int first : {0x90, 0xb0}) {
    for (const version protocol : both) {
      rows.push_back({protocol, raw({first, 0}), error::truncated});
      rows.push_back({protocol, raw({first, 1, 0}), error::truncated});
    }
    rows.push_back({version::v5_0, raw({first, 2, 0, first == 0x90 ? 1 : 2}), error::truncated});
    rows.push_back({version::v5_0, raw({first, 3, 0, first == 0x90 ? 1 : 2, 0}), error::no_reason_codes});
  }
  rows.push_back({version::v3_1_1, raw({0x90, 2, 0, 1}), error::no_reason_codes});
  for (const row& one : rows) {
    SCOPED_TRACE(hex(one.heard));
    subject who{{}};
    dialogue talk;
    talk.speaks(one.protocol).connects().play({}, who);
    ASSERT_TRUE(who.machine.subscribe(filter).has_value());
    ASSERT_TRUE(who.machine.unsubscribe(name).has_value());
    dialogue_wire<session> line{who.machine, {}};
    line.turn();
    const octets memory(one.heard);
    line.hear(memory);
    ASSERT_EQ(line.told.size(), 1u) << "neither subscribed nor unsubscribed";
    EXPECT_EQ(line.told[0], "closed: " + std::string{words(one.why)});
  }
}

// original defect 10: with more than 127 bytes of properties the reason code was looked for in the wrong place
TEST(session_defects, a_refusal_with_long_properties_is_one) {
  const std::string why(200, 'w');
  octets heard = raw({0x20, 0xcf, 0x01, 0x00, 0x87, 0xcb, 0x01, 0x1f, 0x00, 0xc8});
  for (const char c : why) heard.push_back(static_cast<std::byte>(c));
  ASSERT_EQ(heard.size(), 3u + 207u);
  dialogue{}
      .does([](session& s) { EXPECT_TRUE(s.connect({}).has_value()); })
      .opens()
      .does([](session& s) { s.sent(s.pending({}).size()); })
      .hears(heard)
      .tells("closed: the server refused the connection: Not authorized (" + why + ")")
      .plain();
}

// original defect 12: what CONNACK says was not looked at: Session Present, Server Keep Alive, Maximum Packet Size,
// Receive Maximum. [MQTT-3.1.2-21] [MQTT-3.2.2-15] [MQTT-3.3.4-7]
TEST(session_defects, what_connack_says_is_obeyed) {
  static const property_value list[] = {
      {property::server_keep_alive, 5U}, {property::maximum_packet_size, 20U}, {property::receive_maximum, 1U}};
  connack said;
  said.session_present = true, said.properties = properties{std::span{list}};
  const auto try_publish = [](std::string_view text, qos level) {
    return [=](session& s) { return error_of(s.publish({.topic = "a", .payload = as_bytes(text), .qos = level})); };
  };
  const std::string_view most = "14 bytes of it";  // 2 + 3 + 1 bytes are in front of it with QoS 0
  dialogue{}
      .connects({.client_identifier = "c", .clean_start = false, .keep_alive_s = 60}, said)  // "connected present"
      .does(refuses(error::larger_than_server_takes, try_publish("15 bytes of it.", qos::at_most_once)))
      .does(publishes(qos::at_most_once, "a", most))
      .sends(message_of(qos::at_most_once, 0, "a", most))
      .does(publishes(qos::at_least_once, "a", "1"))
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .does(refuses(error::receive_maximum_reached, try_publish("2", qos::at_least_once)))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 0")
      .does(publishes(qos::at_least_once, "a", "2"))
      .sends(message_of(qos::at_least_once, 2, "a", "2"))
      .hears(answer(puback, 2))
      .tells("acknowledged #2 tag 0")
      .after(5s - 1us)
      .after(1us)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .once()
      .check();
}

// original defect 16: no room went unnoticed, and the rest of a short write was never sent
TEST(session_defects, no_room_is_said_and_short_writes_go_on) {
  for (const std::size_t written : {1U, 2U, 7U, 1000U}) {
    subject who{{.transmit = transmit_bytes_min}};
    dialogue{sizes{.transmit = transmit_bytes_min}}.connects().play({}, who);
    session& s = who.machine;
    dialogue_wire<session> line{s, {.written = written}};
    std::size_t accepted = 0, refused = 0;
    while (accepted < 100) {
      const auto result = s.publish({.topic = "a", .payload = as_bytes("twenty bytes of text")});
      if (result) {
        ++accepted;
        continue;
      }
      ASSERT_EQ(result.error(), error::no_room);
      ++refused;
      ASSERT_TRUE(line.flush()) << "what was refused waits for what is sent";
    }
    EXPECT_GT(refused, 10u);
    line.turn();
    EXPECT_EQ(decoded_messages(line.outbox), accepted) << "all that was accepted, whole, and nothing else";
  }
}

}  // namespace
}  // namespace recado::mqtt::test
