#include <sim/gadget.hpp>

#include <algorithm>

#include <recado/chain/words.hpp>
#include <sim/gadget_parts.hpp>
#include <sim/names.hpp>

namespace recado::sim {

using chain::happening;
using chain::rung;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t alias_bytes = 48;

chain::policy policy_of(const settings& how) {
  chain::policy made;
  made.secure = how.secure;
  made.time_servers = how.ladder ? 1 : 0;
  made.on_no_time = chain::no_time_policy::keep_trying;
  made.retry = {1s, 30s, {}};
  made.brokers = how.hosts;
  made.retry_final = how.retries_final;
  made.references_max = how.follows ? std::uint8_t{4} : std::uint8_t{0};
  return made;
}

}  // namespace

gadget::gadget(world& all, ledger& messages, network_stream& wire, server_network& servers, const settings& how,
               std::uint64_t seed)
    : world_(all),
      messages_(messages),
      wire_(wire),
      servers_(servers),
      how_(how),
      random_(seed, 4),
      board_(wire, servers, seed),
      storage_({how.sector_bytes, how.sectors, how.program_bytes, std::byte{0xff}, how.page_bytes}, seed) {
  if (how.names_itself) client_identifier_ = "gadget";
  dates_.set(first_moment, instant{});
}

gadget::~gadget() = default;

void gadget::power_on(instant now) {
  transmit_.make(how_.transmit), receive_.make(how_.receive), outbox_.make(how_.outbox);
  incoming_.make(how_.incoming_aliases * alias_bytes), outgoing_topics_.make(how_.outgoing_aliases * alias_bytes);
  outgoing_.make(how_.outgoing), received_.make(how_.received), owed_.make(how_.owed);
  const mqtt::memory given{.transmit = transmit_.view(),
                           .outgoing = outgoing_.view(),
                           .received = received_.view(),
                           .owed = owed_.view(),
                           .incoming_aliases = incoming_.view(),
                           .incoming_alias_count = how_.incoming_aliases,
                           .outgoing_aliases = outgoing_topics_.view(),
                           .outgoing_alias_count = how_.outgoing_aliases,
                           .receive_size = static_cast<std::uint32_t>(how_.receive)};
  parts_ = std::make_unique<parts>(policy_of(how_), board_.view, given, receive_.view(), outbox_.view(),
                                   chain::outbox_limits{how_.outbox_messages, how_.when_full}, this,
                                   how_.ladder && !how_.retries_final ? &board_.clock : nullptr);
  until_ = now;
  parts_->chosen.dhcp.static_address = {};
  if (how_.ladder) parts_->services_below = std::make_unique<services>(parts_->chosen, board_.view);
  if (how_.reconnects) {
    chain::reconnect_policy back;
    back.brokers = how_.hosts;
    back.retry = {1s, 30s, {}};
    back.retry_final = how_.retries_final;
    back.references_max = how_.follows ? std::uint8_t{4} : std::uint8_t{0};
    parts_->back = std::make_unique<comeback>(back, board_.random);
    parts_->back->starts_at = now;
  }
  board_.applied = false;
  if (how_.journal) remember(now);
}

void gadget::power_off(instant now) {
  if (parts_ == nullptr) return;
  wire_.device_dies(now);
  for (const std::uint32_t number : parts_->untold) messages_.may_come_again(number);
  parts_.reset();
  if (!how_.journal) return messages_.device_forgot();
  const std::uint32_t how = random_.below(power_loss_count);
  if (storage_.power_cycle(static_cast<power_loss>(how))) ++world_.count.power_losses[how];
}

bool gadget::online() const { return parts_ != nullptr && climbed(); }

bool gadget::climbed() const {
  const parts& it = *parts_;
  if (!it.back) return it.conductor.is_online();
  return it.back->way.state() == chain::reconnect_state::online && it.subscribed;
}

rung gadget::rung_now() const {
  const parts& it = *parts_;
  if (!it.back) return it.conductor.at();
  const chain::reconnect_state at = it.back->way.state();
  using enum chain::reconnect_state;
  return at == chain::reconnect_state::online ? rung::online
         : at == opening || at == leaving     ? rung::stream
                                              : rung::name;
}
bool gadget::outbox_empty() const { return parts_ != nullptr && parts_->outbox.empty(); }

void gadget::step(instant now) {
  if (parts_ != nullptr && sleeps(now) && std::min(until_, wire_.device_wakes()) <= now)
    world_.takes_effect(mishap::device_sleeps);
  wire_.noticed(now);
  servers_.noticed(now);
  if (parts_ == nullptr || sleeps(now)) return;
  constexpr unsigned turns_max = 200;
  woke_ = asleep_until_ != instant{} && now >= asleep_until_;
  asleep_until_ = {};
  if (!woke_) check_keep_alive(now);
  wire_.was_full() = false;
  unsigned turns = 0;
  while ((turn(now) || (until_ = next_deadline()) <= now) && turns < turns_max && !world_.violated() && !died())
    ++turns;
  if (died()) return;
  if (turns == turns_max) until_ = next_deadline();
  if (how_.journal) note_durable();
  if (died()) return;
  wire_.noticed(now);
  if (turns == turns_max)
    world_.violate(until_ <= now ? "after a full turn a deadline lies in the past" : "the device never comes to rest");
  check(now);
}

bool gadget::turn(instant now) {
  parts& it = *parts_;
  it.moved = false;
  if (it.outbox.deadline() <= now) it.outbox.expire(now);
  poll_link(now);
  if (poll_low(now) || poll_way(now)) it.moved = true;
  if (now >= it.restarts_at) restart(now);
  // One event at a time, with all else between them, or all at once: an application may do either.
  unsigned left = how_.hears_all ? 64 : 1;
  while (left != 0 && !died()) {
    const auto happened = it.channel.step(now);
    if (!happened) break;
    on_channel(*happened, now);
    --left;
  }
  if (left == 0) it.moved = true;
  const std::uint64_t said = wire_.sent_bytes();
  if (it.session.online()) {
    it.acted = false;
    acknowledge_due(now);
    supply(now);
    if (it.unsubscribe_due) end_subscriptions();
    if (it.subscribe_due) subscribe(now);
    if (it.authenticate_due) authenticate_again();
    if (climbed()) drain(now);
    if (it.acted) it.channel.say(now);
  }
  if (now >= (it.back ? it.back->until : it.conductor.until())) tell({}, now);
  return it.moved || wire_.sent_bytes() != said;
}

void gadget::poll_link(instant now) {
  parts& it = *parts_;
  const bool up = wire_.path.cable;
  if (up == it.link) return;
  it.link = up;
  link_changed(up, now);
  if (up) tell(happening::reached(rung::link), now);
  else
    world_.takes_effect(mishap::cable_out), tell(happening::lost(rung::link, make_fault(link_error::no_carrier)), now);
}

void gadget::tell(const happening& what, instant now) {
  if (parts_->back) return tell_way(what, now);
  using kind = chain::happening::kind;
  const bool over = what.what == kind::failed || what.what == kind::lost;
  const std::uint16_t named = over ? take_named(what.why) : what.choices;
  chain::want wish = parts_->conductor.resume({what.what, what.at, what.why, named}, now);
  for (unsigned bound = 0; bound < 40 && wish.what != chain::want::kind::wait; ++bound) {
    do_as(wish, now);
    if (wish.what == chain::want::kind::end) return;
    wish = parts_->conductor.resume({}, now);
  }
  if (parts_->conductor.pausing()) parts_->round_over = true;
}

// Somebody has changed what was wrong, or wants the device back.
void gadget::restart(instant now) {
  parts_->restarts_at = never;
  parts_->refused_for_good = 0, parts_->round_over = true;
  parts_->conductor = chain::bring_up(policy_of(how_), board_.random);
  world_.note("device: begins again");
  tell({}, now);
}

void gadget::do_as(const chain::want& wish, instant now) {
  parts_->moved = true;
  if (wish.what == chain::want::kind::attempt) return attempt(wish, now);
  if (wish.what == chain::want::kind::undo) {
    parts_->channel.abandon(now);
    parts_->subscribe_due = parts_->supplying = false;
    undo_low(wish.at, now);
  }
  if (wish.what == chain::want::kind::farewell) {
    world_.note("device: says goodbye");
    if (!parts_->session.disconnect()) tell(happening::farewell_said(), now);
  }
  if (wish.what != chain::want::kind::end) return;
  parts_->leaving = false;
  if (parts_->restarts_at == never) parts_->restarts_at = now + random_.time(1s, 60s);
}

void gadget::attempt(const chain::want& wish, instant now) {
  parts& it = *parts_;
  switch (wish.at) {
    case rung::link:
      if (it.link) tell(happening::reached(rung::link), now);
      return;
    case rung::lease:
    case rung::time_name:
    case rung::clock:
    case rung::name:
      if (wish.at == rung::name) check_choice({wish.server, wish.referred});
      else it.round_over = true;
      return attempt_low(wish, now);
    case rung::stream:
      return open_stream({wish.server, wish.referred}, wish.address, now);
    case rung::secure:
    case rung::session:
      return;
    case rung::online:
      if (it.subscribed) return tell(happening::reached(rung::online), now);
      it.subscribe_due = true;
      return;
  }
}

void gadget::open_stream(chain::broker_choice which, std::uint16_t address, instant now) {
  parts& it = *parts_;
  world_.note("device: broker %u, address %u%s", host_of(which), address, which.referred ? ", as referred to" : "");
  const endpoint peer{address_of(host_of(which), address), 1883};
  mqtt::connect_options options;
  options.version = how_.version;
  options.client_identifier = client_identifier_;
  // Nothing is known of what an earlier run had in flight: its session may not be resumed [MQTT-3.2.2-4].
  options.clean_start = !it.connected_before;
  options.keep_alive_s = how_.keep_alive_s;
  options.acknowledge = how_.deferred ? mqtt::acknowledge_when::deferred : mqtt::acknowledge_when::at_once;
  options.when_session_lost = how_.when_lost;
  const mqtt::property_value delay[] = {{mqtt::property::will_delay_interval, how_.will_delay_s}};
  if (how_.has_will)
    options.will = mqtt::will{.topic = will_topic,
                              .payload = as_bytes(will_text),
                              .qos = how_.will_qos,
                              .retain = how_.will_retained,
                              .properties = {}};
  if (how_.has_will && how_.will_delay_s != 0)
    options.will->properties = mqtt::properties{std::span<const mqtt::property_value>{delay}};
  if (how_.authenticates) options.authenticator = &it.proves;
  if (how_.version == mqtt::version::v5_0) {
    options.session_expiry_s = how_.session_expiry_s;
    options.receive_maximum = how_.receive_maximum;
    options.maximum_packet_size = how_.maximum_packet_size;
    options.request_problem_information = how_.wants_problem_information;
  }
  if (const auto done = it.session.connect(options); !done)
    return world_.violate("connect is refused: %s", std::string{words(done.error())}.c_str());
  world_.note("device: connects");
  if (const auto begun = it.channel.connect(peer, "broker", now); !begun)
    tell(happening::failed(rung::stream, begun.error()), now);
}

void gadget::subscribe(instant now) {
  parts& it = *parts_;
  const mqtt::announcements& may = it.session.announced();
  const std::uint32_t kind = random_.below(3);
  mqtt::subscription filters[topic_count];
  std::size_t count = 0;
  const auto add = [&](std::string_view filter) {
    filters[count++] = {.filter = filter, .qos = mqtt::qos::exactly_once};
    if (how_.version != mqtt::version::v5_0) return;
    filters[count - 1].retain_as_published = random_.one_in(2);
    filters[count - 1].retain_handling = static_cast<mqtt::retain_handling>(random_.below(3));
  };
  if (kind == 0 && may.wildcard_subscription_available) add(down_wildcard);
  else if (kind == 1 && may.wildcard_subscription_available && may.shared_subscription_available) add(down_shared);
  else
    for (const std::string_view one : down_topics) add(one);
  mqtt::subscribe_properties more;
  if (how_.version == mqtt::version::v5_0 && may.subscription_identifiers_available && random_.one_in(2))
    more.subscription_identifier = random_.between(1, 70'000);
  const auto asked = it.session.subscribe({filters, count}, more);
  // Too long for this server today: the ladder's patience ends such a climb, else the application leaves.
  const bool too_long = !asked && asked.error() == mqtt::error::larger_than_server_takes;
  if (too_long && (it.back || it.subscribes_again)) return (void)leave(now);
  if (!asked) return;  // no room yet: the next turn tries again
  it.subscribe_due = false;
  it.subscribing = *asked;
  it.filters.clear();
  for (const mqtt::subscription& one : std::span{filters}.first(count)) it.filters.push_back(one.filter);
  it.moved = it.acted = true;
}

void gadget::on_channel(const device::channel::event& what, instant now) {
  if (std::holds_alternative<device::channel::opened>(what)) {
    tell(happening::reached(rung::stream), now);
  } else if (const auto* tls = std::get_if<tls::event>(&what)) {
    if (std::holds_alternative<tls::secured>(*tls)) tell(happening::reached(rung::secure), now);
    if (const auto* over = std::get_if<tls::closed>(tls)) on_refusal(*over, now);
  } else if (const auto* said = std::get_if<mqtt::session_event>(&what)) {
    on_session(*said, now);
  } else {
    const fault why = std::get<device::channel::ended>(what).why;
    world_.note("device: the stream ended");
    if (parts_->leaving) return tell(happening::farewell_said(), now);
    const rung at = rung_now();
    if (climbed()) tell(happening::lost(rung::online, why), now);
    else if (at >= rung::stream) tell(happening::failed(at, why), now);
  }
}

// Nothing is wrong with the certificate: whoever refuses it by its dates has a clock that jumped.
void gadget::on_refusal(const tls::closed& what, instant now) {
  const tls::verdict judged =
      what.why.where == layer::tls ? tls::verdict_of(static_cast<tls::error>(what.why.code)) : tls::verdict::good;
  if (judged != tls::verdict::good) {
    world_.note("device: refuses the certificate by its dates");
    world_.takes_effect(mishap::clock_jumps);
    ++world_.count.refused_by_date;
    const duration wrong = board_.clock.at(now) - (first_moment + now.time_since_epoch());
    if (wrong < 24h && wrong > -24h) world_.violate("a certificate is refused by its dates, and the clock is right");
  }
  tell(happening::failed(rung_now(), what.why), now);
}

instant gadget::next_deadline() const {
  const parts& it = *parts_;
  const instant way = it.back ? std::min({it.back->until, it.back->resolved_at, it.back->starts_at}) : never;
  const instant ladder = it.back ? never : std::min(it.conductor.until(), it.restarts_at);
  instant until = std::min({way, ladder, it.channel.deadline(), it.outbox.deadline(), low_deadline()});
  if (!it.session.online()) return until;
  for (const owed_receipt& one : it.owed) until = std::min(until, one.due);
  if (it.supplying) until = std::min(until, it.supply_at);
  return until;
}

void gadget::check(instant now) {
  parts& it = *parts_;
  const bool intact = transmit_.intact() && incoming_.intact() && outgoing_topics_.intact() && receive_.intact() &&
                      outbox_.intact() && outgoing_.intact() && received_.intact() && owed_.intact();
  if (!intact) world_.violate("memory was written behind its end");
  if (it.session.in_flight() > how_.outgoing) world_.violate("more exchanges in flight than places for them");
  if (it.session.receiving() > how_.received && how_.received < mqtt::received_bitmap_words)
    world_.violate("more messages are being received than places for them");
  if (it.session.room() > how_.transmit) world_.violate("the transmit log has more room than memory");
  check_keep_alive(now);
  if (how_.ladder && board_.applied && now > board_.expires)
    world_.violate("an address is used after its lease (RFC 2131 §4.4.5)");
  if (how_.ladder && it.session.online() && !board_.applied) world_.violate("online without an address");
}

// [MQTT-3.1.2-20], as far as the stream takes anything.
void gadget::check_keep_alive(instant now) {
  parts& it = *parts_;
  if (!it.session.online() || it.session.sending_payload() || wire_.was_full()) return;
  const std::chrono::seconds interval{world_.keep_alive_s};  // [MQTT-3.2.2-21]
  if (interval == 0s || now - wire_.last_sent() <= interval) return;
  world_.violate("nothing was sent for %.3f s, and the keep alive is %lld s [MQTT-3.1.2-20]",
                 static_cast<double>((now - wire_.last_sent()).count()) / 1e6,
                 static_cast<long long>(interval.count()));
}

}  // namespace recado::sim
