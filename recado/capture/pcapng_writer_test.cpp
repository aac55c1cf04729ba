#include <recado/capture/pcapng_writer.hpp>

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <recado/capture/key_log_file.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/key.hpp>
#include <recado/pki/shell_test.hpp>

namespace recado::capture {
namespace {

using namespace std::chrono_literals;
using pki::shell;
using testing::HasSubstr;

const endpoint board{ip_address::v4(10, 77, 0, 5), 40000};
const endpoint router{ip_address::v4(10, 77, 0, 1), 53};
constexpr fault closed_by_peer = make_fault(stream_error::closed_by_peer);
constexpr fault aborted = make_fault(stream_error::aborted);

// MQTT 3.1.1, one of each: CONNECT of client "board", CONNACK, PUBLISH "hello" on "secret/topic".
const std::string connect{
    "\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05"
    "board",
    19};
const std::string connack{"\x20\x02\x00\x00", 4};
const std::string publish{"\x30\x13\x00\x0csecret/topichello", 21};

class recording : public pki::in_folder {
 protected:
  recording() { clock_.set(utc_time{1'795'000'000s}, instant{}); }
  pcapng_writer open() {
    return pcapng_writer{*private_file::open(path("r.pcapng").string(), opening::replace), clock_};
  }
  instant at(int ms) const { return instant{std::chrono::milliseconds{ms}}; }
  std::string tshark(const std::string& options) const {
    const auto done =
        shell("tshark -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -n -r " +
              word("r.pcapng") + " " + options + " 2>/dev/null");
    EXPECT_EQ(done.status, 0) << options;
    return done.output;
  }
  /// Nothing malformed, no bad checksum, and TCP as it should be.
  void expect_sound() const {
    EXPECT_EQ(
        tshark("-Y '_ws.malformed || ip.checksum.status==0 || tcp.checksum.status==0 || udp.checksum.status==0 || "
               "tcp.analysis.flags || _ws.expert.severity>=error'"),
        "");
  }

  wall_clock clock_;
};

std::string dhcp_discover() {
  std::string message(236, '\0');
  message[0] = 1, message[1] = 1, message[2] = 6;
  return message + std::string{"\x63\x82\x53\x63\x35\x01\x01\xff", 8};
}
const std::string dns_query{
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06"
    "broker\x03lab\x00\x00\x01\x00\x01",
    28};
const std::string ntp_request = "\x23" + std::string(47, '\0');

TEST_F(recording, datagrams_are_dissected_without_a_fault) {
  {
    pcapng_writer file = open();
    file.datagram_seen(direction::out, {ip_address::v4_any(), 68}, {ip_address::v4_broadcast(), 67},
                       as_bytes(dhcp_discover()), at(1));
    file.datagram_seen(direction::out, board, router, as_bytes(dns_query), at(2));
    file.datagram_seen(direction::out, board, {router.address, 123}, as_bytes(ntp_request), at(3));
    file.datagram_seen(direction::in, board, router, as_bytes(dns_query), at(4));
    file.datagram_seen(direction::out, {ip_address{}, 40000}, {*parse_address("fd00::1"), 53}, as_bytes(dns_query),
                       at(5));
    const std::string arp = std::string(6, '\xff') +
                            std::string{"\x02\0\0\0\0\x01\x08\x06\0\x01\x08\0\x06\x04\0\x01", 16} +
                            std::string(16, '\0') + std::string{"\x0a\x4d\0\x05", 4};
    file.frame_seen(direction::out, as_bytes(arp), at(6));
  }
  expect_sound();
  EXPECT_EQ(tshark("-T fields -e frame.protocols -e eth.dst"),
            "eth:ethertype:ip:udp:dhcp\tff:ff:ff:ff:ff:ff\n"
            "eth:ethertype:ip:udp:dns\t02:00:5e:00:00:03\n"
            "eth:ethertype:ip:udp:ntp\t02:00:5e:00:00:03\n"
            "eth:ethertype:ip:udp:dns\t02:00:5e:00:00:01\n"
            "eth:ethertype:ipv6:udp:dns\t02:00:5e:00:00:03\n"
            "eth:ethertype:arp\tff:ff:ff:ff:ff:ff\n");
  EXPECT_EQ(tshark("-c 2 -T fields -e frame.time_epoch"), "1795000000.001000000\n1795000000.002000000\n");
}

TEST_F(recording, plain_mqtt_over_both_families) {
  for (const char* address : {"10.77.0.2", "fd00::2"}) {
    const bool six = std::string_view{address}.find(':') != std::string_view::npos;
    const stream_identity stream{
        1, six ? endpoint{*parse_address("fd00::5"), 40000} : board, {*parse_address(address), 1883}};
    {
      pcapng_writer file = open();
      file.stream_opened(stream, at(0));
      file.stream_bytes(stream, direction::out, content::wire, as_bytes(connect), at(1));
      file.stream_bytes(stream, direction::out, content::plaintext, as_bytes(connect), at(1));
      file.stream_bytes(stream, direction::in, content::wire, as_bytes(connack), at(2));
      const std::string large = "\x30\x92\x4e" + publish.substr(2, 14) + std::string(10'000 - 12, 'x') + publish;
      file.stream_bytes(stream, direction::out, content::wire, as_bytes(large), at(3));
      file.stream_closed(stream, aborted, at(4));
    }
    expect_sound();
    EXPECT_EQ(tshark("-Y mqtt -T fields -e mqtt.msgtype"), "1\n2\n3,3\n") << address;
    EXPECT_EQ(tshark("-Y 'tcp.len>" + std::string{six ? "1440" : "1460"} + "'"), "");
    EXPECT_THAT(tshark("-z conv,tcp -q"), HasSubstr("1883"));
  }
}

TEST_F(recording, plain_mqtt_on_other_ports_is_read_without_an_option_too) {
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{1884, 8883, 443}) {
    const stream_identity stream{1, board, {router.address, port}};
    {
      pcapng_writer file = open();
      file.stream_opened(stream, at(0));
      file.stream_bytes(stream, direction::out, content::wire, as_bytes(connect), at(1));
      file.stream_bytes(stream, direction::in, content::wire, as_bytes(connack), at(2));
    }
    expect_sound();
    EXPECT_EQ(tshark("-Y mqtt -T fields -e mqtt.msgtype"), "1\n2\n") << port;
    EXPECT_EQ(tshark("-Y frame.comment -T fields -e frame.number -e frame.comment"),
              "1\tThe true port of the server is " + std::to_string(port) +
                  "; it is recorded as 1883 so that MQTT is shown without an option\n");
  }
}

TEST_F(recording, streams_without_mqtt_keep_their_port) {
  const stream_identity lookup{1, board, {router.address, 53}}, silent{2, board, {router.address, 8884}};
  {
    pcapng_writer file = open();
    file.stream_opened(lookup, at(0));
    file.stream_opened(silent, at(1));
    file.stream_bytes(lookup, direction::out, content::wire, as_bytes(std::string{"\0\x1c", 2} + dns_query), at(2));
    file.stream_closed(silent, closed_by_peer, at(3));
  }
  expect_sound();
  EXPECT_EQ(tshark("-Y 'dns || tcp.flags.syn==1 && tcp.flags.ack==0' -T fields -e tcp.dstport -e dns.qry.name"),
            "53\t\n53\tbroker.lab\n8884\t\n");
  EXPECT_EQ(tshark("-Y frame.comment"), "");
}

TEST_F(recording, a_stream_ends_as_it_did) {
  struct row {
    fault why;
    const char* last_flags;
  };
  const row table[] = {
      {closed_by_peer, "0x0010\t40000\n"},  // FIN of the peer, our FIN, its ACK
      {aborted, "0x0010\t1883\n"},
      {make_fault(stream_error::reset), "0x0014\t40000\n"},
      {make_fault(stream_error::timed_out), "0x0018\t1883\n"},  // nothing but the data before
  };
  for (const row& each : table) {
    const stream_identity stream{1, board, {router.address, 1883}};
    {
      pcapng_writer file = open();
      file.stream_opened(stream, at(0));
      file.stream_bytes(stream, direction::out, content::wire, as_bytes(connect), at(1));
      file.stream_closed(stream, each.why, at(2));
    }
    expect_sound();
    const std::string flags = tshark("-T fields -e tcp.flags -e tcp.dstport");
    EXPECT_TRUE(flags.ends_with(each.last_flags)) << flags;
  }
}

/// A client and a server in this process; what they say to each other goes to the tap as a driver would report it.
class tls_pair {
 public:
  tls_pair(int version, tls::key_log& keys, const char* alpn) : keys_(&keys) {
    using namespace pki;
    const key_ptr key = generate_key(key_kind::ecdsa_p256);
    const validity valid = resolve({}, 10, parse_time("2026-11-22"), {});
    const certificate_ptr certificate =
        issue(profile::server, {parse_subject("CN=it"), key.get(), {}}, {nullptr, key.get()}, valid);
    SSL_CTX_use_certificate(server_context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(server_context_.get(), key.get());
    SSL_CTX_set_alpn_select_cb(
        server_context_.get(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned, void*) {
          *out = in + 1, *size = in[0];
          return SSL_TLSEXT_ERR_OK;
        },
        nullptr);
    for (SSL_CTX* context : {client_context_.get(), server_context_.get()}) {
      SSL_CTX_set_min_proto_version(context, version);
      SSL_CTX_set_max_proto_version(context, version);
    }
    SSL_CTX_set_keylog_callback(client_context_.get(), [](const SSL* ssl, const char* line) {
      static_cast<tls_pair*>(SSL_get_app_data(ssl))->keys_->line(line);
    });
    alpn_ = alpn;
    connect(nullptr);
  }

  /// A new connection between the same two that resumes the last one's session.
  void reconnect(tls::key_log& keys) {
    keys_ = &keys;
    const std::unique_ptr<SSL_SESSION, pki::freed_by<SSL_SESSION_free>> session{SSL_get1_session(client_.get())};
    for (SSL* ssl : {client_.get(), server_.get()}) SSL_shutdown(ssl);  // else the session counts as broken
    connect(session.get());
  }
  bool resumed() const { return SSL_session_reused(client_.get()) == 1; }

  /// Moves bytes, at most `step` a time towards the client, until both sides are quiet.
  void run(tap& observer, const stream_identity& stream, std::size_t step, instant when) {
    for (bool moved = true; moved;) {
      pump(client_.get());
      moved = move(client_.get(), server_.get(), 1 << 16,
                   [&](bytes data) { observer.stream_bytes(stream, direction::out, content::wire, data, when); });
      pump(server_.get());
      const auto to_client = [&](bytes data) {
        observer.stream_bytes(stream, direction::in, content::wire, data, when);
      };
      while (move(server_.get(), client_.get(), step, to_client)) pump(client_.get()), moved = true;
    }
  }
  void client_says(const std::string& text) { SSL_write(client_.get(), text.data(), static_cast<int>(text.size())); }
  void server_says(const std::string& text) { SSL_write(server_.get(), text.data(), static_cast<int>(text.size())); }

 private:
  void connect(SSL_SESSION* session) {
    const char* alpn = alpn_;
    client_.reset(SSL_new(client_context_.get()));
    server_.reset(SSL_new(server_context_.get()));
    SSL_set_app_data(client_.get(), this);
    if (session != nullptr) SSL_set_session(client_.get(), session);
    if (*alpn != '\0')
      SSL_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>(alpn),
                          static_cast<unsigned>(strlen(alpn)));
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    for (SSL* ssl : {client_.get(), server_.get()}) SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  static void pump(SSL* ssl) {
    char text[4096];
    SSL_do_handshake(ssl);
    while (SSL_read(ssl, text, sizeof text) > 0) {
    }
  }
  template <class Report>
  static bool move(SSL* from, SSL* to, std::size_t step, Report report) {
    std::vector<char> data(step);
    const int size = BIO_read(SSL_get_wbio(from), data.data(), static_cast<int>(step));
    if (size <= 0) return false;
    report(as_bytes({data.data(), static_cast<std::size_t>(size)}));
    BIO_write(SSL_get_rbio(to), data.data(), size);
    return true;
  }
  using context_ptr = std::unique_ptr<SSL_CTX, pki::freed_by<SSL_CTX_free>>;
  using ssl_ptr = std::unique_ptr<SSL, pki::freed_by<SSL_free>>;
  tls::key_log* keys_;
  const char* alpn_ = "";
  context_ptr client_context_{SSL_CTX_new(TLS_client_method())};
  context_ptr server_context_{SSL_CTX_new(TLS_server_method())};
  ssl_ptr client_, server_;
};

class recording_of_tls : public recording {
 protected:
  void record(int version, std::uint16_t port, const char* alpn, std::size_t step) {
    const stream_identity stream{1, board, {router.address, port}};
    pcapng_writer file = open();
    tls_pair tls(version, file, alpn);
    talk(tls, file, stream, step);
  }
  void talk(tls_pair& tls, pcapng_writer& file, const stream_identity& stream, std::size_t step) {
    file.stream_opened(stream, at(0));
    tls.run(file, stream, step, at(1));
    tls.client_says(connect);
    tls.run(file, stream, step, at(2));
    tls.server_says(connack);
    tls.run(file, stream, step, at(3));
    tls.client_says(publish);
    tls.server_says(publish);
    tls.run(file, stream, step, at(4));
    file.stream_closed(stream, aborted, at(5));
  }
};

TEST_F(recording_of_tls, is_decrypted_without_any_option) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::size_t step : {std::size_t{100'000}, std::size_t{100}, std::size_t{1}}) {
      SCOPED_TRACE(testing::Message() << std::hex << version << " in steps of " << std::dec << step);
      record(version, 8883, "", step);
      expect_sound();
      EXPECT_EQ(shell("tshark -r " + word("r.pcapng") + " -Y mqtt -T fields -e mqtt.msgtype -e mqtt.topic 2>/dev/null")
                    .output,
                "1\t\n2\t\n3\tsecret/topic\n3\tsecret/topic\n");
    }
}

TEST_F(recording_of_tls, a_resumed_session_is_decrypted_too) {
  const stream_identity stream{1, board, {router.address, 8883}};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::size_t step : {std::size_t{100'000}, std::size_t{1}}) {
      SCOPED_TRACE(testing::Message() << std::hex << version << " in steps of " << std::dec << step);
      pcapng_writer before = open();
      tls_pair tls(version, before, "");
      talk(tls, before, stream, 100'000);
      pcapng_writer file = open();
      tls.reconnect(file);
      talk(tls, file, stream, step);
      EXPECT_TRUE(tls.resumed());
      expect_sound();
      EXPECT_EQ(tshark("-Y mqtt -T fields -e mqtt.msgtype"), "1\n2\n3\n3\n");
    }
}

/// Wireshark knows MQTT by its ports only, whatever ALPN says: the recording shows the registered one and says so.
TEST_F(recording_of_tls, on_other_ports_is_read_without_an_option_too) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{8884, 1883, 443, 47110}) {
      record(version, port, "\x04mqtt", 1000);
      EXPECT_EQ(tshark("-Y mqtt -T fields -e mqtt.msgtype"), "1\n2\n3\n3\n") << port;
      EXPECT_EQ(tshark("-c 1 -T fields -e tcp.flags -e tcp.dstport -e frame.comment"),
                "0x0002\t8883\tThe true port of the server is " + std::to_string(port) +
                    "; it is recorded as 8883 so that MQTT is shown without an option\n");
      expect_sound();
    }
}

TEST_F(recording_of_tls, a_handshake_that_never_ends_is_in_the_file_when_the_stream_closes) {
  const stream_identity stream{1, board, {router.address, 8883}};
  pcapng_writer file = open();
  const std::string hello{"\x16\x03\x01\x00\x01\x01", 6};
  file.stream_opened(stream, at(0));
  file.stream_bytes(stream, direction::out, content::wire, as_bytes(hello), at(1));
  file.stream_bytes(stream, direction::in, content::wire, as_bytes(hello), at(2));
  file.datagram_seen(direction::out, board, router, as_bytes(dns_query), at(3));
  EXPECT_EQ(tshark("-T fields -e frame.number"), "1\n2\n3\n4\n") << "the answer and what follows it wait";
  file.stream_closed(stream, make_fault(stream_error::timed_out), at(4));
  EXPECT_EQ(tshark("-T fields -e udp.dstport"), "\n\n\n\n\n53\n");
}

TEST_F(recording_of_tls, what_waits_is_bounded) {
  const stream_identity stream{1, board, {router.address, 8883}};
  pcapng_writer file = open();
  file.stream_bytes(stream, direction::out, content::wire, as_bytes("\x16"), at(1));
  const std::string much(waiting_bytes_max + 1, '\x16');
  file.stream_bytes(stream, direction::in, content::wire, as_bytes(much), at(2));
  EXPECT_GT(std::filesystem::file_size(path("r.pcapng")), waiting_bytes_max);
}

TEST_F(recording_of_tls, the_secrets_stand_before_what_they_open) {
  record(TLS1_3_VERSION, 8883, "", 100'000);
  const std::string whole = content("r.pcapng");
  const std::size_t secret = whole.find("SERVER_HANDSHAKE_TRAFFIC_SECRET");
  const std::size_t server_hello =
      whole.find(std::string{"\x16\x03\x03\x00", 4}, whole.find(std::string{"\x16\x03\x01", 3}) + 9);
  ASSERT_NE(secret, std::string::npos);
  ASSERT_NE(server_hello, std::string::npos);
  EXPECT_LT(secret, server_hello);
}

TEST_F(recording_of_tls, a_file_cut_off_anywhere_shows_what_is_whole) {
  record(TLS1_3_VERSION, 8883, "", 100'000);
  const std::string whole = content("r.pcapng");
  for (const std::size_t missing : {std::size_t{1}, std::size_t{4}, std::size_t{40}, std::size_t{200}}) {
    save("r.pcapng", whole.substr(0, whole.size() - missing));
    EXPECT_THAT(shell("tshark -r " + word("r.pcapng") + " -Y mqtt -T fields -e mqtt.msgtype 2>/dev/null").output,
                testing::StartsWith("1\n2\n3\n"));
  }
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777u : 0;
}

TEST_F(recording, files_are_private_also_if_they_were_there_before) {
  const mode_t before = ::umask(0);
  (void)open();
  EXPECT_EQ(mode_of(path("r.pcapng").string()), 0600u);
  save("log", "old\n");
  ::chmod(path("log").c_str(), 0666);
  {
    key_log_file log{*private_file::open(path("log").string(), opening::append)};
    log.line("CLIENT_RANDOM 00 11");
  }
  ::umask(before);
  EXPECT_EQ(mode_of(path("log").string()), 0600u);
  EXPECT_EQ(content("log"), "old\nCLIENT_RANDOM 00 11\n");
  EXPECT_EQ(private_file::open(path("none/x").string(), opening::append).error(), ENOENT);
}

TEST_F(recording, a_full_disk_is_remembered) {
  pcapng_writer file{*private_file::open("/dev/full", opening::append), clock_};
  EXPECT_EQ(file.error(), ENOSPC);
  file.datagram_seen(direction::out, board, router, as_bytes(dns_query), at(1));
  EXPECT_EQ(file.error(), ENOSPC);
}

}  // namespace
}  // namespace recado::capture
