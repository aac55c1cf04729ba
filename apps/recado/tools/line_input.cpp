#include "line_input.hpp"

#include <algorithm>
#include <cerrno>

#include <recado/mqtt/limits.hpp>

#include <poll.h>
#include <unistd.h>

namespace recado::app::tools {

line_input::~line_input() { listen(false); }

bool line_input::watch(posix::loop& where) {
  loop_ = &where;
  listen(true);
  return true;
}

// A plain file can't be waited for; it is always ready.
void line_input::listen(bool yes) {
  if (loop_ == nullptr || !pollable_ || listening_ == yes) return;
  if (yes) pollable_ = loop_->watch(fd_, source_, posix::trigger::level_read).has_value();
  else loop_->forget(fd_, source_);
  listening_ = yes && pollable_;
}

bool line_input::fill() {
  pollfd ready{fd_, POLLIN, 0};
  if (pollable_ && ::poll(&ready, 1, 0) == 0) return listen(true), false;
  if (at_ != 0) buffer_.erase(0, at_), searched_ -= at_, at_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + (64 << 10));
  ssize_t count;
  do count = ::read(fd_, buffer_.data() + before, 64 << 10);
  while (count < 0 && errno == EINTR);
  buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0 && errno == EAGAIN) return listen(true), false;
  if (count < 0) error_ = errno;
  if (count <= 0) ended_ = true;
  if (buffer_.size() > mqtt::packet_bytes_max) ended_ = true, error_ = EMSGSIZE;
  return true;
}

bool line_input::next(std::string& line) {
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end != buffer_.npos) {
      line.assign(buffer_, at_, end - at_);
      at_ = searched_ = end + 1;
      listen(false);
      return true;
    }
    searched_ = buffer_.size();
    if (ended_) {
      listen(false);
      if (at_ == buffer_.size()) return false;
      line.assign(buffer_, at_);
      whole_ = false;
      at_ = searched_ = buffer_.size();
      return true;
    }
    if (!fill()) return false;
  }
}

}  // namespace recado::app::tools
