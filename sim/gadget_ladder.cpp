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
    case rung::clock: {
      ntp::options how;
      how.earliest = first_moment - 24h, how.clock = board_.clock, how.enough = 50ms;
      const endpoint servers[] = {{server_address, 123}};
      if (const auto begun = low.time.start(servers, how, now); !begun)
        tell(happening::failed(rung::clock, make_fault(begun.error())), now);
      return;
    }
    default:
      low.naming = rung::name, low.host = host_of({wish.server, wish.referred});
      return low.names.start(std::string{"b"} + static_cast<char>('0' + low.host) + ".test", now);
  }
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
  if (const auto* none = std::get_if<ntp::failed>(&what)) return tell(happening::failed(rung::clock, none->why), now);
  const auto& right = std::get<ntp::synchronised>(what);
  board_.clock.set(right.utc, right.at);
  const duration error = board_.clock.at(now) - (first_moment + now.time_since_epoch());
  world_.note("device: the clock is set, wrong by %lld us", static_cast<long long>(error.count()));
  if (error > right.delay + 1ms || error < -right.delay - 1ms)  // RFC 5905: half the delay, and what the server errs
    world_.violate("the clock is wrong by %lld us, and the delay was %lld us", static_cast<long long>(error.count()),
                   static_cast<long long>(right.delay.count()));
  tell(happening::reached(rung::clock), now);
}

instant gadget::low_deadline() const {
  if (!how_.ladder) return never;
  const services& low = *parts_->services_below;
  return low.told ? instant::min() : low.until;
}

}  // namespace recado::sim
