// 10. The session over any transport that can send and receive bytes: a modem, a serial line, a tunnel. `modem` is
// the only part that knows it; `pump` is the whole driver.
#include <array>
#include <cstdio>
#include <cstdlib>

#include <recado/drive/posix/clock.hpp>
#include <recado/mqtt/session.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace recado;

struct modem {  // stands for the one of your board: send may take less, receive gives up after a while
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  bool dial(const char* address, int port) {
    sockaddr_in to{};
    to.sin_family = AF_INET, to.sin_port = htons(static_cast<std::uint16_t>(port));
    const timeval patience{0, 50'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return ::inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
           ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  long send(bytes data) { return ::send(fd, data.data(), data.size(), MSG_NOSIGNAL); }
  long receive(mutable_bytes room) { return ::recv(fd, room.data(), room.size(), 0); }  // 0: hung up, -1: nothing yet
  ~modem() { ::close(fd); }
};

int main(int argc, char** argv) {
  static mqtt::session_storage<> storage;
  static std::array<std::byte, 1024> memory;
  std::size_t held = 0;  // bytes in `memory` that the session hasn't consumed
  mqtt::session session{storage.get()};
  modem line;
  if (!session.connect({}) || !line.dial(argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? std::atoi(argv[2]) : 1883))
    return 1;
  session.opened(posix::now());
  for (bool over = false; !over;) {
    bytes in{memory.data(), held};
    while (auto what = session.receive(in, posix::now())) {
      if (std::holds_alternative<mqtt::connected>(*what))
        (void)session.publish({.topic = "recado/modem", .payload = as_bytes("beep"), .qos = mqtt::qos::at_least_once});
      if (std::holds_alternative<mqtt::acknowledged>(*what)) std::puts("acknowledged"), (void)session.disconnect();
      over = over || std::holds_alternative<mqtt::closed>(*what);
    }
    std::copy(in.begin(), in.end(), memory.begin());
    held = in.size();
    for (bytes out = session.pending(posix::now()); !out.empty(); out = session.pending(posix::now()))
      if (const long n = line.send(out); n > 0) session.sent(static_cast<std::size_t>(n));
      else return 1;
    if (over) return 0;
    const long n = line.receive(mutable_bytes{memory}.subspan(held));
    if (n == 0) return 1;
    if (n > 0) held += static_cast<std::size_t>(n);
  }
}
