// The far end of a connection, for tests of drivers: plain blocking calls with a bound on every wait.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <recado/core/address.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace recado::test {

/// No test waits longer for something that should happen.
inline constexpr int patience_ms = 10'000;

inline bool wait_readable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, patience_ms) == 1;
}

/// One end of a connection.
class peer {
 public:
  explicit peer(int fd) : fd_(fd) {}
  int fd() const { return fd_.get(); }
  void write(std::string_view text) {
    ASSERT_EQ(::send(fd(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Exactly so many bytes, or fewer if the other side ended.
  std::string read(std::size_t size) {
    std::string result;
    while (result.size() < size && wait_readable(fd())) {
      char piece[4096];
      const auto count = ::recv(fd(), piece, std::min(sizeof piece, size - result.size()), 0);
      if (count <= 0) break;
      result.append(piece, static_cast<std::size_t>(count));
    }
    return result;
  }
  /// True if the other side ended its output, after `read`.
  bool at_end() {
    char byte;
    return wait_readable(fd()) && ::recv(fd(), &byte, 1, 0) == 0;
  }
  void close_output() { ::shutdown(fd(), SHUT_WR); }
  void close() { fd_.reset(); }
  /// Ends with RST instead of FIN.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

 private:
  posix::descriptor fd_;
};

/// Listens on a free port of the loopback interface.
class listener {
 public:
  explicit listener(const ip_address& address = ip_address::v4(127, 0, 0, 1), int backlog = 16)
      : fd_(::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const posix::socket_address here{{address, 0}};
    EXPECT_EQ(::bind(fd_.get(), here.get(), here.length), 0);
    EXPECT_EQ(::listen(fd_.get(), backlog), 0);
  }
  endpoint where() const { return posix::local_endpoint(fd_.get()); }
  peer accept() {
    EXPECT_TRUE(wait_readable(fd_.get()));
    return peer{::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  }
  void close() { fd_.reset(); }

 private:
  posix::descriptor fd_;
};

}  // namespace recado::test
