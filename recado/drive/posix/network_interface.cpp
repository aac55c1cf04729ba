#include <recado/drive/posix/network_interface.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <recado/dhcp/lease.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/netlink.hpp>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <net/if_arp.h>

namespace recado::posix {
namespace {

constexpr std::size_t interfaces_max = 64;

void read_attribute(const nlattr& attribute, link_status& into) {
  const std::size_t size = mnl_attr_get_payload_len(&attribute);
  const auto* data = static_cast<const char*>(mnl_attr_get_payload(&attribute));
  switch (mnl_attr_get_type(&attribute)) {
    case IFLA_IFNAME:
      into.name.assign(std::string_view{data, strnlen(data, size)});
      break;
    case IFLA_ADDRESS:
      if (size == into.mac.octets.size()) std::memcpy(into.mac.octets.data(), data, size);
      break;
    case IFLA_MTU:
      if (size == sizeof into.mtu) std::memcpy(&into.mtu, data, size);
      break;
    default:
      break;
  }
}

link_status read_link(const nlmsghdr& message) {
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  link_status result;
  result.index = info->ifi_index;
  result.up = (info->ifi_flags & IFF_UP) != 0;
  result.carrier = result.up && (info->ifi_flags & IFF_RUNNING) != 0;
  result.loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
  result.ethernet = info->ifi_type == ARPHRD_ETHER;
  result.removed = message.nlmsg_type == RTM_DELLINK;
  const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof *info));
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
  for (; mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)));
       attribute = mnl_attr_next(attribute))
    read_attribute(*attribute, result);
  return result;
}

bool is_link_message(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK) return false;
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(ifinfomsg)) return false;
  return static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message))->ifi_family == AF_UNSPEC;
}

struct gathering {
  std::span<link_status> into;
  std::size_t count = 0;
};

void gather(const nlmsghdr& message, void* context) {
  auto& all = *static_cast<gathering*>(context);
  if (is_link_message(message) && all.count < all.into.size()) all.into[all.count++] = read_link(message);
}

/// Addresses that carry our number.
struct own_addresses {
  int index;
  std::array<interface_settings, 4> found{};
  std::size_t count = 0;
};

void gather_own(const nlmsghdr& message, void* context) {
  auto& own = *static_cast<own_addresses*>(context);
  if (message.nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(&message) < sizeof(ifaddrmsg)) return;
  const auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
  if (static_cast<int>(info->ifa_index) != own.index || own.count == own.found.size()) return;
  interface_settings& entry = own.found[own.count];
  entry.prefix = info->ifa_prefixlen;
  bool ours = false;
  const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, sizeof *info));
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
  for (; mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)));
       attribute = mnl_attr_next(attribute)) {
    const auto type = mnl_attr_get_type(attribute);
    const auto size = mnl_attr_get_payload_len(attribute);
    if (type == IFA_PROTO && size == 1) ours = mnl_attr_get_u8(attribute) == route_protocol;
    if (type == IFA_LOCAL && size == 4) entry.address = ip_address::v4(ntohl(mnl_attr_get_u32(attribute)));
  }
  if (ours && entry.address) ++own.count;
}

void fill_link(netlink_request& request, int index, unsigned flags, unsigned changed) {
  auto& info = request.body<ifinfomsg>();
  info.ifi_family = AF_UNSPEC;
  info.ifi_index = index;
  info.ifi_flags = flags;
  info.ifi_change = changed;
}

std::expected<void, fault> change_address(int fd, int index, const interface_settings& settings, bool add) {
  netlink_request request{static_cast<std::uint16_t>(add ? RTM_NEWADDR : RTM_DELADDR),
                          static_cast<std::uint16_t>(add ? NLM_F_CREATE | NLM_F_EXCL : 0)};
  auto& info = request.body<ifaddrmsg>();
  info.ifa_family = AF_INET;
  info.ifa_prefixlen = settings.prefix;
  info.ifa_index = static_cast<std::uint32_t>(index);
  request.put(IFA_LOCAL, settings.address);
  request.put(IFA_ADDRESS, settings.address);
  if (add) {
    const std::uint32_t mask = netmask_of(settings.prefix).v4_value();
    if (settings.prefix < 31) request.put(IFA_BROADCAST, ip_address::v4(settings.address.v4_value() | ~mask));
    // The route to the network itself is made below, so that it carries our number too.
    request.put(IFA_FLAGS, std::uint32_t{IFA_F_NOPREFIXROUTE});
    request.put(IFA_PROTO, route_protocol);
  }
  return request.execute(fd);
}

std::expected<void, fault> change_route(int fd, int index, const interface_settings& settings, const route& which,
                                        bool add) {
  // Appended behind an equal one of somebody else's, never in its place.
  netlink_request request{static_cast<std::uint16_t>(add ? RTM_NEWROUTE : RTM_DELROUTE),
                          static_cast<std::uint16_t>(add ? NLM_F_CREATE | NLM_F_APPEND : 0)};
  const bool direct = which.gateway.v4_value() == 0;
  auto& info = request.body<rtmsg>();
  info.rtm_family = AF_INET;
  info.rtm_dst_len = which.prefix;
  info.rtm_table = RT_TABLE_MAIN;
  info.rtm_protocol = route_protocol;
  info.rtm_scope = direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  info.rtm_type = RTN_UNICAST;
  if (which.prefix != 0) request.put(RTA_DST, which.destination);
  if (!direct) request.put(RTA_GATEWAY, which.gateway);
  request.put(RTA_OIF, static_cast<std::uint32_t>(index));
  request.put(RTA_PREFSRC, settings.address);
  if (settings.metric != 0) request.put(RTA_PRIORITY, settings.metric);
  return request.execute(fd);
}

route network_route(const interface_settings& settings) {
  const std::uint32_t mask = netmask_of(settings.prefix).v4_value();
  return {ip_address::v4(settings.address.v4_value() & mask), settings.prefix, {}};
}

// What is there already, or gone already, is as it should be.
bool failed(const std::expected<void, fault>& result, std::initializer_list<int> harmless) {
  if (result) return false;
  return std::none_of(harmless.begin(), harmless.end(),
                      [&](int each) { return result.error().detail == static_cast<std::uint32_t>(each); });
}

bool same_address(const interface_settings& a, const interface_settings& b) {
  return a.address == b.address && a.prefix == b.prefix;
}

bool has_route(const interface_settings& settings, const interface_settings& other, const route& which) {
  if (settings.metric != other.metric) return false;
  return which == network_route(settings) ||
         std::find(settings.routes.begin(), settings.routes.end(), which) != settings.routes.end();
}

}  // namespace

interface_settings settings_of(const dhcp::lease& lease) {
  interface_settings result;
  result.address = lease.address;
  result.prefix = lease.prefix;
  result.mtu = lease.mtu;
  for (const auto& each : lease.routes) result.routes.push_back({each.destination, each.prefix, each.router});
  if (!lease.routes.empty() || lease.routers.empty()) return result;
  const route to_network = network_route(result);
  const ip_address router = lease.routers[0];
  const std::uint32_t mask = netmask_of(lease.prefix).v4_value();
  if ((router.v4_value() & mask) != to_network.destination.v4_value()) result.routes.push_back({router, 32, {}});
  result.routes.push_back({ip_address::v4_any(), 0, router});
  return result;
}

std::expected<std::span<link_status>, fault> network_interface::list(std::span<link_status> into) {
  const auto fd = open_netlink();
  if (!fd) return std::unexpected(fd.error());
  netlink_request request{RTM_GETLINK, NLM_F_DUMP};
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  gathering all{into};
  if (auto answered = request.ask(fd->get(), gather, &all); !answered) return std::unexpected(answered.error());
  return into.first(all.count);
}

std::expected<void, fault> network_interface::open(loop& where, const interface_name& name) {
  close();
  auto requests = open_netlink();
  if (!requests) return std::unexpected(requests.error());
  // The events come first, so that nothing happens unseen between the two.
  auto events = open_netlink_events(RTMGRP_LINK);
  if (!events) return std::unexpected(events.error());
  std::array<link_status, interfaces_max> memory;
  const auto all = list(memory);
  if (!all) return std::unexpected(all.error());
  const auto found = std::find_if(all->begin(), all->end(), [&](const link_status& each) {
    return name.empty() ? each.ethernet && !each.loopback : each.name == name;
  });
  if (found == all->end()) return std::unexpected(link_fault(ENODEV));
  if (auto watched = where.watch(events->get(), source_, trigger::level_read); !watched) return watched;
  loop_ = &where;
  requests_ = std::move(*requests);
  events_ = std::move(*events);
  status_ = *found;
  return {};
}

void network_interface::close() {
  if (!events_) return;
  (void)withdraw();
  loop_->forget(events_.get(), source_);
  events_.reset();
  requests_.reset();
  status_ = {};
}

std::optional<link_status> network_interface::changed() {
  const link_status before = status_;
  alignas(nlmsghdr) std::array<char, 16'384> memory;
  for (;;) {
    const auto size = recv(events_.get(), memory.data(), memory.size(), 0);
    if (size < 0 && errno == ENOBUFS) {
      look_again();  // more happened than the socket could hold
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(memory.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (!is_link_message(*message)) continue;
      const link_status news = read_link(*message);
      if (news.index == status_.index) status_ = news;
    }
  }
  if (status_ == before) return std::nullopt;
  return status_;
}

void network_interface::look_again() {
  std::array<link_status, interfaces_max> memory;
  const auto all = list(memory);
  if (!all) return;
  const auto found =
      std::find_if(all->begin(), all->end(), [&](const link_status& each) { return each.index == status_.index; });
  if (found != all->end()) status_ = *found;
  else status_.removed = true, status_.up = status_.carrier = false;
}

std::expected<void, fault> network_interface::set_up(bool up) {
  netlink_request request{RTM_NEWLINK, 0};
  fill_link(request, status_.index, up ? IFF_UP : 0, IFF_UP);
  return request.execute(requests_.get());
}

std::expected<void, fault> network_interface::set_mtu(std::uint32_t mtu) {
  if (mtu == mtu_now_) return {};
  netlink_request request{RTM_NEWLINK, 0};
  fill_link(request, status_.index, 0, 0);
  request.put(IFLA_MTU, mtu);
  auto result = request.execute(requests_.get());
  if (result) mtu_now_ = mtu;
  return result;
}

std::expected<void, fault> network_interface::apply(const interface_settings& settings) {
  if (!applied_) mtu_before_ = mtu_now_ = status_.mtu;
  auto old = applied_;
  applied_ = settings;
  // The kernel takes a second address of the same network away together with the first: another one comes after it.
  if (old && !same_address(*old, settings)) {
    (void)remove(*old, nullptr);
    old.reset();
  }
  if (auto result = add(settings); !result) {
    // Undone as a whole: half a configuration would only look like one.
    (void)remove(settings, nullptr);
    if (old) (void)remove(*old, nullptr);
    applied_.reset();
    (void)set_mtu(mtu_before_);
    return result;
  }
  if (old) return remove(*old, &settings);
  return {};
}

void network_interface::remove_leftovers() {
  netlink_request request{RTM_GETADDR, NLM_F_DUMP};
  request.body<ifaddrmsg>().ifa_family = AF_INET;
  own_addresses own{status_.index};
  if (!request.ask(requests_.get(), gather_own, &own)) return;
  for (std::size_t i = 0; i < own.count; ++i) (void)change_address(requests_.get(), status_.index, own.found[i], false);
}

std::expected<void, fault> network_interface::add(const interface_settings& settings) {
  const int fd = requests_.get();
  // An MTU that the interface can't have is no reason to have no network.
  if (auto result = set_mtu(settings.mtu != 0 ? settings.mtu : mtu_before_); failed(result, {EINVAL})) return result;
  if (auto result = change_address(fd, status_.index, settings, true); failed(result, {EEXIST})) return result;
  if (settings.prefix < 32)
    if (auto result = change_route(fd, status_.index, settings, network_route(settings), true);
        failed(result, {EEXIST}))
      return result;
  for (const auto& each : settings.routes)
    if (auto result = change_route(fd, status_.index, settings, each, true); failed(result, {EEXIST})) return result;
  return {};
}

// Routes go in the opposite order: the gateways are reached by those before them.
std::expected<void, fault> network_interface::remove(const interface_settings& settings,
                                                     const interface_settings* keep) {
  const int fd = requests_.get();
  std::expected<void, fault> first_failure;
  const auto note = [&](const std::expected<void, fault>& result) {
    if (first_failure && failed(result, {ESRCH, ENODEV, EADDRNOTAVAIL, ENETDOWN, ENETUNREACH})) first_failure = result;
  };
  const auto remove_route = [&](const route& which) {
    if (!keep || !has_route(*keep, settings, which)) note(change_route(fd, status_.index, settings, which, false));
  };
  for (std::size_t i = settings.routes.size(); i != 0; --i) remove_route(settings.routes[i - 1]);
  if (settings.prefix < 32) remove_route(network_route(settings));
  if (!keep) note(change_address(fd, status_.index, settings, false));
  return first_failure;
}

std::expected<void, fault> network_interface::withdraw() {
  if (!applied_) return {};
  const auto settings = *applied_;
  applied_.reset();
  auto result = remove(settings, nullptr);
  if (auto restored = set_mtu(mtu_before_); result && failed(restored, {ENODEV})) return restored;
  return result;
}

}  // namespace recado::posix
