#include <sim/life.hpp>

#include <algorithm>
#include <utility>

#include <sim/broker.hpp>
#include <sim/gadget.hpp>

namespace recado::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t steps_max = 2'000'000;
// Mishaps that are added where too few had an effect.
constexpr int additions_max = 40;
constexpr duration addition_spacing = 20s;

class stage {
 public:
  stage(const plan& all, std::FILE* trace)
      : plan_(all),
        world_(trace),
        random_(all.seed, 5),
        added_random_(all.seed, 8),
        messages_(world_),
        wire_(world_, all.seed),
        broker_(world_, messages_, wire_, all.how, all.seed),
        servers_(world_, all.seed),
        gadget_(world_, messages_, wire_, servers_, all.how, all.seed) {
    wire_.path.latency = all.how.latency, wire_.path.window = all.how.window;
    next_up_ = next_down_ = instant{} + 1s;
    if (all.adds) next_added_ = mended_at_ - additions_max * addition_spacing;
  }

  outcome play() {
    gadget_.power_on(world_.now);
    while (!over() && !world_.violated()) step();
    if (plan_.adds && !world_.violated() && world_.faults() < faults_min)
      world_.violate("only %llu faults had an effect", static_cast<unsigned long long>(world_.faults()));
    world_.count.lives = 1;
    world_.count.least_messages = messages();
    world_.count.least_faults = world_.faults();
    world_.count.virtual_us = static_cast<std::uint64_t>(world_.now.time_since_epoch().count());
    return {world_.violation(), world_.now, world_.count, std::move(added_)};
  }

 private:
  bool over() {
    if (world_.now < mended_at_ + 1s) return false;
    if (messages() >= messages_of_life_min && messages_.complete() && gadget_.online() && gadget_.outbox_empty() &&
        broker_.idle() && broker_.has_subscription())
      return true;
    if (world_.now < mended_at_ + progress_bound) return false;
    messages_.report_missing();
    world_.violate("no progress: %u messages up and %u down are missing %lld minutes after the last fault",
                   messages_.open_up, messages_.open_down, static_cast<long long>(progress_bound / 1min));
    return true;
  }

  void step() {
    const instant device =
        std::min(gadget_.deadline(), gadget_.is_on() ? std::min(wire_.device_wakes(), servers_.device_wakes()) : never);
    const instant server = std::min(broker_.deadline(), wire_.broker_wakes());
    const instant next = std::min({device, server, next_own()});
    if (next == never || ++world_.count.steps > steps_max) return world_.violate("the world stands still, or spins");
    world_.now = std::max(world_.now, next);
    const instant now = world_.now;
    bool both = false;
    if (now >= next_own()) both = own(now);
    if (both || now >= server) broker_.turn(now), both = both || wire_.was_full();
    if (std::exchange(world_.power_due, false)) power_goes(mishap::device_restarts, now);
    if (const auto steps = std::exchange(world_.cut_due, 0U); steps != 0 && !mended_) gadget_.fail_in(steps - 1);
    if (both || now >= device || now >= gadget_.deadline()) gadget_.step(now);
    if (gadget_.died()) power_goes(mishap::power_fails_in_write, now);
  }

  // What neither device nor broker decides: users, mishaps and their ends.
  instant next_own() const {
    instant until = std::min({next_up_, next_down_, next_end(), next_added_});
    if (next_mishap_ < plan_.mishaps.size()) until = std::min(until, plan_.mishaps[next_mishap_].at);
    return until;
  }
  instant next_end() const {
    const instant last = !mended_                       ? mended_at_
                         : world_.now < mended_at_ + 1s ? mended_at_ + 1s
                                                        : mended_at_ + progress_bound;
    return ends_.empty() ? last : std::min(ends_.front().at, last);
  }

  bool own(instant now) {
    while (next_mishap_ < plan_.mishaps.size() && plan_.mishaps[next_mishap_].at <= now)
      begin(plan_.mishaps[next_mishap_++], now);
    while (!ends_.empty() && ends_.front().at <= now) {
      const ending one = ends_.front();
      ends_.erase(ends_.begin());
      end(one.what, now);
    }
    if (now >= next_added_) add_mishap(now);
    if (!mended_ && now >= mended_at_) mend(now);
    if (now >= next_up_) publish_up(now);
    if (now >= next_down_) publish_down(now);
    return true;
  }

  // Of what was planned some may have met nobody. What is added is over at once, and finds a victim nearly always.
  void add_mishap(instant now) {
    next_added_ = now + addition_spacing < mended_at_ && world_.faults() < faults_min ? now + addition_spacing : never;
    if (world_.faults() >= faults_min) return;
    static constexpr mishap kinds[] = {mishap::stream_reset, mishap::stream_closed, mishap::broker_disconnects,
                                       mishap::device_restarts};
    const planned one{.at = now, .what = kinds[added_random_.below(std::size(kinds))], .size = added_random_.below(99)};
    added_.push_back(one);
    begin(one, now);
  }

  mqtt::qos draw_level() {
    const std::uint32_t drawn = random_.below(8);
    return drawn < 1 ? mqtt::qos::at_most_once : drawn < 4 ? mqtt::qos::at_least_once : mqtt::qos::exactly_once;
  }
  std::uint32_t draw_size() {
    const std::uint32_t drawn = random_.below(16);
    return payload_min + random_.below(drawn < 10 ? 24 : drawn < 15 ? 120 : 500);
  }

  void publish_up(instant now) {
    next_up_ = next_message(made_up_, now);
    const bool long_one = random_.one_in(24);
    const std::uint32_t size = long_one ? random_.between(200, 1500) : draw_size();
    const bool kept =
        gadget_.publish(draw_level(), static_cast<std::uint8_t>(random_.below(topic_count)), size, long_one, now);
    if (kept) ++made_up_;
  }

  void publish_down(instant now) {
    next_down_ = next_message(made_down_, now);
    const auto topic = static_cast<std::uint8_t>(random_.below(topic_count));
    if (broker_.publish(draw_level(), topic, random_.one_in(24) ? random_.between(200, 1500) : draw_size(),
                        random_.one_in(8)))
      ++made_down_;
  }
  // What is left of the messages over what is left of the time.
  instant next_message(std::uint32_t made, instant now) {
    if (now >= mended_at_) return messages() < messages_of_life_min ? now + 1s : never;  // who was offline catches up
    if (made >= plan_.how.messages) return never;
    return now + random_.time(1ms, 1ms + 2 * (mended_at_ - now) / (plan_.how.messages - made + 2));
  }

  void mend(instant now) {
    mended_ = true;
    gadget_.spare();
    servers_.lossy_until = servers_.dhcp_silent_until = servers_.dns_silent_until = servers_.dns_fails_until = {};
    servers_.ntp_silent_until = servers_.ntp_lies_until = {};
    world_.note("--- nothing goes wrong from now on");
    while (!ends_.empty()) {
      const ending one = ends_.front();
      ends_.erase(ends_.begin());
      end(one.what, now);
    }
    broker_.mend(now);
    if (connection* on = wire_.current(); on != nullptr && on->silent) on->silent = false, wire_.break_now(*on, now);
    wire_.path.up_stalls_until = wire_.path.down_stalls_until = {};
    next_up_ = next_message(made_up_, now), next_down_ = next_message(made_down_, now);
  }
  std::uint64_t messages() const { return world_.count.published + messages_.down.size(); }

  struct ending {
    instant at;
    mishap what;
  };
  void ends_at(instant when, mishap what) {
    ends_.insert(std::ranges::upper_bound(ends_, when, {}, &ending::at), {when, what});
  }

  void begin(const planned& one, instant now);
  void begin_stream(const planned& one, instant now);
  void begin_broker(const planned& one, instant now);
  void begin_hosts(const planned& one, instant now);
  void begin_servers(const planned& one, instant now);
  void begin_device(const planned& one, instant now);
  void end(mishap what, instant now);
  void power_goes(mishap what, instant now) {
    if (!gadget_.is_on()) return;
    world_.note("*** the power is gone");
    gadget_.power_off(now);
    if (!plan_.how.journal) broker_.device_forgot();
    ends_at(now + random_.time(1ms, 20s), what);
    ++active_[static_cast<std::size_t>(what)];
    world_.begins(what), world_.takes_effect(what);
  }

  const plan& plan_;
  world world_;
  random_source random_, added_random_;
  ledger messages_;
  network_stream wire_;
  broker broker_;
  server_network servers_;
  gadget gadget_;

  instant next_up_{}, next_down_{};
  std::uint32_t made_up_ = 0, made_down_ = 0;
  std::size_t next_mishap_ = 0;
  std::vector<planned> added_;
  instant next_added_ = never;
  std::vector<ending> ends_;
  std::array<std::uint32_t, mishap_count> active_{};
  instant mended_at_ = instant{} + life_length;
  bool mended_ = false;
};

void stage::begin(const planned& one, instant now) {
  world_.note("*** %s (%.3f s, %u)", std::string{words(one.what)}.c_str(),
              static_cast<double>(one.length.count()) / 1e6, one.size);
  if (one.length != duration{} && one.what != mishap::device_restarts && one.what != mishap::power_fails_in_write) {
    ++active_[static_cast<std::size_t>(one.what)];
    ends_at(now + one.length, one.what);
  }
  world_.begins(one.what);
  begin_stream(one, now);
  begin_broker(one, now);
  begin_hosts(one, now);
  begin_device(one, now);
  begin_servers(one, now);
}

void stage::begin_stream(const planned& one, instant now) {
  connection* on = wire_.current();
  const bool open = on != nullptr && now >= on->opens;
  switch (one.what) {
    case mishap::stream_reset:
      if (open) wire_.break_now(*on, now), world_.takes_effect(one.what);
      return;
    case mishap::stream_cut_up:
      if (open) on->up_left = one.size + 1;
      return;
    case mishap::stream_cut_down:
      if (open) on->down_left = one.size + 1;
      return;
    case mishap::stream_closed:
      if (open) broker_.close(*on, now), world_.takes_effect(one.what);
      return;
    case mishap::stream_silent:
      if (!open || on->silent) return;
      on->silent = true, on->up.drop_unarrived(), on->down.drop_unarrived();
      world_.takes_effect(one.what);
      return;
    case mishap::stream_stalls_up:
      return wire_.stall_up(now + one.length);
    case mishap::stream_stalls_down:
      return wire_.stall_down(now + one.length);
    case mishap::stream_fragments:
      wire_.path.fragments = true;
      return;
    case mishap::path_slow:
      wire_.path.latency = std::chrono::milliseconds{200 + 10 * one.size};
      return;
    case mishap::cable_out:
      return wire_.cable(false, now);
    default:
      return;
  }
}

void stage::begin_broker(const planned& one, instant now) {
  switch (one.what) {
    case mishap::broker_refuses_stream:
      wire_.path.listening = false;
      if (broker_.disconnect(one.size, now)) world_.takes_effect(one.what);
      return;
    case mishap::broker_restarts:
    case mishap::broker_forgets:
      wire_.path.listening = false;
      if (broker_.stop(one.what == mishap::broker_restarts, now)) world_.takes_effect(one.what);
      return;
    case mishap::broker_drops_session:
      if (plan_.how.journal && one.size % 2 == 0) return broker_.drop_at_pubrel(1 + one.size / 2);
      if (broker_.drop_session(now)) world_.takes_effect(one.what);
      return;
    case mishap::connack_lost:
      return broker_.drop_unheard(now);
    case mishap::broker_disconnects:
      if (broker_.disconnect(one.size, now)) world_.takes_effect(one.what);
      return;
    case mishap::broker_refuses:
      broker_.refuse_until(now + one.length, one.size);
      broker_.disconnect(one.size, now);
      return;
    case mishap::broker_mute:
      broker_.mute_until(now + one.length);
      broker_.disconnect(one.size, now);
      return;
    case mishap::connect_late:
      return broker_.delay_connect(one.size, now);
    case mishap::broker_slow:
      return broker_.slow_until(now + one.length);
    case mishap::broker_strict:
    case mishap::broker_generous:
      if (broker_.tighten(one.what == mishap::broker_strict, now)) world_.takes_effect(one.what);
      return;
    case mishap::broker_rejects:
      return broker_.reject_until(now + one.length);
    case mishap::broker_refers:
      return broker_.refer_until(now + one.length, one.size, plan_.how.hosts);
    default:
      return;
  }
}

// The brokers share what they know.
void stage::begin_hosts(const planned& one, instant now) {
  const auto host = static_cast<std::uint8_t>(one.size % plan_.how.hosts);
  if (one.what == mishap::host_away) {
    wire_.path.hosts_away |= 1U << host;
    if (broker_.leave_host(host, now)) world_.takes_effect(one.what);
  } else if (one.what == mishap::address_dead) {
    wire_.path.dead_addresses |= 1U << place_of(host, static_cast<std::uint16_t>(one.size / 4 % addresses_max));
  }
}

void stage::begin_servers(const planned& one, instant now) {
  const instant until = now + one.length;
  switch (one.what) {
    case mishap::datagrams_suffer:
      servers_.lossy_until = until;
      return;
    case mishap::dhcp_silent:
      servers_.dhcp_silent_until = until;
      return;
    case mishap::dhcp_moves:
      return servers_.move_device();
    case mishap::dns_silent:
      servers_.dns_silent_until = until;
      return;
    case mishap::dns_fails:
      servers_.dns_fails_until = until;
      return;
    case mishap::ntp_silent:
      servers_.ntp_silent_until = until;
      return;
    case mishap::ntp_lies:
      servers_.ntp_lies_until = until;
      return;
    case mishap::clock_jumps: {  // by seconds or by decades
      const std::chrono::seconds by = (one.size + 1) * (one.size < 24 ? 1s : 3'000'000s);
      return gadget_.jump_clock(one.size % 2 == 0 ? by : -by, one.size % 4 < 2, now);
    }
    default:
      return;
  }
}

void stage::begin_device(const planned& one, instant now) {
  switch (one.what) {
    case mishap::burst:
      for (std::uint32_t i = 0; i < 4 + one.size % 24; ++i) publish_up(now), publish_down(now);
      return world_.takes_effect(one.what);
    case mishap::device_sleeps:
      return gadget_.sleep_until(now + one.length);
    case mishap::device_unsubscribes:
      return gadget_.unsubscribe(now);
    case mishap::device_authenticates:
      if (gadget_.authenticate(now)) world_.takes_effect(one.what);
      return;
    case mishap::device_leaves:
      if (gadget_.leave(now)) world_.takes_effect(one.what);
      return;
    case mishap::device_restarts:
      return power_goes(one.what, now);
    case mishap::power_fails_in_write:
      return gadget_.fail_in(one.size / 2);
    default:
      return;
  }
}

// Two of a kind may overlap: it is over when the last one is.
void stage::end(mishap what, instant now) {
  if (--active_[static_cast<std::size_t>(what)] != 0) return;
  world_.note("*** over: %s", std::string{words(what)}.c_str());
  world_.is_over(what);
  const auto on = [&](mishap other) { return active_[static_cast<std::size_t>(other)] != 0; };
  switch (what) {
    case mishap::stream_fragments:
      wire_.path.fragments = false;
      return;
    case mishap::path_slow:
      wire_.path.latency = plan_.how.latency;
      return;
    case mishap::cable_out:
      return wire_.cable(true, now);
    case mishap::host_away:
      wire_.path.hosts_away = 0;
      return;
    case mishap::address_dead:
      wire_.path.dead_addresses = 0;
      return;
    case mishap::broker_refuses_stream:
    case mishap::broker_restarts:
    case mishap::broker_forgets:
      wire_.path.listening =
          !on(mishap::broker_refuses_stream) && !on(mishap::broker_restarts) && !on(mishap::broker_forgets);
      return;
    case mishap::device_restarts:
    case mishap::power_fails_in_write:
      return gadget_.power_on(now);
    default:
      return;
  }
}

}  // namespace

outcome live(const plan& all, std::FILE* trace) {
  if (trace != nullptr) std::fputs(print(all).c_str(), trace);
  return stage{all, trace}.play();
}

}  // namespace recado::sim
