// TLS 1.3 handshakes, full and resumed, on one core: recado's filters, and OpenSSL by itself. The server is the bench's
// broker on another core. Prints lines of JSON; the CPU time is the client's alone.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <recado/chain/stacked.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/tls/single_session.hpp>

#include "scenario.hpp"
#include "tls_backend.hpp"

namespace {

using namespace recado;
int handshakes = 500;  // --count

std::int64_t cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

template <class Once>
void measure(std::string_view client, std::string_view kind, Once&& once) {
  once();  // brings the ticket
  const std::int64_t cpu = cpu_time(), began = bench::nanoseconds();
  for (int i = 0; i < handshakes; ++i) once();
  const double cpu_us = static_cast<double>(cpu_time() - cpu) / 1000 / handshakes;
  const double seconds = static_cast<double>(bench::nanoseconds() - began) / 1e9;
  std::printf(R"({"client":"%.*s","handshake":"%.*s","handshakes/s":%.0f,"CPU us each":%.1f,"by CPU time/s":%.0f})"
              "\n",
              static_cast<int>(client.size()), client.data(), static_cast<int>(kind.size()), kind.data(),
              handshakes / seconds, cpu_us, 1e6 / cpu_us);
}

/// From the first byte to CONNACK, which comes behind the server's tickets, and the goodbye.
class recado_client {
 public:
  recado_client(std::uint16_t port, const std::string& ca, bool resumed)
      : broker_{parse_address("127.0.0.1").value_or(ip_address{}), port} {
    tls::client_options options;
    options.ca = tls::source{ca, {}};
    wall_clock_.set(posix::realtime(), posix::now());
    options.clock = &wall_clock_;
    if (resumed) options.sessions = &tickets_;
    bench::set_up_backend();
    if (const auto loaded = context_.load(options); !loaded) bench::give_up(bench::tls_trouble(ca, loaded.error()));
    if (!loop_.open()) bench::give_up("no epoll");
    filter_.emplace(context_, bench::backend::filter::memory{outgoing_, plaintext_});
    if (!filter_->set_peer("127.0.0.1")) bench::give_up("TLS: no peer");
  }
  /// How many handshakes were short ones.
  int resumed() const { return resumed_; }
  void once() {
    chain::stacked<bench::backend::filter, mqtt::session> both{*filter_, session_};
    posix::tcp_stream stream;
    posix::receive_buffer buffer{incoming_};
    if (!session_.connect({.version = mqtt::version::v3_1_1}) ||
        !stream.connect(loop_, {&broker_, 1}, {}, posix::now()))
      bench::give_up("no connection");
    bool online = false;
    for (;;) {
      const auto done = posix::drive(both, stream, buffer, posix::now(), [&](auto& what) {
        const auto* of_session = std::get_if<1>(&what);
        if (const auto* of_tls = std::get_if<0>(&what))
          if (const auto* up = std::get_if<tls::secured>(of_tls)) resumed_ += up->resumed ? 1 : 0;
        online = online || (of_session != nullptr && std::holds_alternative<mqtt::connected>(*of_session));
        return online ? posix::flow::pause : posix::flow::go_on;
      });
      if (online) break;
      if (done.ended) bench::give_up("a handshake failed");
      loop_.wait(done.deadline);
    }
    both.lost({}, posix::now());
  }

 private:
  endpoint broker_;
  int resumed_ = 0;
  wall_clock wall_clock_;
  tls::single_session<8192> tickets_;
  bench::backend::context context_;
  posix::loop loop_;
  std::vector<std::byte> outgoing_ = std::vector<std::byte>(64 << 10);
  std::vector<std::byte> plaintext_ = std::vector<std::byte>(32 << 10);
  std::vector<std::byte> incoming_ = std::vector<std::byte>(32 << 10);
  mqtt::session_storage<> storage_;
  mqtt::session session_{storage_.get()};
  std::optional<bench::backend::filter> filter_;
};

/// The same by hand: ready-made CONNECT, blocking socket.
class openssl_client {
 public:
  openssl_client(std::uint16_t port, const std::string& ca, bool resumed) : resumed_(resumed) {
    where_.sin_family = AF_INET, where_.sin_port = htons(port), where_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SSL_CTX_load_verify_locations(context_, ca.c_str(), nullptr);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  }
  void once() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&where_), sizeof where_) != 0) bench::give_up("no connection");
    SSL* const ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd);
    if (resumed_ && session_ != nullptr) SSL_set_session(ssl, session_);
    const unsigned char hello[] = {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'r'};
    unsigned char answer[64];
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, hello, sizeof hello) <= 0 || SSL_read(ssl, answer, sizeof answer) != 4)
      bench::give_up("a handshake failed");
    if (resumed_) {
      SSL_SESSION_free(session_);
      session_ = SSL_get1_session(ssl);
    }
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else its session could not be resumed
    SSL_free(ssl);
    close(fd);
  }

 private:
  bool resumed_;
  sockaddr_in where_{};
  SSL_CTX* context_ = SSL_CTX_new(TLS_client_method());
  SSL_SESSION* session_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::string ca, only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view{argv[i]} == "--port") port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    if (std::string_view{argv[i]} == "--ca") ca = argv[i + 1];
    if (std::string_view{argv[i]} == "--count") handshakes = std::max(std::atoi(argv[i + 1]), 1);
    if (std::string_view{argv[i]} == "--kind") only = argv[i + 1];
  }
  for (const bool resumed : {false, true}) {
    const std::string_view kind = resumed ? "resumed" : "full";
    if (!only.empty() && only != kind) continue;
    const auto one = std::make_unique<recado_client>(port, ca, resumed);
    measure(bench::backend_name, kind, [&] { one->once(); });
    if (one->resumed() != (resumed ? handshakes : 0)) bench::give_up("not all handshakes were of their kind");
    openssl_client other{port, ca, resumed};
    measure("OpenSSL alone", kind, [&] { other.once(); });
  }
}
