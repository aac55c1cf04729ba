#include "payload.hpp"

#include <cerrno>
#include <cstring>

#include <recado/drive/posix/descriptor.hpp>
#include <recado/mqtt/limits.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "../command.hpp"

namespace recado::app::tools {
namespace {

failure too_long() {
  return failure("the message is longer than MQTT can say (268435455 bytes with its topic)", "split it");
}

std::string read_all(int from, const std::string& what) {
  std::string result;
  std::string piece(1 << 20, '\0');
  for (;;) {
    const auto count = ::read(from, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failure(what + " could not be read: " + std::strerror(errno), "check it and its permissions");
    if (count == 0) return result;
    result.append(piece, 0, static_cast<std::size_t>(count));
    if (result.size() > mqtt::remaining_length_max) throw too_long();
  }
}

}  // namespace

std::string payload_of(const settings& how) {
  if (how.from == input::argument) return how.payload;
  if (how.from == input::whole) {
    std::string text = read_all(STDIN_FILENO, "standard input");
    if (text.empty()) throw failure("standard input is empty", "publish an empty message by -n");
    return text;
  }
  if (how.from != input::file) return {};
  const std::string what = "the file '" + how.payload + "'";
  const posix::descriptor file{::open(how.payload.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) throw failure(what + " could not be opened: " + std::strerror(errno), "check its path and permissions");
  return read_all(file.get(), what);
}

}  // namespace recado::app::tools
