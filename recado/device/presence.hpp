// Normal mode: what the device says and obeys once it is online.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <recado/chain/outbox.hpp>
#include <recado/core/time_zone.hpp>
#include <recado/device/board.hpp>
#include <recado/device/texts.hpp>
#include <recado/mqtt/session.hpp>

namespace recado::device {

/// A command of the secret topic.
struct led_command {
  unsigned led = 0;                                               ///< 1 to 3
  bool on = false;                                                ///< else off
  constexpr bool operator==(const led_command&) const = default;  ///< Member by member.
};
/// Reads "LD1ON", "LD1OFF" … "LD3OFF": exactly that and nothing else.
std::optional<led_command> parse_command(bytes payload);

/// Publishes, obeys commands, and says goodbye.
class presence {
 public:
  /// All must outlive it; in `outbox_memory` messages wait for the connection (0 bytes: they don't).
  presence(const complete_configuration& chosen, const board& on, mqtt::session& session, mutable_bytes outbox_memory);
  presence(const complete_configuration&, board&&, mqtt::session&, mutable_bytes) = delete;

  /// What to leave as the will: the goodbye, should the connection break.
  const text_set& texts() const { return texts_; }
  /// The set-up is complete.
  void came_online(instant now);
  /// The connection is lost.
  void went_offline() { online_ = false; }
  /// An earlier run was online: what is said without a connection is kept from the start.
  void resumed() { was_online_ = true; }
  /// Where messages wait for the connection.
  chain::outbox& queue() { return outbox_; }
  /// A message arrived: a command if it is on the secret topic (original defect 39).
  void on_message(const mqtt::message_received& message, instant now);
  /// Publishes date and time when it is due, and what waits in the outbox.
  void step(instant now);
  /// When `step` is due at the latest.
  instant deadline() const { return online_ || keeps_offline() ? next_date_ : never; }

  /// Starts the goodbye: the outbox, UNSUBSCRIBE, the text, DISCONNECT.
  void begin_farewell(instant now);
  /// Goes on with it; `happened` may be the answer that it waits for.
  void continue_farewell(const mqtt::session_event* happened, instant now);

  /// Messages that wait for the connection.
  std::size_t waiting() const { return outbox_.size(); }
  /// True if little room is left for answers, and sending what waits makes some: to be done before more commands are
  /// heard. With QoS 1 and 2 the acknowledgements that make room come behind those commands.
  bool crowded() const { return qos_ == mqtt::qos::at_most_once && outbox_.more_than_half_full(); }
  /// How many commands were obeyed.
  std::uint32_t commands() const { return commands_; }
  /// How many messages on the secret topic were no commands.
  std::uint32_t refused() const { return refused_; }

 private:
  enum class goodbye : std::uint8_t { none, emptying, unsubscribing, publishing, disconnecting };
  void say(std::string_view text, instant now);
  void say_date(instant now);
  void refuse(std::string_view text, const fault& why, std::string_view cause = {});
  void drain(instant now);
  bool keeps_offline() const { return qos_ != mqtt::qos::at_most_once && was_online_; }

  const complete_configuration& chosen_;
  const board& on_;
  mqtt::session& session_;
  chain::outbox outbox_;
  text_set texts_;
  mqtt::qos qos_;
  bool online_ = false;
  bool was_online_ = false;
  instant next_date_ = never;
  goodbye goodbye_ = goodbye::none;
  mqtt::token awaited_;
  std::uint32_t commands_ = 0;
  std::uint32_t refused_ = 0;
};

}  // namespace recado::device
