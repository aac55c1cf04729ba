// One TCP connection, non-blocking from its first packet to its last.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/tap.hpp>

namespace recado::posix {

/// The name of an interface ("eth0"); the kernel's limit is 15 characters.
using interface_name = fixed_string<15>;

/// How to connect. The defaults suit MQTT over the Internet.
struct tcp_options {
  duration connect_timeout = std::chrono::seconds{10};  ///< for each address tried
  /// The next address is tried too when the ones before have not answered for so long (RFC 8305 §5); the first to
  /// connect wins. `duration::max()`: one after the other.
  duration attempt_delay = std::chrono::milliseconds{250};
  duration linger = std::chrono::seconds{2};                ///< at the end: to send what is left and see the peer's end
  bool no_delay = true;                                     ///< small messages leave at once (Nagle's algorithm off)
  duration keep_alive_idle{};                               ///< TCP keep-alive after so much silence; 0: off
  duration keep_alive_interval = std::chrono::seconds{10};  ///< between probes
  std::uint8_t keep_alive_probes = 3;                       ///< unanswered ones that end the connection
  duration user_timeout{};      ///< sent data unacknowledged for so long ends the connection (RFC 5482); 0: system's
  interface_name interface {};  ///< bind to this interface; empty: any
  ip_address local{};           ///< bind to this address, of the candidates' family; none: any
  bool multipath = false;       ///< Multipath TCP (RFC 8684) where both systems have it, else TCP
  int send_buffer = 0;          ///< bytes; 0: the system's choice
  int receive_buffer = 0;       ///< bytes; 0: the system's choice
};

/// A stream to one of several addresses. It stays where it is while open (its address is known to the loop).
///
/// idle -> connecting -> open -> flushing -> draining -> closed. `drive` does all of this; by itself the class only
/// offers the steps. When the last address has failed, or the stream broke, it is closed and `why()` says how.
class tcp_stream {
 public:
  /// Where the stream is in its life.
  enum class phase : std::uint8_t { idle, connecting, open, flushing, draining, closed };

  /// Idle.
  tcp_stream() = default;
  ~tcp_stream() { close(); }
  tcp_stream(const tcp_stream&) = delete;
  tcp_stream& operator=(const tcp_stream&) = delete;

  /// Starts to connect to the first of `candidates`; the next is tried when one refuses, and beside it when it doesn't
  /// answer soon. The candidates are borrowed until the stream is open or closed. Fails only if no attempt at all
  /// could be started. `interleave_families` puts them into the order that RFC 8305 §4 asks for.
  std::expected<void, fault> connect(loop& where, std::span<const endpoint> candidates, const tcp_options& options,
                                     instant now);
  /// Connects to the Unix socket at `path`, which has no more than 107 octets. That takes no time: the stream opens at
  /// the next `advance`, or this fails. Options of TCP mean nothing here; the ends have no addresses.
  std::expected<void, fault> connect_unix(loop& where, std::string_view path, const tcp_options& options, instant now);
  /// Takes over a connected socket (accepted, or from socketpair), which becomes non-blocking.
  std::expected<void, fault> adopt(loop& where, int fd, const tcp_options& options, instant now);
  /// Goes on connecting; call it when the source is ready and at `deadline()`.
  void advance(instant now);

  /// Gives bytes to the system: how many it took, 0 if there is no room now. After a fault nothing more is sent,
  /// but what the peer said before may still be read.
  std::expected<std::size_t, fault> send(bytes data, instant now);
  /// The same from another thread while the loop's own waits, and is kept from going on: how many bytes the system
  /// took; none when there is no room, or when sending has failed. The loop's thread finds out by itself which. Only
  /// while the stream is open; an observer isn't told.
  std::size_t send_beside(bytes data) const;
  /// Takes what has arrived, as much as fits, in one system call: 0 if nothing is there now. The end of the stream
  /// is the fault `closed_by_peer`.
  std::expected<std::size_t, fault> receive(mutable_bytes memory, instant now);

  /// Bytes that were sent and that the peer's system has not acknowledged; the fault with which it refused them, for
  /// nobody reads there any more. 0 where the system doesn't count them.
  std::expected<std::size_t, fault> unacknowledged() const;

  /// Starts the orderly end: flushing what the machine still has to say, for `options.linger` at most.
  void finish(instant now);
  /// Everything is flushed: tells the peer so (FIN) and starts to wait for its end.
  void shut_down_output(instant now);
  /// Ends it here and now. What is still in the system's send buffer is delivered in the background.
  void close(fault why, instant now);
  /// The same at a time that nobody is told.
  void close(fault why = make_fault(stream_error::aborted));

  /// Where it is.
  phase state() const { return phase_; }
  /// Something may be there to read, or room to write; false once the system said otherwise.
  bool readable() const { return source_.readable; }
  /// Likewise for writing.
  bool writable() const { return source_.writable; }
  /// While connecting and ending: when to come back at the latest.
  instant deadline() const { return deadline_; }
  /// What sending failed with, if it did; receiving goes on until nothing is left.
  fault broken() const { return broken_; }
  /// Why it is closed.
  fault why() const { return why_; }
  /// Which candidate was tried last, or was connected.
  const endpoint& peer() const { return identity_.peer; }
  /// The two ends.
  const stream_identity& identity() const { return identity_; }
  /// The system's number for it; -1: none.
  int fd() const { return fd_.get(); }
  /// What the loop tells.
  source& readiness() { return source_; }
  /// Shows all bytes of the wire to `observer` (nullptr: to nobody). Set before `connect`.
  void observe(tap* observer) { tap_ = observer; }

 private:
  /// One of the connects under way.
  struct attempt {
    descriptor fd;
    std::uint16_t candidate = 0;
    bool in_place = false;  ///< watched as `source_`, so that nothing changes when it wins
    source own;
    instant deadline = never;
  };
  static constexpr std::size_t attempts_max = 4;

  void start_attempts(instant now);
  fault start(attempt& one, std::uint16_t candidate, instant now);
  source& readiness_of(attempt& one) { return one.in_place ? source_ : one.own; }
  void note(fault why);
  bool watch_attempts(instant now);
  void win(attempt& one, instant now);
  void drop(attempt& one);
  void drop_attempts();
  void become_open(instant now);
  void forget();

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  descriptor fd_;
  source source_;
  std::array<attempt, attempts_max> attempts_;
  instant next_attempt_ = never;
  phase phase_ = phase::idle;
  std::uint16_t next_candidate_ = 0;
  std::span<const endpoint> candidates_;
  tcp_options options_;
  stream_identity identity_;
  fault why_;
  fault broken_;  ///< sending failed with this; what was received may still be read
  instant deadline_ = never;
};

/// Lets IPv6 and IPv4 take turns, beginning with the family of the first, each in the order it had (RFC 8305 §4).
void interleave_families(std::span<endpoint> candidates);

}  // namespace recado::posix
