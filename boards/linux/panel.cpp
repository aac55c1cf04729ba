#include "panel.hpp"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace recado::linux_board {
namespace {

constexpr std::string_view red = "\033[31m", green = "\033[32m", yellow = "\033[33m", faint = "\033[2m",
                           plain = "\033[0m";

/// "12 ms", "1.4 s".
std::string time_text(duration took) {
  char text[32];
  const double ms = static_cast<double>(took.count()) / 1000;
  if (ms < 10) std::snprintf(text, sizeof text, "%.1f ms", ms);
  else if (ms < 1000) std::snprintf(text, sizeof text, "%.0f ms", ms);
  else std::snprintf(text, sizeof text, "%.1f s", ms / 1000);
  return text;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string result{text};
  if (result.size() < width) result.append(width - result.size(), ' ');
  return result;
}

}  // namespace

void panel::open(posix::loop& loop) {
  if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
  if (::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;  // in the background a terminal mustn't be touched
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  keys.c_cc[VMIN] = 0, keys.c_cc[VTIME] = 0;
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &keys) != 0) return;
  keys_ = true;
  if (loop.watch(STDIN_FILENO, source_, posix::trigger::level_read)) loop_ = &loop;
}

void panel::close() {
  erase();
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->forget(STDIN_FILENO, source_);
  if (std::exchange(keys_, false)) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  style_.in_place = false;
}

void panel::line(device::console_level level, std::string_view text) {
  if (level > style_.level) return;
  switch (level) {
    case device::console_level::error:
      return print("error: ", red, text);
    case device::console_level::warning:
      return print("warning: ", yellow, text);
    case device::console_level::info:
      return print("", "", text);
    case device::console_level::debug:
      return print("", faint, text);
  }
}

void panel::rung(const device::rung_report& report) {
  using kind = device::rung_report::kind;
  const std::string title{chain::step_of(report.at).title};
  const std::string detail{report.detail};
  switch (report.what) {
    case kind::begun:
      if (style_.level >= device::console_level::debug) print("  .. ", faint, title);
      return;
    case kind::reached:
      if (style_.level < device::console_level::info) return;
      return print("  ok ", green, padded(title, 26) + padded(time_text(report.took), 10) + detail);
    case kind::failed:
      if (style_.level < device::console_level::warning) return;
      return print("  !! ", red, padded(title, 26) + padded(time_text(report.took), 10) + detail);
    case kind::lost:
      if (style_.level < device::console_level::warning) return;
      return print(" lost ", yellow, padded(title, 25) + detail);
  }
}

void panel::print(std::string_view mark, std::string_view colour, std::string_view text) {
  erase();
  const bool coloured = style_.colours && !colour.empty();
  if (coloured) out_ << colour;
  out_ << mark;
  if (coloured && !mark.empty()) out_ << plain;
  out_ << text;
  if (coloured && mark.empty()) out_ << plain;
  out_ << '\n';
  draw();
}

void panel::set(unsigned led, bool on) {
  if (led == 0 || led > lit_.size() || lit_[led - 1] == on) return;
  lit_[led - 1] = on;
  if (style_.in_place) return erase(), draw();
  if (style_.level < device::console_level::info) return;
  out_ << "LED ";
  out_.number(led) << (on ? " on\n" : " off\n");
}

void panel::draw() {
  if (!style_.in_place) return;
  for (unsigned led = 1; led <= lit_.size(); ++led) {
    const bool on = lit_[led - 1];
    if (style_.colours) out_ << (on ? green : faint);
    out_ << (on ? "[LED " : " LED "), out_.number(led), out_ << (on ? "]" : " ");
    if (style_.colours) out_ << plain;
    out_ << ' ';
  }
  if (keys_) out_ << " (b: the button)";
  drawn_ = true;
}

void panel::erase() {
  if (std::exchange(drawn_, false)) out_ << "\r\033[K";
}

bool panel::pressed() {
  if (keys_) read_keys();
  return std::exchange(pressed_, false);
}

void panel::read_keys() {
  if (!std::exchange(source_.readable, false)) return;
  char keys[32];
  const ssize_t got = ::read(STDIN_FILENO, keys, sizeof keys);
  for (ssize_t i = 0; i < got; ++i)
    if (keys[i] == 'b' || keys[i] == 'B' || keys[i] == ' ' || keys[i] == '\n' || keys[i] == '\r') pressed_ = true;
  if (got <= 0 && loop_ != nullptr) std::exchange(loop_, nullptr)->forget(STDIN_FILENO, source_);  // hung up
}

}  // namespace recado::linux_board
