// What the application tells its user, and the conductor with it.
#include <utility>

#include <recado/chain/words.hpp>
#include <recado/device/application.hpp>

namespace recado::device {

using chain::happening;
using chain::rung;

void application::report(rung_report::kind what, rung at, std::string_view detail, instant now) {
  const duration took = now - begun_[static_cast<std::size_t>(at)];
  on_.console.rung({what, at, took, detail});
}

void application::reached(rung at, std::string_view detail, instant now, std::uint16_t choices) {
  if (conductor_.at() != at) return;
  report(rung_report::kind::reached, at, detail, now);
  if (at == rung::link) climbing_link_ = false;
  if (at == rung::online) {
    on_.leds.set(3, true);
    if (test_) test_->start(now);
  }
  tell(happening::reached(at, choices), now);
  if (at == rung::online && !test_) presence_.came_online(now);
}

// What a broker has named before is forgotten only when it names others.
std::uint16_t application::remember_named(std::string_view reference) {
  if (reference.empty() || chosen_.reconnect.references == 0) return 0;
  named_servers fresh;
  fresh.remember(reference, chain::referred_max);
  if (fresh.size() != 0) named_ = fresh;
  return fresh.size();
}

void application::failed(rung at, fault why, instant now, const particulars& more) {
  if (conductor_.is_online()) return lost(at, why, now, more);
  if (conductor_.at() != at) return;
  char text[800];
  buffer_sink detail{text};
  chain::describe(why, detail, more.cause);
  report(rung_report::kind::failed, at, detail.view(), now);
  tell(happening::failed(at, why, remember_named(more.reference)), now);
}

void application::lost(rung at, fault why, instant now, const particulars& more) {
  char text[800];
  buffer_sink detail{text};
  chain::describe(why, detail, more.cause);
  report(rung_report::kind::lost, at, detail.view(), now);
  if (at == rung::lease || at == rung::link) on_.leds.set(2, false);
  tell(happening::lost(at, why, remember_named(more.reference)), now);
}

void application::say_no_link() {
  char text[240];
  buffer_sink line{text};
  line << "waiting for the link: ";
  chain::describe(on_.network.link_fault(), line);
  on_.console.line(console_level::info, line);
}

void application::describe_lease(text_sink& out) const {
  const dhcp::lease& lease = address_.lease();
  out << lease.address << '/';
  out.number(lease.prefix);
  if (!address_.by_dhcp()) {
    out << (chosen_.network.mode == address_mode::as_is ? " (as the system has it)" : " (static)");
    return;
  }
  out << " from " << lease.server;
  if (lease.lease_time != dhcp::infinite) {
    out << " for ";
    out.number(static_cast<std::uint64_t>(lease.lease_time / std::chrono::seconds{1})) << " s";
  }
}

void application::say_pause(instant now) {
  if (!conductor_.pausing() || conductor_.until() == paused_until_) return;
  paused_until_ = conductor_.until();
  const auto wait = static_cast<std::uint64_t>((paused_until_ - now) / std::chrono::milliseconds{1});
  char text[96];
  buffer_sink line{text};
  line << "next attempt in ";
  line.number(wait / 1000) << '.', line.number(wait % 1000 / 100) << " s (";
  line.number(conductor_.rounds()) << (conductor_.rounds() == 1 ? " failed round)" : " failed rounds)");
  on_.console.line(console_level::info, line);
}

}  // namespace recado::device
