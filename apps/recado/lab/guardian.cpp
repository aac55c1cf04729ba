#include "guardian.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
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
  networks those{};
  const bool told = read(keeper.get(), those.data(), sizeof those) == sizeof those;
  char nothing = 0;
  while (read(keeper.get(), &nothing, 1) < 0 && errno == EINTR) {
  }
  if (told) end_all_in(those);
  _exit(0);
}

}  // namespace

file_descriptor start_guardian() {
  auto [from_keeper, to_guardian] = make_pipe();
  const pid_t child = fork();
  if (child < 0) throw no_room("a process");
  if (child > 0) return std::move(to_guardian);
  to_guardian.reset();
  guard(from_keeper);
}

void tell_guardian(const file_descriptor& guardian, const state& built) {
  networks those{};
  those[0] = network_of("self");
  for (std::size_t i = 0; i < hosts.size(); ++i) those[i + 1] = network_of(std::to_string(built.holders[i]));
  if (write(guardian.get(), those.data(), sizeof those) != sizeof those)
    throw lab_error{"the lab's guardian was ended; start the lab again"};
}

}  // namespace recado::lab
