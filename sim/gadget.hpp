// The device: the real conductor, channel, session and outbox, with an application on top that publishes, subscribes,
// acknowledges late and supplies long payloads, and whose memory ends in guards.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/chain/bring_up.hpp>
#include <recado/chain/outbox.hpp>
#include <recado/chain/reconnect.hpp>
#include <recado/chain/session_store.hpp>
#include <recado/device/address_service.hpp>
#include <recado/device/channel.hpp>
#include <recado/device/name_service.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/ntp/client.hpp>
#include <sim/board.hpp>
#include <sim/ledger.hpp>
#include <sim/random.hpp>
#include <sim/storage.hpp>
#include <sim/stream.hpp>

namespace recado::sim {

/// Memory with a guard behind it that nobody may touch.
template <class T>
class guarded {
 public:
  void make(std::size_t count) {
    memory_.assign((count * sizeof(T) + sizeof guard + sizeof(T) - 1) / sizeof(T), T{});
    count_ = count;
    std::memcpy(reinterpret_cast<std::byte*>(memory_.data()) + count * sizeof(T), &guard, sizeof guard);
  }
  std::span<T> view() { return std::span<T>{memory_}.first(count_); }
  bool intact() const {
    std::uint64_t found = 0;
    std::memcpy(&found, reinterpret_cast<const std::byte*>(memory_.data()) + count_ * sizeof(T), sizeof found);
    return found == guard;
  }

 private:
  static constexpr std::uint64_t guard = 0xa5a5'a5a5'a5a5'a5a5;
  std::vector<T> memory_;
  std::size_t count_ = 0;
};

class gadget final : public chain::outbox_listener {
 public:
  gadget(world& all, ledger& messages, network_stream& wire, server_network& servers, const settings& how,
         std::uint64_t seed);

  ~gadget();

  void power_on(instant now);
  void power_off(instant now);
  /// The power goes within so many writes from now.
  void fail_in(std::uint32_t steps) {
    if (is_on()) storage_.cut_in(steps);
  }
  void spare() { storage_.spare(); }
  /// Its civil clock goes wrong, though the device trusts it: at once, or while it asks for the time next.
  void jump_clock(duration by, bool in_query, instant now);
  /// Its power has gone in the middle of a write.
  bool died() const { return storage_.dead(); }
  bool has_journal() const { return how_.journal; }
  bool is_on() const { return parts_ != nullptr; }
  /// The application says goodbye, to come back later; false if its conductor can't.
  bool leave(instant now);
  /// It ends its subscriptions when it can, and makes them again.
  void unsubscribe(instant now);
  /// It authenticates itself again; false if it can't now.
  bool authenticate(instant now);
  void sleep_until(instant when) { asleep_until_ = when; }
  bool sleeps(instant now) const { return now < asleep_until_; }

  /// Does all that can be done, checks the invariants of the device, and says when to come back.
  void step(instant now);
  instant deadline() const { return parts_ == nullptr ? never : asleep_until_ != instant{} ? asleep_until_ : until_; }
  /// The application hands a message in; false if it was refused.
  bool publish(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool from_source, instant now);
  bool online() const;
  bool outbox_empty() const;

 private:
  struct parts;
  struct keeping;
  struct services;
  struct comeback;
  struct owed_receipt {
    mqtt::receipt receipt;
    std::uint32_t number = 0;
    instant due{};
  };

  // gadget.cpp: the ladder
  bool turn(instant now);
  void poll_link(instant now);
  void tell(const chain::happening& what, instant now);
  void do_as(const chain::want& wish, instant now);
  void attempt(const chain::want& wish, instant now);
  void open_stream(chain::broker_choice which, std::uint16_t address, instant now);
  bool knows(chain::broker_choice which) const;
  std::uint8_t host_of(chain::broker_choice which) const;
  std::uint16_t take_named(const fault& why);
  void check_choice(chain::broker_choice which);
  void restart(instant now);
  void subscribe(instant now);
  void end_subscriptions();
  void on_subscribed(const mqtt::subscribed& what, instant now);
  void on_unsubscribed(const mqtt::unsubscribed& what);
  void on_channel(const device::channel::event& what, instant now);
  void on_refusal(const tls::closed& what, instant now);
  instant next_deadline() const;
  void check(instant now);
  void check_keep_alive(instant now);

  bool climbed() const;
  chain::rung rung_now() const;

  // gadget_return.cpp: chain::reconnect in the place of the ladder
  void tell_way(const chain::happening& what, instant now);
  void go_on(chain::reconnect_happening what, instant now);
  void do_as(const chain::reconnect_want& wish, instant now);
  bool poll_way(instant now);
  void name_resolved(instant now);
  void read_reference(std::string_view text);

  // gadget_ladder.cpp: address, time and name
  void attempt_low(const chain::want& wish, instant now);
  void undo_low(chain::rung from, instant now);
  void link_changed(bool up, instant now);
  bool poll_low(instant now);
  void on_address(const device::address_service::event& what, instant now);
  void on_name(const device::name_service::event& what, instant now);
  void ask_time(instant now);
  void ask_time_again(instant now);
  void on_time(const ntp::client::event& what, instant now);
  void check_time(const ntp::synchronised& right);
  bool low_moves(instant now);
  instant low_deadline() const;

  // gadget_journal.cpp: what outlives the power
  void remember(instant now);
  void remember_messages();
  void restore_outbox(instant now);
  void remember_server();
  void remember_subscriptions();
  void forget_subscriptions();
  void settle();
  void note_durable();

  // gadget_application.cpp: what the application does
  void on_session(const mqtt::session_event& what, instant now);
  void on_connected(const mqtt::connected& what, instant now);
  void on_closed(const mqtt::closed& what, instant now);
  void on_message(std::uint32_t number, std::string_view topic, mqtt::qos level, bool retain, mqtt::receipt receipt,
                  instant now);
  void authenticate_again();
  void on_piece(const mqtt::message_part& what);
  void on_wants_payload(const mqtt::wants_payload& what, instant now);
  void supply(instant now);
  void acknowledge_due(instant now);
  void drain(instant now);
  bool hand_over(const chain::waiting_message& next, instant now);
  void lost(const chain::waiting_message& what, chain::outbox_loss why) override;

  world& world_;
  ledger& messages_;
  network_stream& wire_;
  server_network& servers_;
  const settings& how_;
  random_source random_;
  wall_clock dates_;  // what its outbox goes by
  sim_board board_;
  std::unique_ptr<parts> parts_;
  std::string client_identifier_;
  instant until_ = never;
  instant asleep_until_{};
  bool woke_ = false;  ///< it has slept since the last step

  guarded<std::byte> transmit_, incoming_, outgoing_topics_, receive_, outbox_;
  guarded<mqtt::outgoing_flight> outgoing_;
  guarded<std::uint16_t> received_;
  guarded<mqtt::owed_acknowledgement> owed_;
  std::vector<std::byte> payload_;
  sim_storage storage_;
  std::vector<std::uint32_t> taken_;  ///< what the application has acknowledged, in its order: a file of its own
};

}  // namespace recado::sim
