// Is an address free? Asking by ARP before using it, and telling everybody afterwards (RFC 5227, RFC 2131 §4.4.1).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/arp_prober.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/tap.hpp>

namespace recado::posix {

using recado::arp_prober;
using recado::arp_timing;

/// The prober on an interface: `start`, then `drive` whenever the loop wakes and at `deadline`, until it answers; then
/// `announce` if the address was taken into use, and `drive` until `deadline` is `never`. In the thread of its loop.
class arp_probe {
 public:
  /// As the prober's.
  using verdict = arp_prober::verdict;

  arp_probe() = default;
  ~arp_probe() { close(); }
  arp_probe(const arp_probe&) = delete;
  /// Nothing is open.
  arp_probe& operator=(const arp_probe&) = delete;
  /// Closes it.

  /// Needs CAP_NET_RAW; fails with `link_error::not_ethernet` where there is no ARP.
  std::expected<void, fault> open(loop& where, const interface_name& interface, entropy& random,
                                  const arp_timing& timing = {});
  /// Drops what is under way and closes the socket.
  void close();
  /// Starts to ask for `address`; needs `open`. A question or an announcement under way is dropped.
  void start(const ip_address& address, instant now) { prober_.start(address, now); }
  /// Starts to say that `address` is ours.
  void announce(const ip_address& address, instant now) { prober_.announce(address, now); }
  /// Sends what is due and reads the answers. Answers once for each `start`.
  std::optional<verdict> drive(instant now);
  /// When `drive` is due at the latest.
  instant deadline() const { return prober_.deadline(); }
  /// Who caused the conflict.
  const mac_address& holder() const { return prober_.holder(); }
  /// Shows each frame to a tap, which must outlive it; null: to nobody.
  void observe(tap* observer) { tap_ = observer; }

 private:
  void send(const arp_packet& packet, instant now);
  std::optional<verdict> hear(instant now);

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  descriptor fd_;
  source source_;
  int index_ = 0;
  arp_prober prober_;
};

}  // namespace recado::posix
