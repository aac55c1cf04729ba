// Packets as words: every field that is there, and nothing of what is not.
#include <recado/mqtt/annotated_test.hpp>

namespace recado::mqtt {
namespace {
using namespace testing;
using enum version;

std::string words_of(const char* annotated, sender from, const print_options& options) {
  const std::vector<std::byte> data = wire(annotated);
  const decoded found = decode_all(data, {options.protocol, from});
  EXPECT_TRUE(found.complete && !found.what) << annotated;
  return printed(found.packet, options);
}

struct printed_row {
  version protocol;
  sender from;
  const char* annotated;
  const char* line;
};

TEST(print, packets_in_one_line) {
  const printed_row rows[] = {
      {v5_0, sender::client, "10 10  00 04 'MQTT' 05 00 00 3c  03 21 00 14  00 00",
       "CONNECT version MQTT 5.0, keep alive 60, Receive Maximum 20, client identifier \"\""},
      {v3_1_1, sender::client, "10 12  00 04 'MQTT' 04 2e 00 0a  00 01 'c' 00 01 'w' 00 00",
       "CONNECT version MQTT 3.1.1, clean session, will QoS 1, will retain, keep alive 10, client identifier \"c\", "
       "will topic \"w\", will payload \"\""},
      {v5_0, sender::server, "20 07  01 00  04 24 01 25 00",
       "CONNACK session present, reason code Success (0x00), Maximum QoS 1, Retain Available 0"},
      {v5_0, sender::server, "20 09  00 87  06 1f 00 03 'why'",
       "CONNACK reason code Not authorized (0x87), Reason String \"why\""},
      {v3_1_1, sender::server, "20 02  01 00", "CONNACK session present, return code Connection Accepted (0)"},
      {v5_0, sender::server, "3d 0e  00 01 'a' 00 07  03 23 00 03  'hello'",
       "PUBLISH QoS 2, retain, DUP, topic name \"a\", packet identifier 7, Topic Alias 3, payload \"hello\""},
      {v5_0, sender::client, "40 04  00 07 10 00",
       "PUBACK packet identifier 7, reason code No matching subscribers (0x10)"},
      {v5_0, sender::client, "62 02  00 07", "PUBREL packet identifier 7"},
      {v5_0, sender::client, "82 0f  00 07  02 0b 05  00 01 'a' 2d  00 03 'b/#' 02",
       "SUBSCRIBE packet identifier 7, Subscription Identifier 5, "
       "topic filter \"a\" (QoS 1, no local, retain as published, retain handling 2), "
       "topic filter \"b/#\" (QoS 2, retain handling 0)"},
      {v3_1_1, sender::client, "82 06  00 07  00 01 'a' 01",
       "SUBSCRIBE packet identifier 7, topic filter \"a\" (QoS 1)"},
      {v5_0, sender::server, "90 06  00 07 00  00 02 87",
       "SUBACK packet identifier 7, reason code Granted QoS 0 (0x00), reason code Granted QoS 2 (0x02), "
       "reason code Not authorized (0x87)"},
      {v5_0, sender::client, "a2 09  00 07 00  00 01 'a' 00 01 'b'",
       "UNSUBSCRIBE packet identifier 7, topic filter \"a\", topic filter \"b\""},
      {v5_0, sender::server, "b0 05  00 07 00  00 11",
       "UNSUBACK packet identifier 7, reason code Success (0x00), reason code No subscription existed (0x11)"},
      {v5_0, sender::client, "c0 00", "PINGREQ"},
      {v5_0, sender::client, "e0 00", "DISCONNECT"},
      {v5_0, sender::server, "e0 0b  8b 09  26 00 01 'k' 00 03 'v' 0a 'w'",
       "DISCONNECT reason code Server shutting down (0x8b), User Property \"k\" = \"v\\x0aw\""},
  };
  for (const printed_row& each : rows) EXPECT_EQ(words_of(each.annotated, each.from, {each.protocol}), each.line);
}

TEST(print, packets_field_by_field) {
  EXPECT_EQ(words_of("10 20  00 04 'MQTT' 05 f6 00 0a  00  00 01 'c'"
                     "  05 18 00 00 00 05  00 01 'w' 00 01 'x'  00 01 'u' 00 01 'p'",
                     sender::client, {.protocol = v5_0, .one_line = false}),
            "CONNECT\n"
            "  version MQTT 5.0\n"
            "  clean start yes\n"
            "  will QoS 2\n"
            "  will retain yes\n"
            "  keep alive 10\n"
            "  client identifier \"c\"\n"
            "  will's Will Delay Interval 5\n"
            "  will topic \"w\"\n"
            "  will payload \"x\"\n"
            "  user name \"u\"\n"
            "  password (1 bytes)");
  EXPECT_EQ(words_of("82 06  00 07  00 01 'a' 01", sender::client, {.protocol = v3_1_1, .one_line = false}),
            "SUBSCRIBE\n"
            "  packet identifier 7\n"
            "  topic filter \"a\" (QoS 1)");
}

TEST(print, long_payloads_up_to_a_length) {
  publish message;
  message.topic = "a", message.payload = as_bytes("0123456789");
  EXPECT_EQ(printed(message, {.payload_bytes_max = 10}), "PUBLISH QoS 0, topic name \"a\", payload \"0123456789\"");
  EXPECT_EQ(printed(message, {.payload_bytes_max = 9}),
            "PUBLISH QoS 0, topic name \"a\", payload \"012345678\"... (10 bytes)");
  message.payload_rest = 5;
  EXPECT_EQ(printed(message), "PUBLISH QoS 0, topic name \"a\", payload \"0123456789\" and 5 bytes to come");
}

TEST(print, secrets_when_asked_for) {
  EXPECT_EQ(words_of("f0 0b  18 09 15 00 01 'm' 16 00 02 'pq'", sender::client, {.show_secrets = true}),
            "AUTH reason code Continue authentication (0x18), Authentication Method \"m\", Authentication Data \"pq\"");
}

}  // namespace
}  // namespace recado::mqtt
