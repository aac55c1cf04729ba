// The rung `lease`: an address from DHCP, from the configuration, or as the system has it; applied and kept.
#pragma once

#include <optional>
#include <variant>

#include <recado/device/board.hpp>
#include <recado/device/datagram_pump.hpp>
#include <recado/device/remembered.hpp>
#include <recado/dhcp/client.hpp>

namespace recado::device {

/// The longest answer of a DHCP server that has room here; servers keep to it (RFC 2132 §9.10).
inline constexpr std::size_t dhcp_reply_bytes_max = 768;

/// Gets an address, applies it to the interface, and gives it back.
class address_service {
 public:
  /// The interface is configured; `renewed` if only the lease was prolonged.
  struct got {
    bool renewed = false;  ///< true: the address stays, its time was prolonged
  };
  /// There is no address; the conductor decides what comes next.
  struct failed {
    fault why;  ///< cause and remedy
  };
  /// The address is not ours any more. DHCP goes on looking for another one by itself.
  struct lost {
    fault why;  ///< a NAK, a conflict or the end of the lease
  };
  /// What `step` answers.
  using event = std::variant<got, failed, lost>;

  /// All of them must outlive it.
  address_service(const configuration& chosen, const board& on, remembered& memory, arrivals& datagrams);
  address_service(const configuration&, board&&, remembered&, arrivals&) = delete;

  /// The cable is there; harmless if it was.
  void link_up(instant now) { client_.opened(now); }
  /// The cable is gone: what was applied is withdrawn.
  void link_down(instant now);
  /// Begins: by DHCP, or with the static address (or what the system has) if `fallback`.
  void start(bool fallback, instant now);
  /// Gives the lease back and takes the address off the interface.
  void release(instant now);
  /// Sends and hears what is due, without waiting; call it again until it answers nothing.
  std::optional<event> step(instant now);
  /// When `step` is due at the latest.
  instant deadline() const;

  /// The configuration in use; meaningful after `got`.
  const dhcp::lease& lease() const { return lease_; }
  /// True while the address comes from DHCP, false for a static one and for what the system has.
  bool by_dhcp() const { return by_dhcp_; }

 private:
  std::optional<event> on_dhcp(const dhcp::client::event& happened, instant now);
  event use(const dhcp::lease& from, bool renewed, instant now);
  event use_static(instant now);
  void withdraw();
  void ask_whether_free(const ip_address& address, instant now);
  std::optional<event> on_probed(bool is_free, instant now);

  // Flags come first: there a Cortex-M reaches them with short instructions.
  bool applied_ = false;
  bool by_dhcp_ = false;
  bool static_due_ = false;
  bool static_probing_ = false;
  const configuration& chosen_;
  const board& on_;
  remembered& memory_;
  dhcp::lease lease_{};
  dhcp::client client_;
  datagram_pump<dhcp::client, dhcp_reply_bytes_max> pump_;
};

}  // namespace recado::device
