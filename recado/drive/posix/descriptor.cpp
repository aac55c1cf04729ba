#include <recado/drive/posix/descriptor.hpp>

#include <unistd.h>

namespace recado::posix {

void descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace recado::posix
