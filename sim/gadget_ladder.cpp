// The lower rungs of the ladder: an address, the time, the broker's name.
#include <sim/gadget_parts.hpp>

namespace recado::sim {

using chain::happening;
using chain::rung;
using namespace std::chrono_literals;

void gadget::attempt_low(const chain::want& wish, instant now) {
  parts& it = *parts_;
  if (!how_.ladder) return tell(happening::reached(wish.at, addresses_max), now);
  services& low = *it.services_below;
  low.told = true;
  switch (wish.at) {
    case rung::lease:
      return low.address.start(false, now);
    case rung::time_name:
      low.naming = rung::time_name;
      return low.names.start("time.test", now);
    case rung::clock:
      return ask_time(now);
    default:
      low.naming = rung::name, low.host = host_of({wish.server, wish.referred});
      return low.names.start(std::string{"b"} + static_cast<char>('0' + low.host) + ".test", now);
  }
}

// As the device application does it: on the way up, and now and then once it is there.
void gadget::ask_time(instant now) {
  services& low = *parts_->services_below;
  ntp::options how;
  how.earliest = first_moment - 24h, how.clock = board_.clock, how.enough = 50ms;
  const endpoint servers[] = {{server_address, 123}};
  const auto begun = low.time.start(servers, how, now);
  low.told = true, low.jumped = false;
  if (begun && low.jumps) jump_clock(*std::exchange(low.jumps, std::nullopt), false, now);
  if (!begun) tell(happening::failed(rung::clock, make_fault(begun.error())), now);
}

void gadget::ask_time_again(instant now) {
  services& low = *parts_->services_below;
  low.time_again = now + random_.time(2min, 8min);
  if (parts_->conductor.is_online() && !low.time.running()) ask_time(now);
}

// A clock that is trusted says which era of 2^32 s a time stamp belongs to: it may be wrong by half of one (RFC 5905
// §6).
constexpr duration wrong_max = 24h * 365 * 60;

// What was never set has nothing to lose.
void gadget::jump_clock(duration by, bool in_query, instant now) {
  if (parts_ == nullptr || !board_.clock.trusted()) return;
  services& low = *parts_->services_below;
  if (in_query && !low.time.running()) {
    low.jumps = by;
    if (!sleeps(now)) low.time_again = std::min(low.time_again, now), until_ = now;
    return;
  }
  const duration wrong = board_.clock.at(now) + by - (first_moment + now.time_since_epoch());
  if (wrong > wrong_max || wrong < -wrong_max) by = -by;  // back, if it has gone that way before
  world_.note("device: the clock jumps by %lld s", static_cast<long long>(by / 1s));
  board_.clock.set(board_.clock.at(now) + by, now);
  low.jumped = true;
}

void gadget::undo_low(rung from, instant now) {
  if (!how_.ladder) return;
  services& low = *parts_->services_below;
  low.told = true;
  if (from <= rung::name) low.names.stop(now), low.naming = rung::link;
  if (from <= rung::clock) low.time.stop();
  if (from == rung::link && !parts_->link) low.address.link_down(now);
}

void gadget::link_changed(bool up, instant now) {
  if (!how_.ladder) return;
  services& low = *parts_->services_below;
  low.told = true;
  if (up) return low.address.link_up(now), low.names.network_up(now), low.time.opened(now);
  low.names.network_down(now);
  low.time.lost(make_fault(stream_error::interface_down), now);
}

// As the contract of machines has it: after a command or an event, with what has arrived, and at the deadline. Not more
// often, so that a deadline that comes too late would be found.
bool gadget::poll_low(instant now) {
  if (!how_.ladder) return false;
  services& low = *parts_->services_below;
  if (now >= low.time_again) ask_time_again(now);
  if (!low.told && now < low.until && !servers_.has_arrived(now)) return false;
  low.told = low_moves(now);
  low.until = std::min({low.address.deadline(), low.names.deadline(), low.time.deadline()});
  return low.told;
}

bool gadget::low_moves(instant now) {
  services& low = *parts_->services_below;
  if (const auto what = low.address.step(now)) return on_address(*what, now), true;
  if (const auto what = low.names.step(now)) return on_name(*what, now), true;
  if (const auto what = low.pump.step(low.time, board_, now)) return on_time(*what, now), true;
  return false;
}

void gadget::on_address(const device::address_service::event& what, instant now) {
  services& low = *parts_->services_below;
  if (std::holds_alternative<device::address_service::got>(what)) {
    world_.note("device: has an address");
    const endpoint servers[] = {{server_address, 53}};
    low.names.set_servers(servers, now);
    return tell(happening::reached(rung::lease), now);
  }
  if (const auto* none = std::get_if<device::address_service::failed>(&what))
    return tell(happening::failed(rung::lease, none->why), now);
  world_.note("device: has lost its address");
  tell(happening::lost(rung::lease, std::get<device::address_service::lost>(what).why), now);
}

void gadget::on_name(const device::name_service::event& what, instant now) {
  services& low = *parts_->services_below;
  const rung at = std::exchange(low.naming, rung::link);
  if (at == rung::link) return;
  if (const auto* none = std::get_if<device::name_service::failed>(&what))
    return tell(happening::failed(at, none->why), now);
  const auto& found = std::get<device::name_service::found>(what);
  const auto expected = [&](const ip_address& one, std::uint16_t which) {
    return at == rung::name ? one == address_of(low.host, which) : one == server_address;
  };
  bool right = found.addresses.size() == (at == rung::name ? addresses_max : 1);
  for (std::size_t i = 0; right && i < found.addresses.size(); ++i)
    right = expected(found.addresses[i], static_cast<std::uint16_t>(i));
  if (!right) world_.violate("a name was resolved to what no server said");
  tell(happening::reached(at, static_cast<std::uint16_t>(found.addresses.size())), now);
}

void gadget::on_time(const ntp::client::event& what, instant now) {
  const bool climbing = parts_->conductor.at() == rung::clock;
  parts_->services_below->time_again = now + random_.time(2min, 8min);
  if (const auto* none = std::get_if<ntp::failed>(&what)) {
    if (climbing) tell(happening::failed(rung::clock, none->why), now);
    return;
  }
  const auto& right = std::get<ntp::synchronised>(what);
  check_time(right);
  board_.clock.set(right.utc, right.at);
  if (climbing) tell(happening::reached(rung::clock), now);
}

// RFC 5905: it is wrong by half the delay at most, and what the server errs, however wrong the device's clock was. That
// is said, too.
void gadget::check_time(const ntp::synchronised& right) {
  const utc_time truth = first_moment + right.at.time_since_epoch();
  const duration bound = right.delay / 2 + 1ms, error = right.utc - truth;
  world_.note("device: the clock is set, wrong by %lld us", static_cast<long long>(error.count()));
  if (error > bound || error < -bound)
    world_.violate("the clock is wrong by %lld us, and the delay was %lld us", static_cast<long long>(error.count()),
                   static_cast<long long>(right.delay.count()));
  if (!board_.clock.trusted()) return;
  const duration was = board_.clock.at(right.at) - truth, unsaid = right.offset + was;
  if (!parts_->services_below->jumped && (unsaid > bound || unsaid < -bound))
    world_.violate("the clock was wrong by %lld us, and is said to be corrected by %lld us",
                   static_cast<long long>(was.count()), static_cast<long long>(right.offset.count()));
  if (was >= 1s || was <= -1s) world_.takes_effect(mishap::clock_jumps);
}

instant gadget::low_deadline() const {
  if (!how_.ladder) return never;
  const services& low = *parts_->services_below;
  return low.told ? instant::min() : std::min(low.until, low.time_again);
}

}  // namespace recado::sim
