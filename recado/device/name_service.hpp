// The rungs `time name` and `name`: addresses of a server's name, over UDP and, where the answer is cut, over TCP.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <variant>

#include <recado/device/board.hpp>
#include <recado/device/datagram_pump.hpp>
#include <recado/dns/resolver.hpp>
#include <recado/dns/tcp_exchange.hpp>

namespace recado::device {

/// False in a build with RECADO_WITHOUT_DNS_OVER_TCP defined (CMake: -DRECADO_DNS_OVER_TCP=OFF): of an answer that is
/// cut, for want of room in `dns::datagram_octets_max`, the addresses that came are taken.
#if defined(RECADO_WITHOUT_DNS_OVER_TCP)
inline constexpr bool has_dns_over_tcp = false;
#else
inline constexpr bool has_dns_over_tcp = true;
#endif

/// Resolves one name at a time with the servers of the configuration.
class name_service {
 public:
  /// The name has addresses, at least one.
  struct found {
    std::span<const ip_address> addresses;  ///< lives until the next call
    std::chrono::seconds ttl;               ///< how long they may be kept
  };
  /// It has none, or nobody could be asked.
  struct failed {
    fault why;  ///< cause and remedy
  };
  /// What `step` answers, once for each `start`.
  using event = std::variant<found, failed>;

  /// `memory` is the resolver's, `tcp_memory` holds one answer over TCP, where that is built; all must outlive it.
  name_service(const board& on, const dns::resolver::memory& memory, mutable_bytes tcp_memory, arrivals& datagrams);
  name_service(board&&, const dns::resolver::memory&, mutable_bytes, arrivals&) = delete;

  /// Datagrams can be sent from now on.
  void network_up(instant now) { resolver_.opened(now); }
  /// They can't any more; a lookup under way is dropped.
  void network_down(instant now);
  /// The DNS servers in the order in which they are asked.
  void set_servers(std::span<const endpoint> servers, instant now) { resolver_.set_servers(servers, now); }
  /// The servers that are in use.
  std::span<const endpoint> servers() const { return resolver_.servers(); }
  /// Looks a name up; the answer is an event. A lookup under way is dropped.
  void start(std::string_view name, instant now);
  /// Drops the lookup under way, if there is one; nothing is answered.
  void stop(instant now);
  /// Sends and hears what is due, without waiting; call it again until it answers nothing.
  std::optional<event> step(instant now);
  /// When `step` is due at the latest.
  instant deadline() const;

 private:
  std::optional<event> on_event(const dns::resolver::event& happened, instant now);
  void start_tcp(const dns::wants_tcp& wish, instant now);
  void step_tcp(instant now);
  void end_tcp(fault why, instant now);
  bool asks_over_tcp() const { return has_dns_over_tcp && over_tcp_; }

  // What is small comes first: there a Cortex-M reaches it with short instructions.
  bool tcp_open_ = false;
  dns::query_id current_;
  fault refused_;
  const board& on_;
  std::optional<dns::wants_tcp> over_tcp_;
  dns::resolver resolver_;
  dns::tcp_exchange exchange_;
  datagram_pump<dns::resolver, dns::datagram_octets_max> pump_;
};

}  // namespace recado::device
