// The console as lines of plain text on whatever a board writes to.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/text.hpp>
#include <recado/device/board.hpp>

namespace recado::firmware {

/// Takes text, which may wait in the board's memory.
using write_function = void (*)(std::string_view text);

/// How long the processor has worked and how long it has been on, in nanoseconds.
struct effort {
  std::uint64_t worked = 0;  ///< all but what it slept
  std::uint64_t passed = 0;  ///< with it
};
/// Both, since some beginning.
using effort_function = effort (*)();

/// Lines that end in CR and LF.
class text_console final : public device::console {
 public:
  /// Shows lines up to that level; with `spent` and `debug`, also what each rung took, for measuring.
  text_console(write_function write, device::console_level level, effort_function spent = nullptr)
      : out_(write), level_(level), spent_(spent) {}
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
  void effort_line(const device::rung_report& report);

  sink out_;
  device::console_level level_;
  effort_function spent_;
  effort begun_;
};

}  // namespace recado::firmware
