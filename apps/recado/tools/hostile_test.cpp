// A broker that breaks the standard in every way: the connection ends at once with the reason code of MQTT 5.0, nothing
// of the faulty message is printed, and one line names packet and field. Also under asan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

constexpr int none = -1;

struct misdeed {
  const char* name;
  std::string bytes;
  int status;
  int reason;  // of the DISCONNECT in 5.0
  const char* said;
};

const std::string malformed_utf8[] = {"a\xc0\xaf", "a\xed\xa0\x80", "a\xe2\x82", "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80"};

std::string props(bool v5, const std::string& list = {}) {
  return v5 ? std::string(1, static_cast<char>(list.size())) + list : std::string{};
}
std::string identified(int first, int identifier, const std::string& rest = {}) {
  return packet(first, std::string{static_cast<char>(identifier >> 8), static_cast<char>(identifier)} + rest);
}
std::string connack_packet(bool v5, int code = 0, int flags = 0, const std::string& list = {}) {
  return packet(0x20, std::string{static_cast<char>(flags), static_cast<char>(code)} + props(v5, list));
}

/// What is wrong in both versions, sent when the subscription stands (its identifier was 1).
std::vector<misdeed> misdeeds(bool v5) {
  const std::string no = props(v5);
  const auto message = [&](const std::string& topic, int first = 0x30, const std::string& behind = {}) {
    return packet(first, field(topic) + behind + no + "payload");
  };
  std::vector<misdeed> all{
      {"Remaining Length of five bytes", "\x30\xff\xff\xff\xff\x01"s, 21, 0x81,
       "in PUBLISH, remaining length at byte 1"},
      {"packet type 0", "\x00\x00"s, 21, 0x81, "packet type 0x00"},
      {"QoS 3", message("t", 0x36, "\0\1"s), 21, 0x81, "in PUBLISH, QoS"},
      {"DUP with QoS 0", message("t", 0x38), 2, 0x82, "in PUBLISH, DUP"},
      {"+ in a topic", message("a/+"), 2, 0x90, "in PUBLISH, topic name at byte 2: a topic name contains a wildcard"},
      {"# in a topic", message("#"), 2, 0x90, "in PUBLISH, topic name"},
      {"an empty topic", message(""), 2, 0x82, "topic"},
      {"U+0000 in a topic", message("a\0b"s), 21, 0x81, "topic name at byte 2: a string contains U+0000"},
      {"identifier 0 with QoS 1", message("t", 0x32, "\0\0"s), 2, 0x82, "in PUBLISH, packet identifier 0"},
      {"identifier 0 with QoS 2", message("t", 0x34, "\0\0"s), 2, 0x82, "in PUBLISH, packet identifier 0"},
      {"a topic longer than the packet", packet(0x30, "\0\x10"s + "abc"), 21, 0x81, "topic name at byte 2"},
      {"PUBLISH without anything", "\x30\x00"s, 21, 0x81, "topic name at byte 2"},
      {"QoS 1 without an identifier", packet(0x32, field("t")), 21, 0x81, "packet identifier at byte 5"},
      {"a second CONNACK", connack_packet(v5), 2, 0x82, "a second CONNACK"},
      {"CONNECT from a server", packet(0x10, field("MQTT") + (v5 ? "\5\2\0\x3c\0"s : "\4\2\0\x3c"s) + field("x")), 2,
       0x82, "CONNECT, which only clients send"},
      {"SUBSCRIBE from a server", identified(0x82, 1, no + field("x") + '\0'), 2, 0x82, "SUBSCRIBE, which only"},
      {"UNSUBSCRIBE from a server", identified(0xa2, 1, no + field("x")), 2, 0x82, "UNSUBSCRIBE, which only"},
      {"PINGREQ from a server", "\xc0\x00"s, 2, 0x82, "PINGREQ, which only clients send"},
      {"PINGRESP with flags", "\xd1\x00"s, 21, 0x81, "in PINGRESP, fixed header flags 0xd1"},
      {"PINGRESP with a body", "\xd0\x01\x00"s, 21, 0x81, "in PINGRESP, remaining length"},
      {"PUBACK unknown", identified(0x40, 5), 2, 0x82, "in PUBACK, packet identifier 5"},
      {"PUBACK 0", identified(0x40, 0), 2, 0x82, "in PUBACK, packet identifier 0"},
      {"PUBREC 0", identified(0x50, 0), 2, 0x82, "in PUBREC, packet identifier 0"},
      {"PUBREL 0", identified(0x62, 0), 2, 0x82, "in PUBREL, packet identifier 0"},
      {"PUBCOMP 0", identified(0x70, 0), 2, 0x82, "in PUBCOMP, packet identifier 0"},
      {"PUBACK with flags", identified(0x42, 5), 21, 0x81, "in PUBACK, fixed header flags 0x42"},
      {"PUBREC with flags", identified(0x51, 5), 21, 0x81, "in PUBREC, fixed header flags 0x51"},
      {"PUBREL without its flags", identified(0x60, 5), 21, 0x81, "in PUBREL, fixed header flags 0x60"},
      {"PUBCOMP with flags", identified(0x78, 5), 21, 0x81, "in PUBCOMP, fixed header flags 0x78"},
      {"SUBACK with flags", identified(0x92, 1, no + '\0'), 21, 0x81, "in SUBACK, fixed header flags 0x92"},
      {"a short PUBACK", packet(0x40, "\0"s), 21, 0x81, "in PUBACK, packet identifier at byte 2"},
      {"a long PUBACK", identified(0x40, 1, "\0\0\0\0"s), 21, 0x81, "in PUBACK, remaining length"},
      {"SUBACK unknown", identified(0x90, 999, no + '\0'), 2, 0x82, "in SUBACK, packet identifier 999"},
      {"SUBACK 0", identified(0x90, 0, no + '\0'), 2, 0x82, "in SUBACK, packet identifier 0"},
      {"SUBACK again", identified(0x90, 1, no + '\0'), 2, 0x82, "in SUBACK, packet identifier 1"},
      {"UNSUBACK unknown", identified(0xb0, 5, no + (v5 ? "\0"s : ""s)), 2, 0x82, "in UNSUBACK, packet identifier 5"},
      {"another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", 21, 0x81, "fixed header flags 0x48"},
  };
  for (const std::string& text : malformed_utf8)
    all.push_back({"malformed UTF-8 in a topic", message(text), 21, 0x81, "topic name at byte 2: a string isn't"});
  return all;
}

std::vector<misdeed> misdeeds_of_311() {
  return {
      {"AUTH", "\xf0\x00"s, 21, none, "packet type 0xf0"},
      {"DISCONNECT", "\xe0\x00"s, 2, none, "DISCONNECT, which in MQTT 3.1.1 only clients send"},
  };
}

std::vector<misdeed> misdeeds_of_5() {
  const auto with = [](const std::string& list) { return packet(0x30, field("t") + props(true, list) + "payload"); };
  std::vector<misdeed> all{
      {"a length that could be shorter", "\x30\x8a\x80\x00"s + field("t") + "\0"s + "123456", 21, 0x81,
       "remaining length"},
      {"AUTH", "\xf0\x00"s, 2, 0x82, "AUTH that was not asked for"},
      {"AUTH with a method", packet(0xf0, "\x18\x04\x15"s + field("x")), 2, 0x82, "AUTH that was not asked for"},
      {"an unknown property", with("\x7f\x01"), 21, 0x81, "in PUBLISH, properties 0x7f at byte 6"},
      {"a property twice", with("\1\0\1\0"s), 2, 0x82, "Payload Format Indicator at byte 8: the property appears more"},
      {"a property of CONNACK", with("\x21\0\5"s), 21, 0x81, "Receive Maximum at byte 6: the property may not stand"},
      {"properties longer than the packet", packet(0x30, field("t") + "\x20\1\0"s), 21, 0x81, "properties at byte 5"},
      {"a property length that could be shorter", packet(0x30, field("t") + "\x80\0"s + "x"), 21, 0x81, "properties"},
      {"Payload Format Indicator 2", with("\1\2"s), 2, 0x82, "Payload Format Indicator at byte 6"},
      {"Topic Alias 0", with("\x23\0\0"s), 2, 0x94, "Topic Alias"},
      {"Topic Alias above the maximum", with("\x23\0\5"s), 2, 0x94, "Topic Alias"},
      {"Subscription Identifier 0", with("\x0b\0"s), 2, 0x82, "Subscription Identifier at byte 6"},
      {"Subscription Identifier of five bytes", with("\x0b\xff\xff\xff\xff\x01"), 21, 0x81, "Subscription Identifier"},
      {"a wildcard in the Response Topic", with("\x08"s + field("a/#")), 2, 0x90, "Response Topic at byte 6"},
      {"half a User Property", with("\x26"s + field("a")), 21, 0x81, "User Property at byte 6"},
      {"U+0000 in a User Property", with("\x26"s + field("a\0"s) + field("b")), 21, 0x81, "User Property at byte 6"},
      {"half an expiry", with("\2\0\0"s), 21, 0x81, "Message Expiry Interval at byte 6"},
      {"DISCONNECT with a code of clients", packet(0xe0, "\4"), 2, 0x82, "in DISCONNECT, reason code 0x04"},
      {"DISCONNECT with an unknown code", packet(0xe0, "\x7f"), 2, 0x82, "in DISCONNECT, reason code 0x7f"},
      {"DISCONNECT with Session Expiry", packet(0xe0, "\0\5\x11\0\0\0\1"s), 2, 0x82, "Session Expiry Interval"},
      {"PUBACK with an unknown code", identified(0x40, 1, "\x55"), 2, 0x82, "in PUBACK, reason code 0x55"},
      {"PUBREL with a code of others", identified(0x62, 1, "\x80"), 2, 0x82, "in PUBREL, reason code 0x80"},
      {"SUBACK with a property of CONNACK", identified(0x90, 1, props(true, "\x11\0\0\0\0"s) + '\0'), 21, 0x81,
       "in SUBACK, Session Expiry Interval"},
  };
  for (const std::string& text : malformed_utf8) {
    all.push_back({"malformed UTF-8 in Content Type", with("\3"s + field(text)), 21, 0x81, "Content Type at byte 6"});
    all.push_back(
        {"malformed UTF-8 in User Property", with("\x26"s + field("a") + field(text)), 21, 0x81, "User Property"});
  }
  return all;
}

/// The answer to CONNECT is wrong.
std::vector<misdeed> beginnings(bool v5) {
  const std::string no = props(v5);
  std::vector<misdeed> all{
      {"PUBLISH", packet(0x30, field("t") + no + "x"), 2, 0x82, "PUBLISH came before CONNACK"},
      {"SUBACK", identified(0x90, 1, no + '\0'), 2, 0x82, "SUBACK came before CONNACK"},
      {"PINGRESP", "\xd0\x00"s, 2, 0x82, "PINGRESP came before CONNACK"},
      {"reserved flags", connack_packet(v5, 0, 2), 21, 0x81, "in CONNACK, acknowledge flags 0x02"},
      {"a session after a clean start", connack_packet(v5, 0, 1), 2, 0x82, "in CONNACK, session present"},
      {"a session with a refusal", connack_packet(v5, v5 ? 0x87 : 5, 1), 2, 0x82, "in CONNACK, session present"},
      {"an unknown code", connack_packet(v5, 0x55), 2, 0x82, "in CONNACK, reason code 0x55"},
      {"too short", packet(0x20, "\0"s), 21, 0x81, "in CONNACK, reason code"},
      {"without anything", "\x20\x00"s, 21, 0x81, "in CONNACK, acknowledge flags"},
      {"too long", packet(0x20, "\0\0\0\0\0\0"s), 21, 0x81, "in CONNACK, remaining length"},
      {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", 21, 0x81, "speaks HTTP, not MQTT"},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n", 21, 0x81, "speaks SSH, not MQTT"},
      {"a TLS alert", "\x15\x03\x01\x00\x02\x02\x28"s, 2, 0x82, "this port speaks TLS: add --cafile"},
  };
  if (!v5) return all;
  const auto with = [](const std::string& list) { return connack_packet(true, 0, 0, list); };
  all.insert(all.end(),
             {{"Receive Maximum 0", with("\x21\0\0"s), 2, 0x82, "in CONNACK, Receive Maximum at byte 5"},
              {"Maximum Packet Size 0", with("\x27\0\0\0\0"s), 2, 0x82, "in CONNACK, Maximum Packet Size"},
              {"Maximum QoS 2", with("\x24\2"s), 2, 0x82, "in CONNACK, Maximum QoS"},
              {"a property twice", with("\x21\0\1\x21\0\1"s), 2, 0x82, "in CONNACK, Receive Maximum at byte 8"},
              {"an unknown property", with("\x7e\1"s), 21, 0x81, "in CONNACK, properties 0x7e"},
              {"CONNACK of 3.1.1", connack_packet(false), 21, 0x81, "try -V 311"},
              {"AUTH", packet(0xf0, "\x18\x04\x15"s + field("x")), 2, 0x82, "AUTH that was not asked for"}});
  return all;
}

/// Runs `sub` against the script and says what must hold of every misdeed. `heard`: packets before the end.
void expect_ended(const misdeed& what, bool v5, script played, std::size_t heard) {
  SCOPED_TRACE(what.name + (v5 ? " in 5.0"s : " in 3.1.1"s));
  scripted_broker broker{{std::move(played)}};
  const program_run client{{RECADO_PROGRAM, "sub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-t", "t",
                            "-v", "-V", v5 ? "5" : "311", "-W", "15"}};
  const auto done = client();
  broker.finish();
  EXPECT_EQ(done.status, what.status) << done.err;
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(std::ranges::count(done.err, '\n'), 1) << done.err;
  EXPECT_THAT(done.err, HasSubstr(what.said));
  EXPECT_THAT(done.err, HasSubstr("; ")) << "no remedy";
  EXPECT_EQ(broker.connections(), 1U);
  std::vector<std::string> packets = broker.packets();
  const bool said_goodbye = v5 && what.reason != none;
  ASSERT_EQ(packets.size(), heard + (said_goodbye ? 1 : 0));
  if (said_goodbye) {
    EXPECT_EQ(packets.back(), "\xe0\x01"s + static_cast<char>(what.reason));
  }
}

void expect_all(const std::vector<misdeed>& rows, bool v5) {
  bool dripping = false;
  for (const misdeed& each : rows) {
    dripping = !dripping;
    const auto answer = [&, v5](const std::string& last) {
      return packet(0x90, identifier_in(last) + props(v5) + '\0') + (dripping ? ""s : each.bytes);
    };
    script played{hears(connect_type), says(connack_packet(v5)), hears(subscribe_type), says(answer)};
    if (dripping) played.push_back(drips(each.bytes));
    played.push_back(waits_for_end());
    expect_ended(each, v5, std::move(played), 2);
  }
}

TEST(tools_hostile, packets_that_break_the_standard) {
  for (const bool v5 : {false, true}) expect_all(misdeeds(v5), v5);
}
TEST(tools_hostile, packets_that_break_one_version) {
  expect_all(misdeeds_of_311(), false);
  expect_all(misdeeds_of_5(), true);
}
TEST(tools_hostile, wrong_answers_to_connect) {
  for (const bool v5 : {false, true})
    for (const misdeed& each : beginnings(v5))
      expect_ended(each, v5, {hears(connect_type), says(each.bytes), waits_for_end()}, 1);
}
// To raise the maximum packet size or to send less would help nobody.
TEST(tools_hostile, a_connack_of_256_mib_is_no_matter_of_limits) {
  scripted_broker broker{{{hears(connect_type), says("\x20\xff\xff\xff\x7f"), waits_for_end()}}};
  const auto done =
      program_run{.command = {RECADO_PROGRAM, "sub", "-t", "t", "-p", std::to_string(broker.port())}, .input = {}}();
  EXPECT_EQ(done.status, 25) << done.err;
  EXPECT_THAT(done.err, HasSubstr("Packet too large: in CONNACK"));
  EXPECT_THAT(done.err, HasSubstr("; check that it is an MQTT broker"));
}
TEST(tools_hostile, suback_with_other_codes_than_filters) {
  for (const bool v5 : {false, true})
    for (const std::string& codes : {""s, "\0\0"s, "\3"s, "\x55"s}) {
      const misdeed what{"SUBACK", {}, 2, 0x82, "in SUBACK, reason code"};
      expect_ended(
          what, v5,
          {hears(connect_type), says(connack_packet(v5)), hears(subscribe_type),
           says([=](const std::string& last) { return packet(0x90, identifier_in(last) + props(v5) + codes); }),
           waits_for_end()},
          2);
    }
}

}  // namespace
}  // namespace recado::test
