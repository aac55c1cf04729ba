// QEMU's monitor: its JSON protocol over a Unix socket (QEMU Machine Protocol).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "process.hpp"

namespace recado::lab {

/// Connects to a Unix socket by its folder and its name there, since the path of a socket has at most 107 characters.
/// Waits for it to appear; nothing if it didn't within `limit`.
file_descriptor connect_in(const std::filesystem::path& folder, const std::string& name,
                           std::chrono::milliseconds limit);

/// A connection to the monitor. Its calls throw lab_error if QEMU refuses or doesn't answer within some seconds.
class qmp {
 public:
  qmp(const std::filesystem::path& folder, const std::string& name, std::chrono::milliseconds limit);

  /// Plugs the cable of a network device in or out.
  void set_link(std::string_view name, bool up);
  /// Reads words of 32 bits from the board's memory or registers.
  std::vector<std::uint32_t> read_words(std::uint32_t address, unsigned count);
  /// Resets the board as its reset button does.
  void reset();
  /// Ends QEMU.
  void quit();
  /// One line for the monitor that people use; answers what it prints.
  std::string monitor(std::string_view line);

 private:
  /// Sends a command and answers the JSON text of what it returns.
  std::string execute(std::string_view command, std::string_view arguments = "{}");
  std::string next_line();

  file_descriptor socket_;
  std::string read_;
};

}  // namespace recado::lab
