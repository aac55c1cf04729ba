// A file descriptor that closes itself.
#pragma once

#include <utility>

namespace recado::posix {

/// Owns a descriptor; -1 is none.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}                                        ///< Takes it over.
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}  ///< Takes it over.
  /// Closes what it owned.
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~descriptor() { reset(); }

  int get() const { return fd_; }                      ///< Still owned by this; -1: none.
  explicit operator bool() const { return fd_ >= 0; }  ///< True if it owns one.
  /// Gives it away: whoever takes it closes it.
  int release() { return std::exchange(fd_, -1); }
  /// Closes what it owns and owns `fd` instead.
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

}  // namespace recado::posix
