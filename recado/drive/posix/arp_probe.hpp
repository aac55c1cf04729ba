// Is an address free? Asking by ARP before using it, and telling everybody afterwards (RFC 5227, RFC 2131 §4.4.1).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/tap.hpp>

namespace recado::posix {

/// The waits of RFC 5227 §1.1. The standard's take 4 to 7 s; `within` shrinks them in proportion, as is usual on a
/// wired network where nobody roams.
struct arp_timing {
  duration probe_wait_max = std::chrono::seconds{1};
  duration probe_min = std::chrono::seconds{1};
  duration probe_max = std::chrono::seconds{2};
  duration announce_wait = std::chrono::seconds{2};
  duration announce_interval = std::chrono::seconds{2};
  /// The same proportions so that the verdict comes after `total` at the latest.
  static arp_timing within(duration total);
};

/// Probes one address at a time: `start`, then `drive` whenever the source is ready and at `deadline`, until it
/// answers; then `announce` if the address was taken into use.
class arp_probe {
 public:
  enum class verdict : std::uint8_t {
    free,      ///< nobody answered: the address may be used
    conflict,  ///< `holder()` has it, or wants it too
  };

  arp_probe() = default;
  ~arp_probe() { close(); }
  arp_probe(const arp_probe&) = delete;
  arp_probe& operator=(const arp_probe&) = delete;

  /// Needs CAP_NET_RAW.
  std::expected<void, fault> open(loop& where, const interface_name& interface, entropy& random,
                                  const arp_timing& timing = {});
  void close();
  /// Starts to ask for `address`; a question under way is dropped.
  void start(const ip_address& address, instant now);
  /// Says that `address` is now ours, twice.
  void announce(const ip_address& address, instant now);
  /// Sends what is due and reads the answers. Answers once for each `start`.
  std::optional<verdict> drive(instant now);
  instant deadline() const { return deadline_; }
  const mac_address& holder() const { return holder_; }
  void observe(tap* observer) { tap_ = observer; }

 private:
  enum class phase : std::uint8_t { idle, probing, announcing };
  void send(const ip_address& sender, instant now);
  bool conflicts(bytes frame) const;
  std::optional<verdict> hear(instant now);
  std::optional<verdict> step(instant now);

  loop* loop_ = nullptr;
  tap* tap_ = nullptr;
  entropy* entropy_ = nullptr;
  descriptor fd_;
  source source_;
  arp_timing timing_;
  mac_address mac_;
  mac_address holder_;
  ip_address address_;
  int index_ = 0;
  phase phase_ = phase::idle;
  std::uint8_t sent_ = 0;
  instant deadline_ = never;
};

}  // namespace recado::posix
