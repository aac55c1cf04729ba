#include "network.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <sstream>

#include "process.hpp"

namespace recado::lab {

namespace {

bool write_file(const char* path, const std::string& text) {
  const file_descriptor file{open(path, O_WRONLY | O_CLOEXEC)};
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A user namespace in which this user is root, for one who isn't outside.
bool unshare_users() {
  const auto user = std::to_string(geteuid()), group = std::to_string(getegid());
  return unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", "0 " + user + " 1") && write_file("/proc/self/gid_map", "0 " + group + " 1");
}

void ip(std::initializer_list<std::string> words, const std::function<void()>& prepare = {}) {
  command what{{"ip"}, {}};
  what.words.insert(what.words.end(), words);
  const int status = run(what, prepare);
  if (status == cannot_run) throw lab_error{"the lab needs ip; install the Debian package iproute2"};
  if (status != 0) {
    std::string line;
    for (const auto& word : what.words) line += (line.empty() ? "" : " ") + word;
    throw lab_error{"building the lab's network failed at: " + line + "; what ip says of it stands above"};
  }
}

/// IEEE 802's local experimental Ethertype 1, for which ETH_P_802_EX1 is missing from older headers.
constexpr std::uint16_t experimental_frames = 0x88b5;

std::string port_of(std::string_view host_name) { return "port-" + std::string{host_name}; }

holder start_holder() {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) throw no_room("a pipe");
  holder result;
  result.here = fork();
  if (result.here < 0) throw no_room("a process");
  if (result.here == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const pid_t above = unshare(CLONE_NEWNET) == 0 ? number_above() : 0;
    if (write(report[1], &above, sizeof above) != sizeof above) _exit(1);
    close_range(3, ~0U, 0);  // what the keeper has open must end with the keeper
    for (;;) pause();
  }
  ::close(report[1]);
  const ssize_t got = read(report[0], &result.above, sizeof result.above);
  ::close(report[0]);
  if (got != sizeof result.above || result.above == 0)
    throw lab_error{"the system doesn't allow another network namespace; see /proc/sys/user/max_net_namespaces"};
  return result;
}

void connect_to_bridge(const host& which, const holder& where) {
  const std::string port = port_of(which.name), inside{host_interface};
  ip({"link", "add", port, "type", "veth", "peer", "name", inside, "netns", std::to_string(where.here)});
  ip({"link", "set", port, "master", std::string{bridge}, "up"});
  const auto enter = [&] { enter_namespaces(where.above); };
  ip({"link", "set", "lo", "up"}, enter);
  if (which.address.empty()) return;
  ip({"address", "add", std::string{which.address}, "dev", inside}, enter);
  ip({"link", "set", inside, "up"}, enter);
}

}  // namespace

pid_t number_above() {
  char text[32] = {};
  return readlink("/proc/self", text, sizeof text - 1) > 0 ? static_cast<pid_t>(std::strtol(text, nullptr, 10)) : 0;
}

bool unshare_namespaces() {
  if (unshare(CLONE_NEWNET | CLONE_NEWPID) == 0) return true;
  return unshare_users() && unshare(CLONE_NEWNET | CLONE_NEWPID) == 0;
}

std::array<holder, hosts.size()> build_network() {
  ip({"link", "set", "lo", "up"});
  ip({"link", "add", std::string{bridge}, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0"});
  ip({"link", "set", std::string{bridge}, "up"});
  std::array<holder, hosts.size()> holders;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    holders[i] = start_holder();
    connect_to_bridge(hosts[i], holders[i]);
  }
  return holders;
}

void set_cable(std::string_view host_name, bool plugged) {
  ip({"link", "set", port_of(host_name), plugged ? "up" : "down"});
}

bool send_mark(std::string_view interface, std::string_view text) {
  const file_descriptor raw{socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(experimental_frames);
  to.sll_ifindex = static_cast<int>(if_nametoindex(std::string{interface}.c_str()));
  to.sll_halen = ETH_ALEN;
  to.sll_addr[0] = 0x02;  // a local address that nobody has
  return raw && sendto(raw.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0;
}

bool listens(pid_t process, bool tcp, std::uint16_t port) {
  for (const char* version : {"", "6"}) {
    std::ifstream table{"/proc/" + std::to_string(process) + "/net/" + (tcp ? "tcp" : "udp") + version};
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
      std::istringstream fields{line};
      std::string slot, local, remote, condition;
      fields >> slot >> local >> remote >> condition;
      const auto colon = local.rfind(':');
      if (colon == std::string::npos || (tcp && condition != "0A")) continue;
      if (std::stoul(local.substr(colon + 1), nullptr, 16) == port) return true;
    }
  }
  return false;
}

}  // namespace recado::lab
