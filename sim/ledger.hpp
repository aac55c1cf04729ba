// Who has which message: the truth that only the simulator knows, and the promises of QoS checked against it.
//
// A message is a number and filling that follows from it. The ledger is told each step of its way, from the
// application that hands it in to the application that is told of it, and complains at the step that breaks a promise:
// not at the end, when nobody knows any more why.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/types.hpp>
#include <sim/world.hpp>

namespace recado::sim {

inline constexpr unsigned topic_count = 3;  ///< in each direction

/// A message from the device.
struct up_message {
  mqtt::qos level{};
  std::uint8_t topic = 0;
  std::uint32_t size = 0;      ///< of its payload
  std::uint32_t sequence = 0;  ///< among those of its topic and QoS, in the order in which they were accepted
  bool accepted = false;       ///< by the outbox: from now on it may not be lost
  bool in_doubt = false;       ///< the power went as the journal took it: it may be accepted
  bool over = false;           ///< the application was told how it ended
  bool acknowledged = false;   ///< well
  bool excused = false;        ///< the server or the power has lost it: it may be missing
  bool orphan = false;         ///< the server lost it with its session before PUBREL: the application is to hear of it
  bool unordered = false;      ///< the server has refused it once, so it may come behind younger ones
  bool durable = false;        ///< the journal has it, for good
  bool stored = false;         ///< it was in the journal when the power came back
  bool retain = false;         ///< the server is to keep it
  bool from_source = false;    ///< its payload is supplied piece by piece
  instant expires = never;     ///< while it waits
  std::uint8_t arrivals = 0;
  std::uint8_t arrivals_max = 1;  ///< of QoS 2
  std::uint32_t heard_in = 0;     ///< the server's session that heard it last
};

/// A message to the device.
struct down_message {
  mqtt::qos level{};
  std::uint8_t topic = 0;
  std::uint32_t size = 0;
  std::uint32_t sequence = 0;
  bool retain = false;     ///< RETAIN as the subscription wishes it
  bool told = false;       ///< to the application
  bool taken = false;      ///< the application has acknowledged it, or was told with acknowledgement at once
  bool rejected = false;   ///< with a failure: the server may never learn it
  bool forgotten = false;  ///< the server has lost it with the session, or may not send it
  bool done = false;       ///< the server was answered
  bool again = false;      ///< the power went before the journal was in time: it may be told once more
};

class ledger {
 public:
  explicit ledger(world& all) : world_(all) {}

  // The device's messages.
  std::uint32_t make_up(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool from_source);
  void accepted(std::uint32_t number);
  void arrived(std::uint32_t number);
  /// The server has refused it: it may come again, behind others.
  void refused(std::uint32_t number) { up[number].unordered = true; }
  void ended(std::uint32_t number, const mqtt::acknowledged& how);
  /// The application was told at once that it can't be sent.
  void given_up(std::uint32_t number);
  /// The server goes without this message, which it had said PUBREC for.
  void orphaned(std::uint32_t number) { up[number].orphan = true; }
  /// The session is gone on the server: what was not acknowledged may come twice.
  void server_forgot();
  /// The power is back and the journal holds those that are marked `stored`: only they go on.
  void device_remembers();
  /// The power took back what the application had acknowledged.
  void untaken(std::uint32_t number);
  /// The power may have taken back that it was told.
  void may_come_again(std::uint32_t number) { down[number].again = !down[number].done; }
  /// The device has lost its memory: what was not acknowledged may be lost or come twice.
  void device_forgot();

  // The server's messages.
  std::uint32_t make_down(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool retain);
  void told(std::uint32_t number, mqtt::qos level, std::uint8_t topic, bool retain, bool taken);
  void taken(std::uint32_t number, bool rejected) { down[number].taken = true, down[number].rejected = rejected; }
  /// The server has got PUBACK or PUBREC for it.
  void answered(std::uint32_t number);
  /// It is the server's right not to deliver it.
  void forgotten(std::uint32_t number);

  /// Nothing is on its way any more, neither here nor there.
  bool complete() const;
  /// What is missing, for the trace.
  void report_missing();

  std::vector<up_message> up;
  std::vector<down_message> down;
  std::uint32_t open_up = 0;    ///< accepted, QoS 1 or 2, and not over
  std::uint32_t open_down = 0;  ///< QoS 1 or 2, and neither answered nor forgotten

 private:
  using per_class = std::array<std::array<std::uint32_t, 3>, topic_count>;

  world& world_;
  per_class up_made_{}, up_arrived_{}, down_made_{}, down_told_{};
};

/// What the payload of a message looks like: its number, then filling.
inline constexpr std::uint32_t payload_min = 4;
void fill_payload(std::uint32_t number, std::uint32_t offset, mutable_bytes out);
/// The number in a payload, or UINT32_MAX if it isn't one that was filled so.
std::uint32_t number_in(bytes payload);

}  // namespace recado::sim
