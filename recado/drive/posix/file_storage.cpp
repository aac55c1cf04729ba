#include <recado/drive/posix/file_storage.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace recado::posix {
namespace {

using failure = file_storage_failure;

std::unexpected<failure> failed(failure::what why) { return std::unexpected{failure{why, errno}}; }

::pid_t pid_in(int file) {
  char text[16];
  const ::ssize_t size = ::pread(file, text, sizeof text, 0);
  ::pid_t result = 0;
  if (size > 0) std::from_chars(text, text + size, result);
  return result;
}

// Who only looks at a session has it for a moment; that must not turn away who uses it.
constexpr int lock_attempts = 100;
constexpr int lock_pause_ms = 10;

bool take(int file, int attempts) {
  for (;;) {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK || --attempts == 0) return false;
    ::poll(nullptr, 0, lock_pause_ms);
  }
}

// The name of a folder that was just made holds once the folder around it is on the disk. Who may write there but not
// look has the whole file system synced.
bool sync_name_of(int folder) {
  const descriptor around{::openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return (around ? ::fsync(around.get()) : ::syncfs(folder)) == 0;
}

}  // namespace

file_storage::~file_storage() { (void)flush(); }

std::expected<void, failure> file_storage::open(const char* folder, const store::storage_geometry& shape,
                                                durability how, bool make) {
  shape_ = shape;
  shape_.spares_pages = how == durability::fsync;
  how_ = how;
  const bool made = make && ::mkdir(folder, 0700) == 0;
  if (make && !made && errno != EEXIST) return failed(failure::what::folder);
  const descriptor where{::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!where) return failed(errno == ENOENT ? failure::what::missing : failure::what::folder);
  if (made && !sync_name_of(where.get())) return failed(failure::what::folder);
  if (auto done = lock(where.get(), make); !done) return done;
  return open_journal(where.get(), make);
}

std::expected<void, failure> file_storage::lock(int folder, bool make) {
  const bool there = make || ::faccessat(folder, "journal", F_OK, 0) == 0;  // a copy may lack its lock
  lock_.reset(::openat(folder, "lock", O_RDWR | O_CLOEXEC | (there ? O_CREAT : 0), 0600));
  if (!lock_) return failed(errno == ENOENT ? failure::what::missing : failure::what::lock);
  if (!take(lock_.get(), make ? lock_attempts : 1)) {
    if (errno != EWOULDBLOCK) return failed(failure::what::lock);
    return std::unexpected{failure{failure::what::in_use, errno, pid_in(lock_.get())}};
  }
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text - 1, ::getpid()).ptr;
  *end = '\n';
  const ::ssize_t size = end + 1 - text;
  if (::ftruncate(lock_.get(), 0) != 0 || ::pwrite(lock_.get(), text, static_cast<std::size_t>(size), 0) != size)
    return failed(failure::what::lock);
  return {};
}

std::expected<void, failure> file_storage::open_journal(int folder, bool make) {
  file_.reset(::openat(folder, "journal", O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600));
  if (!file_) return failed(errno == ENOENT ? failure::what::missing : failure::what::journal);
  struct ::stat now {};
  if (::fstat(file_.get(), &now) != 0) return failed(failure::what::journal);
  const ::off_t size = ::off_t{shape_.sector_bytes} * shape_.sectors;
  if (now.st_size == size) return {};
  if (now.st_size != 0) return std::unexpected{failure{failure::what::other_size, 0}};
  if (::ftruncate(file_.get(), size) != 0 || ::fsync(file_.get()) != 0 || ::fsync(folder) != 0)
    return failed(failure::what::journal);
  return {};
}

bool file_storage::fail() {
  if (error_ == 0) error_ = errno;
  return false;
}

bool file_storage::write(std::uint32_t address, bytes what) {
  while (!what.empty()) {
    const ::ssize_t count = ::pwrite(file_.get(), what.data(), what.size(), address);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail();
    what = what.subspan(static_cast<std::size_t>(count));
    address += static_cast<std::uint32_t>(count);
  }
  return true;
}

bool file_storage::flush() {
  if (buffered_ == 0 || !file_) return true;
  const bytes gathered = bytes{buffer_}.first(buffered_);
  buffered_ = 0;
  return write(buffer_at_, gathered);
}

// What has gathered lies over what the file says.
bool file_storage::read(std::uint32_t address, mutable_bytes into) {
  const std::uint64_t begin = std::max(address, buffer_at_);
  const std::uint64_t end =
      std::min<std::uint64_t>(std::uint64_t{address} + into.size(), std::uint64_t{buffer_at_} + buffered_);
  const bool over = buffered_ != 0 && begin < end;
  if (!over || end - begin != into.size()) {
    for (std::size_t done = 0; done < into.size();) {
      const ::ssize_t count =
          ::pread(file_.get(), into.data() + done, into.size() - done, static_cast<::off_t>(address + done));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return fail();
      done += static_cast<std::size_t>(count);
    }
  }
  if (over) copy(bytes{buffer_}.subspan(begin - buffer_at_, end - begin), into.subspan(begin - address, end - begin));
  return true;
}

bool file_storage::program(std::uint32_t address, bytes what) {
  if (buffered_ != 0 && (address != buffer_at_ + buffered_ || what.size() > buffer_.size() - buffered_))
    if (!flush()) return false;
  if (what.size() > buffer_.size()) return write(address, what);
  if (buffered_ == 0) buffer_at_ = address;
  copy(what, buffer_.subspan(buffered_, what.size()));
  buffered_ += what.size();
  return true;
}

// A hole reads as zeros, and gives its room on the disk back.
bool file_storage::erase(std::uint32_t sector) {
  if (!flush()) return false;
  const std::uint32_t address = sector * shape_.sector_bytes;
  constexpr int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(file_.get(), hole, address, shape_.sector_bytes) == 0) return true;
  if (errno != EOPNOTSUPP) return fail();
  static constexpr std::array<std::byte, 4096> zeros{};
  for (std::uint32_t done = 0; done < shape_.sector_bytes; done += static_cast<std::uint32_t>(zeros.size())) {
    const std::size_t left = shape_.sector_bytes - done;
    if (!write(address + done, bytes{zeros}.first(std::min(zeros.size(), left)))) return false;
  }
  return true;
}

bool file_storage::written_behind(std::uint32_t address) const {
  std::array<std::byte, 4096> part;
  for (::off_t at = address; (at = ::lseek(file_.get(), at, SEEK_DATA)) >= 0;) {
    const ::ssize_t got = ::pread(file_.get(), part.data(), part.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const bytes octets = bytes{part}.first(static_cast<std::size_t>(got));
    if (std::ranges::any_of(octets, [](std::byte each) { return each != std::byte{0}; })) return true;
    at += got;
  }
  return false;
}

bool file_storage::sync() {
  if (how_ == durability::none) return true;
  if (!flush()) return false;
  if (how_ == durability::flush) return true;
  return ::fdatasync(file_.get()) == 0 || fail();
}

}  // namespace recado::posix
