// How the broker lets a client in, or doesn't, and what it announces.
#include <algorithm>
#include <utility>

#include <sim/authentication.hpp>
#include <sim/broker.hpp>

namespace recado::sim {

using mqtt::property;
using mqtt::property_value;
using mqtt::reason;
using namespace std::chrono_literals;

void broker::on_connect(connection& on, peer& from, const mqtt::connect& what, instant now) {
  if (from.connected) return world_.violate("a second CONNECT [MQTT-3.1.0-2]");
  // Overtaken on the path by that of a device which can't know of it any more.
  if (on.serial <= forgotten_ && on.serial < newest_) return end(on, connection::end::broken, now);
  newest_ = std::max(newest_, on.serial);
  from.connected = true;
  from.version = what.protocol;
  from.clean = what.clean_start;
  from.client = what.client_identifier;
  from.keep_alive_s = what.keep_alive_s;
  from.receive_maximum = what.properties.number(property::receive_maximum, 65'535);
  if (from.version == mqtt::version::v3_1_1) from.receive_maximum = std::min(inflight_max_, world_.received_max);
  from.packet_maximum = what.properties.number(property::maximum_packet_size);
  from.alias_maximum = static_cast<std::uint16_t>(what.properties.number(property::topic_alias_maximum));
  from.expiry_s = what.properties.number(property::session_expiry_interval);
  if (from.version == mqtt::version::v3_1_1) from.expiry_s = what.clean_start ? 0 : mqtt::session_expiry_never_s;
  from.problem_information = what.properties.number(property::request_problem_information, 1) != 0;
  if (now < mute_until_)
    return world_.takes_effect(mishap::broker_mute), world_.note("broker: does not answer CONNECT");
  // Who is sent from one to the other is let in somewhere, else they would never meet.
  if (now < refuses_until_ || (now < refers_until_ && !random_.one_in(3))) return refuse(on, from, now);
  take_will(what);
  if (put_off(on, from, now)) return;
  if (!authenticates(on, from, what, now)) answer_connect(on, from, now);
}

void broker::answer_connect(connection& on, peer& to, instant now) {
  to.connack_due = now + (random_.one_in(3) ? mood(now) : 0us);
  if (now >= to.connack_due) accept(on, to, now);
}

void broker::delay_connect(std::uint32_t which, instant now) {
  delays_connect_ = true, delays_clean_ = which % 2 == 0;
  if (!delays_clean_) disconnect(which, now);
}

// The client hears nothing, or that the connection breaks. A name that the server assigns would make another session.
bool broker::put_off(connection& on, const peer& from, instant now) {
  if (!delays_connect_ || (delays_clean_ && !from.clean)) return false;
  if (late_ || from.client.empty() || how_.authenticates || on.serial <= forgotten_) return false;
  world_.note("broker: puts CONNECT off");
  delays_connect_ = false, late_ = from;
  if (random_.one_in(2)) end(on, connection::end::broken, now);
  return true;
}

// Its connection has long gone, or goes at once.
void broker::take_late(instant now) {
  const peer late = *std::exchange(late_, std::nullopt);
  late_due_ = never;
  if (exists_ && late.client != client_) return;
  world_.note("broker: takes the CONNECT that it has put off");
  world_.takes_effect(mishap::connect_late);
  enter_session(nullptr, late, now);
  expiry_s_ = late.expiry_s;
  ends_with_connection_ = expiry_s_ == 0;
  forget_client();
}

void broker::refer_until(instant when, std::uint32_t which, std::uint8_t hosts) {
  refers_until_ = when, hosts_ = hosts;
  if (bound_ == nullptr || which % 2 == 0) return;
  const reason code = which % 4 == 1 ? reason::use_another_server : reason::server_moved;
  world_.takes_effect(mishap::broker_refers);
  connection& on = *bound_;
  say_disconnect(on, peer_of(on), code, world_.now);
  end(on, connection::end::finished, world_.now);
}

// One or more names with or without a port (§4.11), sometimes nothing: the reason code alone is allowed, too.
std::string broker::draw_reference() {
  std::string text;
  for (std::uint32_t i = random_.below(4); i != 0; --i) {
    if (!text.empty()) text += ' ';
    text += 'b' + std::to_string(random_.below(hosts_)) + (random_.one_in(2) ? ".test:1883" : ".test");
  }
  return text;
}

void broker::refuse(connection& on, peer& to, instant now) {
  static constexpr reason reasons[] = {reason::server_unavailable,
                                       reason::server_busy,
                                       reason::quota_exceeded,
                                       reason::not_authorized,
                                       reason::use_another_server,
                                       reason::connection_rate_exceeded,
                                       reason::banned};
  mqtt::connack answer;
  answer.reason =
      to.version == mqtt::version::v5_0 ? reasons[refusal_ % std::size(reasons)] : reason::server_unavailable;
  const bool refers = to.version == mqtt::version::v5_0 && now < refers_until_;
  world_.takes_effect(refers ? mishap::broker_refers : mishap::broker_refuses);
  if (refers) answer.reason = random_.one_in(3) ? reason::server_moved : reason::use_another_server;
  const std::string reference = refers ? draw_reference() : std::string{};
  property_value list[2];
  std::size_t count = 0;
  if (!reference.empty()) list[count++] = {property::server_reference, reference};
  if (to.problem_information) list[count++] = {property::reason_string, "not now"};
  if (to.version == mqtt::version::v5_0)
    answer.properties = mqtt::properties{std::span<const property_value>{list, count}};
  say(on, to, answer, now);
  end(on, connection::end::finished, now);
}

broker_limits broker::draw_limits() {
  broker_limits made;
  const auto maybe = [&](std::uint32_t n) { return random_.one_in(tight_ ? 2 : n); };
  if (maybe(3)) made.receive_maximum = static_cast<std::uint16_t>(random_.between(1, tight_ ? 3 : 20));
  if (maybe(8)) made.packet_maximum = random_.between(tight_ && !mended_ ? 48 : 400, 2000);
  if (tight_ && !mended_ && random_.one_in(8)) made.packet_maximum = random_.between(36, 80);
  if (maybe(2)) made.alias_maximum = static_cast<std::uint16_t>(random_.below(5));
  if (!mended_ && random_.one_in(tight_ ? 5 : 40)) made.qos_maximum = static_cast<std::uint8_t>(random_.below(2));
  if (maybe(6)) made.retain = false;
  if (maybe(6)) made.wildcards = false;
  if (maybe(6)) made.shared = false;
  if (maybe(6)) made.identifiers = false;
  if (maybe(5)) made.keep_alive_s = static_cast<std::uint16_t>(random_.between(11, 90));
  if (maybe(20)) made.expiry_s = random_.between(30, 900);
  return made;
}

// The session, the old one or a new one, belongs to this client from now on; true if it is the old one.
bool broker::enter_session(connection* on, const peer& whose, instant now) {
  if (bound_ != nullptr && bound_ != on) {  // [MQTT-3.1.4-3]
    connection& gone = *bound_;
    say_disconnect(gone, peer_of(gone), reason::session_taken_over, now);
    end(gone, connection::end::finished, now);
  }
  if (exists_ && (whose.clean || whose.client != client_)) lose_session();
  const bool present = exists_;
  overtake_will(present);
  last_word_ = reason::unspecified_error;
  if (!exists_) exists_ = true, ++epoch_, client_ = whose.client;
  bound_ = on;
  expires_ = never;
  return present;
}

// CONNACK, and with it what this connection may do [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-3.2.2-21].
void broker::accept(connection& on, peer& to, instant now) {
  to.connack_due = never;
  if (late_due_ != never) take_late(now);  // later than that it would be beyond all doubt
  const bool v5 = to.version == mqtt::version::v5_0;
  char name[24];
  std::snprintf(name, sizeof name, "assigned-%u", assigned_ + 1);
  const bool assigns = to.client.empty();
  if (assigns) to.client = name, ++assigned_;
  const bool present = enter_session(&on, to, now);
  world_.count.resumed += present ? 1 : 0;
  if (!present) world_.cut_due = std::exchange(world_.cut_with_loss, 0U);
  if (late_) late_due_ = now + random_.time(0us, 60s);
  if (v5) to.limits = draw_limits(), world_.takes_effect(tight_ ? mishap::broker_strict : mishap::broker_generous);
  expiry_s_ = to.limits.expiry_s != 0 ? std::min(to.limits.expiry_s, to.expiry_s) : to.expiry_s;
  ends_with_connection_ = expiry_s_ == 0;

  const broker_limits& it = to.limits;
  std::vector<property_value> list;
  if (it.receive_maximum != 65'535) list.emplace_back(property::receive_maximum, it.receive_maximum);
  if (it.packet_maximum != 0) list.emplace_back(property::maximum_packet_size, it.packet_maximum);
  if (it.alias_maximum != 0) list.emplace_back(property::topic_alias_maximum, it.alias_maximum);
  if (it.qos_maximum != 2) list.emplace_back(property::maximum_qos, it.qos_maximum);
  if (!it.retain) list.emplace_back(property::retain_available, 0);
  if (!it.wildcards) list.emplace_back(property::wildcard_subscription_available, 0);
  if (!it.shared) list.emplace_back(property::shared_subscription_available, 0);
  if (!it.identifiers) list.emplace_back(property::subscription_identifiers_available, 0);
  if (it.keep_alive_s != 0) list.emplace_back(property::server_keep_alive, it.keep_alive_s);
  if (expiry_s_ != to.expiry_s) list.emplace_back(property::session_expiry_interval, expiry_s_);
  if (assigns && v5) list.emplace_back(property::assigned_client_identifier, std::string_view{name});
  const auth_word proof = proof_of(as_bytes(std::string_view{to.said}));
  if (!to.method.empty()) {
    list.emplace_back(property::authentication_method, std::string_view{to.method});
    list.emplace_back(property::authentication_data, bytes{proof});
    ++world_.count.authenticated;
  }
  if (it.keep_alive_s != 0) to.keep_alive_s = it.keep_alive_s;
  mqtt::connack answer;
  answer.session_present = present;
  if (v5) answer.properties = mqtt::properties{std::span<const property_value>{list}};
  world_.keep_alive_s = to.keep_alive_s;
  to.online = true;
  to.unanswered.clear();
  to.charged = 0;
  if (!present && loses_connack_) return lose_connack(on, now);
  if (!say(on, to, answer, now)) world_.note("broker: CONNACK is larger than the client takes");
  resume();
}

// The new session is there, and the client never hears of it; or its power goes as it hears.
void broker::lose_connack(connection& on, instant now) {
  world_.note("broker: CONNACK is lost");
  world_.takes_effect(mishap::connack_lost);
  loses_connack_ = false;
  world_.power_due = random_.one_in(2);
  end(on, connection::end::broken, now);
}

// All that was on its way goes again, in its order [MQTT-4.4.0-1].
void broker::resume() {
  owed_.clear();
  for (flight& one : flights_) one.again = true, one.repeated = false;
}

void broker::say_disconnect(connection& on, const peer& to, reason code, instant now) {
  if (to.version != mqtt::version::v5_0 || !to.online) return;
  mqtt::disconnect bye;
  bye.reason = code;
  const bool refers = code == reason::use_another_server || code == reason::server_moved;
  const std::string reference = refers ? draw_reference() : std::string{};
  property_value list[2];
  std::size_t count = 0;
  if (!reference.empty()) list[count++] = {property::server_reference, reference};
  if (to.problem_information && random_.one_in(2)) list[count++] = {property::reason_string, "it is my right"};
  bye.properties = mqtt::properties{std::span<const property_value>{list, count}};
  if (!say(on, to, bye, now)) bye.properties = {}, say(on, to, bye, now);
}

void broker::lose_session() {
  if (!exists_) return;
  world_.note("broker: the session is gone");
  exists_ = false;
  // Each CONNECT without an answer casts its doubt on one session. If it came behind still another one that is lost,
  // the session that it makes could not be told from that: MQTT has nothing for it.
  if (late_due_ != never) forget_late();
  for (const std::uint32_t number : queue_) messages_.forgotten(number);
  for (const flight& one : flights_) messages_.forgotten(one.message);
  for (const kept& one : received_) messages_.orphaned(one.message);
  queue_.clear(), flights_.clear(), received_.clear();
  subscribed_ = {};
  messages_.server_forgot();
}

}  // namespace recado::sim
