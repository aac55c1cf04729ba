#include "payload.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <recado/mqtt/limits.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../command.hpp"

namespace recado::app::tools {
namespace {

constexpr std::size_t part_bytes = content::whole_max;

failure too_long() {
  return failure("the message is longer than MQTT can say (268435455 bytes with its topic)", "split it");
}

/// Fills `to` from a file or pipe; less only at its end. -1: errno says why.
ssize_t read_full(int from, char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::read(from, to + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

content::content(const settings& how) {
  if (how.from == input::argument) line() = how.payload;
  if (how.from == input::whole) {
    read_all(STDIN_FILENO, "standard input");
    if (size() == 0) throw failure("standard input is empty", "publish an empty message by -n");
  }
  if (how.from != input::file) return;
  name_ = "the file '" + how.payload + "'";
  posix::descriptor file{::open(how.payload.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) throw failure(name_ + " could not be opened: " + std::strerror(errno), "check its path and permissions");
  struct ::stat found {};
  const bool plain = ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode);
  if (!plain || static_cast<std::size_t>(found.st_size) <= whole_max) {
    read_all(file.get(), name_);
    return;
  }
  file_size_ = static_cast<std::size_t>(found.st_size);
  if (file_size_ > mqtt::remaining_length_max) throw too_long();
  file_ = std::move(file);
}

void content::read_all(int from, const std::string& what) {
  for (;;) {
    std::string& part = parts_.emplace_back(part_bytes, '\0');
    const auto count = read_full(from, part.data(), part.size());
    if (count < 0) throw failure(what + " could not be read: " + std::strerror(errno), "check it and its permissions");
    part.resize(static_cast<std::size_t>(count));
    if (part.empty() && parts_.size() > 1) parts_.pop_back();
    if (size() > mqtt::remaining_length_max) throw too_long();
    if (static_cast<std::size_t>(count) < part_bytes) return;
  }
}

std::string& content::line() {
  parts_.resize(1);
  return parts_.front();
}

std::size_t content::size() const {
  if (file_) return file_size_;
  return parts_.empty() ? 0 : (parts_.size() - 1) * part_bytes + parts_.back().size();
}

std::expected<std::string_view, std::string> content::piece(std::size_t offset) {
  if (!file_) {
    if (parts_.size() <= 1) return whole().substr(std::min(offset, whole().size()));
    const std::size_t part = std::min(offset / part_bytes, parts_.size() - 1);
    const std::size_t within = offset - part * part_bytes;
    return std::string_view{parts_[part]}.substr(std::min(within, parts_[part].size()));
  }
  buffer_.resize(std::min(part_bytes, file_size_ - std::min(offset, file_size_)));
  ssize_t count = 0;
  do count = ::pread(file_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset));
  while (count < 0 && errno == EINTR);
  if (count < 0) return std::unexpected{name_ + " could not be read to its end: " + std::strerror(errno)};
  if (count == 0) return std::unexpected{name_ + " became shorter while it was sent"};
  return std::string_view{buffer_}.substr(0, static_cast<std::size_t>(count));
}

}  // namespace recado::app::tools
