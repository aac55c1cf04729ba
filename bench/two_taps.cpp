// two_taps HERE THERE: a cable. The tap HERE is in the network where the program is started, THERE in a new network of
// its own, which others enter by this process (nsenter). Frames go from one to the other; prints "ready", runs until it
// is ended.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int open_tap(const char* name) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq wanted{};
  wanted.ifr_flags = IFF_TAP | IFF_NO_PI;
  std::strncpy(wanted.ifr_name, name, IFNAMSIZ - 1);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &wanted) != 0) fail(name);
  return fd;
}

/// A frame that the other side has no room for is lost, as on any cable.
void pass(int from, int to) {
  char frame[1600];
  for (int i = 0; i < 64; ++i) {
    const ssize_t got = read(from, frame, sizeof frame);
    if (got <= 0) return;
    if (write(to, frame, static_cast<std::size_t>(got)) < 0) continue;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: two_taps HERE THERE\n"), 2;
  const int here = open_tap(argv[1]);
  if (unshare(CLONE_NEWNET) != 0) fail("two_taps: no network of its own");
  const int there = open_tap(argv[2]);
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) {
    pollfd both[]{{here, POLLIN, 0}, {there, POLLIN, 0}};
    poll(both, 2, -1);
    if ((both[0].revents & POLLIN) != 0) pass(here, there);
    if ((both[1].revents & POLLIN) != 0) pass(there, here);
  }
}
