// The console as lines of plain text on whatever a board writes to.
#pragma once

#include <string_view>

#include <recado/core/text.hpp>
#include <recado/device/board.hpp>

namespace recado::firmware {

/// Takes text, which may wait in the board's memory.
using write_function = void (*)(std::string_view text);

/// Lines that end in CR and LF.
class text_console final : public device::console {
 public:
  /// Shows lines up to that level.
  text_console(write_function write, device::console_level level) : out_(write), level_(level) {}
  void line(device::console_level level, std::string_view text) override;
  void rung(const device::rung_report& report) override;
  /// A line of a run's own, whatever the level.
  text_sink& out() { return out_; }

 private:
  class sink final : public text_sink {
   public:
    explicit sink(write_function target) : write_(target) {}
    void write(std::string_view text) override { write_(text); }

   private:
    write_function write_;
  };
  void rung_line(std::string_view mark, const device::rung_report& report);

  sink out_;
  device::console_level level_;
};

}  // namespace recado::firmware
