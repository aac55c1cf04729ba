// Enhanced authentication (5.0 §4.12) and the will, as the broker sees them.
#include <algorithm>

#include <sim/authentication.hpp>
#include <sim/broker.hpp>
#include <sim/names.hpp>

namespace recado::sim {

using mqtt::property;
using mqtt::property_value;
using mqtt::reason;
using namespace std::chrono_literals;

// True if the exchange goes on first: CONNACK comes behind as many challenges as the broker likes, also none.
bool broker::authenticates(connection& on, peer& from, const mqtt::connect& what, instant now) {
  from.method = what.properties.text(property::authentication_method);
  const std::string_view data = what.properties.text(property::authentication_data);
  from.said.assign(data.begin(), data.end());
  const bool expected = how_.authenticates;
  if (expected != !from.method.empty() || (expected && from.method != sim_method))
    world_.violate("CONNECT with another Authentication Method than the application's");
  if (!expected) return false;
  from.challenges = random_.below(3);
  return next_challenge(on, from, now);
}

bool broker::next_challenge(connection& on, peer& to, instant now) {
  if (to.challenges == 0) return false;
  --to.challenges;
  for (char& one : to.challenge) one = static_cast<char>(random_.below(256));
  to.challenged = true;
  ++world_.count.challenges;
  const property_value list[] = {{property::authentication_method, std::string_view{to.method}},
                                 {property::authentication_data, as_bytes(std::string_view{to.challenge})}};
  mqtt::auth asks;
  asks.reason = reason::continue_authentication;
  asks.properties = mqtt::properties{std::span<const property_value>{list}};
  if (!say(on, to, asks, now)) world_.violate("AUTH is larger than the client takes");
  return true;
}

void broker::on_auth(connection& on, peer& from, const mqtt::auth& what, instant now) {
  const std::string_view data = what.properties.text(property::authentication_data);
  if (from.method.empty()) return world_.violate("AUTH without an Authentication Method in CONNECT [MQTT-4.12.0-6]");
  if (what.properties.text(property::authentication_method) != from.method)
    return world_.violate("AUTH with another method than CONNECT [MQTT-4.12.0-5]");
  const bool answers = what.reason == reason::continue_authentication;
  if (answers != from.challenged) return world_.violate("AUTH that the broker doesn't expect");
  if (!answers && (what.reason != reason::reauthenticate || !from.online))
    return world_.violate("AUTH with a reason code that a client may not send here");
  if (answers && !equal(as_bytes(data), response_to(as_bytes(std::string_view{from.challenge}))))
    return world_.violate("a challenge is answered wrongly");
  from.challenged = false;
  from.said.assign(data.begin(), data.end());
  if (!answers) from.challenges = random_.below(3);
  if (next_challenge(on, from, now)) return;
  if (!from.online) return answer_connect(on, from, now);
  if (!mended_ && random_.one_in(12)) {
    world_.note("broker: refuses the re-authentication");
    say_disconnect(on, from, reason::not_authorized, now);
    return end(on, connection::end::finished, now);
  }
  const auth_word proof = proof_of(as_bytes(std::string_view{from.said}));
  const property_value list[] = {{property::authentication_method, std::string_view{from.method}},
                                 {property::authentication_data, bytes{proof}}};
  mqtt::auth done;
  done.properties = mqtt::properties{std::span<const property_value>{list}};
  ++world_.count.authenticated_again;
  if (!say(on, from, done, now)) world_.violate("AUTH is larger than the client takes");
}

void broker::take_will(const mqtt::connect& what) {
  const bool expected = how_.has_will;
  if (what.will.has_value() != expected) return world_.violate("a will that the application has not, or none");
  if (!expected) return;
  const bool same = what.will->topic == will_topic && equal(what.will->payload, as_bytes(will_text)) &&
                    what.will->qos == how_.will_qos && what.will->retain == how_.will_retained &&
                    what.will->properties.number(property::will_delay_interval) == how_.will_delay_s;
  if (!same) world_.violate("the will is another one than the application's");
}

// The connection of the client that has the session ends; §3.1.2.5, §3.1.3.2.2.
void broker::leave_will(instant now) {
  if (!how_.has_will) return;
  if (last_word_ == reason::normal_disconnection) {
    ++world_.count.wills_discarded;
    return;
  }
  const bool at_once = how_.will_delay_s == 0;
  will_due_ = at_once ? now : now + std::chrono::seconds{std::min(how_.will_delay_s, expiry_s_)};
  if (now >= will_due_) publish_will();
}

void broker::publish_will() {
  world_.note("broker: publishes the will");
  will_due_ = never;
  ++world_.count.wills_published;
}

// The client is back: in its old session in time, the will isn't published [MQTT-3.1.3-9]; with a new one it is.
void broker::overtake_will(bool session_goes_on) {
  if (will_due_ == never) return;
  if (!session_goes_on) return publish_will();
  will_due_ = never;
  ++world_.count.wills_overtaken;
}

}  // namespace recado::sim
