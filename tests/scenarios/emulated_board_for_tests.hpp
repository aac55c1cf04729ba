// The board in QEMU as a test sees it: its console, its LEDs and its cable.
#pragma once

#include <array>
#include <optional>

#include <apps/recado/lab/emulator.hpp>
#include <apps/recado/lab/qmp.hpp>

#include "scenario_for_tests.hpp"

namespace recado::test {

/// How long a scenario waits for a board that has to be built first.
inline constexpr std::chrono::seconds build_patience{300};

/// While it lives, a lab that is brought up has servers that speak this version of TLS alone: "1.2".
class one_tls_version {
 public:
  explicit one_tls_version(const std::string& version);
  ~one_tls_version();
  one_tls_version(const one_tls_version&) = delete;
  one_tls_version& operator=(const one_tls_version&) = delete;
};

/// `recado lab run --board mps2-an500`. Ends with this object at the latest.
class board_in_qemu {
 public:
  /// Builds the image with these settings "section.name=value"; `options` are of `recado lab run`, `arguments` of
  /// `recado firmware`.
  explicit board_in_qemu(const lab& hosts, const words& settings = {}, words options = {}, words arguments = {});

  /// Waits for the board's start: false if it doesn't come.
  bool starts() { return process_.says("recado on mps2-an500", build_patience); }
  /// Waits for a text of the console, behind what was found before.
  bool says(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    return process_.says(text, limit);
  }
  const std::string& said() const { return process_.said(); }
  void press_button() const { process_.signal(SIGTERM); }
  void signal(int number) const { process_.signal(number); }
  result ended(std::chrono::milliseconds limit = std::chrono::seconds{30}) { return process_.ended(limit); }

  /// The LEDs as their registers hold them.
  std::array<bool, 3> lights() { return lab_lights(monitor()); }
  /// Waits for that.
  bool lights_are(std::array<bool, 3> wanted, std::chrono::milliseconds limit = std::chrono::seconds{20}) {
    return eventually([&] { return lights() == wanted; }, limit);
  }
  /// Pulls the cable out of the board, or plugs it in.
  void plug(bool in) { monitor().set_link(recado::lab::wire_device, in); }
  void reset() { monitor().reset(); }
  /// Lets the program go round in a circle where it happens to be, as a debugger can; answers where that is.
  std::uint32_t hang();

 private:
  static std::array<bool, 3> lab_lights(recado::lab::qmp& monitor);
  recado::lab::qmp& monitor();

  std::filesystem::path folder_;
  std::optional<recado::lab::qmp> monitor_;
  running process_;
};

}  // namespace recado::test
