// What a session tells whoever remembers it, so that it survives this program, this board's power, anything.
//
// The rule of it all: a change is told when it is made, and no byte leaves before `commit` agreed. So what the server
// may know of this side is never more than what the journal holds:
//
// - a message of QoS 1 or 2 is in the journal before its PUBLISH leaves;
// - that PUBREC came is, before PUBREL leaves: the message is never sent again, which would double it;
// - that an exchange is over is, before its packet identifier is used again;
// - a received message of QoS 2 that the application acknowledged is, before PUBREC leaves: it counts from then on;
// - that PUBREL came is, before PUBCOMP leaves: a new message with that identifier is not taken for the old one;
// - that the server forgot the session is, before anything of the new one leaves;
// - that CONNECT leaves is, before it does: its answer may never be heard, or be forgotten with the power.
//
// `commit` is asked once for all that is to leave together, so many changes share what makes them durable.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// Given to `session::keep_in`. It is called from within the session's verbs and commands and must not call back.
class journal {
 public:
  /// A message of QoS 1 or 2 is about to be taken; `packet` is its PUBLISH as it will be sent. Any other answer than
  /// `none` is what `publish` returns, and the message is not taken.
  virtual error publishing(std::uint16_t identifier, const message& what, bytes packet) = 0;
  /// PUBREC came: the bytes of this message aren't needed any more, its exchange goes on.
  virtual void released(std::uint16_t identifier) = 0;
  /// The exchange is over: answered, refused, or given up. Of a message that is lost (`session_lost`) the application
  /// is told next: it is to be forgotten only with a later `commit`, or a loss of power could take the report with it.
  virtual void finished(std::uint16_t identifier) = 0;
  /// The application has acknowledged a received message of QoS 1 or 2, not with a failure. What it says about its
  /// own state of that moment (how much it has written) belongs together with this.
  virtual void took(qos level, std::uint16_t identifier) = 0;
  /// PUBREL came for a message of QoS 2 that was told by `took`.
  virtual void completed(std::uint16_t identifier) = 0;
  /// The server has no session: what `took` said is void. Messages that were `released` are lost, and with `report`
  /// those whose PUBLISH is here, too; else these will be sent as new ones. Each that is lost is `finished` when the
  /// application is told: whoever restores one before says so by `session::restore_lost`.
  virtual void session_lost(lost_session how) = 0;
  /// CONNECT is about to leave, or, behind `certain` and `session_lost`, the answers to others are missing still, or
  /// another one may have taken the session over: each of so many, 1 to 3, may have begun a session that the server
  /// resumes later. Until `certain` or `session_lost` nobody here knows whether the server still has the session: who
  /// restores one tells `session::restore_unanswered`.
  virtual void unanswered([[maybe_unused]] std::uint8_t count) {}
  /// What the server has is in line with what is here, though without subscriptions unless they `hold`.
  virtual void certain([[maybe_unused]] bool subscriptions_hold) {}
  /// So many received messages of QoS 2 find room at a time: Receive Maximum is no larger.
  virtual std::uint16_t received_max() { return 65'535; }
  /// Before bytes leave: all that was told holds now, also if the power goes. A fault ends the connection, and nothing
  /// leaves.
  virtual fault commit() = 0;

 protected:
  ~journal() = default;
};

}  // namespace recado::mqtt
