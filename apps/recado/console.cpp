#include "console.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace recado::app {
namespace {

constexpr std::size_t buffer_bytes_max = 16 * 1024;

bool any_of(const sigset_t& set, std::initializer_list<int> numbers) {
  return std::ranges::any_of(numbers, [&](int each) { return ::sigismember(&set, each) == 1; });
}

/// NO_COLOR refuses them; CLICOLOR_FORCE wants them even where no terminal is seen, such as through tee.
bool colours_wanted(bool terminal_seen) {
  const char* refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* forced = std::getenv("CLICOLOR_FORCE");
  if (forced != nullptr && *forced != '\0' && std::string_view{forced} != "0") return true;
  if (!terminal_seen) return false;
  const char* terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view{terminal} != "dumb";
}

std::string_view sequence(style how) {
  switch (how) {
    case style::plain:
      return "";
    case style::strong:
      return "\033[1m";
    case style::faint:
      return "\033[2m";
    case style::good:
      return "\033[32m";
    case style::warning:
      return "\033[33m";
    case style::bad:
      return "\033[31m";
    case style::title:
      return "\033[1;36m";
  }
  return "";
}

}  // namespace

console::console(int descriptor)
    : descriptor_(descriptor), terminal_(::isatty(descriptor) == 1), colours_(colours_wanted(terminal_)) {}

void console::write(std::string_view text) {
  given_ += text.size();
  buffer_ += text;
  const bool line_ended = text.find('\n') != std::string_view::npos;
  if (held() >= buffer_bytes_max || (line_ended && (terminal_ || descriptor_ == STDERR_FILENO))) flush();
}

bool console::has_room(int wait_ms) const {
  pollfd waiting{descriptor_, POLLOUT, 0};
  return ::poll(&waiting, 1, wait_ms) != 0;
}

void console::drop() { buffer_.clear(), at_ = 0; }

/// False if nothing more can be written now.
bool console::write_some(std::size_t most) {
  const ssize_t written = ::write(descriptor_, buffer_.data() + at_, std::min(most, held()));
  if (written >= 0) at_ += static_cast<std::size_t>(written);
  else if (errno != EINTR && errno != EAGAIN) write_error_ = errno;
  return write_error_ == 0;
}

// Until a signal comes that the caller reads himself, or for ever.
void console::wait_for_room() {
  constexpr int look_again_ms = 100;
  while (!has_room(look_again_ms)) {
    sigset_t due;
    ::sigpending(&due);
    if (!given_up_ && !any_of(due, {SIGINT, SIGTERM, SIGHUP})) continue;
    write_error_ = EINTR;
    return;
  }
}

void console::flush() {
  const std::size_t most = paced_ ? PIPE_BUF : held();  // a pipe with room has room for that
  while (held() != 0 && write_error_ == 0) {
    if (paced_ && !has_room(0)) {
      if (held() < held_bytes_max) break;
      wait_for_room();
      continue;
    }
    write_some(most);
  }
  if (held() == 0 || write_error_ != 0) return drop();
  if (at_ >= buffer_.size() / 2) buffer_.erase(0, at_), at_ = 0;
}

void console::drain() {
  flush();
  while (held() != 0 && write_error_ == 0) {
    wait_for_room();
    if (write_error_ == 0) write_some(PIPE_BUF);
  }
  if (held() == 0 || write_error_ != 0) drop();
}

unsigned console::columns() const {
  winsize size{};
  if (terminal_ && ::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size.ws_col;
  return 80;
}

console& operator<<(console& to, const painted& what) {
  if (to.has_colours() && what.how != style::plain) {
    to.write(sequence(what.how));
    to.write(what.text);
    to.write("\033[0m");
  } else {
    to.write(what.text);
  }
  return to;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view more) {
  return std::to_string(count) + ' ' + std::string{count == 1 ? one : more};
}

console& out() {
  static console standard_output{STDOUT_FILENO};
  return standard_output;
}

console& err() {
  static console standard_error{STDERR_FILENO};
  return standard_error;
}

std::string_view remedy_of_output(int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return full ? "make room or write elsewhere" : "check where standard output leads";
}

}  // namespace recado::app
