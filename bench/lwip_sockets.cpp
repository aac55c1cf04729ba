#include "lwip_sockets.hpp"

#include <cerrno>
#include <cstdlib>

#include <lwip/inet.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <netif/tapif.h>

namespace bench::lwip_sockets {
namespace {

struct start {
  ip4_addr_t own{}, mask{};
  sys_sem_t done{};
};
netif the_interface;

// In lwIP's thread.
void add_interface(void* of) {
  auto& with = *static_cast<start*>(of);
  netif_add(&the_interface, &with.own, &with.mask, &with.own, nullptr, tapif_init, tcpip_input);
  netif_set_default(&the_interface);
  netif_set_up(&the_interface);
  sys_sem_signal(&with.done);
}

bool would_block() { return errno == EWOULDBLOCK || errno == EAGAIN || errno == EINPROGRESS; }

}  // namespace

int connect(const std::string& name, const std::string& own, const std::string& host, std::uint16_t port) {
  setenv("PRECONFIGURED_TAPIF", name.c_str(), 1);
  start with;
  ip4addr_aton(own.c_str(), &with.own);
  IP4_ADDR(&with.mask, 255, 255, 255, 0);
  if (sys_sem_new(&with.done, 0) != ERR_OK) return -1;
  tcpip_init(add_interface, &with);
  sys_sem_wait(&with.done);
  const int fd = lwip_socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET, to.sin_port = lwip_htons(port);
  inet_aton(host.c_str(), &to.sin_addr);
  const int yes = 1;
  lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (lwip_connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return -1;
  lwip_fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

long send(int fd, const void* data, std::size_t size) {
  const auto done = lwip_send(fd, data, size, 0);
  return done >= 0 ? done : would_block() ? 0 : -1;
}

long receive(int fd, void* data, std::size_t room) {
  const auto done = lwip_recv(fd, data, room, 0);
  return done > 0 ? done : done < 0 && would_block() ? 0 : -1;
}

void finish(int fd) { lwip_shutdown(fd, SHUT_WR); }

void wait(int fd, bool writing, int milliseconds) {
  pollfd what{fd, static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0};
  lwip_poll(&what, 1, milliseconds);
}

}  // namespace bench::lwip_sockets
