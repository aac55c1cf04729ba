// LEDs, button and console on a PC: a line in place on a terminal, plain lines elsewhere.
#pragma once

#include <termios.h>

#include <array>
#include <string>

#include <recado/core/text.hpp>
#include <recado/device/board.hpp>
#include <recado/drive/posix/loop.hpp>

namespace recado::linux_board {

/// How the panel prints.
struct panel_style {
  bool in_place = false;  ///< a person looks at a terminal: the LEDs stay in its last line
  bool colours = false;
  device::console_level level = device::console_level::info;
};

/// All that a person sees and presses.
class panel final : public device::console, public device::leds, public device::button {
 public:
  /// `held`: the button is held while the device starts. `out` is flushed by its owner after each step.
  panel(text_sink& out, const panel_style& style, bool held) : out_(out), style_(style), held_(held) {}
  ~panel() { close(); }
  panel(const panel&) = delete;
  panel& operator=(const panel&) = delete;

  /// Listens to the keys b, space and Enter if standard input is a terminal.
  void open(posix::loop& loop);
  /// Gives the terminal back as it was.
  void close();

  void line(device::console_level level, std::string_view text) override;
  void rung(const device::rung_report& report) override;
  void set(unsigned led, bool on) override;
  bool is_on(unsigned led) const { return lit_[led - 1]; }
  bool pressed() override;
  bool held_at_start() override { return held_; }
  void press() { pressed_ = true; }

 private:
  void print(std::string_view mark, std::string_view colour, std::string_view text);
  void draw();
  void erase();
  void read_keys();

  text_sink& out_;
  panel_style style_;
  bool held_;
  bool pressed_ = false;
  bool drawn_ = false;
  bool keys_ = false;
  posix::loop* loop_ = nullptr;
  posix::source source_;
  termios before_{};
  std::array<bool, device::led_count> lit_{};
};

}  // namespace recado::linux_board
