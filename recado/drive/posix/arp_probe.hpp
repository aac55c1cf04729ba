// Is an address free? Asking by ARP before using it, and telling everybody afterwards (RFC 5227, RFC 2131 §4.4.1).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/arp_packet.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/tap.hpp>

namespace recado::posix {

/// The waits of RFC 5227 §1.1. The standard's take 4 to 7 s; `within` shrinks them in proportion, as is usual on a
/// wired network where nobody roams.
struct arp_timing {
  duration probe_wait_max = std::chrono::seconds{1};     ///< the first question waits a random time up to this
  duration probe_min = std::chrono::seconds{1};          ///< shortest time between two questions
  duration probe_max = std::chrono::seconds{2};          ///< longest time between two questions
  duration announce_wait = std::chrono::seconds{2};      ///< after the last question, before the verdict
  duration announce_interval = std::chrono::seconds{2};  ///< between two announcements
  /// The same proportions so that the verdict comes after `total` at the latest.
  static arp_timing within(duration total);
};

/// When to ask and what an answer means, in the caller's time: RFC 5227 without a socket.
class arp_prober {
 public:
  /// How often is asked (PROBE_NUM, RFC 5227 §1.1).
  static constexpr int probes = 3;
  /// How often the address is announced (ANNOUNCE_NUM).
  static constexpr int announcements = 2;
  /// What came of it.
  enum class verdict : std::uint8_t {
    free,      ///< nobody answered: the address may be used
    conflict,  ///< somebody has it, or wants it too
  };

  /// Before anything else: the interface's address, and randomness, which must outlive it, for the waits.
  void set_up(const mac_address& own, entropy& random, const arp_timing& timing);
  /// Starts to ask for `address`; a question or an announcement under way is dropped.
  void start(const ip_address& address, instant now);
  /// Starts to say that `address` is ours.
  void announce(const ip_address& address, instant now);
  /// Drops what is under way.
  void stop() { phase_ = phase::idle, deadline_ = never; }
  /// Looks at a frame that arrived.
  std::optional<verdict> receive(bytes frame);
  /// What is to be sent now, if its time has come; each is answered once.
  std::optional<arp_packet> pending(instant now);
  /// `free` once the last wait is over.
  std::optional<verdict> on_time(instant now);
  /// When `pending` or `on_time` is due; `never` if nothing is under way.
  instant deadline() const { return deadline_; }
  /// Who caused the conflict.
  const mac_address& holder() const { return holder_; }

 private:
  enum class phase : std::uint8_t { idle, probing, waiting, announcing };
  duration between(duration least, duration most);

  entropy* entropy_ = nullptr;
  arp_timing timing_;
  mac_address own_;
  mac_address holder_;
  ip_address address_;
  phase phase_ = phase::idle;
  std::uint8_t sent_ = 0;
  instant deadline_ = never;
};

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
