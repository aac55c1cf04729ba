// The Ethernet transceiver LAN8742A, over MDIO: reset, negotiation, and the state of the link.
//
// It is looked at from the loop ten times a second. The link bit is latched: it says once that the link was down, even
// if it is up again; that counts as down here, because the other end may be another one now, at another speed.
#pragma once

#include <cstdint>
#include <optional>

#include <recado/core/instant.hpp>

namespace recado::nucleo_h723zg {

/// Reads and writes the transceiver's registers through the MAC.
class mdio {
 public:
  /// Sets the speed of the bus by the MAC's own clock.
  void start(std::uint32_t bus_mhz);
  /// A register, 0 to 31. Nothing if the MAC doesn't come to an end.
  std::optional<std::uint16_t> read(std::uint32_t number) const;
  /// False if the MAC doesn't come to an end.
  bool write(std::uint32_t number, std::uint16_t value) const;

 private:
  std::uint32_t command(std::uint32_t number) const;
  std::uint32_t clock_ = 0;
};

/// What both ends have agreed on.
struct link_mode {
  bool fast = false;                                            ///< 100 Mbit/s, else 10
  bool full_duplex = false;                                     ///< both directions at once
  constexpr bool operator==(const link_mode&) const = default;  ///< member by member
};

/// The transceiver.
class phy {
 public:
  static constexpr duration look_every = std::chrono::milliseconds{100};   ///< at the link
  static constexpr duration reset_takes = std::chrono::milliseconds{500};  ///< at the most
  static constexpr duration try_again_after = std::chrono::seconds{1};     ///< if it doesn't answer

  /// The bus must outlive it.
  explicit phy(const mdio& bus) : bus_(bus) {}

  /// Resets it.
  void start(instant now);
  /// Looks at it, if that is due. True if the link changed.
  bool poll(instant now);
  /// When it wants to be looked at.
  instant deadline() const { return due_; }
  /// The link, if it is up.
  std::optional<link_mode> link() const { return link_; }
  /// True while it answers; else there is none, or it is broken.
  bool answers() const { return stage_ != stage::silent; }
  /// Registers 2 and 3, who made it; 0 before it has answered.
  std::uint32_t identity() const { return identity_; }

 private:
  enum class stage : std::uint8_t { resetting, watching, silent };
  void begin_negotiation(instant now);
  void watch(instant now);
  std::optional<link_mode> negotiated() const;
  void give_up(instant now);

  const mdio& bus_;
  stage stage_ = stage::silent;
  instant due_ = never;
  instant reset_ends_{};
  std::optional<link_mode> link_;
  std::uint32_t identity_ = 0;
};

}  // namespace recado::nucleo_h723zg
