#include "text_console.hpp"

#include <recado/chain/bring_up.hpp>

namespace recado::firmware {
namespace {

void pad(text_sink& out, std::size_t used, std::size_t width) {
  for (; used < width; ++used) out << ' ';
}

/// "12.3 ms", in ten characters.
void write_time(text_sink& out, duration took) {
  const auto tenths = static_cast<std::uint64_t>((took.count() + 50) / 100);
  out.number(tenths / 10, 5) << '.';
  out.number(tenths % 10) << " ms ";
}

}  // namespace

void text_console::line(device::console_level level, std::string_view text) {
  if (level > level_) return;
  if (level == device::console_level::error) out_ << "error: ";
  if (level == device::console_level::warning) out_ << "warning: ";
  // A text of several lines ends each of them as a terminal wants it.
  for (char each : text) each == '\n' ? out_ << "\r\n" : out_ << each;
  if (!text.ends_with('\n')) out_ << "\r\n";
}

void text_console::rung_line(std::string_view mark, const device::rung_report& report) {
  const std::string_view title = chain::step_of(report.at).title;
  out_ << mark << title;
  pad(out_, mark.size() + title.size(), 31);
  write_time(out_, report.took);
  out_ << report.detail << "\r\n";
}

/// Its title, and the microseconds worked and passed since it was begun.
void text_console::effort_line(const device::rung_report& report) {
  const effort now = spent_();
  out_ << "effort: " << chain::step_of(report.at).title << ' ';
  for (const std::uint64_t each : {now.worked - begun_.worked, now.passed - begun_.passed}) {
    out_.number(each / 1000) << '.';
    out_.number(each / 100 % 10) << ' ';
  }
  out_ << "us\r\n";
  begun_ = now;
}

void text_console::rung(const device::rung_report& report) {
  using kind = device::rung_report::kind;
  using device::console_level;
  switch (report.what) {
    case kind::begun:
      if (spent_ != nullptr) begun_ = spent_();
      return;
    case kind::reached:
      if (level_ >= console_level::info) rung_line("  ok ", report);
      if (spent_ != nullptr && level_ >= console_level::debug) effort_line(report);
      return;
    case kind::failed:
      if (level_ >= console_level::warning) rung_line("  !! ", report);
      return;
    case kind::lost:
      if (level_ >= console_level::warning) rung_line(" lost ", report);
      return;
  }
}

}  // namespace recado::firmware
