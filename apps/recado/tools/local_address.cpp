#include "local_address.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <recado/client/resolve.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <ifaddrs.h>

#include "../command.hpp"

namespace recado::app::tools {
namespace {

std::vector<ip_address> of_interface(const std::string& name) {
  std::vector<ip_address> result;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return result;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned{list, &::freeifaddrs};
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || name != each->ifa_name) continue;
    const int family = each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, each->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    // A link-local address would need its interface again to be bound to (RFC 4291 §2.5.6).
    if (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr))
      continue;
    result.push_back(posix::endpoint_of(storage).address);
  }
  return result;
}

std::vector<ip_address> of_host(const std::string& name, duration patience) {
  posix::loop loop;
  if (!loop.open()) return {};
  const auto question = client::resolution::start(name, 0, loop);
  const instant end = posix::now() + patience;
  std::vector<endpoint> found;
  int code = 0;
  while (!question->done(found, code)) {
    if (posix::now() >= end) {
      question->abandon();
      return {};
    }
    loop.wait(end);
  }
  std::vector<ip_address> result;
  for (const endpoint& each : found) result.push_back(each.address);
  return result;
}

}  // namespace

std::vector<ip_address> local_addresses(const std::string& name, duration patience) {
  if (const auto address = parse_address(name)) return {*address};
  std::vector<ip_address> result = of_interface(name);
  if (result.empty()) result = of_host(name, patience);
  if (result.empty())
    throw failure("'" + name + "' is no address, interface or name of this host",
                  "give by -A one of those that 'ip address' lists");
  return result;
}

std::optional<ip_address> choose_local(const std::vector<ip_address>& from, std::vector<endpoint>& candidates) {
  for (const endpoint& each : candidates) {
    const bool v6 = each.address.is_v6();
    const auto fitting = std::ranges::find_if(from, [&](const ip_address& one) { return one.is_v6() == v6; });
    if (fitting == from.end()) continue;
    std::erase_if(candidates, [&](const endpoint& other) { return other.address.is_v6() != v6; });
    return *fitting;
  }
  candidates.clear();
  return std::nullopt;
}

}  // namespace recado::app::tools
