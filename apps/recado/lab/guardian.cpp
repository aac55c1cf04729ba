#include "guardian.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace recado::lab {

namespace {

using namespace std::chrono_literals;

/// A device that is told to end says its goodbye within this time, if anybody still hears it.
constexpr auto goodbye_limit = 2s;

/// The keeper's own network and those of the hosts, by the numbers that the kernel gives namespaces.
using networks = std::array<ino_t, hosts.size() + 1>;
/// The same, open: while somebody has them open no other lab's networks get their numbers.
using open_networks = std::array<file_descriptor, hosts.size() + 1>;

/// A message of one octet with descriptors beside it (unix(7), SCM_RIGHTS).
class message_with_networks {
 public:
  using numbers = std::array<int, hosts.size() + 1>;
  message_with_networks() {
    head_.msg_iov = &text_, head_.msg_iovlen = 1;
    head_.msg_control = beside_.data(), head_.msg_controllen = beside_.size();
  }
  bool send(int to, const open_networks& those) {
    numbers all{};
    std::ranges::transform(those, all.begin(), &file_descriptor::get);
    cmsghdr* const rights = CMSG_FIRSTHDR(&head_);
    rights->cmsg_level = SOL_SOCKET, rights->cmsg_type = SCM_RIGHTS, rights->cmsg_len = CMSG_LEN(sizeof all);
    std::memcpy(CMSG_DATA(rights), all.data(), sizeof all);
    return sendmsg(to, &head_, MSG_NOSIGNAL) == 1;
  }
  bool receive(int from, open_networks& those) {
    ssize_t count = 0;
    do count = recvmsg(from, &head_, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    numbers all{};
    const cmsghdr* const rights = count == 1 ? CMSG_FIRSTHDR(&head_) : nullptr;
    if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS || rights->cmsg_len != CMSG_LEN(sizeof all)) return false;
    std::memcpy(all.data(), CMSG_DATA(rights), sizeof all);
    std::ranges::transform(all, those.begin(), [](int number) { return file_descriptor{number}; });
    return true;
  }

 private:
  char octet_ = 0;
  iovec text_{&octet_, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(numbers))> beside_{};
  msghdr head_{};
};

ino_t number_of(const file_descriptor& network) {
  struct stat found {};
  return fstat(network.get(), &found) == 0 ? found.st_ino : 0;
}

ino_t network_of(const std::string& process) {
  struct stat found {};
  return stat(("/proc/" + process + "/ns/net").c_str(), &found) == 0 ? found.st_ino : 0;
}

/// Sends a signal to every process in these networks; true if there is none.
bool empty_of(const networks& those, int signal) {
  bool nobody = true;
  for (const auto& each : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = each.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const ino_t network = network_of(name);
    if (network == 0 || std::ranges::find(those, network) == those.end()) continue;
    nobody = false;
    if (signal != 0) kill(static_cast<pid_t>(std::stol(name)), signal);
  }
  return nobody;
}

void end_all_in(const networks& those) {
  // The machine's own network is none of a lab, whatever went wrong before.
  if (std::ranges::find(those, network_of("self")) != those.end()) return;
  if (empty_of(those, SIGTERM) || wait_until([&] { return empty_of(those, 0); }, goodbye_limit)) return;
  wait_until([&] { return empty_of(those, SIGKILL); }, goodbye_limit);
}

[[noreturn]] void guard(const file_descriptor& keeper) {
  const file_descriptor null{open("/dev/null", O_RDWR | O_CLOEXEC)};
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), standard);
  for (int number = 3; number < 4096; ++number)
    if (number != keeper.get()) ::close(number);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_IGN);  // it ends with the lab
  open_networks held;
  const bool told = message_with_networks{}.receive(keeper.get(), held);
  networks those{};
  std::ranges::transform(held, those.begin(), number_of);
  char nothing = 0;
  while (read(keeper.get(), &nothing, 1) < 0 && errno == EINTR) {
  }
  if (told) end_all_in(those);
  _exit(0);
}

}  // namespace

file_descriptor start_guardian() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw no_room("a pair of sockets");
  file_descriptor from_keeper{ends[0]}, to_guardian{ends[1]};
  const pid_t child = fork();
  if (child < 0) throw no_room("a process");
  if (child > 0) return to_guardian;
  to_guardian.reset();
  guard(from_keeper);
}

void tell_guardian(const file_descriptor& guardian, const state& built) {
  const auto opened = [](const std::string& process) {
    file_descriptor network{open(("/proc/" + process + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC)};
    if (!network)
      throw lab_error{"the lab's network can't be held: " + std::string{std::strerror(errno)} +
                      "; start the lab again"};
    return network;
  };
  open_networks those;
  those[0] = opened("self");
  for (std::size_t i = 0; i < hosts.size(); ++i) those[i + 1] = opened(std::to_string(built.holders[i]));
  if (!message_with_networks{}.send(guardian.get(), those))
    throw lab_error{"the lab's guardian was ended; start the lab again"};
}

}  // namespace recado::lab
