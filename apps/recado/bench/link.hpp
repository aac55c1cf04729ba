// One connection of a measurement: stream, TLS if wanted, session, and the memory of them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <recado/chain/stacked.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/tls/openssl/filter.hpp>

#include "../tools/outcome.hpp"
#include "../tools/settings.hpp"
#include "../tools/tls_context.hpp"

namespace recado::app::bench {

/// What a connection is given to work in.
struct room {
  std::size_t transmit = 0, receive = 0;  ///< bytes
  std::size_t in_flight = 0;              ///< messages
  bool every_identifier = false;          ///< QoS 2 is received
};

/// The addresses of the broker; throws `failure`. Nothing is asked for a Unix socket.
std::vector<endpoint> find_broker(const tools::settings& how, posix::loop& loop);
/// Lets this process open so many descriptors more; throws `failure`, which says what to do.
void allow_connections(std::uint32_t count);

/// How the session ended a connection, in words, with a remedy by the options that bench has.
tools::outcome ending_of(const mqtt::closed& what, mqtt::version protocol);

/// It stays where it is.
class link {
 public:
  /// `secrets`: nullptr without TLS.
  link(const tools::settings& how, tools::tls_context* secrets, const room& given, std::string identifier);
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  /// Begins to connect, from `local` if that is an address; throws `failure`.
  void connect(posix::loop& loop, std::span<const endpoint> candidates, const ip_address& local, instant now);
  /// One turn; `on_event(mqtt::session_event&)` answers nothing.
  template <class Handler>
  posix::progress drive(instant now, Handler&& on_event) {
    const auto hear = [&](mqtt::session_event& what) {
      if (auto* end = std::get_if<mqtt::closed>(&what)) return note_end(*end), posix::flow::finish;
      on_event(what);
      return posix::flow::go_on;
    };
    if (!secured_) return posix::drive(session_, stream_, buffer_, now, hear);
    return posix::drive(*secured_, stream_, buffer_, now, [&](secured_session::event& what) {
      if (what.index() == 1) return hear(std::get<1>(what));
      return hear_tls(std::get<0>(what)) ? posix::flow::go_on : posix::flow::finish;
    });
  }
  /// Says goodbye, once: true if that is pending now. Without room for it, try again when something was sent.
  bool leave();
  bool leaving() const { return leaving_; }
  /// Ends it here and now.
  void close(instant now) { stream_.close(make_fault(stream_error::aborted), now); }

  /// True if it is over for a reason that is known: nothing more is to be waited for.
  bool failed() const { return ending_said_; }
  /// True if the peer reset the connection instead of ending it, also behind the goodbye.
  bool was_reset() const { return static_cast<bool>(stream_.broken()); }
  /// How it ended that `drive` says is over; no failure if it was left.
  tools::outcome ending() const;
  /// True if TLS took up an older session.
  bool resumed() const { return resumed_; }

  mqtt::session& session() { return session_; }
  posix::tcp_stream& stream() { return stream_; }

 private:
  using secured_session = chain::stacked<tls::openssl::filter, mqtt::session>;

  mqtt::memory memory_of(std::size_t receive);
  mqtt::connect_options connect_options() const;
  void note_end(const mqtt::closed& what);
  bool hear_tls(const tls::event& what);

  const tools::settings& how_;
  std::string identifier_;
  std::vector<std::byte> transmit_, receive_, tls_outgoing_, tls_plaintext_;
  std::vector<mqtt::outgoing_flight> flights_;
  std::vector<std::uint16_t> received_;
  posix::receive_buffer buffer_;
  mqtt::session session_;
  std::optional<tls::openssl::filter> filter_;
  std::optional<secured_session> secured_;
  posix::tcp_stream stream_;
  std::vector<endpoint> candidates_;
  tools::outcome ending_;
  bool ending_said_ = false, leaving_ = false, resumed_ = false;
};

}  // namespace recado::app::bench
