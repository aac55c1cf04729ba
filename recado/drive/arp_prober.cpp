#include <recado/drive/arp_prober.hpp>

namespace recado {

arp_timing arp_timing::within(duration total) {
  const arp_timing standard;
  const duration longest = standard.probe_wait_max + 2 * standard.probe_max + standard.announce_wait;
  const auto shrink = [&](duration time) { return duration{time.count() * total.count() / longest.count()}; };
  return {shrink(standard.probe_wait_max), shrink(standard.probe_min), shrink(standard.probe_max),
          shrink(standard.announce_wait), shrink(standard.announce_interval)};
}

void arp_prober::set_up(const mac_address& own, entropy& random, const arp_timing& timing) {
  own_ = own;
  entropy_ = &random;
  timing_ = timing;
  stop();
}

duration arp_prober::between(duration least, duration most) {
  return least +
         duration{static_cast<std::int64_t>(entropy_->below(static_cast<std::uint64_t>((most - least).count()) + 1))};
}

void arp_prober::start(const ip_address& address, instant now) {
  address_ = address;
  phase_ = phase::probing;
  sent_ = 0;
  deadline_ = now + between(duration::zero(), timing_.probe_wait_max);
}

void arp_prober::announce(const ip_address& address, instant now) {
  address_ = address;
  phase_ = phase::announcing;
  sent_ = 0;
  deadline_ = now;
}

std::optional<arp_prober::verdict> arp_prober::receive(bytes frame) {
  if (phase_ != phase::probing && phase_ != phase::waiting) return std::nullopt;
  const auto packet = read_arp_frame(frame);
  if (!packet || !shows_conflict(*packet, address_, own_)) return std::nullopt;
  holder_ = packet->sender_mac;
  stop();
  return verdict::conflict;
}

std::optional<arp_packet> arp_prober::pending(instant now) {
  if (now < deadline_) return std::nullopt;
  if (phase_ == phase::probing) {
    const bool last = ++sent_ == probes;
    if (last) phase_ = phase::waiting;
    deadline_ = now + (last ? timing_.announce_wait : between(timing_.probe_min, timing_.probe_max));
    return arp_packet{arp_packet::operation::request, own_, ip_address::v4_any(), {}, address_};
  }
  if (phase_ == phase::announcing) {
    deadline_ = now + timing_.announce_interval;
    if (++sent_ == announcements) stop();
    return arp_packet{arp_packet::operation::request, own_, address_, {}, address_};
  }
  return std::nullopt;
}

std::optional<arp_prober::verdict> arp_prober::on_time(instant now) {
  if (phase_ != phase::waiting || now < deadline_) return std::nullopt;
  stop();
  return verdict::free;
}

}  // namespace recado
