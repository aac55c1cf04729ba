// What "recado decode --json" writes, line by line as programs read it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <recado/capture/frame.hpp>
#include <recado/capture/recordings_test.hpp>

namespace recado::capture {
namespace {

using namespace std::string_literals;

struct row {
  const char* about;
  std::string data;
  decode_settings how;
  const char* lines;  ///< with ` for "
};

void expect(const std::vector<row>& rows) {
  for (const row& each : rows) {
    SCOPED_TRACE(each.about);
    decode_settings how = each.how;
    how.json = true;
    std::string lines = each.lines;
    std::ranges::replace(lines, '`', '"');
    EXPECT_EQ(decoded(each.data, how).text, lines);
  }
}

TEST(decode_json, of_every_kind_of_packet) {
  expect({
      {"CONNECT",
       hex("10 27 0004 4d515454 05 ec 003c 05 11 0000000a 0001 63 05 18 00000005 0001 77 0002 6869 0001 75"
           "0002 7071"),
       {},
       "{`protocol`:`MQTT`,`offset`:0,`length`:41,`from`:`client`,`packet`:`CONNECT`,`version`:`MQTT 5.0`,"
       "`clean_start`:false,`will_qos`:1,`will_retain`:true,`keep_alive`:60,"
       "`properties`:[{`name`:`Session Expiry Interval`,`value`:10}],`client_identifier`:`c`,"
       "`will_properties`:[{`name`:`Will Delay Interval`,`value`:5}],`will_topic`:`w`,`will_payload`:`hi`,"
       "`user_name`:`u`,`password_bytes`:2}\n"},
      {"CONNECT of 3.1.1",
       hex("10 0d 0004 4d515454 04 02 003c 0001 63"),
       {},
       "{`protocol`:`MQTT`,`offset`:0,`length`:15,`from`:`client`,`packet`:`CONNECT`,`version`:`MQTT 3.1.1`,"
       "`clean_session`:true,`keep_alive`:60,`client_identifier`:`c`}\n"},
      {"CONNACK",
       hex("20 0a 01 00 07 21 0014 24 01 2a 00"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:12,`from`:`server`,`packet`:`CONNACK`,`session_present`:true,"
       "`reason_code`:0,`reason`:`Success`,`properties`:[{`name`:`Receive Maximum`,`value`:20},"
       "{`name`:`Maximum QoS`,`value`:1},{`name`:`Shared Subscription Available`,`value`:0}]}\n"},
      {"CONNACK of 3.1.1",
       hex("20 02 00 05"),
       {.version = mqtt::version::v3_1_1},
       "{`protocol`:`MQTT`,`offset`:0,`length`:4,`from`:`server`,`packet`:`CONNACK`,`session_present`:false,"
       "`return_code`:5,`reason`:`Connection Refused, not authorized`}\n"},
      {"PUBLISH",
       hex("3b 0d 0001 61 0007 05 09 0002 ff00 6869"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:15,`packet`:`PUBLISH`,`qos`:1,`retain`:true,`dup`:true,"
       "`topic_name`:`a`,`packet_identifier`:7,`properties`:[{`name`:`Correlation Data`,`value_hex`:`ff00`}],"
       "`payload`:`hi`}\n"},
      {"PUBACK",
       hex("40 03 0007 10"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:5,`packet`:`PUBACK`,`packet_identifier`:7,`reason_code`:16,"
       "`reason`:`No matching subscribers`}\n"},
      {"SUBSCRIBE",
       hex("82 0d 0007 02 0b 05 0001 61 2d 0001 62 01"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:15,`from`:`client`,`packet`:`SUBSCRIBE`,"
       "`packet_identifier`:7,`properties`:[{`name`:`Subscription Identifier`,`value`:5}],"
       "`subscriptions`:[{`topic_filter`:`a`,`qos`:1,`no_local`:true,`retain_as_published`:true,"
       "`retain_handling`:2},{`topic_filter`:`b`,`qos`:1,`no_local`:false,`retain_as_published`:false,"
       "`retain_handling`:0}]}\n"},
      {"SUBSCRIBE of 3.1.1",
       hex("82 06 0007 0001 61 02"),
       {.version = mqtt::version::v3_1_1},
       "{`protocol`:`MQTT`,`offset`:0,`length`:8,`from`:`client`,`packet`:`SUBSCRIBE`,`packet_identifier`:7,"
       "`subscriptions`:[{`topic_filter`:`a`,`qos`:2}]}\n"},
      {"SUBACK",
       hex("90 05 0007 00 02 87"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:7,`from`:`server`,`packet`:`SUBACK`,`packet_identifier`:7,"
       "`properties`:[],`reason_codes`:[{`reason_code`:2,`reason`:`Granted QoS 2`},{`reason_code`:135,"
       "`reason`:`Not authorized`}]}\n"},
      {"UNSUBSCRIBE",
       hex("a2 09 0007 00 0001 61 0001 22"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:11,`from`:`client`,`packet`:`UNSUBSCRIBE`,"
       "`packet_identifier`:7,`properties`:[],`topic_filters`:[`a`,`\\``]}\n"},
      {"AUTH",
       hex("f0 0b 18 09 15 0001 6d 16 0002 7071"),
       {},
       "{`note`:`read as MQTT 5.0: no CONNECT tells (--version says otherwise)`}\n"
       "{`protocol`:`MQTT`,`offset`:0,`length`:13,`packet`:`AUTH`,`reason_code`:24,"
       "`reason`:`Continue authentication`,`properties`:[{`name`:`Authentication Method`,`value`:`m`},"
       "{`name`:`Authentication Data`,`value_bytes`:2}]}\n"},
  });
}

TEST(decode_json, of_secrets_only_when_asked) {
  expect({
      {"CONNECT",
       hex("10 14 0004 4d515454 04 c2 003c 0001 63 0001 75 0002 7071"),
       {.show_secrets = true},
       "{`protocol`:`MQTT`,`offset`:0,`length`:22,`from`:`client`,`packet`:`CONNECT`,`version`:`MQTT 3.1.1`,"
       "`clean_session`:true,`keep_alive`:60,`client_identifier`:`c`,`user_name`:`u`,`password`:`pq`}\n"},
      {"AUTH",
       hex("f0 0b 18 09 15 0001 6d 16 0002 7071"),
       {.show_secrets = true},
       "{`note`:`read as MQTT 5.0: no CONNECT tells (--version says otherwise)`}\n"
       "{`protocol`:`MQTT`,`offset`:0,`length`:13,`packet`:`AUTH`,`reason_code`:24,"
       "`reason`:`Continue authentication`,`properties`:[{`name`:`Authentication Method`,`value`:`m`},"
       "{`name`:`Authentication Data`,`value`:`pq`}]}\n"},
  });
}

TEST(decode_json, of_notes_and_datagrams_and_faults) {
  expect({
      {"a guess",
       hex("d0 00"),
       {},
       "{`note`:`read as MQTT 5.0: no CONNECT tells (--version says otherwise)`}\n"
       "{`protocol`:`MQTT`,`offset`:0,`length`:2,`from`:`server`,`packet`:`PINGRESP`}\n"},
      {"a datagram",
       "abc"s,
       {.what = decode_settings::protocol::ntp},
       "{`protocol`:`NTP`,`offset`:0,`length`:3,`fields`:[`too short for NTP: 61 62 63`],"
       "`error`:{`cause`:`an NTP packet is shorter than 48 bytes`,`offset`:3}}\n"},
      {"QoS 3",
       hex("36 03 00 01 61"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:5,`packet`:`PUBLISH`,`error`:{`cause`:`the QoS is 3`,"
       "`field`:`QoS`,`offset`:0}}\n"},
      {"cut off",
       hex("30 05 00"),
       {.version = mqtt::version::v5_0},
       "{`protocol`:`MQTT`,`offset`:0,`length`:3,`packet`:`PUBLISH`,"
       "`error`:{`cause`:`the packet is cut off`,`offset`:3}}\n"},
      {"characters",
       hex("30 0c 0001 61 09 0a 0d 22 5c 7f 1b c3a9"),
       {.version = mqtt::version::v3_1_1},
       "{`protocol`:`MQTT`,`offset`:0,`length`:14,`packet`:`PUBLISH`,`qos`:0,`retain`:false,`dup`:false,"
       "`topic_name`:`a`,`payload`:`\\u0009\\n\\u000d\\`\\\\\\u007f\\u001bé`}\n"},
  });
}

const party client{{}, {ip_address::v4(10, 0, 0, 1), 40000}};

std::string stream(std::uint16_t port, const std::string& data) {
  const party server{{}, {ip_address::v4(10, 0, 0, 2), port}};
  return pcap({tcp_frame(client, server, {.sequence = 4, .flags = tcp_syn}, {}, 0),
               tcp_frame(client, server, {.sequence = 5, .flags = tcp_ack}, as_bytes(data), 0)});
}

TEST(decode_json, of_recordings) {
  const std::string request = "GET /mqtt HTTP/1.1\r\nHost: a\r\n\r\n";
  expect({
      {"MQTT",
       stream(1883, hex("10 0d 0004 4d515454 04 02 003c 0001 63 30 05 00")),
       {},
       "{`protocol`:`MQTT`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,"
       "`destination`:`10.0.0.2:1883`,`offset`:0,`length`:15,`from`:`client`,`packet`:`CONNECT`,"
       "`version`:`MQTT 3.1.1`,`clean_session`:true,`keep_alive`:60,`client_identifier`:`c`}\n"
       "{`protocol`:`MQTT`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,"
       "`destination`:`10.0.0.2:1883`,`offset`:15,`length`:3,`from`:`client`,`packet`:`PUBLISH`,"
       "`incomplete`:{`cause`:`the packet is cut off`,`offset`:18}}\n"},
      {"TLS",
       stream(8883, hex("16 03 01 0005 01000001 00")),
       {},
       "{`protocol`:`TLS`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,"
       "`destination`:`10.0.0.2:8883`,`offset`:0,`length`:10,"
       "`records`:`TLS handshake ClientHello, 5 bytes\\n`}\n"
       "{`note`:`what is encrypted stays so: tshark decrypts it with -o tls.keylog_file:FILE`}\n"},
      {"WebSocket",
       stream(9001, request + hex("8a 00")),
       {.ports = {9001}},
       "{`protocol`:`WebSocket`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,"
       "`destination`:`10.0.0.2:9001`,`offset`:0,`length`:31,`records`:`GET /mqtt HTTP/1.1\\nHost: a\\n`}\n"
       "{`protocol`:`WebSocket`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,"
       "`destination`:`10.0.0.2:9001`,`offset`:31,`length`:2,"
       "`error`:{`cause`:`the client's frame is not masked`,`offset`:32}}\n"},
      {"DNS",
       stream(53, hex("0011 1234 0100 0001 0000 0000 0000 00 0001 0001")),
       {},
       "{`protocol`:`DNS`,`frame`:2,`time_us`:1000002,`source`:`10.0.0.1:40000`,`destination`:`10.0.0.2:53`,"
       "`offset`:2,`length`:17,"
       "`fields`:[`id 4660, flags 256, questions 1, answers 0, authorities 0, additionals 0`,"
       "`flags: query, recursion desired, NOERROR (0)`,`question: . A, class IN`]}\n"},
      {"a file that is broken",
       stream(9, "").substr(0, 30),
       {},
       "{`note`:`the recording is broken at offset 24: a record's header is cut off`}\n"},
  });
}

}  // namespace
}  // namespace recado::capture
