#include <recado/dhcp/lease.hpp>

namespace recado::dhcp {

namespace {

void print_list(std::string_view name, std::span<const ip_address> list, text_sink& out) {
  if (list.empty()) return;
  out << name;
  for (const ip_address& each : list) out << ' ' << each;
  out << '\n';
}

void print_text(std::string_view name, std::string_view value, text_sink& out) {
  if (!value.empty()) out << name << ' ', out.quoted(as_bytes(value)) << '\n';
}

void print_time(std::string_view name, duration value, text_sink& out) {
  out << name << ' ';
  if (value == infinite) out << "infinite\n";
  else out.signed_number(value / std::chrono::seconds{1}) << " s\n";
}

}  // namespace

ip_address gateway(const lease& from) {
  for (const route& each : from.routes)
    if (each.prefix == 0) return each.router;
  return from.routes.empty() && !from.routers.empty() ? from.routers.front() : ip_address{};
}

bool is_host_address(const ip_address& address) {
  const std::uint32_t first = address.v4_value() >> 24;
  return address.is_v4() && first != 0 && first != 127 && first < 224;
}

bool is_host_address(const ip_address& address, unsigned prefix) {
  if (!is_host_address(address) || prefix == 0 || prefix > 32) return false;
  const std::uint32_t host = address.v4_value() & ~netmask_of(prefix).v4_value();
  return prefix >= 31 || (host != 0 && host != ~netmask_of(prefix).v4_value());
}

std::expected<lease, error> static_lease(const ip_address& address, unsigned prefix, const ip_address& router,
                                         std::span<const ip_address> dns_servers,
                                         std::span<const ip_address> ntp_servers) {
  if (prefix == 0 || prefix > 32) return std::unexpected{error::bad_prefix};
  if (!is_host_address(address, prefix)) return std::unexpected{error::no_such_host_address};
  lease result;
  result.address = address;
  result.prefix = static_cast<std::uint8_t>(prefix);
  if (router) {
    const std::uint32_t mask = netmask_of(prefix).v4_value();
    if (!is_host_address(router, prefix) || (router.v4_value() & mask) != (address.v4_value() & mask))
      return std::unexpected{error::gateway_not_on_link};
    result.routers.push_back(router);
  }
  for (const ip_address& each : dns_servers) result.dns_servers.push_back(each);
  for (const ip_address& each : ntp_servers) result.ntp_servers.push_back(each);
  return result;
}

void print(const lease& what, text_sink& out) {
  out << "address " << what.address << '/', out.number(what.prefix) << '\n';
  if (what.server) out << "server " << what.server << '\n';
  print_list("routers", what.routers, out);
  for (const route& each : what.routes) {
    out << "route " << each.destination << '/', out.number(each.prefix);
    out << " via " << each.router << '\n';
  }
  print_list("DNS servers", what.dns_servers, out);
  print_list("NTP servers", what.ntp_servers, out);
  print_text("host name", what.host_name, out);
  print_text("domain", what.domain, out);
  if (what.mtu != 0) out << "MTU ", out.number(what.mtu) << '\n';
  print_time("lease time", what.lease_time, out);
  if (what.lease_time == infinite) return;
  print_time("renewal after", what.t1, out);
  print_time("rebinding after", what.t2, out);
}

}  // namespace recado::dhcp
