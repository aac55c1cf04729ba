#include <recado/drive/posix/arp_probe.hpp>

#include <array>
#include <cerrno>
#include <cstring>

#include <recado/drive/posix/faults.hpp>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace recado::posix {

std::expected<void, fault> arp_probe::open(loop& where, const interface_name& interface, entropy& random,
                                           const arp_timing& timing) {
  close();
  ifreq request{};
  std::memcpy(request.ifr_name, interface.view().data(), interface.size());
  descriptor fd{socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd || ioctl(fd.get(), SIOCGIFHWADDR, &request) != 0) return std::unexpected(link_fault(errno));
  if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) return std::unexpected(make_fault(link_error::not_ethernet));
  mac_address own;
  std::memcpy(own.octets.data(), request.ifr_hwaddr.sa_data, own.octets.size());
  if (ioctl(fd.get(), SIOCGIFINDEX, &request) != 0) return std::unexpected(link_fault(errno));
  index_ = request.ifr_ifindex;
  sockaddr_ll here{};
  here.sll_family = AF_PACKET;
  here.sll_protocol = htons(ETH_P_ARP);
  here.sll_ifindex = index_;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return std::unexpected(link_fault(errno));
  if (auto watched = where.watch(fd.get(), source_, trigger::level_read); !watched) return watched;
  fd_ = std::move(fd);
  loop_ = &where;
  prober_.set_up(own, random, timing);
  return {};
}

void arp_probe::close() {
  if (!fd_) return;
  loop_->forget(fd_.get(), source_);
  fd_.reset();
  prober_.stop();
}

std::optional<arp_probe::verdict> arp_probe::drive(instant now) {
  if (const auto heard = hear(now)) return heard;
  while (const auto packet = prober_.pending(now)) send(*packet, now);
  return prober_.on_time(now);
}

// A frame that the system doesn't take counts as lost: the others are there for that.
void arp_probe::send(const arp_packet& packet, instant now) {
  std::array<std::byte, arp_frame_bytes> memory;
  const bytes frame = make_arp_frame(packet, memory);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_ARP);
  to.sll_ifindex = index_;
  to.sll_halen = ETH_ALEN;
  std::memset(to.sll_addr, 0xff, ETH_ALEN);
  const auto count =
      sendto(fd_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  if (count >= 0 && tap_) tap_->frame_seen(direction::out, frame, now);
}

std::optional<arp_probe::verdict> arp_probe::hear(instant now) {
  constexpr int frames_per_turn_max = 64;
  std::array<std::byte, 128> memory;
  for (int i = 0; i < frames_per_turn_max && source_.readable; ++i) {
    const auto count = recv(fd_.get(), memory.data(), memory.size(), 0);
    if (count < 0) {
      if (errno != EINTR) source_.readable = false;
      continue;
    }
    const bytes frame = bytes{memory}.first(static_cast<std::size_t>(count));
    if (tap_) tap_->frame_seen(direction::in, frame, now);
    if (const auto result = prober_.receive(frame)) return result;
  }
  return std::nullopt;
}

}  // namespace recado::posix
