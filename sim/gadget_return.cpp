// The way back without a ladder: chain::reconnect, several brokers, and Server References.
#include <recado/dns/error.hpp>
#include <sim/gadget_parts.hpp>

namespace recado::sim {

using chain::happening;
using chain::rung;
using told = chain::reconnect_happening;
using namespace std::chrono_literals;

// What the ladder would be told, in this conductor's words. It doesn't look at the cable, as most programs don't.
void gadget::tell_way(const happening& what, instant now) {
  parts& it = *parts_;
  comeback& back = *it.back;
  if (what.what == happening::kind::time_passed) return go_on({}, now);
  if (what.at == rung::link) return;
  if (what.what == happening::kind::reached) {
    if (what.at != rung::session) return;
    it.subscribe_due = !it.subscribed;
    return go_on(told::accepted(), now);
  }
  if (is(what.why, chain::error::subscription_refused)) {  // it is asked for again
    it.subscribe_due = true;
    return;
  }
  if (back.way.state() == chain::reconnect_state::leaving) {
    if (!it.channel.is_open()) go_on(told::gone(), now);
    return;
  }
  it.channel.abandon(now);
  it.subscribe_due = it.supplying = false;
  go_on(told::failed(what.why, take_named(what.why)), now);
}

void gadget::go_on(told what, instant now) {
  using kind = chain::reconnect_want::kind;
  comeback& back = *parts_->back;
  for (unsigned bound = 0; bound < 40; ++bound) {
    const chain::reconnect_want wish = back.way.resume(what, now);
    back.until = wish.what == kind::wait ? wish.until : never;
    if (back.way.state() == chain::reconnect_state::pausing) parts_->round_over = true;
    if (wish.what == kind::wait) return;
    if (wish.what == kind::end) {  // somebody changes what was wrong, or the application comes back
      if (back.starts_at == never) back.starts_at = now + random_.time(1s, 60s);
      return;
    }
    what = {};
    do_as(wish, now);
  }
  world_.violate("chain::reconnect never comes to rest");
}

void gadget::do_as(const chain::reconnect_want& wish, instant now) {
  using kind = chain::reconnect_want::kind;
  parts& it = *parts_;
  comeback& back = *it.back;
  it.moved = true;
  switch (wish.what) {
    case kind::resolve:
      check_choice(wish.broker);
      back.resolved_at = now + random_.time(0us, 300ms);
      return;
    case kind::open:
      return open_stream(wish.broker, wish.address, now);
    case kind::drop:
      it.channel.abandon(now);
      it.subscribe_due = it.supplying = false;
      back.resolved_at = never;
      return;
    case kind::farewell:
      world_.note("device: says goodbye");
      if (!it.session.disconnect()) it.channel.abandon(now), go_on(told::gone(), now);
      return;
    case kind::wait:
    case kind::end:
      return;
  }
}

bool gadget::poll_way(instant now) {
  if (!parts_->back) return false;
  comeback& back = *parts_->back;
  if (now >= back.resolved_at) return back.resolved_at = never, name_resolved(now), true;
  if (now < back.starts_at) return false;
  back.starts_at = never;
  parts_->refused_for_good = 0, parts_->round_over = true;
  go_on(told::start(), now);
  return true;
}

void gadget::name_resolved(instant now) {
  const bool fails = now < servers_.dns_fails_until || now < servers_.dns_silent_until;
  if (fails && random_.one_in(2)) {
    world_.takes_effect(now < servers_.dns_fails_until ? mishap::dns_fails : mishap::dns_silent);
    return go_on(told::failed(make_fault(dns::error::time_out)), now);
  }
  go_on(told::resolved(addresses_max), now);
}

// "b1.test b2.test:1883"; what this device makes of a name is its number.
void gadget::read_reference(std::string_view text) {
  std::vector<std::uint8_t>& fresh = parts_->fresh;
  fresh.clear();
  for (std::size_t at = 0; at + 1 < text.size(); ++at)
    if (text[at] == 'b' && (at == 0 || text[at - 1] == ' '))
      fresh.push_back(static_cast<std::uint8_t>(text[at + 1] - '0'));
}

bool gadget::knows(chain::broker_choice which) const {
  return which.number < (which.referred ? parts_->named.size() : how_.hosts);
}

std::uint8_t gadget::host_of(chain::broker_choice which) const {
  return which.referred ? parts_->named[which.number] : which.number;
}

// As the contract of both conductors has it: what was named before is forgotten for what is named now.
std::uint16_t gadget::take_named(const fault& why) {
  parts& it = *parts_;
  const auto others = static_cast<std::uint16_t>(it.fresh.size());
  if (others != 0) {
    it.named = it.fresh, it.fresh.clear();
    it.named_for_good = chain::moved_for_good(why), it.round_over = false;
  }
  const bool final = chain::prospect_of(why) == chain::prospect::final;
  if (final && !how_.retries_final && !it.trying.referred) it.refused_for_good |= 1U << it.trying.number;
  return others;
}

// Each broker that a conductor tries was named, is not one that refused for good, and is not one of an earlier round
// that was named for now only (5.0 §4.11).
void gadget::check_choice(chain::broker_choice which) {
  parts& it = *parts_;
  if (!knows(which)) return world_.violate("a broker is tried that nobody named");
  it.trying = which;
  if (!which.referred && (it.refused_for_good >> which.number & 1U) != 0)
    world_.violate("a broker is tried again that has refused for good");
  if (which.referred && !how_.follows) world_.violate("a Server Reference is followed, and none is to be");
  if (which.referred && it.round_over && !it.named_for_good)
    world_.violate("a server that was named for now is tried in a later round");
}

bool gadget::leave(instant now) {
  if (parts_ == nullptr || sleeps(now)) return false;
  until_ = now;
  if (!parts_->back) {
    parts_->leaving = climbed();
    return tell(happening::stop(), now), true;
  }
  comeback& back = *parts_->back;
  back.starts_at = now + random_.time(1s, 90s);
  go_on(told::stop(), now);
  return true;
}

}  // namespace recado::sim
