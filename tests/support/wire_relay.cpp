// wire_relay A B LOSS DELAY_MS SEED: carries Ethernet frames between two interfaces of the caller's network namespace,
// and loses LOSS of 1000 and delays the others by 0 to DELAY_MS milliseconds in order, by chance from SEED: the bad
// wire of the tests. Says "relaying" when it begins and, ended by SIGTERM, how many frames it carried and lost.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;

volatile sig_atomic_t ended = 0;
void end(int) { ended = 1; }

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// A socket that hears what comes in by an interface, whoever it is for.
int listen_on(const char* interface) {
  const int number = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
  sockaddr_ll at{};
  at.sll_family = AF_PACKET, at.sll_protocol = htons(ETH_P_ALL);
  at.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  packet_mreq all{at.sll_ifindex, PACKET_MR_PROMISC, 0, {}};
  const int yes = 1;
  // With the kernel's header in front of each frame a checksum that is still to be made is made when it goes out.
  if (number < 0 || at.sll_ifindex == 0 || bind(number, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
      setsockopt(number, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) != 0 ||
      setsockopt(number, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0 ||
      setsockopt(number, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) != 0)
    fail(interface);
  return number;
}

struct frame {
  clock::time_point due;
  std::vector<char> octets;
};

/// One way of the wire.
struct direction {
  int from, to;
  std::deque<frame> waiting;
};

struct wire {
  unsigned loss_per_mille, delay_ms;
  std::mt19937 chance;
  unsigned long carried = 0, lost = 0;

  void take(direction& way) {
    static std::array<char, 128 * 1024> memory;
    const ssize_t size = read(way.from, memory.data(), memory.size());
    if (size <= 0) return;
    if (std::uniform_int_distribution<unsigned>{0, 999}(chance) < loss_per_mille) return void(++lost);
    const auto wait = std::chrono::milliseconds{std::uniform_int_distribution<unsigned>{0, delay_ms}(chance)};
    const auto earliest = way.waiting.empty() ? clock::time_point{} : way.waiting.back().due;
    way.waiting.push_back({std::max(earliest, clock::now() + wait), {memory.begin(), memory.begin() + size}});
  }
  void give(direction& way) {
    while (!way.waiting.empty() && way.waiting.front().due <= clock::now()) {
      const auto& octets = way.waiting.front().octets;
      if (write(way.to, octets.data(), octets.size()) > 0) ++carried;
      way.waiting.pop_front();
    }
  }
};

int wait_ms(const std::array<direction, 2>& ways) {
  int least = 1000;
  for (const direction& way : ways) {
    if (way.waiting.empty()) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(way.waiting.front().due - clock::now()).count();
    least = std::clamp(static_cast<int>(left), 0, least);
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "usage: wire_relay A B LOSS_PER_MILLE DELAY_MS SEED\n"), 2;
  struct sigaction quietly {};
  quietly.sa_handler = end;
  sigaction(SIGTERM, &quietly, nullptr);
  const auto number = [&](int index) { return static_cast<unsigned>(std::strtoul(argv[index], nullptr, 10)); };
  const int a = listen_on(argv[1]), b = listen_on(argv[2]);
  std::array<direction, 2> ways{direction{a, b, {}}, direction{b, a, {}}};
  wire bad{number(3), number(4), std::mt19937{number(5)}};
  std::puts("relaying");
  std::fflush(stdout);
  while (ended == 0) {
    pollfd waiting[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    if (poll(waiting, 2, wait_ms(ways)) < 0) continue;
    for (std::size_t i = 0; i < 2; ++i)
      if (waiting[i].revents != 0) bad.take(ways[i]);
    for (direction& way : ways) bad.give(way);
  }
  std::printf("carried %lu, lost %lu\n", bad.carried, bad.lost);
  return 0;
}
