// The stub resolver: names to addresses, by asking recursive servers (RFC 1035, 3596, 5452, 6891).
//
// A lookup is one or two questions (A, AAAA), each with an identifier, a local port and a server of its
// own. A question goes round the servers: an answer that can't be used (SERVFAIL, REFUSED, malformed,
// unreachable) leads to the next server at once, silence after a time; when all servers of a round said no,
// or after `rounds_max` rounds, it has failed. Nothing that doesn't match is believed: peer, local port,
// identifier, opcode and the question itself (RFC 5452 §9.1); it is ignored, and the wait goes on. An answer
// that was cut is asked again over TCP, by a stream that the driver opens on `wants_tcp`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/dns/answer.hpp>
#include <recado/dns/cache.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/limits.hpp>
#include <recado/dns/packet.hpp>
#include <recado/wire/machine.hpp>

namespace recado::dns {

/// Which addresses are wanted.
enum class family : std::uint8_t { any, v4, v6 };

/// Names one lookup; never 0 and not used twice while 2^32 lookups last.
struct query_id {
  std::uint32_t value = 0;                                      ///< 0: none
  constexpr auto operator<=>(const query_id&) const = default;  ///< By number.
};

/// The addresses of a name: those of IPv4 first, then those of IPv6, each in the order of the answer.
struct resolved {
  query_id id;                            ///< of the lookup
  std::span<const ip_address> addresses;  ///< at least one; lives until the next `receive`, `lost` or `resolve`
  std::chrono::seconds ttl{};             ///< how long they may be kept; 0 for those of a cut answer
  bool more = false;                      ///< there were more than the memory holds, or the answer was cut
};
/// The lookup came to nothing; `why` is an error of this module, or what `lost` said.
struct failed {
  query_id id;  ///< of the lookup
  fault why;    ///< what went wrong
};
/// The answer was cut: connect to `server` by TCP, run a `tcp_exchange` with `what`, and hand its answer
/// to `answered_over_tcp` or its fault to `tcp_failed`. `what` lives until one of these is called.
struct wants_tcp {
  query_id id;         ///< of the lookup
  record_type type{};  ///< A or AAAA
  endpoint server;     ///< where to connect
  query what;          ///< what to ask there
};

/// One question of a lookup; the caller's memory holds it, only the resolver looks inside.
struct question {
  enum class stage : std::uint8_t { unused, due, in_flight, tcp_due, tcp, answered, failed };
  stage at = stage::unused;
  record_type type{};
  std::uint16_t id = 0;
  std::uint16_t port = 0;
  std::uint8_t server = 0;
  std::uint8_t round = 0;
  std::uint8_t refusals = 0;  ///< servers of this round that said no
  std::uint8_t aliases = 0;
  bool edns = true;
  bool aliased = false;  ///< `alias` is asked for in place of the lookup's name
  bool partial = false;  ///< the addresses come from an answer that was cut
  std::uint32_t ttl_s = 0;
  instant deadline = never;
  fault why{};
  name alias{};

  bool ended() const { return at == stage::unused || at == stage::answered || at == stage::failed; }
};

/// Memory for one lookup.
struct lookup {
  enum class stage : std::uint8_t { unused, running, done, reported };
  stage at = stage::unused;
  query_id id;
  bool more = false;
  std::uint8_t found = 0;  ///< addresses in this lookup's part of the memory
  instant deadline = never;
  name about;
  std::array<question, has_ipv6 ? 2 : 1> questions{};
};

/// A datagram machine. Local ports are drawn from the entropy for every attempt; the driver opens a socket
/// for a port when it first appears in `pending`, and may close it once `expects` says no.
class resolver {
 public:
  using event = std::variant<resolved, failed, wants_tcp>;  ///< what `receive` answers

  /// The addresses are shared out evenly among the lookups (at most 255 each).
  struct memory {
    std::span<lookup> lookups;        ///< one for each at a time
    std::span<ip_address> addresses;  ///< those that are found
    mutable_bytes cache;              ///< octets; none: nothing is remembered
  };
  resolver(const memory& where, entropy& random);  ///< Memory and randomness must outlive it.
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// The servers in order of preference; those beyond `servers_max` are left out. The cache is emptied
  /// if the list changed, and lookups that are under way start again with the new list.
  void set_servers(std::span<const endpoint> servers, instant now);
  std::span<const endpoint> servers() const { return servers_; }  ///< Those of `set_servers`.
  /// Lets the driver choose local ports (`local_port` 0 in `pending`): it must use a fresh unpredictable
  /// port for every datagram and connect the socket to the peer, because answers are then taken on any port.
  void let_driver_choose_ports(bool yes) { driver_chooses_ports_ = yes; }

  /// Looks `text` up; the answer is an event of `receive`, also when the cache has it or it is an address
  /// already. Returns why not: the name's errors, `no_server`, `too_many_lookups`.
  std::expected<query_id, error> resolve(std::string_view text, family wanted, instant now);
  /// Ends a lookup; it answers with `failed` and `cancelled`. An unknown one is none.
  void cancel(query_id id, instant now);
  /// Forgets what was learned (another network, for example).
  void forget() { cache_.clear(); }

  /// The message that answered `wants_tcp`, without its two octets of length.
  void answered_over_tcp(query_id id, record_type type, bytes message, instant now);
  /// The exchange that `wants_tcp` asked for has failed, or can't be had at all.
  void tcp_failed(query_id id, record_type type, fault why, instant now);

  /// The local port of the datagram in `pending` is taken: `pending` offers another.
  void port_taken(instant now);
  /// A datagram to `peer` from `local_port` couldn't be sent or was answered by ICMP "unreachable".
  void undeliverable(std::uint16_t local_port, const endpoint& peer, fault why, instant now);
  /// True while an answer may come to this local port.
  bool expects(std::uint16_t local_port) const;

  void opened(instant now);                                 ///< A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);                        ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(datagram& in, instant now);  ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<datagram> pending(instant now);             ///< A verb of the shape; see recado/wire/machine.hpp.
  void sent(instant now);                                   ///< A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;                                 ///< A verb of the shape; see recado/wire/machine.hpp.

 private:
  struct place {
    lookup* owner = nullptr;
    question* asked = nullptr;
  };
  std::span<ip_address> addresses_of(const lookup& owner) const;
  bool is_server(const question& asked, const endpoint& peer) const;
  query query_of(const place& where) const;
  lookup* free_lookup();
  place find(query_id id, record_type type);
  place next_due();
  bool compose(const place& where);
  std::uint16_t draw_port();

  void finish_known(lookup& owner, const std::optional<ip_address>& literal, instant now);
  void begin(lookup& owner, instant now);
  bool answer_from_cache(const place& where, instant now);
  void end(lookup& owner, fault why, instant now);
  void settle(lookup& owner, instant now);

  void close(question& asked, question::stage next);
  void ask(question& asked);
  void start_over(question& asked);
  void ask_next_server(const place& where, fault why, bool said_no);
  void give_up(const place& where, fault why);
  void drop_addresses(lookup& owner, record_type type);

  void handle(const datagram& in, instant now);
  void judge(const place& where, bytes message, bool over_tcp, instant now);
  void take_addresses(const place& where, const reading& said, instant now);
  void take_negative(const place& where, const reading& said, instant now);
  void take_cut(const place& where, const reading& said, bool over_tcp, instant now);
  void follow(const place& where, const reading& said, const name& alias);
  void check_times(lookup& owner, instant now);
  std::optional<event> next_event(instant now);
  event report(lookup& owner);

  // What is small comes first: there a Cortex-M reaches it with short instructions.
  bool open_ = false;
  bool driver_chooses_ports_ = false;
  std::uint32_t last_id_ = 0;
  place pending_;
  std::size_t pending_size_ = 0;
  memory memory_;
  entropy& random_;
  cache cache_;
  fixed_vector<endpoint, servers_max> servers_{};
  std::array<std::byte, query_octets_max> out_;
};
static_assert(datagram_machine<resolver>);

/// Memory for a resolver: how many lookups at once, addresses for all of them, octets of cache.
template <std::size_t Lookups = 4, std::size_t Addresses = 64, std::size_t CacheOctets = 2048>
struct resolver_storage {
  std::array<lookup, Lookups> lookups{};                           ///< one for each at a time
  std::array<ip_address, Addresses> addresses{};                   ///< those that are found
  std::array<std::byte, CacheOctets> cache;                        ///< octets; none: nothing is remembered
  resolver::memory view() { return {lookups, addresses, cache}; }  ///< All of it.
};

}  // namespace recado::dns
