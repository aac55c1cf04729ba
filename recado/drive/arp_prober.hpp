// Is an address free? When to ask by ARP before using it, and to tell everybody afterwards (RFC 5227,
// RFC 2131 §4.4.1).
#pragma once

#include <cstdint>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/arp_packet.hpp>

namespace recado {

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

}  // namespace recado
