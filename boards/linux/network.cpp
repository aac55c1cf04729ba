#include "network.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <fstream>
#include <memory>
#include <sstream>

namespace recado::linux_board {
namespace {

using namespace std::chrono_literals;

/// On a cable nobody roams: the verdict on an address comes within a second instead of RFC 5227's four to seven.
constexpr duration arp_verdict = 1s;

ip_address address_of(const sockaddr* socket_address) {
  if (socket_address == nullptr || socket_address->sa_family != AF_INET) return {};
  return ip_address::v4(ntohl(reinterpret_cast<const sockaddr_in*>(socket_address)->sin_addr.s_addr));
}

/// The first address that other hosts could reach, else loopback.
void find_own_address(dhcp::lease& into) {
  into.address = ip_address::v4(127, 0, 0, 1), into.prefix = 8;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{list, ::freeifaddrs};
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    const ip_address address = address_of(each->ifa_addr);
    if (!address || (each->ifa_flags & IFF_LOOPBACK) != 0 || (each->ifa_flags & IFF_UP) == 0) continue;
    into.address = address;
    into.prefix = static_cast<std::uint8_t>(prefix_length(address_of(each->ifa_netmask)).value_or(32));
    return;
  }
}

/// The resolvers that the system uses; the file is only read.
void find_name_servers(dhcp::lease& into) {
  std::ifstream file{"/etc/resolv.conf"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string key, value;
    if (words >> key >> value && key == "nameserver")
      if (const auto address = parse_address(value)) (void)into.dns_servers.push_back(*address);
  }
}

/// The gateway of the system's default route.
void find_gateway(dhcp::lease& into) {
  std::ifstream file{"/proc/net/route"};
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream words{line};
    std::string name;
    std::uint32_t destination = 0, gateway = 0;
    if (!(words >> name >> std::hex >> destination >> gateway) || destination != 0 || gateway == 0) continue;
    (void)into.routers.push_back(ip_address::v4(ntohl(gateway)));
    return;
  }
}

}  // namespace

std::expected<void, fault> posix_stream::connect(const endpoint& peer, instant now) {
  peer_ = peer;
  peer_ended_ = false;
  return stream_.connect(loop_, {&peer_, 1}, {}, now);
}

device::stream::phase posix_stream::advance(instant now) {
  using at = posix::tcp_stream::phase;
  if (stream_.state() == at::connecting) stream_.advance(now);
  if (stream_.state() == at::draining && (peer_ended_ || now >= stream_.deadline()))
    stream_.close(make_fault(stream_error::aborted), now);
  switch (stream_.state()) {
    case at::idle:
      return phase::idle;
    case at::connecting:
      return phase::connecting;
    case at::open:
    case at::flushing:
    case at::draining:
      return phase::open;
    case at::closed:
      return phase::closed;
  }
  return phase::closed;
}

std::expected<std::size_t, fault> posix_stream::send(bytes data, instant now) {
  if (!stream_.writable()) return std::size_t{0};
  return stream_.send(data, now);
}

std::expected<std::size_t, fault> posix_stream::receive(mutable_bytes memory, instant now) {
  if (!stream_.readable() || stream_.state() == posix::tcp_stream::phase::closed) return std::size_t{0};
  const auto got = stream_.receive(memory, now);
  if (!got) peer_ended_ = true;
  return got;
}

std::size_t posix_stream::available() {
  int octets = 0;
  if (stream_.fd() < 0 || ::ioctl(stream_.fd(), FIONREAD, &octets) != 0 || octets < 0) return 0;
  return static_cast<std::size_t>(octets);
}

void posix_stream::finish(instant now) {
  stream_.finish(now);
  if (stream_.state() == posix::tcp_stream::phase::flushing) stream_.shut_down_output(now);
}

void posix_stream::close(instant now) { stream_.close(make_fault(stream_error::aborted), now); }

instant posix_stream::deadline() const {
  const auto at = stream_.state();
  const bool open = at == posix::tcp_stream::phase::open || at == posix::tcp_stream::phase::closed;
  return open ? never : stream_.deadline();
}

void posix_network::observe(tap* observer) {
  tap_ = observer;
  session_.observe(observer), lookup_.observe(observer);
}

std::expected<void, fault> posix_network::open(const device::configuration& chosen) {
  as_is_ = chosen.network.mode == device::address_mode::as_is;
  dns_.open(loop_, {}), ntp_.open(loop_, {});
  dns_.observe(tap_), ntp_.observe(tap_);
  if (!as_is_) return open_interface(chosen);
  name_ = chosen.network.interface;
  find_hardware_address();
  return {};
}

std::expected<void, fault> posix_network::open_interface(const device::configuration& chosen) {
  posix::interface_name wanted;
  if (!wanted.assign(chosen.network.interface)) return std::unexpected{make_fault(link_error::no_such_interface)};
  if (const auto opened = interface_.open(loop_, wanted); !opened) return opened;
  const posix::link_status status = interface_.status();
  name_ = status.name.view();
  mac_ = status.mac;
  interface_.remove_leftovers();  // the server may have given that address to another host by now
  if (!status.up)
    if (const auto on = interface_.set_up(true); !on) return on;
  dhcp_ = chosen.dhcp.attempts != 0;
  if (dhcp_) {
    dhcp_socket_.observe(tap_);
    if (const auto opened = dhcp_socket_.open(loop_, status.name); !opened) return opened;
  }
  if (!chosen.network.probe || !status.ethernet) return {};
  arp_.observe(tap_);
  return arp_.open(loop_, status.name, random_, arp_timing::within(arp_verdict));
}

void posix_network::find_hardware_address() {
  std::array<posix::link_status, 32> memory;
  const auto list = posix::network_interface::list(memory);
  if (list)
    for (const posix::link_status& each : *list)
      if (each.ethernet && (name_.empty() || each.name.view() == name_)) {
        mac_ = each.mac;
        return;
      }
  // A machine without Ethernet still needs an identifier of its own: a locally administered one, for this run.
  random_.fill(mac_.octets);
  mac_.octets[0] = (mac_.octets[0] & std::byte{0xfc}) | std::byte{0x02};
}

bool posix_network::link_is_up() {
  if (as_is_) return true;
  while (interface_.changed()) {
  }
  return interface_.status().carrier && !interface_.status().removed;
}

fault posix_network::link_fault() {
  if (interface_.status().removed) return make_fault(link_error::no_such_interface);
  return make_fault(link_error::no_carrier);
}

std::expected<void, fault> posix_network::apply(const dhcp::lease& lease) {
  if (const auto done = interface_.apply(posix::settings_of(lease)); !done) return done;
  return dhcp_ ? dhcp_socket_.configured(lease.address) : std::expected<void, fault>{};
}

void posix_network::withdraw() {
  if (as_is_) return;
  if (dhcp_) (void)dhcp_socket_.configured({});
  (void)interface_.withdraw();
}

std::expected<dhcp::lease, fault> posix_network::present() {
  dhcp::lease result;
  find_own_address(result);
  find_name_servers(result);
  find_gateway(result);
  return result;
}

std::expected<void, fault> posix_network::probe(const ip_address& address, instant now) {
  if (as_is_ || !interface_.status().ethernet) return std::unexpected{make_fault(link_error::not_ethernet)};
  probing_ = true;
  arp_.start(address, now);
  return {};
}

std::optional<bool> posix_network::probed(instant now) {
  if (!probing_) return std::nullopt;
  const auto verdict = arp_.drive(now);
  if (!verdict) return std::nullopt;
  return *verdict == posix::arp_probe::verdict::free;
}

void posix_network::announce(const ip_address& address, instant now) {
  if (probing_) arp_.announce(address, now);
}

std::expected<bool, fault> posix_network::send(device::service of, const datagram& out, instant now) {
  switch (of) {
    case device::service::dhcp:
      return dhcp_ ? dhcp_socket_.send(out, now) : false;
    case device::service::dns:
      return dns_.send(out, now);
    case device::service::ntp:
      return ntp_.send(out, now);
  }
  return false;
}

std::expected<std::optional<datagram>, fault> posix_network::receive(device::service of, mutable_bytes memory,
                                                                     instant now) {
  switch (of) {
    case device::service::dhcp:
      if (!dhcp_) return std::optional<datagram>{};
      return dhcp_socket_.receive(memory, now);
    case device::service::dns:
      return dns_.receive(memory, now);
    case device::service::ntp:
      return ntp_.receive(memory, now);
  }
  return std::optional<datagram>{};
}

}  // namespace recado::linux_board
