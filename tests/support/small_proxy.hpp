// A proxy for tests: SOCKS5 or HTTP CONNECT, one connection at a time, and it remembers what it was asked.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace recado::test {

class small_proxy {
 public:
  /// How it behaves.
  struct plan {
    bool socks = false;
    std::string credentials{};  ///< "user:password" that it insists on; empty: none
    std::string says{};         ///< instead of an answer to the request, then it ends; "-": nothing, and it waits
    bool drips = false;         ///< one octet at a time, in both directions
  };
  explicit small_proxy(plan how) : how_(std::move(how)), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here = loopback(0);
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(::listen(listening_.get(), 16), 0);
    socklen_t size = sizeof here;
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
    port_ = ntohs(here.sin_port);
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  small_proxy(const small_proxy&) = delete;
  small_proxy& operator=(const small_proxy&) = delete;

  std::string url(const std::string& user = {}) const {
    return (how_.socks ? "socks5h://" : "http://") + (user.empty() ? user : user + "@") +
           "127.0.0.1:" + std::to_string(port_);
  }
  /// The target of the last request, "host:port".
  std::string target() const {
    const std::lock_guard hold{mutex_};
    return target_;
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET, where.sin_addr.s_addr = htonl(INADDR_LOOPBACK), where.sin_port = htons(port);
    return where;
  }
  static bool wait(int fd, const std::stop_token& stop) {
    pollfd waiting{fd, POLLIN, 0};
    while (!stop.stop_requested())
      if (::poll(&waiting, 1, 20) == 1) return true;
    return false;
  }

  void run(const std::stop_token& stop) {
    while (wait(listening_.get(), stop)) {
      const posix::descriptor client{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      posix::descriptor broker;
      if (client && shake_hands(client.get(), broker, stop)) relay(client.get(), broker.get(), stop);
    }
  }

  static std::string read(int fd, std::size_t size, const std::stop_token& stop) {
    std::string result(size, '\0');
    for (std::size_t have = 0; have < size;) {
      if (!wait(fd, stop)) return {};
      const auto count = ::recv(fd, result.data() + have, size - have, 0);
      if (count <= 0) return {};
      have += static_cast<std::size_t>(count);
    }
    return result;
  }
  bool say(int fd, std::string_view text) const {
    const std::size_t most = how_.drips ? 1 : text.size();
    while (!text.empty()) {
      const auto count = ::send(fd, text.data(), std::min(most, text.size()), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool shake_hands(int client, posix::descriptor& broker, const std::stop_token& stop) {
    return how_.socks ? shake_socks(client, broker, stop) : shake_http(client, broker, stop);
  }
  bool instead(int client, const std::stop_token& stop) const {
    if (how_.says == "-") return wait_for_end(client, stop), true;
    return say(client, how_.says), true;
  }
  static void wait_for_end(int client, const std::stop_token& stop) {
    char piece[256];
    while (wait(client, stop) && ::recv(client, piece, sizeof piece, 0) > 0) {
    }
  }

  bool shake_socks(int client, posix::descriptor& broker, const std::stop_token& stop) {
    const std::string greeting = read(client, 2, stop);
    if (greeting.size() != 2 || greeting[0] != 5) return false;
    const std::string methods = read(client, static_cast<unsigned char>(greeting[1]), stop);
    const char wanted = how_.credentials.empty() ? '\0' : '\2';
    if (methods.find(wanted) == methods.npos) return say(client, "\5\xff"), false;
    if (!say(client, std::string{'\5', wanted})) return false;
    if (wanted == '\2') {
      const std::string user = read(client, 2, stop);
      const std::string name = user.empty() ? user : read(client, static_cast<unsigned char>(user[1]), stop);
      const std::string size = read(client, 1, stop);
      const std::string word = size.empty() ? size : read(client, static_cast<unsigned char>(size[0]), stop);
      const bool good = name + ":" + word == how_.credentials;
      if (!say(client, std::string{'\1', good ? '\0' : '\1'}) || !good) return false;
    }
    const std::string request = read(client, 4, stop);
    if (request.size() != 4) return false;
    std::string host;
    if (request[3] == 1) {
      const std::string octets = read(client, 4, stop);
      char text[INET_ADDRSTRLEN] = "";
      ::inet_ntop(AF_INET, octets.data(), text, sizeof text);
      host = text;
    } else {
      const std::string size = read(client, 1, stop);
      host = size.empty() ? size : read(client, static_cast<unsigned char>(size[0]), stop);
    }
    const std::string port = read(client, 2, stop);
    if (port.size() != 2) return false;
    const auto number =
        static_cast<std::uint16_t>(static_cast<unsigned char>(port[0]) << 8 | static_cast<unsigned char>(port[1]));
    remember(host + ":" + std::to_string(number));
    if (!how_.says.empty()) return !instead(client, stop);
    using namespace std::string_literals;
    const bool there = reach(number, broker);
    return say(client, "\5"s + (there ? '\0' : '\5') + "\0\1\0\0\0\0\0\0"s) && there;
  }

  bool shake_http(int client, posix::descriptor& broker, const std::stop_token& stop) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string one = read(client, 1, stop);
      if (one.empty()) return false;
      head += one;
    }
    const std::size_t end = head.find(" HTTP/1.1\r\n");
    if (!head.starts_with("CONNECT ") || end == head.npos) return say(client, "HTTP/1.1 400 what\r\n\r\n"), false;
    const std::string target = head.substr(8, end - 8);
    remember(target);
    if (!how_.says.empty()) return !instead(client, stop);
    if (!how_.credentials.empty() && head.find("Proxy-Authorization: Basic " + how_.credentials) == head.npos)
      return say(client, "HTTP/1.1 407 who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"), false;
    const auto port = static_cast<std::uint16_t>(std::stoul(target.substr(target.rfind(':') + 1)));
    if (!reach(port, broker)) return say(client, "HTTP/1.1 502 not there\r\n\r\n"), false;
    return say(client, "HTTP/1.1 200 go on\r\nVia: a test\r\n\r\n");
  }

  void remember(std::string target) {
    const std::lock_guard hold{mutex_};
    target_ = std::move(target);
  }
  /// All brokers of tests are on the loopback interface, whatever they are called.
  static bool reach(std::uint16_t port, posix::descriptor& broker) {
    broker.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in where = loopback(port);
    return ::connect(broker.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  }

  void relay(int client, int broker, const std::stop_token& stop) const {
    pollfd waiting[2] = {{client, POLLIN, 0}, {broker, POLLIN, 0}};
    while (!stop.stop_requested()) {
      if (::poll(waiting, 2, 20) <= 0) continue;
      for (int i = 0; i < 2; ++i) {
        if (waiting[i].revents == 0) continue;
        std::array<char, 16384> piece{};
        const auto count = ::recv(waiting[i].fd, piece.data(), piece.size(), 0);
        if (count <= 0) return;
        if (!say(waiting[1 - i].fd, {piece.data(), static_cast<std::size_t>(count)})) return;
      }
    }
  }

  plan how_;
  posix::descriptor listening_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::string target_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace recado::test
