#include "small_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <recado/core/bytes.hpp>
#include <recado/drive/posix/descriptor.hpp>

#include "command.hpp"

namespace recado::app {

std::string read_small_file(const std::string& path, std::string_view what) {
  const std::string who = std::string{what} + " '" + path + "'";
  const auto refuse = [&](int number) {
    throw failure(who + " could not be read: " + std::strerror(number),
                  number == EISDIR ? "give a file" : "check its path and permissions");
  };
  const posix::descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!file) refuse(errno);
  std::string content;
  std::array<char, 4096> piece;
  for (ssize_t got = 1; got != 0;) {
    got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(errno);
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > small_file_bytes_max)
      throw failure(who + " has more than 1 MiB", "check its path: it has to be a file, or a pipe that ends");
  }
  wipe(std::as_writable_bytes(std::span{piece}));  // it may be a password
  return content;
}

}  // namespace recado::app
