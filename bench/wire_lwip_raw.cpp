#include "wire_lwip_raw.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <lwip/pbuf.h>

namespace bench {
namespace {

constexpr std::size_t frame_bytes_max = 1514;
constexpr std::size_t pieces_max = 16;

void failed(const char* what) { give_up(std::string{"lwIP: "} + what); }

}  // namespace

bool tap::open(const std::string& name) {
  fd_.reset(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq wanted{};
  wanted.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(wanted.ifr_name, IFNAMSIZ - 1);
  return fd_ && ::ioctl(fd_.get(), TUNSETIFF, &wanted) == 0;
}

// A locally administered one.
recado::mac_address tap::address() const {
  recado::mac_address result;
  result.octets.fill(std::byte{0x02});
  return result;
}

bool tap::send(const pbuf& frame) {
  std::array<iovec, pieces_max> pieces{};
  std::size_t count = 0;
  std::size_t skip = ETH_PAD_SIZE;
  for (const pbuf* at = &frame; at != nullptr && count < pieces_max; at = at->next) {
    pieces[count++] = {static_cast<char*>(at->payload) + skip, at->len - skip};
    skip = 0;
  }
  return ::writev(fd_.get(), pieces.data(), static_cast<int>(count)) > 0;
}

pbuf* tap::receive() {
  std::array<char, ETH_PAD_SIZE + frame_bytes_max> frame;
  const auto got = ::read(fd_.get(), frame.data() + ETH_PAD_SIZE, frame_bytes_max);
  if (got <= 0) return nullptr;
  const auto size = static_cast<std::uint16_t>(got + ETH_PAD_SIZE);
  pbuf* const result = pbuf_alloc(PBUF_RAW, size, PBUF_POOL);
  if (result == nullptr) give_up("lwIP has no buffer for a frame");
  pbuf_take(result, frame.data(), size);
  return result;
}

bool wire::connect(const scenario& how, recado::instant now) {
  const auto address = [](const std::string& text) {
    return recado::parse_address(text).value_or(recado::ip_address{});
  };
  if (!tap_.open(how.tap)) give_up("there is no " + how.tap + " to speak on: a tap in the network of this process");
  recado::lwip::start(&recado::posix::now, random_, failed);
  interface_.open(tap_, random_, {});
  (void)interface_.link_is_up();
  recado::dhcp::lease lease;
  lease.address = address(how.own), lease.prefix = 24;
  interface_.apply(lease);
  return stream_.connect({address(how.host), how.port}, now).has_value();
}

bool wire::poll(recado::instant now) {
  const bool more = interface_.poll();
  recado::lwip::run_timers();
  stream_.look(now);
  return more;
}

void wire::wait(recado::instant until) {
  const recado::instant now = recado::posix::now();
  const auto wait =
      std::clamp<recado::duration>(std::min(until, recado::lwip::timers_due(now)) - now, {}, std::chrono::seconds{1});
  const timespec most{wait.count() / 1'000'000, wait.count() % 1'000'000 * 1000};
  pollfd readable{tap_.fd(), POLLIN, 0};
  ::ppoll(&readable, 1, &most, nullptr);
}

}  // namespace bench
