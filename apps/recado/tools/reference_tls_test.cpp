// A server that names another one in its place, with TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <recado/tls/openssl/handles.hpp>
#include <tests/support/scripted_broker.hpp>

#include "tls_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;

/// A server with TLS that answers whatever it hears by the same packet, each connection once.
class tls_speaker {
 public:
  tls_speaker(const files::pair& own, std::string answer)
      : context_(SSL_CTX_new(TLS_server_method())), answer_(std::move(answer)), listening_(listen_on(port_)) {
    SSL_CTX_use_certificate_chain_file(context_.get(), own.cert.c_str());
    SSL_CTX_use_PrivateKey_file(context_.get(), own.key.c_str(), SSL_FILETYPE_PEM);
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  std::string port() const { return std::to_string(port_); }

 private:
  static posix::descriptor listen_on(std::uint16_t port) {
    posix::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in here{};
    here.sin_family = AF_INET, here.sin_addr.s_addr = htonl(INADDR_LOOPBACK), here.sin_port = htons(port);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    return fd;
  }
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listening_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) != 1) continue;
      const posix::descriptor fd{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      const tls::openssl::ssl_handle ssl{SSL_new(context_.get())};
      SSL_set_fd(ssl.get(), fd.get());
      char piece[1024];
      if (SSL_accept(ssl.get()) != 1 || SSL_read(ssl.get(), piece, sizeof piece) <= 0) continue;
      SSL_write(ssl.get(), answer_.data(), static_cast<int>(answer_.size()));
      SSL_shutdown(ssl.get());
    }
  }

  std::uint16_t port_ = free_port();
  tls::openssl::ssl_context_handle context_;
  std::string answer_;
  posix::descriptor listening_;
  std::jthread thread_;
};

// The name that is verified is that of the server that was named.
TEST(tools_reference, the_new_servers_name_is_verified) {
  const files& with = the_files();
  const files::pair named_so = files::issue(
      "by_name", {.name = "broker", .alternative_names = "DNS:localhost", .extended_key_usage = "serverAuth"},
      &with.middle);
  const secured_broker broker;
  const auto refer = [&](const std::string& to) {
    const tls_speaker first{named_so,
                            packet(0x20, "\0"s + "\x9c"s + static_cast<char>(to.size() + 3) + "\x1c" + field(to))};
    return run("pub", {"-V", "5", "--cafile", with.ca, "-p", first.port(), "-t", "t", "-m", "m", "-q", "1"});
  };
  const auto good = refer("127.0.0.1:" + std::to_string(broker.tls));
  EXPECT_EQ(good.status, 0) << good.err;
  const s_server other{named_so};
  const auto wrong = refer("127.0.0.1:" + other.port());
  EXPECT_EQ(wrong.status, 8) << wrong.err;
  EXPECT_THAT(wrong.err, HasSubstr("issued for localhost, not 127.0.0.1"));
}

}  // namespace
}  // namespace recado::test
