// What goes with the answers that a session writes by itself: Reason String and User Properties of PUBACK, PUBREC,
// PUBREL and PUBCOMP (5.0 §3.4.2.2, §3.5.2.2, §3.6.2.2, §3.7.2.2).
#pragma once

#include <cstdint>

#include <recado/mqtt/error.hpp>
#include <recado/mqtt/property.hpp>
#include <recado/mqtt/reason.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// An answer that is about to be written.
struct outgoing_answer {
  packet_type packet{};                         ///< PUBACK, PUBREC, PUBREL or PUBCOMP
  std::uint16_t packet_identifier = 0;          ///< of the exchange; PUBREL's is this side's, the others' the server's
  mqtt::reason reason = mqtt::reason::success;  ///< what it says
};

/// Given as `connect_options::explainer`. Asked each time the session writes such an answer (PUBREL may be written
/// again), from within its verbs and commands; it must not call back.
class explainer {
 public:
  /// The answer's properties, none if empty. What they point to must live until the next call of either function.
  virtual properties explain(const outgoing_answer& what) = 0;
  /// The answer leaves without them: they may not stand there (the error says why), or the packet would be larger than
  /// the server takes, `larger_than_server_takes` [MQTT-3.4.2-2] [MQTT-3.5.2-2] [MQTT-3.6.2-2] [MQTT-3.7.2-2], or than
  /// there is room for now, `no_room`.
  virtual void left_out(const outgoing_answer& what, error why) = 0;

 protected:
  ~explainer() = default;
};

}  // namespace recado::mqtt
