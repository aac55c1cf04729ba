// The NTP client: what time is it? (RFC 5905, client mode; RFC 4330; RFC 9109)
//
// A query leaves at t1 and its answer arrives at t4, both on the device's own time line; in between the
// server writes when it heard (t2) and answered (t3). The way there and back took (t4 - t1) - (t3 - t2), and
// if both ways took equally long it was t3 + half of that when the answer arrived. It can't be wrong by more
// than that half, so of several samples the one with the least delay is the best. The device's time line
// need not be set for that, and the query doesn't tell it: its transmit field is a random number that only
// the true server can echo. Servers are asked in order until one has answered well.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <variant>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/ntp/error.hpp>
#include <recado/ntp/limits.hpp>
#include <recado/ntp/packet.hpp>
#include <recado/wire/machine.hpp>

namespace recado::ntp {

/// What a measurement needs to know and how thorough it shall be.
struct options {
  /// The build date: no time before it is believed, and eras are unfolded around it.
  utc_time earliest{};
  /// What the device believes now: `offset` is measured against it; it unfolds eras once it is trusted.
  wall_clock clock{};
  unsigned samples = samples_default;  ///< 1 to `samples_max`
  duration spacing = spacing_ms;       ///< between queries to one server
  /// A sample with at most this delay ends the measurement early, for its error is at most half of it.
  duration enough{0};
};

/// The clock is known: at `at` it was `utc`.
struct synchronised {
  utc_time utc;                ///< the time then
  instant at;                  ///< when the best answer arrived
  duration offset{};           ///< `utc` minus what the clock in `options` said then; 0 if it was never set
  duration delay{};            ///< there and back; `utc` is right within half of it, plus what the server errs
  duration root_delay{};       ///< from the server to its reference clock and back
  duration root_dispersion{};  ///< what the server says that it may err
  std::uint8_t stratum = 0;    ///< 1 to 15
  leap leap_indicator{};       ///< a leap second is announced, or not
  endpoint server;             ///< whose answer was chosen
  std::uint8_t samples = 0;    ///< how many answers the choice was made from
};
/// No server gave a usable time; `why` belongs to the last one that was tried.
struct failed {
  fault why;  ///< what went wrong
};

/// A datagram machine. Queries leave from a new random local port each; the driver opens a socket for a port
/// when it first appears in `pending`, and may close it once `expects` says no.
class client {
 public:
  using event = std::variant<synchronised, failed>;  ///< what `receive` answers

  explicit client(entropy& random) : random_(random) {}  ///< The randomness must outlive it.
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Measures anew with these servers in order (those beyond `servers_max` are left out); a measurement that
  /// is under way is dropped. Call it again later to measure again. Servers that said DENY, RSTR or RATE are
  /// remembered and skipped, the last for as long as they asked for.
  std::expected<void, error> start(std::span<const endpoint> servers, const options& how, instant now);
  /// Drops the measurement without an event.
  void stop();
  /// True from `start` to its event.
  bool running() const { return at_ != stage::idle; }
  /// Lets the driver choose local ports (`local_port` 0 in `pending`): it must use a fresh unpredictable
  /// port for every datagram and connect the socket to the peer.
  void let_driver_choose_ports(bool yes) { driver_chooses_ports_ = yes; }

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
  enum class stage : std::uint8_t { idle, waiting, due, in_flight, ended };
  /// A server that asked to be left alone.
  struct barred {
    endpoint server;
    instant until;  ///< `never`: for good
    fault why;
  };
  const barred* bar_of(const endpoint& server, instant now) const;
  void bar(instant until, fault why);
  void choose_server(std::size_t first, instant now);
  void leave_server(fault why, instant now);
  void ask_at(instant when, instant now);
  void lose_query(instant now);
  void end(instant now);
  void compose();
  std::uint16_t draw_port() const;

  void handle(const datagram& in, instant now);
  void hear_kiss(const packet& answer, instant now);
  void take_sample(const packet& answer, instant arrived, instant now);
  void check_times(instant now);
  event report();

  // Flags and small numbers come first: there a Cortex-M reaches them with short instructions.
  stage at_ = stage::idle;
  std::uint8_t losses_ = 0;
  bool open_ = false;
  bool driver_chooses_ports_ = false;
  std::uint16_t port_ = 0;
  std::size_t server_ = 0;
  entropy& random_;
  timestamp nonce_{};  ///< of the query in `out_`; unknown: there is none
  instant left_{};     ///< t1
  instant deadline_ = never;
  synchronised best_{};
  fault why_;
  options how_{};
  fixed_vector<endpoint, servers_max> servers_{};
  std::array<std::byte, packet_octets> out_;
  fixed_vector<barred, servers_max> barred_{};
};
static_assert(datagram_machine<client>);

}  // namespace recado::ntp
