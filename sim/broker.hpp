// A broker as the standard allows it to be, at its worst: it forgets sessions, announces tight limits, answers late,
// out of order and unwillingly, mixes topics, and checks everything that it hears.
//
// It has one session, the device's, and delivers to it what `publish` gives. What it hears must obey what it announced
// on this connection; each breach is a violation. Its answers and deliveries use every right of MQTT 5.0 and 3.1.1.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/mqtt/packet.hpp>
#include <sim/ledger.hpp>
#include <sim/random.hpp>
#include <sim/stream.hpp>
#include <sim/world.hpp>

namespace recado::sim {

/// What CONNACK says.
struct broker_limits {
  std::uint16_t receive_maximum = 65'535;
  std::uint32_t packet_maximum = 0;  ///< 0: none
  std::uint16_t alias_maximum = 0;
  std::uint8_t qos_maximum = 2;
  bool retain = true, wildcards = true, shared = true, identifiers = true;
  std::uint16_t keep_alive_s = 0;  ///< 0: the client's
  std::uint32_t expiry_s = 0;      ///< 0: the client's
};

class broker {
 public:
  broker(world& all, ledger& messages, network_stream& wire, const settings& how, std::uint64_t seed);

  /// Hears what has arrived, and says what is due.
  void turn(instant now);
  instant deadline() const;

  /// A message for the device; false if it has no subscription now.
  bool publish(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool retain);

  // Mishaps.
  // True if there was anybody or anything whom it concerns.
  bool stop(bool keeps_sessions, instant now);
  void close(connection& on, instant now) { end(on, connection::end::finished, now); }
  bool drop_session(instant now);
  /// The same in place of the next PUBCOMP, and the power goes within so many writes as the device hears so.
  void drop_at_pubrel(std::uint32_t steps) { drop_at_pubrel_ = steps; }
  /// The same, and nobody hears the CONNACK that says so.
  void drop_unheard(instant now) { drop_session(now), loses_connack_ = true; }
  /// The next CONNECT is taken behind the one that comes after it, when its client has long gone; or the next one that
  /// begins a session anew.
  void delay_connect(std::uint32_t which, instant now);
  /// The CONNECT that was put off never comes.
  void forget_late() { late_.reset(), late_due_ = never; }
  /// The device has forgotten all of its connections so far: none may disturb it any more, also not one whose CONNECT
  /// is still on its way.
  void device_forgot() { forget_late(), forgotten_ = wire_.newest(); }
  bool has_subscription() const { return std::ranges::find(subscribed_, true) != subscribed_.end(); }
  bool disconnect(std::uint32_t which, instant now);
  void refuse_until(instant when, std::uint32_t which) { refuses_until_ = when, refusal_ = which; }
  /// Until then it refuses CONNECT and names others of `hosts` brokers instead.
  void refer_until(instant when, std::uint32_t which, std::uint8_t hosts);
  bool leave_host(std::uint8_t host, instant now);
  void mute_until(instant when) { mute_until_ = when; }
  void slow_until(instant when) { slow_until_ = when; }
  void reject_until(instant when) { rejects_until_ = when; }
  bool tighten(bool yes, instant now);
  /// From now on it answers at once and refuses nothing.
  void mend(instant now);
  bool has_client() const { return bound_ != nullptr; }
  /// True while the session's limits or its moods keep messages from the device.
  bool idle() const { return queue_.empty() && flights_.empty() && owed_.empty(); }

 private:
  /// A connection as the broker sees it.
  struct peer {
    std::uint32_t serial = 0;
    bool connected = false;  ///< CONNECT was heard
    bool online = false;     ///< CONNACK was said
    instant connack_due = never;
    instant heard{};
    std::uint16_t keep_alive_s = 0;
    mqtt::version version = mqtt::version::v5_0;
    bool clean = false;
    bool greeted = false;          ///< the filter's handshake is done
    std::vector<std::byte> raw;    ///< half a record
    std::vector<std::byte> plain;  ///< what was heard and not understood yet
    std::string client;
    std::uint32_t expiry_s = 0;
    std::uint32_t receive_maximum = 65'535;
    std::uint32_t packet_maximum = 0;
    std::uint16_t alias_maximum = 0;
    bool problem_information = true;
    broker_limits limits;
    std::vector<std::uint8_t> aliases_in;   ///< topics
    std::vector<std::uint8_t> aliases_out;  ///< topics
    std::vector<std::uint16_t> unanswered;  ///< PUBLISH of QoS 1 and 2, SUBSCRIBE, UNSUBSCRIBE
    std::string method{}, said{};           ///< of authentication: its name, and what the client said last
    std::string challenge = std::string(8, ' ');
    std::uint32_t challenges = 0;      ///< that are still to come
    bool challenged = false;           ///< one waits for its answer
    bool may_ask = true;               ///< by PUBREC, for what it has received before
    std::vector<std::uint16_t> early;  ///< PUBREC that may not have answered PUBLISH
    std::vector<std::uint16_t> asked;  ///< in vain
    std::vector<std::uint16_t> twice;  ///< of QoS 1, said twice on this connection: two PUBACK are to come
    std::uint32_t charged = 0;         ///< of them the messages
  };
  struct owed {
    mqtt::packet_type type{};
    std::uint16_t identifier = 0;
    mqtt::reason code{};
    instant due{};
    std::uint8_t count = 0;  ///< of reason codes
  };
  struct flight {
    std::uint32_t message = 0;
    std::uint16_t identifier = 0;
    mqtt::qos level{};
    bool received = false;  ///< PUBREC came
    bool again = false;     ///< is to be sent on this connection
    bool repeated = false;  ///< was sent twice on it
  };
  struct kept {
    std::uint16_t identifier = 0;
    std::uint32_t message = 0;
  };

  // broker.cpp
  peer& peer_of(connection& on);
  void hear(connection& on, instant now);
  bool hear_records(connection& on, peer& from, instant now);
  bool hear_packet(connection& on, peer& from, bytes& rest, instant now);
  void end(connection& on, connection::end how, instant now);
  void forget_client();
  void check_time(connection& on, instant now);
  template <class P>
  bool say(connection& on, const peer& to, const P& what, instant now);
  void trace(const char* mark, const peer& whose, const mqtt::any_packet& what);

  // broker_connect.cpp
  void on_connect(connection& on, peer& from, const mqtt::connect& what, instant now);
  void answer_connect(connection& on, peer& to, instant now);
  bool put_off(connection& on, const peer& from, instant now);
  void take_late(instant now);
  bool enter_session(connection* on, const peer& whose, instant now);
  void accept(connection& on, peer& to, instant now);
  void lose_connack(connection& on, instant now);
  void resume();
  void refuse(connection& on, peer& to, instant now);
  void say_disconnect(connection& on, const peer& to, mqtt::reason code, instant now);
  std::string draw_reference();
  void lose_session();
  broker_limits draw_limits();

  // broker_authentication.cpp
  bool authenticates(connection& on, peer& from, const mqtt::connect& what, instant now);
  bool next_challenge(connection& on, peer& to, instant now);
  void on_auth(connection& on, peer& from, const mqtt::auth& what, instant now);
  void take_will(const mqtt::connect& what);
  void leave_will(instant now);
  void publish_will();
  void overtake_will(bool session_goes_on);

  // broker_messages.cpp
  void on_packet(peer& from, const mqtt::any_packet& what, instant now);
  void on_publish(peer& from, const mqtt::publish& what, instant now);
  void on_acknowledgement(peer& from, const mqtt::acknowledgement& what, instant now);
  void on_unexpected_pubrec(peer& from, std::uint16_t identifier, instant now);
  void send_retained(const mqtt::subscription& wanted, std::uint8_t topic);
  void on_subscribe(peer& from, const mqtt::subscribe& what, instant now);
  void on_unsubscribe(peer& from, const mqtt::unsubscribe& what, instant now);
  bool resolve_topic(peer& from, const mqtt::publish& what, std::uint8_t& topic);
  void check_publish(peer& from, const mqtt::publish& what);
  void use_identifier(peer& from, std::uint16_t identifier, bool of_qos_2 = false);
  void owe(mqtt::packet_type type, std::uint16_t identifier, mqtt::reason code, instant now, std::uint8_t count = 0);
  void say_owed(instant now);
  void say_one(const owed& what, instant now);
  void deliver(instant now);
  void send_again(peer& to, flight& one, std::size_t open, instant now);
  bool send_message(std::uint32_t message, std::uint16_t identifier, bool duplicate, instant now);
  std::uint32_t take_waiting();
  std::uint16_t new_identifier(const peer& to);
  duration mood(instant now);

  world& world_;
  ledger& messages_;
  network_stream& wire_;
  random_source random_;
  const settings& how_;
  mqtt::version version_;
  bool secure_;
  std::uint32_t inflight_max_;

  std::vector<std::unique_ptr<peer>> peers_;  // in the places of their connections
  connection* bound_ = nullptr;               ///< the one that has the session

  // the session
  bool exists_ = false;
  std::uint32_t epoch_ = 1;
  std::string client_;
  instant expires_ = never;
  std::uint32_t expiry_s_ = 0;
  bool ends_with_connection_ = false;
  std::array<bool, topic_count> subscribed_{};
  std::array<bool, topic_count> as_published_{};        // RETAIN is passed on
  std::array<std::uint32_t, topic_count> kept_size_{};  // of the retained message, 0: there is none
  std::array<mqtt::qos, topic_count> kept_level_{};
  instant will_due_ = never;
  mqtt::reason last_word_ = mqtt::reason::unspecified_error;  // of DISCONNECT, if one was heard
  std::uint8_t granted_ = 2;
  std::uint32_t subscription_identifier_ = 0;
  std::deque<std::uint32_t> queue_;
  std::vector<flight> flights_;
  std::vector<kept> received_;
  std::uint16_t last_identifier_ = 0;

  std::vector<owed> owed_;
  instant refuses_until_{}, refers_until_{}, mute_until_{}, slow_until_{}, rejects_until_{};
  std::uint32_t refusal_ = 0;
  std::uint8_t hosts_ = 1;
  std::uint32_t assigned_ = 0;
  std::optional<peer> late_;  ///< whose CONNECT is still to be taken
  instant late_due_ = never;
  std::uint32_t forgotten_ = 0;  ///< the device has lost its memory of the connections up to that one
  std::uint32_t newest_ = 0;     ///< the youngest of which CONNECT was heard
  std::uint32_t drop_at_pubrel_ = 0;
  bool tight_ = false, mended_ = false, loses_connack_ = false;
  bool delays_connect_ = false, delays_clean_ = false;
  std::vector<std::byte> scratch_, records_;
  std::vector<std::byte> payload_;
};

}  // namespace recado::sim
