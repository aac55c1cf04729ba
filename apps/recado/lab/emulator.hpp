// The board of the lab as a Cortex-M7 in QEMU: its network, its parts, and what a person sees and does from outside.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "plan.hpp"
#include "process.hpp"

namespace recado::lab {

/// What an emulated board has of its own, in a folder of the lab's that only the owner may enter.
struct emulator_files {
  std::filesystem::path root;

  std::filesystem::path image() const { return root / "firmware.elf"; }
  std::filesystem::path eeprom() const { return root / "eeprom.bin"; }
  std::filesystem::path seed() const { return root / "seed.bin"; }
  std::filesystem::path log() const { return root / "qemu.log"; }
};
/// The files of the emulated board of this lab.
emulator_files emulator_files_of(const folder& where);

/// Names of Unix sockets in that folder.
inline constexpr const char* monitor_socket = "monitor";  ///< QEMU's monitor, for whoever wants to look
inline constexpr const char* button_socket = "button";    ///< UART1: any byte presses the button

/// Names of interfaces on the board's host, and of the network device in QEMU.
inline constexpr std::string_view tap_interface = "tap0", wire_bridge = "wire", wire_device = "wire";

/// What to run.
struct emulator_options {
  folder where;
  std::filesystem::path image;
  std::filesystem::path dump;     ///< what the board's Ethernet sends and hears goes there as a pcap; empty: nowhere
  std::vector<std::string> more;  ///< further words for QEMU
};

/// What a person sees of the board.
struct emulator_sight {
  std::function<void(std::string_view)> console;     ///< what came from UART0
  std::function<void(unsigned led, bool on)> light;  ///< a LED, from 1, when it has changed
};

/// Runs the board on the board's host, called there, until it ends. SIGINT and SIGTERM press its button; a second one
/// ends it. The lab's cable is the board's. Answers QEMU's status. Throws lab_error.
int emulate(const emulator_options& options, const emulator_sight& seen);

}  // namespace recado::lab
