// The session, and what the broker says after the session's goodbye.
//
// A message of QoS 0 has no acknowledgement: that the broker did not take it is only seen by how the connection ends.
// A DISCONNECT with an error may come while ours is on its way, and a reset instead of an end. The session is deaf once
// it has said DISCONNECT, and a filter below would end the connection at once; so this holds its last event back and
// listens in its place.
#pragma once

#include <recado/mqtt/session.hpp>

namespace recado::app::tools {

class parting_session {
 public:
  using event = mqtt::session_event;
  explicit parting_session(mqtt::session& session) : session_(session) {}

  /// Holds back the session's own `closed` and hears what follows as that `protocol`. Call it before `disconnect`.
  void listen_on(mqtt::version protocol) { listens_ = true, protocol_ = protocol; }
  /// The session has said goodbye, and what follows is heard.
  bool listening() const { return over_; }
  /// Enough was heard: `closed` is told now.
  void release() { released_ = over_; }

  void opened(instant now) { listens_ = over_ = released_ = false, skip_ = 0, session_.opened(now); }
  void lost(fault why, instant now) { session_.lost(why, now); }
  std::optional<event> receive(bytes& in, instant now);
  bytes pending(instant now) { return session_.pending(now); }
  void sent(std::size_t n) { session_.sent(n); }
  instant deadline() const { return released_ ? instant::min() : session_.deadline(); }
  static bool ends(const event& what) { return mqtt::session::ends(what); }

 private:
  std::optional<event> listen(bytes& in);

  mqtt::session& session_;
  mqtt::closed held_;
  mqtt::version protocol_{};
  std::size_t skip_ = 0;  // of a packet that doesn't matter
  bool listens_ = false, over_ = false, released_ = false;
};
static_assert(stream_machine<parting_session>);

}  // namespace recado::app::tools
