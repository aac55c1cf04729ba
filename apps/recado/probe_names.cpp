// Where to: names by the system's resolver, and the errors that end a probe.
#include <net/if.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include <recado/chain/words.hpp>
#include <recado/dns/limits.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include "probe.hpp"
#include "tools/outcome.hpp"

namespace recado::app::probe {
namespace {

struct lookup_result {
  int status = 0;
  std::vector<endpoint> found;
};

lookup_result look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  lookup_result result{::getaddrinfo(host.c_str(), nullptr, &hints, &list), {}};
  for (const addrinfo* each = list; result.status == 0 && each; each = each->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, each->ai_addr, each->ai_addrlen);
    endpoint where = posix::endpoint_of(storage);
    where.port = port;
    if (where.address) result.found.push_back(where);
  }
  if (list) ::freeaddrinfo(list);
  return result;
}

std::vector<endpoint> by_system(const std::string& host, std::uint16_t port, duration patience) {
  // getaddrinfo can't be bounded; a thread that is left behind ends with the process.
  auto answer = std::make_shared<std::promise<lookup_result>>();
  auto waiting = answer->get_future();
  std::thread{[answer, host, port] { answer->set_value(look_up(host, port)); }}.detach();
  if (waiting.wait_for(patience) != std::future_status::ready)
    throw failure("the system's resolver did not answer for '" + host + "' in time",
                  "give an address, or name a DNS server with --dns");
  const lookup_result result = waiting.get();
  if (result.status != 0 || result.found.empty())
    throw failure("the host '" + host + "' is unknown" +
                      (result.status != 0 ? std::string{": "} + ::gai_strerror(result.status) : std::string{}),
                  "check the name, give an address, or name a DNS server with --dns");
  return result.found;
}

}  // namespace

std::vector<endpoint> addresses_of(const common_options& how, const std::string& host, std::uint16_t port) {
  if (const auto literal = parse_address(host)) return {endpoint{*literal, port}};
  if (!how.dns_servers.empty()) {
    std::vector<endpoint> found;
    for (const ip_address& each : ask_dns(how, host, how.dns_servers, 0)) found.push_back({each, port});
    return found;
  }
  std::vector<endpoint> found = by_system(host, port, patience_of(how));
  console& to = told(how);
  to << host << " is";
  for (const endpoint& each : found) to << ' ' << each.address;
  to << ", says the system's resolver (--dns asks a server itself)\n";
  return found;
}

std::vector<endpoint> system_dns_servers() {
  std::vector<endpoint> servers;
  std::ifstream file{"/etc/resolv.conf"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words_of_line{line};
    std::string key, value;
    words_of_line >> key >> value;
    if (key != "nameserver") continue;
    if (const auto address = parse_address(value)) servers.push_back({*address, recado::dns::server_port});
  }
  return servers;
}

posix::interface_name interface_of(const common_options& how) {
  posix::interface_name result;
  if (!result.assign(how.interface))
    throw usage_error("'" + how.interface + "' is no interface name",
                      "names have at most 15 characters: see 'ip link'");
  if (!how.interface.empty() && ::if_nametoindex(how.interface.c_str()) == 0)
    throw failure_of(posix::link_fault(errno));
  return result;
}

duration patience_of(const common_options& how) {
  if (!(how.timeout_s > 0 && how.timeout_s <= 3'600))
    throw usage_error("--timeout must be more than 0 and at most 3600 s", "15 is the default");
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{how.timeout_s});
}

failure failure_of(const fault& why, std::string_view cause) {
  std::array<char, 512> memory;
  buffer_sink text{memory};
  if (!cause.empty()) text << cause;
  else chain::describe_cause(why, text);
  return failure(std::string{text.view()}, std::string{chain::remedy_of(why)});
}

failure too_late(const common_options& how, std::string_view what) {
  return failure(std::string{what} + " within " + tools::in_seconds(patience_of(how)),
                 "check the address, the port and any firewall between, or wait longer with --timeout");
}

}  // namespace recado::app::probe
