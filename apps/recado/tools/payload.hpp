// Where the message of pub and rr comes from.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <recado/drive/posix/descriptor.hpp>

#include "settings.hpp"

namespace recado::app::tools {

/// The content of a message: in memory, or a file that is read as it is sent.
class content {
 public:
  /// Longer ones aren't copied into the session: it asks for them piece by piece.
  static constexpr std::size_t whole_max = 1 << 20;

  content() = default;
  /// What the options name. Throws `failure` if a file or standard input can't be read.
  explicit content(const settings& how);

  /// To be filled with a text, which is the content then.
  std::string& line();
  /// Bytes.
  std::size_t size() const;
  bool in_pieces() const { return size() > whole_max; }
  /// All of it, unless it is sent in pieces.
  std::string_view whole() const { return parts_.empty() ? std::string_view{} : parts_.front(); }
  /// What stands at `offset`, some bytes of it, until the next call. An error, in words, if the file can't be read any
  /// more or became shorter.
  std::expected<std::string_view, std::string> piece(std::size_t offset);

 private:
  void read_all(int from, const std::string& what);

  std::vector<std::string> parts_;  // all but the last are of the same size
  posix::descriptor file_;          // or a file of `file_size_` bytes
  std::size_t file_size_ = 0;
  std::string name_, buffer_;
};

}  // namespace recado::app::tools
