#include "alone.hpp"

#include <boards/mps2_an500/registers.hpp>

namespace recado::mps2_an500 {
namespace {

// As in lan9118.cpp, of whose registers these few are needed here.
enum : std::uint32_t { mac_command = 0xa4, mac_value = 0xa8 };
enum : std::uint32_t { mac_control = 1, mii_access = 6, mii_value = 7 };
constexpr std::uint32_t busy = 0x80000000;
constexpr std::uint32_t phy_control_write = 1u << 11 | 0u << 6 | 2 | 1;
constexpr std::uint32_t loopback = 1u << 14;                             // of the PHY's control register
constexpr std::uint32_t full_duplex = 1u << 20, every_frame = 1u << 18;  // of mac_control
constexpr std::uint32_t transmitter_on = 1u << 3, receiver_on = 1u << 2;
constexpr std::uint32_t interrupt_clear_enable = 0xe000e180;
constexpr std::uint32_t watchdog_unlock = 0x1acce551;

void write_mac(std::uint32_t number, std::uint32_t value) {
  at(ethernet_base + mac_value) = value;
  at(ethernet_base + mac_command) = busy | number;
  while ((at(ethernet_base + mac_command) & busy) != 0) {
  }
}

}  // namespace

void send_back() {
  at(interrupt_clear_enable) = 1u << ethernet_interrupt;
  write_mac(mii_value, loopback);
  write_mac(mii_access, phy_control_write);
  write_mac(mac_control, full_duplex | every_frame | transmitter_on | receiver_on);
}

void stop_watchdog() {
  at(watchdog_lock) = watchdog_unlock;
  at(watchdog_control) = 0;
  at(watchdog_lock) = 0;
}

}  // namespace recado::mps2_an500
