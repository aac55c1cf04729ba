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
  const auto others = static_cast<std::uint16_t>(back.fresh.size());
  if (others != 0 && how_.follows) back.named = back.fresh;
  back.fresh.clear();
  go_on(told::failed(what.why, others), now);
}

void gadget::go_on(told what, instant now) {
  using kind = chain::reconnect_want::kind;
  comeback& back = *parts_->back;
  for (unsigned bound = 0; bound < 40; ++bound) {
    const chain::reconnect_want wish = back.way.resume(what, now);
    back.until = wish.what == kind::wait ? wish.until : never;
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
      if (wish.broker.number >= (wish.broker.referred ? back.named.size() : how_.hosts))
        return world_.violate("chain::reconnect tries a broker that nobody named");
      back.resolved_at = now + random_.time(0us, 300ms);
      return;
    case kind::open: {
      const std::uint8_t host = wish.broker.referred ? back.named[wish.broker.number] : wish.broker.number;
      world_.note("device: broker %u, address %u%s", host, wish.address,
                  wish.broker.referred ? ", as referred to" : "");
      return open_stream({address_of(host, wish.address), 1883}, now);
    }
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
  go_on(told::start(), now);
  return true;
}

void gadget::name_resolved(instant now) {
  const bool fails = now < servers_.dns_fails_until || now < servers_.dns_silent_until;
  if (fails && random_.one_in(2)) return go_on(told::failed(make_fault(dns::error::time_out)), now);
  go_on(told::resolved(addresses_max), now);
}

// "b1.test b2.test:1883"; what this device makes of a name is its number.
void gadget::read_reference(std::string_view text) {
  std::vector<std::uint8_t>& fresh = parts_->back->fresh;
  fresh.clear();
  for (std::size_t at = 0; at + 1 < text.size(); ++at)
    if (text[at] == 'b' && (at == 0 || text[at - 1] == ' '))
      fresh.push_back(static_cast<std::uint8_t>(text[at + 1] - '0'));
}

bool gadget::leave(instant now) {
  if (parts_ == nullptr || !parts_->back || sleeps(now)) return false;
  comeback& back = *parts_->back;
  back.starts_at = now + random_.time(1s, 90s);
  go_on(told::stop(), now);
  until_ = now;
  return true;
}

}  // namespace recado::sim
