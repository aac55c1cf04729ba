#include <sim/broker.hpp>

#include <algorithm>
#include <utility>

#include <recado/core/text.hpp>
#include <sim/null_filter.hpp>

namespace recado::sim {

using mqtt::packet_type;
using mqtt::reason;

broker::broker(world& all, ledger& messages, network_stream& wire, const settings& how, std::uint64_t seed)
    : world_(all),
      messages_(messages),
      wire_(wire),
      random_(seed, 3),
      how_(how),
      version_(how.version),
      secure_(how.secure) {
  // 3.1.1 has no Receive Maximum: there a broker is configured for what its clients can take.
  const std::size_t room = how.deferred ? std::min(how.received, how.owed) : how.received;
  inflight_max_ = static_cast<std::uint32_t>(std::min<std::size_t>(room, 16));
  scratch_.resize(4096);
}

broker::peer& broker::peer_of(connection& on) {
  while (peers_.size() <= on.place) peers_.push_back(std::make_unique<peer>());
  peer& found = *peers_[on.place];
  if (found.serial == on.serial) return found;
  found = {};
  found.serial = on.serial;
  found.heard = world_.now;
  return found;
}

void broker::turn(instant now) {
  for (connection& on : wire_.all())
    if (on.used && on.broker_here) hear(on, now);
  if (late_ && now >= late_due_) take_late(now);
  if (bound_ != nullptr) say_owed(now), deliver(now);
  if (bound_ == nullptr && now >= will_due_) publish_will();
  if (exists_ && bound_ == nullptr && now >= expires_) lose_session();
}

void broker::hear(connection& on, instant now) {
  peer& from = peer_of(on);
  if (!on.silent && secure_ && !hear_records(on, from, now)) return;
  if (!on.silent && !secure_) {  // all of it is taken, so that a long packet doesn't fill the stream
    const bytes here = on.up.arrived(now);
    from.plain.insert(from.plain.end(), here.begin(), here.end());
    on.up.take(here.size());
  }
  bytes rest = from.plain;
  while (on.broker_here && hear_packet(on, from, rest, now)) {
  }
  if (!on.broker_here) return;
  from.plain.erase(from.plain.begin(), from.plain.end() - static_cast<std::ptrdiff_t>(rest.size()));
  if (now >= on.up_ends) return end(on, connection::end::finished, now);
  check_time(on, now);
}

// The filter's share; false if the client has said goodbye.
bool broker::hear_records(connection& on, peer& from, instant now) {
  const bytes here = on.up.arrived(now);
  from.raw.insert(from.raw.end(), here.begin(), here.end());
  on.up.take(here.size());
  bytes rest = from.raw;
  bool over = false;
  while (const auto found = take_record(rest)) {
    if (found->type == record::client_hello && !std::exchange(from.greeted, true)) {
      records_.clear();
      append_record(records_, record::server_hello);
      wire_.broker_says(on, records_, now);
    } else if (found->type == record::data && from.greeted) {
      from.plain.insert(from.plain.end(), found->data.begin(), found->data.end());
    } else if (found->type == record::goodbye) {
      over = true;
    } else {
      world_.violate("the filter sends what it may not");
    }
  }
  from.raw.erase(from.raw.begin(), from.raw.end() - static_cast<std::ptrdiff_t>(rest.size()));
  if (over && from.plain.empty()) end(on, connection::end::finished, now);
  return on.broker_here;
}

void broker::check_time(connection& on, instant now) {
  peer& from = peer_of(on);
  if (now >= from.connack_due) return accept(on, from, now);
  const duration patience = std::chrono::milliseconds{1500} * from.keep_alive_s;
  if (from.keep_alive_s == 0 || now < from.heard + patience) return;
  world_.note("broker: nothing heard for one and a half times the keep alive");
  if (from.online) say_disconnect(on, from, reason::keep_alive_timeout, now);
  end(on, connection::end::finished, now);
}

bool broker::hear_packet(connection& on, peer& from, bytes& rest, instant now) {
  const mqtt::decode_options how{.protocol = from.version, .from = mqtt::sender::client};
  mqtt::fixed_header header;
  if (const mqtt::defect found = read_header(rest, how, header))
    return world_.violate("the broker heard a malformed header: %s", std::string{words(found.code)}.c_str()), false;
  if (header.size == 0 || rest.size() < header.total()) return false;
  mqtt::any_packet what;
  if (const mqtt::defect found = decode(header, rest.first(header.total()), how, what))
    return world_.violate("the broker heard a malformed packet: %s", std::string{words(found.code)}.c_str()), false;
  if (world_.tracing()) trace("  ->", from, what);
  if (from.online && from.limits.packet_maximum != 0 && header.total() > from.limits.packet_maximum)
    world_.violate("a packet of %u bytes, and Maximum Packet Size is %u [MQTT-3.2.2-15]", header.total(),
                   from.limits.packet_maximum);
  rest = rest.subspan(header.total());
  from.heard = now;
  ++world_.count.packets;
  if (const auto* asked = std::get_if<mqtt::connect>(&what)) return on_connect(on, from, *asked, now), on.broker_here;
  if (const auto* step = std::get_if<mqtt::auth>(&what)) return on_auth(on, from, *step, now), on.broker_here;
  if (!from.online) return world_.violate("a packet before CONNACK, or without CONNECT [MQTT-3.1.0-1]"), false;
  if (const auto* bye = std::get_if<mqtt::disconnect>(&what)) {
    if (const auto expiry = bye->properties.find(mqtt::property::session_expiry_interval)) expiry_s_ = expiry->number;
    if (bound_ == &on) last_word_ = bye->reason;
    return end(on, connection::end::finished, now), false;
  }
  on_packet(from, what, now);
  return on.broker_here;
}

void broker::end(connection& on, connection::end how, instant now) {
  world_.note("broker: connection %u ends", on.serial);
  if (bound_ == &on) forget_client();
  if (on.place < peers_.size()) *peers_[on.place] = {};
  wire_.broker_ends(on, how, now);
}

// The connection is gone; what belongs to the session stays, for a while.
void broker::forget_client() {
  bound_ = nullptr;
  owed_.clear();
  leave_will(world_.now);
  if (ends_with_connection_ || expiry_s_ == 0) return lose_session();
  expires_ = expiry_s_ == mqtt::session_expiry_never_s ? never : world_.now + std::chrono::seconds{expiry_s_};
}

instant broker::deadline() const {
  instant until = bound_ == nullptr && exists_ ? expires_ : never;
  if (bound_ == nullptr) until = std::min(until, will_due_);
  if (late_) until = std::min(until, late_due_);
  for (const connection& on : wire_.all()) {
    if (!on.used || !on.broker_here || on.place >= peers_.size()) continue;
    const peer& one = *peers_[on.place];
    if (one.serial != on.serial) continue;
    until = std::min(until, one.connack_due);
    if (one.keep_alive_s != 0)
      until = std::min<instant>(until, one.heard + std::chrono::milliseconds{1500} * one.keep_alive_s);
  }
  for (const owed& one : owed_) until = std::min(until, one.due);
  return until;
}

template <class P>
bool broker::say(connection& on, const peer& to, const P& what, instant now) {
  const auto size = encode(what, to.version, scratch_);
  if (!size) return world_.violate("the model broker cannot encode its own packet"), false;
  if (to.packet_maximum != 0 && *size > to.packet_maximum) return false;  // [MQTT-3.1.2-24]
  if (world_.tracing()) trace("<-  ", to, what);
  ++world_.count.packets;
  if (!secure_) return wire_.broker_says(on, bytes{scratch_}.first(*size), now), true;
  records_.clear();
  append_record(records_, record::data, bytes{scratch_}.first(*size));
  wire_.broker_says(on, records_, now);
  return true;
}

template bool broker::say(connection&, const peer&, const mqtt::connack&, instant);
template bool broker::say(connection&, const peer&, const mqtt::publish&, instant);
template bool broker::say(connection&, const peer&, const mqtt::acknowledgement&, instant);
template bool broker::say(connection&, const peer&, const mqtt::subscribe_acknowledgement&, instant);
template bool broker::say(connection&, const peer&, const mqtt::ping&, instant);
template bool broker::say(connection&, const peer&, const mqtt::disconnect&, instant);
template bool broker::say(connection&, const peer&, const mqtt::auth&, instant);

void broker::trace(const char* mark, const peer& whose, const mqtt::any_packet& what) {
  char text[600];
  buffer_sink out{text};
  print(what, {.protocol = whose.version, .payload_bytes_max = 12}, out);
  world_.note("%s %.*s", mark, static_cast<int>(out.view().size()), out.view().data());
}

bool broker::stop(bool keeps_sessions, instant now) {
  bool felt = exists_ && !keeps_sessions;
  forget_late();
  for (connection& on : wire_.all())
    if (on.used && on.broker_here)
      felt = true, end(on, random_.one_in(2) ? connection::end::broken : connection::end::finished, now);
  if (!keeps_sessions) lose_session();
  return felt;
}

bool broker::drop_session(instant now) {
  const bool felt = exists_;
  if (bound_ != nullptr) end(*bound_, connection::end::finished, now);
  lose_session();
  return felt;
}

bool broker::disconnect(std::uint32_t which, instant now) {
  if (bound_ == nullptr) return false;
  static constexpr reason reasons[] = {reason::server_busy,           reason::server_shutting_down,
                                       reason::keep_alive_timeout,    reason::session_taken_over,
                                       reason::quota_exceeded,        reason::message_rate_too_high,
                                       reason::administrative_action, reason::connection_rate_exceeded,
                                       reason::maximum_connect_time,  reason::unspecified_error};
  say_disconnect(*bound_, peer_of(*bound_), reasons[which % std::size(reasons)], now);
  end(*bound_, connection::end::finished, now);
  return true;
}

bool broker::leave_host(std::uint8_t host, instant now) {
  bool felt = false;
  for (connection& on : wire_.all())
    if (on.used && on.broker_here && on.host == host) felt = true, end(on, connection::end::broken, now);
  return felt;
}

bool broker::tighten(bool yes, instant now) {
  tight_ = yes;
  return disconnect(random_.below(99), now);
}

void broker::mend(instant) {
  refuses_until_ = refers_until_ = mute_until_ = slow_until_ = rejects_until_ = {};
  mended_ = true;
  delays_connect_ = false, forget_late();
}

}  // namespace recado::sim
