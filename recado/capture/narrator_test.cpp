#include <recado/capture/narrator.hpp>

#include <gmock/gmock.h>

namespace recado::capture {
namespace {

using testing::HasSubstr;
using testing::Not;

class text final : public text_sink {
 public:
  void write(std::string_view more) override { all += more; }
  std::string all;
};

const endpoint board{ip_address::v4(10, 77, 0, 5), 40000};
const endpoint router{ip_address::v4(10, 77, 0, 1), 53};
const stream_identity plain{1, board, {router.address, 1883}};
const stream_identity sealed{2, board, {router.address, 8883}};

const std::string connect{
    "\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05"
    "board",
    19};
const std::string connack{"\x20\x02\x00\x00", 4};
const std::string publish{"\x30\x13\x00\x0csecret/topichello", 21};

instant at(int us) { return instant{duration{us}}; }

class narration : public testing::Test {
 protected:
  narration() { clock_.set(utc_time{std::chrono::seconds{1'795'000'000}}, instant{}); }
  text out_;
  wall_clock clock_;
  narrator::options how_;
  narrator narrator_{out_, clock_, how_};
};

TEST(describing, knows_applications_by_either_port) {
  EXPECT_EQ(application_of(68, 67), application::dhcp);
  EXPECT_EQ(application_of(40000, 53), application::dns);
  EXPECT_EQ(application_of(123, 40000), application::ntp);
  EXPECT_EQ(application_of(1, 2), application::unknown);
}

TEST_F(narration, datagrams_stand_under_their_heading) {
  const std::string query{
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06"
      "broker\x03lab\x00\x00\x01\x00\x01",
      28};
  narrator_.datagram_seen(direction::out, board, router, as_bytes(query), at(5));
  narrator_.datagram_seen(direction::in, board, {router.address, 123}, as_bytes("\x24" + std::string(47, '\0')),
                          at(1205));
  narrator_.datagram_seen(direction::in, board, {router.address, 123}, as_bytes("short"), at(1206));
  narrator_.datagram_seen(direction::in, board, {router.address, 9}, as_bytes(std::string(100, 'x')), at(1207));
  EXPECT_THAT(out_.all, testing::StartsWith("      0.000 ms -> DNS, 28 bytes, 10.77.0.5:40000 to 10.77.0.1:53\n    "));
  EXPECT_THAT(out_.all, HasSubstr("broker.lab"));
  EXPECT_THAT(out_.all, HasSubstr("      1.200 ms <- NTP, 48 bytes, 10.77.0.1:123 to 10.77.0.5:40000\n    leap "));
  EXPECT_THAT(out_.all, HasSubstr("\n    too short for NTP: 73 68 6f 72 74\n"));
  EXPECT_THAT(out_.all, HasSubstr("UDP, 100 bytes"));
  EXPECT_THAT(out_.all, HasSubstr("78 78 …\n"));
}

TEST_F(narration, mqtt_packets_are_cut_from_the_stream_however_it_arrives) {
  for (std::size_t step = 1; step < 60; ++step) {
    out_.all.clear();
    narrator_.stream_opened(plain, at(1));
    const auto feed = [&](direction way, const std::string& data) {
      for (std::size_t i = 0; i < data.size(); i += step)
        narrator_.stream_bytes(plain, way, content::plaintext, as_bytes(std::string_view{data}.substr(i, step)), at(2));
    };
    feed(direction::out, connect);
    feed(direction::in, connack + publish);
    narrator_.stream_closed(plain, make_fault(stream_error::closed_by_peer), at(3));
    EXPECT_THAT(out_.all, HasSubstr("TCP connected, 10.77.0.5:40000 to 10.77.0.1:1883\n"));
    EXPECT_THAT(out_.all, HasSubstr("-> CONNECT"));
    EXPECT_THAT(out_.all, HasSubstr("<- CONNACK"));
    EXPECT_THAT(out_.all, HasSubstr("<- PUBLISH"));
    EXPECT_THAT(out_.all, HasSubstr("\"hello\"\n"));
    EXPECT_THAT(out_.all, HasSubstr("TCP ended, 10.77.0.5:40000 to 10.77.0.1:1883: the peer closed the connection\n"));
  }
}

TEST_F(narration, passwords_are_their_length) {
  const std::string login{
      "\x10\x1f\x00\x04MQTT\x04\xc2\x00\x3c\x00\x05"
      "board\x00\x04user\x00\x06geheim",
      33};
  narrator_.stream_bytes(plain, direction::out, content::plaintext, as_bytes(login), at(1));
  EXPECT_THAT(out_.all, HasSubstr("CONNECT"));
  EXPECT_THAT(out_.all, Not(HasSubstr("geheim")));
}

TEST_F(narration, what_is_no_mqtt_is_said_once) {
  narrator_.stream_bytes(plain, direction::in, content::plaintext, as_bytes("HTTP/1.1 400 Bad Request"), at(1));
  narrator_.stream_bytes(plain, direction::in, content::plaintext, as_bytes("more"), at(2));
  EXPECT_THAT(out_.all, HasSubstr("not MQTT: "));
  EXPECT_EQ(out_.all.find("not MQTT"), out_.all.rfind("not MQTT"));
}

TEST_F(narration, tls_records_are_named_however_they_arrive) {
  const std::string client_hello{"\x16\x03\x01\x00\x03\x01\x00\x00", 8};
  const std::string flight{"\x16\x03\x03\x00\x04\x02\x00\x00\x00\x14\x03\x03\x00\x01\x01\x17\x03\x03\x00\x02\xab\xcd",
                           22};
  for (std::size_t step = 1; step < 30; ++step) {
    out_.all.clear();
    narrator_.stream_opened(sealed, at(1));
    narrator_.stream_bytes(sealed, direction::out, content::wire, as_bytes(client_hello), at(1));
    for (std::size_t i = 0; i < flight.size(); i += step)
      narrator_.stream_bytes(sealed, direction::in, content::wire, as_bytes(std::string_view{flight}.substr(i, step)),
                             at(2));
    EXPECT_THAT(out_.all, HasSubstr("-> TLS handshake ClientHello, 3 bytes\n"));
    EXPECT_THAT(out_.all, HasSubstr("<- TLS handshake ServerHello, 4 bytes\n"));
    EXPECT_THAT(out_.all, HasSubstr("<- TLS change cipher spec, 1 bytes\n"));
    EXPECT_THAT(out_.all, HasSubstr("<- TLS application data (encrypted), 2 bytes\n"));
  }
}

TEST_F(narration, messages_of_a_handshake_have_their_names) {  // RFC 8446 §4, RFC 5246 §7.4, RFC 6066 §8
  const std::pair<int, const char*> names[] = {
      {0, "HelloRequest"},       {1, "ClientHello"},        {2, "ServerHello"},         {4, "NewSessionTicket"},
      {11, "Certificate"},       {12, "ServerKeyExchange"}, {13, "CertificateRequest"}, {14, "ServerHelloDone"},
      {15, "CertificateVerify"}, {16, "ClientKeyExchange"}, {20, "Finished"},           {22, "CertificateStatus"}};
  for (const auto& [type, name] : names) {
    text out;
    const std::string record = std::string{"\x16\x03\x03\0\x04", 5} + static_cast<char>(type) + std::string(3, '\0');
    tls_words{}.add(0, as_bytes(record), out);
    EXPECT_EQ(out.all, "TLS handshake " + std::string{name} + ", 4 bytes\n");
  }
}

TEST_F(narration, what_is_no_tls_is_said_once) {
  for (const std::string& bad : {std::string{"\x18\x03\x03\0\x01x", 6}, std::string{"\x16\x02\x03\0\x01x", 6},
                                 std::string{"\x16\x03\x03\0\0x", 6}}) {
    text out;
    tls_words words;
    words.add(1, as_bytes(bad), out);
    words.add(1, as_bytes("\x14\x03\x03" + std::string{"\0\x01\x01", 3}), out);
    EXPECT_EQ(out.all, "not TLS\n");
  }
}

TEST_F(narration, what_follows_change_cipher_spec_is_encrypted) {
  text out;
  tls_words{}.add(0, as_bytes(std::string{"\x14\x03\x03\0\x01\x01\x16\x03\x03\0\x04\x14\0\0\0", 15}), out);
  EXPECT_EQ(out.all, "TLS change cipher spec, 1 bytes\nTLS handshake (encrypted), 4 bytes\n");
  out.all.clear();
  tls_words{}.add(1, as_bytes(std::string{"\x15\x03\x03\0\x02\x02\x28\x16\x03\x03\0\x02\x63\0", 14}), out);
  EXPECT_EQ(out.all, "TLS alert, 2 bytes\nTLS handshake continued, 2 bytes\n") << "of no type, as in a later record";
}

TEST_F(narration, arp_is_a_sentence) {
  const auto arp = [](char operation, std::string sender, std::string target) {
    return std::string(12, '\xff') + std::string{"\x08\x06\0\x01\x08\0\x06\x04\0", 9} + operation +
           "\x02\x01\x01\x01\x01\x01" + sender + std::string(6, '\0') + target;
  };
  const std::string own{"\x0a\x4d\0\x05", 4}, none(4, '\0'), other{"\x0a\x4d\0\x01", 4};
  for (const auto& frame : {arp(1, none, own), arp(1, own, own), arp(1, own, other), arp(2, other, own)})
    narrator_.frame_seen(direction::out, as_bytes(frame), at(1));
  EXPECT_EQ(out_.all,
            "      0.000 ms -> ARP: is anybody 10.77.0.5? (probe)\n"
            "      0.000 ms -> ARP: 10.77.0.5 is mine (announcement)\n"
            "      0.000 ms -> ARP: who is 10.77.0.1? tell 10.77.0.5\n"
            "      0.000 ms -> ARP: 10.77.0.1 is at 02:01:01:01:01:01\n");
}

TEST_F(narration, other_frames_have_their_type) {
  text out;
  describe_frame(as_bytes(std::string(12, '\xff') + "\x08\x06" + std::string{"\0\x01\x08\0\x06\x04\0\x03", 8} +
                          std::string(20, '\0')),
                 out);
  describe_frame(as_bytes(std::string(12, '\xff') + "\x08\x06" + std::string{"\0\x06", 2}), out);
  describe_frame(as_bytes(std::string(12, '\xff') + "\x88\xcc"), out);
  EXPECT_EQ(out.all, "ARP of an unknown form\nARP of an unknown form\na frame of type 0x88cc\n");
}

TEST_F(narration, what_failed_is_said) {
  narrator_.datagram_failed(router, make_fault(stream_error::refused), at(1));
  EXPECT_THAT(out_.all, testing::StartsWith("      0.000 ms <- the datagram to 10.77.0.1:53 failed: "));
  out_.all.clear();
  narrator_.stream_closed(plain, fault{layer::tls, 1}, at(2));
  EXPECT_THAT(out_.all, testing::EndsWith("TCP ended, 10.77.0.5:40000 to 10.77.0.1:1883: ended by a layer above\n"));
}

TEST_F(narration, no_damaged_packet_does_harm) {
  for (const std::string& good : {connect, connack, publish})
    for (std::size_t i = 0; i < good.size() * 8; ++i) {
      std::string bad = good;
      bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << i % 8));
      mqtt_words words{{}};
      words.add(mqtt::sender::client, as_bytes(bad), out_);
      tls_words{}.add(0, as_bytes(bad), out_);
      for (const application what : {application::dhcp, application::dns, application::ntp, application::unknown})
        describe(what, as_bytes(bad), utc_time{}, out_);
      describe_frame(as_bytes(bad), out_);
    }
  EXPECT_FALSE(out_.all.empty());
}

}  // namespace
}  // namespace recado::capture
