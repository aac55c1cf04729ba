// bench_broker [--certificate FILE --key FILE] [--window N] [--address A] [--look MICROSECONDS]: listens on two free
// ports of 127.0.0.1 or that address, plain and (with a certificate) TLS, and prints "ready PORT TLS-PORT". Before it
// sleeps it looks for so long whether something has come. Runs until SIGTERM.
#include "broker.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace {

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "bench_broker: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

struct listener {
  int fd = -1;
  int port = 0;
  SSL_CTX* tls = nullptr;
};

listener listen_on_any_port(const char* on, SSL_CTX* tls) {
  listener result{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 0, tls};
  sockaddr_in where{};
  where.sin_family = AF_INET;
  if (inet_pton(AF_INET, on, &where.sin_addr) != 1) errno = EINVAL, fail(on);
  socklen_t length = sizeof where;
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  if (bind(result.fd, address, length) != 0 || listen(result.fd, 4096) != 0 ||
      getsockname(result.fd, address, &length) != 0)
    fail("no port");
  result.port = ntohs(where.sin_port);
  return result;
}

SSL_CTX* tls_context(const char* certificate, const char* key) {
  SSL_CTX* const result = SSL_CTX_new(TLS_server_method());
  if (result == nullptr || SSL_CTX_use_certificate_chain_file(result, certificate) != 1 ||
      SSL_CTX_use_PrivateKey_file(result, key, SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "bench_broker: %s or %s cannot be used\n", certificate, key);
    std::exit(1);
  }
  SSL_CTX_set_mode(result, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(result, 1);
  SSL_CTX_set_default_read_buffer_len(result, 256 << 10);
  SSL_CTX_set_session_cache_mode(result, SSL_SESS_CACHE_OFF);  // tickets need no cache
  return result;
}

class server {
 public:
  server(const char* on, SSL_CTX* tls, std::size_t window, std::int64_t look_ns) : window_(window), look_ns_(look_ns) {
    listeners_[0] = listen_on_any_port(on, nullptr);
    if (tls != nullptr) listeners_[1] = listen_on_any_port(on, tls);
    for (const listener& one : listeners_)
      if (one.fd >= 0) watch(one.fd, EPOLLIN);
    std::printf("ready %d %d\n", listeners_[0].port, listeners_[1].port);
    std::fflush(stdout);
  }

  void run() {
    for (;;) {
      epoll_event events[events_max];
      const int count = wait(events);
      for (int i = 0; i < count; ++i) one(events[i].data.fd);
    }
  }

 private:
  static constexpr int events_max = 256;

  // Whoever sends to a process that sleeps has to wake it, which takes longer than to send.
  int wait(epoll_event* into) const {
    const std::int64_t until = look_ns_ != 0 ? bench::monotonic() + look_ns_ : 0;
    while (look_ns_ != 0 && bench::monotonic() < until)
      if (const int count = epoll_wait(epoll_, into, events_max, 0); count != 0) return count;
    return epoll_wait(epoll_, into, events_max, -1);
  }

  void one(int fd) {
    for (const listener& each : listeners_)
      if (each.fd == fd) return accept_all(each);
    // The socket is closed by the connection's end, and with that forgotten by epoll.
    if (const auto found = connections_.find(fd); found != connections_.end() && !found->second.turn(memory_))
      connections_.erase(found);
  }

  void accept_all(const listener& from) {
    for (;;) {
      const int fd = accept4(from.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      connections_.try_emplace(fd, fd, from.tls, window_);
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  void watch(int fd, std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  listener listeners_[2];
  std::size_t window_;
  std::int64_t look_ns_;
  std::map<int, bench::connection> connections_;
  std::vector<unsigned char> memory_ = std::vector<unsigned char>(128 << 10);  // so much waits for its answers at most
};

}  // namespace

int main(int argc, char** argv) {
  const char *certificate = nullptr, *key = nullptr, *on = "127.0.0.1", *window = "1000", *look = "0";
  const std::pair<const char*, const char**> options[] = {
      {"--certificate", &certificate}, {"--key", &key}, {"--address", &on}, {"--window", &window}, {"--look", &look}};
  for (int i = 1; i < argc; i += 2) {
    const auto one = std::ranges::find_if(options, [&](auto& each) { return std::strcmp(each.first, argv[i]) == 0; });
    if (one == std::end(options) || i + 1 == argc)
      return std::fprintf(stderr,
                          "usage: broker [--certificate FILE --key FILE] [--address ADDRESS] [--window COUNT] "
                          "[--look MICROSECONDS]\n"),
             2;
    *one->second = argv[i + 1];
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::signal(SIGTERM, [](int) { std::_Exit(0); });
  server{on, certificate != nullptr && key != nullptr ? tls_context(certificate, key) : nullptr,
         std::strtoul(window, nullptr, 10), std::strtol(look, nullptr, 10) * 1000}
      .run();
}
