#include <recado/drive/posix/entropy.hpp>

#include <cerrno>
#include <cstdlib>

#include <sys/random.h>

namespace recado::posix {

void system_entropy::fill(mutable_bytes out) {
  while (!out.empty()) {
    const ssize_t count = getrandom(out.data(), out.size(), 0);
    if (count > 0) out = out.subspan(static_cast<std::size_t>(count));
    else if (errno != EINTR) std::abort();
  }
}

}  // namespace recado::posix
