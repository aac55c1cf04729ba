// What a device of a fleet needs while something is under way: a session, and TLS around it if wanted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <recado/chain/stacked.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/tls/openssl/filter.hpp>

#include "../tools/outcome.hpp"
#include "../tools/tls_context.hpp"
#include "plan.hpp"

namespace recado::app::bench {

class conversation {
 public:
  static constexpr std::size_t in_flight = 4;

  conversation(const plan& what, tools::tls_context* secrets, std::size_t receive_bytes);
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;

  mqtt::session& session() { return session_; }
  /// The connection is there, or gone.
  void opened(instant now) { secured_ ? secured_->opened(now) : session_.opened(now); }
  /// What the machines say of its end is heard, too: TLS may know better why.
  void lost(fault why, instant now);
  instant deadline() const { return secured_ ? secured_->deadline() : session_.deadline(); }

  /// Reads into `buffer`, which belongs to nobody between two turns, hears, and sends, until nothing moves any more:
  /// why the connection is over, or nothing. `on_event(mqtt::session_event&)` answers nothing.
  template <class Handler>
  fault turn(int fd, posix::source& readiness, mutable_bytes buffer, instant now, Handler&& on_event) {
    const auto hear = [&](mqtt::session_event& what) {
      if (auto* end = std::get_if<mqtt::closed>(&what)) note_end(*end);
      on_event(what);
    };
    if (!secured_) return drive(session_, fd, readiness, buffer, now, hear);
    return drive(*secured_, fd, readiness, buffer, now, [&](secured_session::event& what) {
      if (what.index() == 1) return hear(std::get<1>(what));
      if (const auto* end = std::get_if<tls::closed>(&std::get<0>(what))) note_end(*end);
    });
  }
  /// True if half a packet waits for its rest.
  bool within_packet() const { return !half_.empty(); }
  bool secured() const { return secured_.has_value(); }
  /// Why the machines ended the connection; not a failure if they didn't.
  const tools::outcome& ending() const { return ending_; }
  fault why() const { return why_; }
  /// Before a new connection.
  void forget_end() { ending_ = {}, why_ = {}, half_.clear(); }

  std::array<instant, in_flight> due{};  ///< of the messages in flight, by their tags
  std::uint8_t tags = 0;                 ///< which of them are in use

 private:
  using secured_session = chain::stacked<tls::openssl::filter, mqtt::session>;

  template <class Machine, class Handler>
  fault drive(Machine& machine, int fd, posix::source& readiness, mutable_bytes buffer, instant now,
              Handler&& on_event) {
    constexpr int turns_max = 16;
    std::size_t held = half_.size();
    copy(bytes{half_}, buffer);
    fault end;
    for (int i = 0; i < turns_max && !end; ++i) {
      held = listen(machine, buffer, held, now, on_event);
      const bool said = say(machine, fd, readiness, now, end);
      if (why_ && !end) end = why_;
      if (end || (said && machine.deadline() <= now)) continue;
      if (!readiness.readable || held == buffer.size()) break;
      const std::size_t got = read_some(fd, readiness, buffer.subspan(held), end);
      if (got == 0) break;
      held += got;
    }
    half_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(held));
    return end;
  }
  template <class Machine, class Handler>
  static std::size_t listen(Machine& machine, mutable_bytes buffer, std::size_t held, instant now, Handler& on_event) {
    bytes in = buffer.first(held);
    for (;;) {
      const std::size_t before = in.size();
      auto event = machine.receive(in, now);
      if (event) on_event(*event);
      else if (in.size() == before) break;
    }
    if (!in.empty() && in.size() != held) std::memmove(buffer.data(), in.data(), in.size());
    return in.size();
  }
  template <class Machine>
  static bool say(Machine& machine, int fd, posix::source& readiness, instant now, fault& end) {
    bool said = false;
    while (readiness.writable) {
      const bytes out = machine.pending(now);
      const std::size_t taken = out.empty() ? 0 : write_some(fd, readiness, out, end);
      if (taken == 0) break;
      machine.sent(taken);
      said = true;
    }
    return said;
  }
  static std::size_t read_some(int fd, posix::source& readiness, mutable_bytes room, fault& end);
  static std::size_t write_some(int fd, posix::source& readiness, bytes out, fault& end);
  void note_end(const mqtt::closed& what);
  void note_end(const tls::closed& what);

  std::vector<std::byte> transmit_, half_, tls_outgoing_, tls_plaintext_;
  std::array<mqtt::outgoing_flight, in_flight> flights_{};
  mqtt::session session_;
  std::optional<tls::openssl::filter> filter_;
  std::optional<secured_session> secured_;
  tools::outcome ending_;
  fault why_;
};

}  // namespace recado::app::bench
