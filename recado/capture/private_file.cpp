#include <recado/capture/private_file.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace recado::capture {
namespace {

/// 0 or an errno. A pipe to a program that shows the recording as it grows has no mode of its own.
int make_private(int descriptor, opening how) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return 0;
  if (::fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) return errno;
  if (how == opening::replace && ::ftruncate(descriptor, 0) != 0) return errno;
  return 0;
}

}  // namespace

std::expected<private_file, int> private_file::open(const std::string& path, opening how) {
  const int append = how == opening::append ? O_APPEND : 0;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | append, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return std::unexpected(errno);
  private_file file{descriptor};
  if (const int error = make_private(descriptor, how); error != 0) return std::unexpected(error);
  return file;
}

private_file::private_file(private_file&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), error_(other.error_) {}

private_file& private_file::operator=(private_file&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(error_, other.error_);
  return *this;
}

private_file::~private_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void private_file::write(std::string_view data) {
  while (!data.empty() && error_ == 0) {
    const ssize_t written = ::write(descriptor_, data.data(), data.size());
    if (written >= 0) data.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR) error_ = errno;
  }
}

}  // namespace recado::capture
