// Bytes of strangers to readable packets: every way to write them down, and every way to break them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <recado/capture/frame.hpp>
#include <recado/capture/pcapng.hpp>
#include <recado/capture/recordings_test.hpp>

namespace recado::capture {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

TEST(hex_text, has_no_control_characters) {
  EXPECT_TRUE(may_be_hex_text("10 0c\t00\r\n\xc3\xa9~"));
  for (const char other : {'\0', '\x1f', '\x7f', '\v'}) EXPECT_FALSE(may_be_hex_text(std::string{"10 "} + other));
}

struct row {
  const char* about;
  const char* text;
  const char* bytes;  ///< null: refused
  std::size_t line = 0, column = 0;
};

TEST(hex_text, is_read_as_people_and_programs_write_it) {
  const char connect[] = "100c00044d51545404020078";
  const row rows[] = {
      {"digits", "100c00044d51545404020078", connect},
      {"spaces and capitals", "10 0C 00 04 4D515454\n04 02 00 78\n", connect},
      {"colons", "10:0c:00:04:4d:51:54:54:04:02:00:78", connect},
      {"C", "{0x10, 0x0c, 0x00, 0x4, 0x4d, 0x51, 0x54,\n 0x54, 0x04, 0x02, 0x00, 0x78}", connect},
      {"escapes", "\"\\x10\\x0c\\x00\\x04\\x4d\\x51\\x54\\x54\\x04\\x02\\x00\\x78\"", connect},
      {"comments", "# CONNECT\n10 0c 00 04 4d\n// more\n51545404020078", connect},
      {"comments behind digits", "10 0c  # CONNECT\n00 04 4d // its name\n  # more\n0x51,//Q\n545404020078 #", connect},
      {"characters that look like comments", "00000000: 2f2f 2323  //##\n00000004: 2f    /\n00000005\t# end",
       "2f2f23232f"},
      {"a byte-order mark",
       "\xef\xbb\xbf"
       "10 0c 00 04 4d 51545404020078",
       connect},
      {"xxd", "00000000: 100c 0004 4d51 5454 0402 0078            ....MQTT...x\n", connect},
      {"hexdump -C", "00000000  10 0c 00 04 4d 51 54 54  04 02 00 78              |....MQTT...x|\n0000000c\n", connect},
      {"hexdump", "0000000 0c10 0400 514d 5454 0204 7800          \n000000c\n", connect},
      {"hexdump, odd", "0000000 0c10 0004               \n0000003\n", "100c04"},
      {"od -A x -t x1", "000000 10 0c 00 04 4d 51 54 54\n000008 04 02 00 78\n00000c\n", connect},
      {"tcpdump -X", "\t0x0000:  100c 0004 4d51 5454 0402 0078            ....MQTT...x\r\n", connect},
      {"Wireshark", "0000   10 0c 00 04 4d 51 54 54 04 02 00 78   ....MQTT...x\n", connect},
      {"an excerpt", "00000010: 100c 0004 4d51 5454  ....MQTT\n00000018: 0402 0078  ...x", connect},
      {"a repeated line", "00000000  61 62 |ab|\n*\n00000006  63 |c|\n00000007\n", "61626162616263"},
      {"two octets with an offset of four digits", "0000 61 62", "6162"},
      {"four digits each", "0000 6162", "00006162"},
      {"four digits and colons", "100c:0004:4d51", "100c00044d51"},
      {"an offset behind digits without one", "6162\n00000002: 63", "616263"},
      {"no digit", "10 0c\n00 zz", nullptr, 2, 4},
      {"half an octet", "10 c", nullptr, 1, 4},
      {"an offset that doesn't continue", "00000000: 1020  .\n00000003: 30  0", nullptr, 2, 1},
      {"nothing to repeat", "*\n", nullptr, 1, 1},
      {"an endless repetition", "00 01\n*\n", nullptr, 3, 1},
      {"a huge repetition", "00000000  61 62\n*\nfffffff0  61 62\n", nullptr, 3, 1},
  };
  for (const row& one : rows) {
    SCOPED_TRACE(one.about);
    const auto read = read_hex(one.text);
    ASSERT_EQ(read.has_value(), one.bytes != nullptr) << (read ? "" : read.error().cause);
    if (read) {
      std::string digits;
      string_sink sink{digits};
      sink.hex(as_bytes(*read));
      EXPECT_EQ(digits, one.bytes);
    } else {
      EXPECT_EQ(read.error().column, one.column);
      EXPECT_FALSE(read.error().cause.empty());
    }
  }
}

TEST(decode, names_every_field_and_learns_the_version) {
  const result all =
      decoded(hex("10 14 0004 4d515454 05 c2 003c 00 0001 63 0001 75 0001 70"
                  "20 03 00 00 00"
                  "30 06 0001 61 00 68 69"));
  EXPECT_EQ(all.malformed, 0u) << all.text;
  EXPECT_EQ(all.packets, 3u);
  EXPECT_THAT(all.text, AllOf(HasSubstr("MQTT, offset 0, 22 bytes, from the client\n  CONNECT\n    version MQTT 5.0\n"),
                              HasSubstr("    clean start yes\n"), HasSubstr("    client identifier \"c\"\n"),
                              HasSubstr("    password (1 bytes)\n"), HasSubstr("from the server\n  CONNACK"),
                              HasSubstr("    topic name \"a\"\n    payload \"hi\"\n")));
}

TEST(decode, hides_secrets_unless_asked) {
  const std::string data = hex("10 14 0004 4d515454 04 c2 003c 0001 63 0001 75 0002 7071");
  for (const bool json : {false, true}) {
    EXPECT_THAT(decoded(data, {.json = json}).text, Not(HasSubstr("pq")));
    EXPECT_THAT(decoded(data, {.json = json, .show_secrets = true}).text, HasSubstr("\"pq\""));
  }
}

TEST(decode, hides_secrets_of_what_is_malformed) {
  const std::string connect = hex("10 14 0004 4d515454 04 c2 003c 0001 63 0001 75 0002 7071");
  std::string longer = connect + "!";
  longer[1] = '\x15';
  for (const std::string& each : {longer, connect.substr(0, connect.size() - 1)}) {
    EXPECT_THAT(decoded(each).text, AllOf(HasSubstr("10 1"), Not(HasSubstr(" 70"))));
    EXPECT_THAT(decoded(each, {.show_secrets = true}).text, HasSubstr(" 70"));
  }
  const std::string auth = hex("f0 09 18 07 16 0003 616263 ff");  // Authentication Data, and a property that is none
  EXPECT_THAT(decoded(auth).text, AllOf(HasSubstr("malformed"), Not(HasSubstr("61"))));
}

TEST(decode, points_at_what_is_wrong) {
  struct {
    const char* about;
    std::string data;
    decode_settings how;
    std::string says;
  } const rows[] = {
      {"QoS 3",
       hex("c000 36 03 00 01 61"),
       {},
       "the QoS is 3 (QoS), at offset 2\n    000002  36 03 00 01 61\n            ^^\n"},
      {"U+0000", hex("30 05 0003 610062"), {}, "malformed: a string contains U+0000 (topic name)"},
      {"cut off",
       hex("d0 00 30 05 00"),
       {},
       "the packet is cut off, at offset 5\n    000002  30 05 00\n                     ^^\n"},
      {"the wrong side", hex("d0 00"), {.direction = mqtt::sender::client}, "this packet may not be sent by this side"},
      {"the second line",
       hex("20 14 00 00 11 1f 000c 616161616161616161616161 7f00"),
       {.version = mqtt::version::v5_0},
       "61 61 61 61 61 61 61 61\n    000010  61 61 61 61 7f 00\n                        ^^\n"},
      {"the second line's first octet",
       hex("20 10 00 00 0d 1f 0008 6161616161616161 7f 00"),
       {.version = mqtt::version::v5_0},
       "61 61 61 61 61 61 61 61\n    000010  7f 00\n            ^^\n"},
      {"cut off behind a whole line",
       hex("30 20 0001 61 00 61 61 61 61 61 61 61 61 61 61"),
       {.version = mqtt::version::v5_0},
       "61 61 61 61 61 61 61 61 61 61\n" + std::string(60, ' ') + "^^\n"},
      {"short DNS", "abc", {.what = decode_settings::protocol::dns}, "a DNS message is shorter than its header"},
      {"short NTP", "abc", {.what = decode_settings::protocol::ntp}, "an NTP packet is shorter than 48 bytes"},
      {"short DHCP", "abc", {.what = decode_settings::protocol::dhcp}, "malformed: "},
  };
  for (const auto& one : rows) {
    SCOPED_TRACE(one.about);
    const result all = decoded(one.data, one.how);
    EXPECT_EQ(all.malformed, 1u);
    EXPECT_THAT(all.text, HasSubstr(one.says));
    decode_settings json = one.how;
    json.json = true;
    EXPECT_THAT(decoded(one.data, json).text, HasSubstr("\"error\":{\"cause\":"));
  }
}

TEST(decode, guesses_and_says_so) {
  const std::string ntp = hex("23 00 06 ec") + std::string(44, '\0');
  EXPECT_THAT(decoded(ntp).text, HasSubstr("-- this looks like NTP"));
  const std::string dns = hex("1234 0100 0001 0000 0000 0000 01 61 00 0001 0001");
  EXPECT_THAT(decoded(dns).text, AllOf(HasSubstr("-- this looks like DNS"), HasSubstr("question: a. A")));
  const std::string dhcp = hex("01 01 06 00 12345678") + std::string(228, '\0') + hex("63825363 35 01 01 ff");
  EXPECT_THAT(decoded(dhcp).text, AllOf(HasSubstr("-- this looks like DHCP"), HasSubstr("DISCOVER")));
  const result old = decoded(hex("90 03 0001 80"));  // 3.1.1: 5.0 would want properties
  EXPECT_THAT(old.text, HasSubstr("read as MQTT 3.1.1"));
  EXPECT_EQ(old.malformed, 0u);
}

TEST(decode, takes_for_ntp_only_what_its_fields_allow) {  // RFC 5905 §7.3
  const std::string rest = hex("06 ec") + std::string(44, '\0');
  for (const char* good : {"1b 00", "25 10", "24 01"})
    EXPECT_THAT(decoded(hex(good) + rest).text, HasSubstr("looks like NTP"));
  for (const char* each :
       {"13 00", "2b 00", "23 11", "20 00", "26 00", "27 00"})  // versions 2 and 5, stratum 17, modes 0, 6, 7
    EXPECT_THAT(decoded(hex(each) + rest).text, Not(HasSubstr("looks like NTP"))) << each;
}

TEST(decode, what_is_asked_for_is_mqtt) {
  std::string pubrels;
  for (int i = 0; i < 12; ++i) pubrels += hex("62 02 0001");
  EXPECT_THAT(decoded(pubrels).text, HasSubstr("looks like NTP"));
  EXPECT_EQ(decoded(pubrels, {.version = mqtt::version::v5_0}).packets, 12u);
  EXPECT_EQ(decoded(pubrels, {.direction = mqtt::sender::client}).packets, 12u);
}

TEST(decode, dhcp_options_that_lie_are_pointed_at) {
  const std::string head = hex("01 01 06 00 12345678") + std::string(228, '\0') + hex("63825363");
  EXPECT_THAT(decoded(head + hex("35 02 01 01 ff")).text, HasSubstr("at offset 241\n"));
  EXPECT_THAT(decoded(head + hex("35 01 01 32 04 01")).text, HasSubstr("at offset 244\n"));
  EXPECT_THAT(decoded(head + hex("35 01 01 00 00")).text, HasSubstr("don't end with the option END, at offset 245\n"));
  EXPECT_THAT(decoded(head + hex("00 35")).text, HasSubstr("an option without its length, at offset 241\n"));
  EXPECT_EQ(decoded(head + hex("00 35 01 01 00 ff")).malformed, 0u) << "what fills says nothing";
}

TEST(decode, dhcp_options_in_the_fields_of_names_are_looked_at_if_they_are_said_to_be_there) {  // RFC 2132 §9.3
  const std::string broken = hex("35 02 01 01 ff"), sound = hex("35 01 01 ff");
  const auto message = [](const std::string& sname, const std::string& file, const char* overload) {
    std::string all = hex("01 01 06 00 12345678") + std::string(228, '\0') + hex("63825363 35 01 01 34 01") +
                      hex(overload) + hex("ff");
    all.replace(44, sname.size(), sname), all.replace(108, file.size(), file);
    return decoded(all, {.what = decode_settings::protocol::dhcp});
  };
  EXPECT_THAT(message("", broken, "01").text, HasSubstr("at offset 109\n"));
  EXPECT_THAT(message(broken, "", "02").text, HasSubstr("at offset 45\n"));
  EXPECT_THAT(message(broken, sound, "03").text, HasSubstr("at offset 45\n"));
  EXPECT_EQ(message(sound, sound, "03").malformed, 0u);
  EXPECT_EQ(message(broken, sound, "01").malformed, 0u) << "that is a name";
  EXPECT_EQ(message(sound, broken, "02").malformed, 0u);
}

TEST(decode, records_of_dns_have_the_data_of_their_type) {
  const std::string head = hex("1234 8180 0001 0001 0000 0000 01 61 00 0001 0001 c00c");
  const auto message = [&](const char* type, const std::string& data) {
    return decoded(
        head + hex(type) + hex("0001 0000003c") + std::string(1, '\0') + static_cast<char>(data.size()) + data,
        {.what = decode_settings::protocol::dns});
  };
  const std::string four = hex("0a4d0002"), name = hex("01 62 c00c"), cut = hex("05 62");
  struct {
    const char* type;
    std::string good, bad;
  } const rows[] = {{"0001", four, four + "x"},
                    {"001c", std::string(16, 'x'), four},
                    {"0002", name, cut},
                    {"0005", name, cut},
                    {"000c", name, cut},
                    {"0006", name + name + std::string(20, '\0'), name + name + std::string(19, '\0')},
                    {"0021", hex("0001 0002 075b") + name, hex("0001 0002 075b") + cut}};
  for (const auto& [type, good, bad] : rows) {
    const result sound = message(type, good), broken = message(type, bad);
    EXPECT_EQ(sound.malformed, 0u) << sound.text;
    EXPECT_THAT(broken.text, HasSubstr("malformed: a record's data don't fit its type, at offset 31\n"));
  }
  EXPECT_EQ(message("0063", "whatever").malformed, 0u) << "of other types nothing is known";
}

TEST(decode, datagrams_have_the_length_that_they_say) {
  const std::string query = hex("1234 0100 0001 0000 0000 0000 01 61 00 0001 0001");
  const decode_settings dns{.what = decode_settings::protocol::dns}, ntp{.what = decode_settings::protocol::ntp};
  EXPECT_THAT(decoded(query + "x", dns).text, HasSubstr("bytes are left over behind the last record, at offset 19\n"));
  EXPECT_THAT(decoded(query.substr(0, 18), dns).text, HasSubstr("a question or record is broken or cut off"));
  const std::string packet = hex("23 00 06 ec") + std::string(44, '\0');
  EXPECT_EQ(decoded(packet + "mac!", ntp).malformed, 0u);
  EXPECT_THAT(decoded(packet + "x", ntp).text, HasSubstr("length is no multiple of 4, at offset 49\n"));
  for (const char* first : {"03", "2b"})
    EXPECT_THAT(decoded(hex(first) + packet.substr(1), ntp).text, HasSubstr("the NTP version is not 1 to 4"));
}

TEST(decode, json_keeps_what_is_no_text) {
  EXPECT_EQ(decoded(hex("30 05 0001 61 ff 00"), {.version = mqtt::version::v3_1_1, .json = true}).text,
            "{\"protocol\":\"MQTT\",\"offset\":0,\"length\":7,\"packet\":\"PUBLISH\",\"qos\":0,\"retain\":false,"
            "\"dup\":false,\"topic_name\":\"a\",\"payload_hex\":\"ff00\"}\n");
  EXPECT_THAT(
      decoded(hex("30 0c 0001 61 07 26 0001 6b 0001 76 21"), {.version = mqtt::version::v5_0, .json = true}).text,
      HasSubstr("\"properties\":[{\"name\":\"User Property\",\"key\":\"k\",\"value\":\"v\"}]"));
}

// ---- recordings ----

const party client{{}, {ip_address::v4(10, 0, 0, 1), 40000}};
const party broker{{}, {ip_address::v4(10, 0, 0, 2), 1883}};

std::string tcp(const party& from, const party& to, std::uint32_t sequence, std::uint8_t flags, std::string_view data) {
  return tcp_frame(from, to, {.sequence = sequence, .acknowledgement = 0, .flags = flags}, as_bytes(data), 0);
}

const std::string connect_4 = hex("10 0d 0004 4d515454 04 02 003c 0001 63");
const std::string connack_4 = hex("20 02 00 00");
const std::string publish = hex("30 05 0001 61 68 69");

std::vector<std::string> conversation() {
  return {tcp(client, broker, 0xfffffff8, tcp_syn, ""),
          tcp(broker, client, 7, tcp_syn | tcp_ack, ""),
          tcp(client, broker, 0xfffffff9, tcp_ack, connect_4.substr(0, 9)),
          tcp(client, broker, 0xfffffff9, tcp_ack, connect_4.substr(0, 9)),   // again
          tcp(client, broker, 0x5, tcp_ack, connect_4.substr(12) + publish),  // too early
          tcp(client, broker, 0x1, tcp_ack, connect_4.substr(8)),             // overlapping both
          tcp(broker, client, 8, tcp_ack, connack_4)};
}

TEST(decode_recording, puts_streams_together_again) {
  const result all = decoded(pcap(conversation()));
  EXPECT_EQ(all.malformed, 0u) << all.text;
  EXPECT_EQ(all.packets, 3u) << all.text;
  EXPECT_THAT(all.text, AllOf(HasSubstr("frame 6, 00:00:01.000002, 10.0.0.1:40000 to 10.0.0.2:1883, MQTT, offset 0"),
                              HasSubstr("CONNACK"), HasSubstr("payload \"hi\"")));
}

TEST(decode_recording, reads_pcapng_and_all_links) {
  const std::vector<std::string> frames = conversation();
  std::string ng = section_header("test") + interface_description("eth0");
  for (const std::string& frame : frames) ng += enhanced_packet(as_bytes(frame), utc_time{duration{5}});
  EXPECT_EQ(decoded(ng).packets, 3u);
  for (const auto& [link, head] : {std::pair{0u, hex("02000000")},
                                   {108u, hex("00000002")},
                                   {101u, ""s},
                                   {228u, ""s},
                                   {113u, std::string(14, '\0') + hex("0800")},
                                   {276u, hex("0800") + std::string(18, '\0')}}) {
    std::vector<std::string> other;
    for (const std::string& frame : frames) other.push_back(head + frame.substr(14));
    EXPECT_EQ(decoded(pcap(other, link)).packets, 3u) << link;
  }
  std::vector<std::string> tagged;
  for (const std::string& frame : frames) tagged.push_back(frame.substr(0, 12) + hex("8100 0005") + frame.substr(12));
  EXPECT_EQ(decoded(pcap(tagged)).packets, 3u);
}

TEST(decode_recording, says_what_is_missing_encrypted_or_not_understood) {
  std::vector<std::string> frames = conversation();
  frames.erase(frames.begin() + 5);
  EXPECT_THAT(decoded(pcap(frames)).text, HasSubstr("3 bytes of a stream are missing"));
  const std::string hello = hex("16 03 01 00 05 01 00 00 01 00");
  const party secure{{}, {ip_address::v4(10, 0, 0, 2), 8883}};
  const result tls = decoded(pcap({tcp(client, secure, 0, tcp_syn, ""), tcp(client, secure, 1, tcp_ack, hello)}));
  EXPECT_THAT(tls.text, AllOf(HasSubstr("TLS handshake ClientHello"), HasSubstr("tshark")));
  EXPECT_EQ(tls.malformed, 0u);
  const party odd{{}, {ip_address::v4(10, 0, 0, 2), 5000}};
  const std::string elsewhere = pcap({tcp(client, odd, 0, tcp_syn, ""), tcp(client, odd, 1, tcp_ack, connect_4)});
  EXPECT_EQ(decoded(elsewhere).packets, 0u);
  EXPECT_EQ(decoded(elsewhere, {.ports = {5000}}).packets, 1u);
}

TEST(decode_recording, shows_datagrams_of_the_protocols_that_were_asked_for) {
  const party own{{}, {ip_address::v4(10, 0, 0, 1), 40000}}, router{{}, {ip_address::v4(10, 0, 0, 9), 53}},
      clock{{}, {ip_address::v4(10, 0, 0, 9), 123}}, other{{}, {ip_address::v4(10, 0, 0, 9), 9}};
  const std::string query = hex("1234 0100 0001 0000 0000 0000 01 61 00 0001 0001");
  const std::string file = pcap({udp_frame(own, router, as_bytes(query), 0),
                                 udp_frame(clock, own, as_bytes(hex("24 01 06 ec") + std::string(44, '\0')), 0),
                                 udp_frame(own, other, as_bytes("?"), 0)});
  const result all = decoded(file);
  EXPECT_THAT(all.text,
              AllOf(HasSubstr("frame 1, 00:00:01.000002, 10.0.0.1:40000 to 10.0.0.9:53, DNS, offset 0, 19 bytes\n"),
                    HasSubstr("frame 2, 00:00:01.000002, 10.0.0.9:123 to 10.0.0.1:40000, NTP, offset 0, 48 bytes\n"),
                    HasSubstr("left out: 1 packet of other protocols")));
  EXPECT_EQ(all.packets, 2u);
  for (const auto& [what, name] :
       {std::pair{decode_settings::protocol::dns, "DNS"}, {decode_settings::protocol::ntp, "NTP"}}) {
    const result one = decoded(file, {.what = what});
    EXPECT_EQ(one.packets, 1u);
    EXPECT_THAT(one.text, AllOf(HasSubstr(name), HasSubstr("left out: 2 packets of other protocols")));
  }
  EXPECT_EQ(decoded(file, {.what = decode_settings::protocol::dhcp}).packets, 0u);
}

TEST(decode_recording, says_that_a_stream_was_recorded_from_its_middle) {
  const result late =
      decoded(pcap({tcp(broker, client, 8, tcp_ack, publish), tcp(broker, client, 15, tcp_ack, publish)}));
  EXPECT_THAT(late.text,
              HasSubstr("-- a stream was recorded from its middle: its first bytes may be no packet's beginning\n"));
  EXPECT_EQ(late.text.find("middle"), late.text.rfind("middle")) << "once";
  EXPECT_EQ(late.packets, 2u) << late.text;
  const party server{{}, {ip_address::v4(10, 0, 0, 2), 53}};
  const result dns =
      decoded(pcap({tcp(client, server, 8, tcp_ack, "whatever"), tcp(client, server, 16, tcp_ack, "more")}));
  EXPECT_THAT(dns.text, HasSubstr("-- a stream of DNS was recorded from its middle, and is left out\n"));
  EXPECT_EQ(dns.packets, 0u);
}

TEST(decode_recording, gives_up_a_stream_of_which_too_much_waits_for_what_is_missing) {
  std::vector<std::string> frames{tcp(client, broker, 0, tcp_syn, ""), tcp(client, broker, 1, tcp_ack, connect_4)};
  const std::string piece(60'000, 'x');
  std::uint32_t sequence = static_cast<std::uint32_t>(1 + connect_4.size() + 5);
  for (std::size_t sent = 0; sent <= reassembly::waiting_bytes_max; sent += piece.size(), sequence += 60'000)
    frames.push_back(tcp(client, broker, sequence, tcp_ack, piece));
  frames.push_back(tcp(client, broker, sequence, tcp_ack, publish));
  const result all = decoded(pcap(frames));
  EXPECT_THAT(all.text, HasSubstr("-- 5 bytes of a stream are missing: the rest of it is left out\n"));
  EXPECT_EQ(all.packets, 1u) << "CONNECT";
  EXPECT_EQ(all.malformed, 0u);
}

TEST(decode_recording, understands_an_answer_without_its_connect) {
  const std::vector<std::string> all = conversation();
  const result alone = decoded(pcap({all[1], all[6]}));
  EXPECT_EQ(alone.malformed, 0u) << alone.text;
  EXPECT_THAT(alone.text, HasSubstr("CONNACK"));
}

TEST(decode_recording, counts_the_octets_of_a_stream_of_tls) {
  const party secure{{}, {ip_address::v4(10, 0, 0, 2), 8883}};
  const std::string record = hex("14 03 03 00 01 01");
  const result tls = decoded(pcap({tcp(client, secure, 7, tcp_ack, record), tcp(client, secure, 13, tcp_ack, record),
                                   tcp(client, secure, 19, tcp_ack, record)}));
  for (const char* at : {"TLS, offset 0, 6 bytes", "TLS, offset 6, 6 bytes", "TLS, offset 12, 6 bytes"})
    EXPECT_THAT(tls.text, HasSubstr(at));
}

TEST(decode_recording, knows_tls_from_its_middle) {
  const party secure{{}, {ip_address::v4(10, 0, 0, 2), 8883}};
  const result tls = decoded(pcap({tcp(client, secure, 7, tcp_ack, hex("17 03 03 00 02 aa bb"))}));
  EXPECT_EQ(tls.malformed, 0u) << tls.text;
  EXPECT_THAT(tls.text, HasSubstr("what is encrypted stays so"));
}

TEST(decode_recording, says_what_it_left_out) {
  EXPECT_THAT(decoded(pcap(conversation(), 105)).text, HasSubstr("7 packets of link type 105"));
  std::string lying = tcp(client, broker, 7, tcp_ack, publish);
  lying[14] = '\x4f';  // a header longer than the packet
  lying.resize(40);
  EXPECT_THAT(decoded(pcap({lying})).text, HasSubstr("1 packet whose headers contradict their length"));
}

TEST(decode_recording, says_what_helps_where_nothing_was_found) {
  const party odd{{}, {ip_address::v4(10, 0, 0, 2), 5000}};
  const std::string elsewhere = tcp(client, odd, 1, tcp_ack, connect_4);
  std::string in_part = pcap({elsewhere.substr(0, 30)});
  in_part[36] = 99;  // what the packet had
  EXPECT_THAT(decoded(pcap({elsewhere})).remedy_of_nothing, HasSubstr("--port"));
  EXPECT_THAT(decoded(pcap({elsewhere}), {.what = decode_settings::protocol::dns}).remedy_of_nothing,
              HasSubstr("leave --protocol out"));
  EXPECT_THAT(decoded(pcap({elsewhere}, 105)).remedy_of_nothing, HasSubstr("tcpdump -i any"));
  EXPECT_THAT(decoded(in_part).remedy_of_nothing, HasSubstr("tcpdump -s 0"));
  EXPECT_THAT(decoded(pcap({})).remedy_of_nothing, HasSubstr("while packets are exchanged"));
}

TEST(decode_recording, a_port_that_is_used_again_ends_what_was_before) {
  std::vector<std::string> frames = conversation();
  frames.push_back(tcp(broker, client, 12, tcp_ack, publish.substr(0, 4)));
  const std::vector<std::string> again = conversation();
  frames.insert(frames.end(), again.begin(), again.end());
  const result all = decoded(pcap(frames));
  EXPECT_THAT(all.text, HasSubstr("frame 8, 00:00:01.000002, 10.0.0.2:1883 to 10.0.0.1:40000, MQTT"));
  EXPECT_THAT(all.text, HasSubstr("incomplete: the packet is cut off"));
  EXPECT_EQ(all.packets, 7u) << all.text;
}

TEST(decode_recording, a_packet_cut_by_the_end_is_no_fault) {
  std::vector<std::string> frames = conversation();
  frames.push_back(tcp(broker, client, 12, tcp_ack, publish.substr(0, 4)));
  const result all = decoded(pcap(frames));
  EXPECT_EQ(all.malformed, 0u);
  EXPECT_THAT(all.text, HasSubstr("incomplete: the packet is cut off"));
}

TEST(decode_recording, tells_where_the_file_is_broken) {
  const std::string file = pcap(conversation());
  for (std::size_t size = 5; size < file.size(); ++size) (void)decoded(file.substr(0, size));
  EXPECT_FALSE(decoded(file).recording_broken);
  const result cut = decoded(file.substr(0, file.size() - 1));
  EXPECT_TRUE(cut.recording_broken);
  EXPECT_EQ(cut.malformed, 0u) << "it is no packet's fault";
  EXPECT_THAT(cut.text, HasSubstr("longer than the rest of the file"));
  std::string ng = section_header("t") + interface_description("e") + enhanced_packet(as_bytes(connect_4), utc_time{});
  for (std::size_t bit = 0; bit < ng.size() * 8; ++bit) {
    ng[bit / 8] = static_cast<char>(ng[bit / 8] ^ 1 << bit % 8);
    (void)decoded(ng);
    ng[bit / 8] = static_cast<char>(ng[bit / 8] ^ 1 << bit % 8);
  }
}

}  // namespace
}  // namespace recado::capture
