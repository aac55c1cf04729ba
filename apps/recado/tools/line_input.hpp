// Lines of standard input, as they come and no faster than they are taken.
#pragma once

#include <string>

#include <recado/drive/posix/loop.hpp>

namespace recado::app::tools {

/// Reads only when asked for a line that isn't there yet, so memory stays bounded by the longest line.
class line_input {
 public:
  explicit line_input(int from) : fd_(from) {}
  ~line_input();
  line_input(const line_input&) = delete;
  line_input& operator=(const line_input&) = delete;

  /// From now on the loop wakes when there is something to read (while a line is wanted).
  bool watch(posix::loop& where);
  /// The next line without its line feed; a carriage return before it stays, as with mosquitto's clients: false if none
  /// is there now.
  bool next(std::string& line);
  /// False if the last line of the input came without a line feed.
  bool whole() const { return whole_; }
  /// Nothing will come any more.
  bool ended() const { return ended_ && at_ == buffer_.size(); }
  int error() const { return error_; }

 private:
  bool fill();
  void listen(bool yes);

  int fd_;
  posix::loop* loop_ = nullptr;
  posix::source source_;
  bool listening_ = false;
  bool pollable_ = true;
  bool ended_ = false;
  bool whole_ = true;
  int error_ = 0;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t searched_ = 0;
};

}  // namespace recado::app::tools
