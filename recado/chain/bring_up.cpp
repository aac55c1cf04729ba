#include <recado/chain/bring_up.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <recado/chain/prospect.hpp>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;

constexpr duration its_machine_decides = duration::max();

constexpr std::array<step, rung_count> rows{{
    {rung::link, "link", "network link", its_machine_decides, "waits for the cable", rung::link},
    {rung::lease, "lease", "network address", its_machine_decides, "the static address", rung::lease},
    {rung::time_name, "time name", "name of the time server", 30s, "the next time server", rung::time_name},
    {rung::clock, "clock", "time", 30s, "the next time server", rung::time_name},
    {rung::name, "name", "name of the broker", 30s, "the next broker", rung::name},
    {rung::stream, "stream", "connection to the broker", 10s, "the next address, then the next broker", rung::name},
    {rung::secure, "secure", "TLS", 20s, "the next address, then the next broker", rung::name},
    {rung::session, "session", "MQTT", 20s, "the next address, then the next broker", rung::name},
    {rung::online, "online", "online", 20s, "the next address, then the next broker", rung::name},
}};

constexpr rung above(rung at) { return static_cast<rung>(static_cast<std::uint8_t>(at) + 1); }

void padded(text_sink& out, std::string_view text, std::size_t width) {
  out << text;
  for (std::size_t i = text.size(); i < width; ++i) out << ' ';
}

}  // namespace

std::span<const step> ladder() { return rows; }
const step& step_of(rung at) { return rows[static_cast<std::size_t>(at)]; }
std::string_view name_of(rung at) { return step_of(at).name; }

void print_ladder(text_sink& out) {
  out << "rung       what                      patience  when it fails                           next round from\n";
  for (const step& row : rows) {
    padded(out, row.name, 11);
    padded(out, row.title, 26);
    char memory[16];
    buffer_sink patience{memory};
    if (row.patience == its_machine_decides) patience << "its own";
    else patience.number(static_cast<std::uint64_t>(row.patience / 1s)) << " s";
    padded(out, patience.view(), 10);
    padded(out, row.next, 40);
    out << name_of(row.falls_to) << '\n';
  }
}

want bring_up::resume(const happening& what, instant now) {
  take(what, now);
  on_time(now);
  return next_want(now);
}

void bring_up::take(const happening& what, instant now) {
  if (phase_ == phase::ending || phase_ == phase::ended) return;
  if (phase_ == phase::leaving) {
    const bool over = what.what == happening::kind::farewell_said || what.what == happening::kind::lost;
    if (over || what.what == happening::kind::stop) phase_ = phase::ending;
    return;
  }
  switch (what.what) {
    case happening::kind::time_passed:
      return;
    case happening::kind::reached:
      return on_reached(what, now);
    case happening::kind::failed:
      if (what.at == at_ && phase_ == phase::working) on_failed(what, now);
      return;
    case happening::kind::lost:
      return on_lost(what, now);
    case happening::kind::stop:
      return on_stop(now);
    case happening::kind::farewell_said:
      return;
  }
}

void bring_up::on_time(instant now) {
  if (now < until_) return;
  switch (phase_) {
    case phase::working:
      return on_failed(happening::failed(at_, make_fault(error::no_answer_in_time, static_cast<std::uint32_t>(at_))),
                       now);
    case phase::pausing:
      phase_ = phase::due;
      return;
    case phase::leaving:
      phase_ = phase::ending;
      return;
    default:
      return;
  }
}

bool bring_up::left_out(rung at) const {
  switch (at) {
    case rung::time_name:
    case rung::clock:
      return clock_set_ || how_.time_servers == 0;
    case rung::secure:
      return !how_.secure;
    default:
      return false;
  }
}

void bring_up::climb_to(rung at) {
  while (left_out(at)) at = above(at);
  if (at == rung::time_name) server_ = 0;
  const bool to_brokers = at == rung::name && at_ < rung::name;
  at_ = at;
  phase_ = phase::due;
  if (to_brokers) first_broker();
}

void bring_up::first_broker() {
  if (!order_.first()) phase_ = phase::ending;
}

void bring_up::on_reached(const happening& what, instant now) {
  if (what.at != at_ || phase_ != phase::working) return;
  switch (at_) {
    case rung::lease:
      static_used_ = how_.use_dhcp && server_ == 1;
      break;
    case rung::clock:
      clock_set_ = true;
      break;
    case rung::name:
      addresses_ = std::max<std::uint16_t>(what.choices, 1), address_ = 0;
      break;
    case rung::online:
      online_since_ = now;
      phase_ = phase::standing;
      until_ = never;
      return;
    default:
      break;
  }
  climb_to(above(at_));
}

void bring_up::on_failed(const happening& what, instant now) {
  last_fault_ = what.why;
  switch (what.at) {
    case rung::link:
      return start_again(rung::link);
    case rung::lease:
      if (server_ == 0 && how_.use_dhcp && how_.has_static) {
        server_ = 1;
        return fall(rung::lease, rung::lease);
      }
      return round_failed(rung::lease, now);
    case rung::time_name:
    case rung::clock:
      return time_failed(now);
    default:
      return broker_failed(what, now);
  }
}

void bring_up::time_failed(instant now) {
  if (server_ + 1 < how_.time_servers) {
    ++server_;
    return fall(rung::time_name, rung::time_name);
  }
  const bool good_enough = !how_.secure || plausible_;
  if (how_.on_no_time == no_time_policy::go_on || (how_.on_no_time == no_time_policy::plausible && good_enough)) {
    fall(rung::time_name, rung::name);
    return first_broker();
  }
  round_failed(rung::time_name, now);
}

// What the reason says: another server, never again, or once more.
void bring_up::broker_failed(const happening& what, instant now) {
  const broker_verdict verdict = order_.failed(what.why, what.choices);
  clock_doubted_ = clock_doubted_ || blames_a_date(what.why);
  if (verdict == broker_verdict::follow) return address_ = 0, fall(rung::name, rung::name);
  if (verdict == broker_verdict::left_out && !order_.anybody()) {
    phase_ = phase::ending;
    return;
  }
  if (phase_ == phase::standing) return round_failed(rung::name, now);
  next_of_broker(verdict == broker_verdict::again, now);
}

// Server unreachable: the next address, then the next broker, then the first again after the back-off.
void bring_up::next_of_broker(bool same, instant now) {
  if (same && at_ >= rung::stream && address_ + 1 < addresses_) {
    ++address_;
    return fall(rung::stream, rung::stream);
  }
  if (order_.next()) {
    address_ = 0;
    return fall(rung::name, rung::name);
  }
  round_failed(next_round(), now);
}

// The static address may be the wrong one for this network: the next round asks DHCP again. After a certificate was
// refused for its dates it asks for the time again; without an answer the clock is as good as it was.
rung bring_up::next_round() {
  const bool asks_time = std::exchange(clock_doubted_, false) && how_.time_servers != 0;
  if (asks_time) plausible_ = plausible_ || clock_set_, clock_set_ = false;
  if (static_used_) return rung::lease;
  return asks_time ? rung::time_name : rung::name;
}

void bring_up::round_failed(rung next, instant now) {
  ++rounds_;
  start_again(next);
  if (next == rung::name) first_broker();
  if (phase_ == phase::ending) return;
  if (how_.rounds_max != 0 && rounds_ >= how_.rounds_max) {
    phase_ = phase::ending;
    return;
  }
  phase_ = phase::pausing;
  until_ = after(now, backoff_.next(*random_));
}

void bring_up::fall(rung from, rung next) {
  if (!undo_due_ || from < undo_from_) undo_from_ = from;
  undo_due_ = true;
  online_since_ = never;
  at_ = next;
  phase_ = phase::due;
  until_ = never;
}

void bring_up::start_again(rung at) {
  fall(at, at);
  server_ = 0, address_ = 0;
}

void bring_up::on_lost(const happening& what, instant now) {
  const rung at = what.at;
  const bool held = at < at_ || (at == at_ && phase_ == phase::standing);
  if (!held) return;
  last_fault_ = what.why;
  if (at <= rung::lease) return start_again(at);
  if (at < rung::stream) return;  // a name and the time stay good
  const bool stable = phase_ == phase::standing && online_since_ != never && now - online_since_ >= how_.stable;
  if (stable) backoff_.reset(), order_.went_well(), rounds_ = 0;
  broker_failed(what, now);
}

void bring_up::on_stop(instant now) {
  if (phase_ == phase::standing) {
    phase_ = phase::leaving;
    until_ = after(now, how_.farewell);
    return;
  }
  phase_ = phase::ending;
}

want bring_up::next_want(instant now) {
  if (phase_ == phase::ending) {
    phase_ = phase::ended;
    undo_due_ = false;
    until_ = never;
    return {want::kind::undo, rung::link};
  }
  if (phase_ == phase::ended) return {want::kind::end};
  if (undo_due_) {
    undo_due_ = false;
    return {want::kind::undo, undo_from_};
  }
  if (phase_ == phase::due) return start_attempt(now);
  if (phase_ == phase::leaving && !farewell_asked_) {
    farewell_asked_ = true;
    return {want::kind::farewell, rung::online, 0, 0, false, until_};
  }
  return {want::kind::wait, at_, 0, address_, false, until_};
}

want bring_up::start_attempt(instant now) {
  phase_ = phase::working;
  if (at_ == rung::lease && !how_.use_dhcp) server_ = 1;
  const duration patience = step_of(at_).patience;
  until_ = patience == its_machine_decides ? never : after(now, patience);
  const broker_choice broker = at_ >= rung::name ? order_.now() : broker_choice{server_, false};
  return {want::kind::attempt, at_, broker.number, address_, broker.referred, until_};
}

}  // namespace recado::chain
