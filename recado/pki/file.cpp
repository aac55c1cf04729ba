#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <random>

#include <recado/pki/failure.hpp>
#include <recado/pki/file.hpp>

namespace recado::pki {
namespace {

namespace fs = std::filesystem;

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

/// True if it leads to what another one has opened, as /dev/stdout does.
bool leads_to_open_file(const fs::path& path) {
  std::error_code error;
  return fs::read_symlink(path, error).native().starts_with("/proc/");
}

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

[[noreturn]] void fail_exists(const fs::path& path) {
  throw failure(quoted(path) + " exists already", "use --force to replace it");
}

void write_all(int file, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_system("cannot write " + quoted(path), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Removes a temporary file that didn't get its name.
class temporary {
 public:
  explicit temporary(const fs::path& target) {
    std::random_device random;
    path_ = target;
    path_ += "." + std::to_string(::getpid()) + "-" + std::to_string(random()) + ".new";
  }
  ~temporary() {
    if (!published_) ::unlink(path_.c_str());
  }
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;
  const fs::path& path() const { return path_; }

  void publish(const fs::path& target, existing what) {
    const bool keep = what == existing::keep;
    int result = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), keep ? RENAME_NOREPLACE : 0);
    if (result != 0 && keep && errno == EINVAL) {  // a file system without that flag
      result = ::link(path_.c_str(), target.c_str());
      if (result == 0) ::unlink(path_.c_str());
    }
    if (result != 0 && errno == EEXIST) fail_exists(target);
    if (result != 0) fail_system("cannot create " + quoted(target), errno);
    published_ = true;
  }

 private:
  fs::path path_;
  bool published_ = false;
};

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

void sync_folder(const fs::path& folder) {
  const descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (opened.number() >= 0) ::fsync(opened.number());
}

}  // namespace

std::string read_file(const fs::path& path) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number() < 0) fail_system("cannot read " + quoted(path), errno);
  std::string content;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t got = ::read(file.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_system("cannot read " + quoted(path), errno);
    if (got == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(got));
    if (content.size() > file_bytes_max) throw failure(quoted(path) + " is too large", "check the path");
  }
}

void write_file(const fs::path& path, std::string_view content, mode_t mode, existing what) {
  refuse_existing(path, what);
  refuse_place(path);
  temporary fresh{path};
  const descriptor file{::open(fresh.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)};
  if (file.number() < 0) fail_system("cannot create " + quoted(path), errno);
  write_all(file.number(), content, path);
  if (::fsync(file.number()) != 0) fail_system("cannot write " + quoted(path), errno);
  fresh.publish(path, what);
  sync_folder(folder_of(path));
}

void refuse_existing(const fs::path& path, existing what) {
  struct stat status {};
  if (what == existing::keep && ::lstat(path.c_str(), &status) == 0) fail_exists(path);
}

void refuse_place(const fs::path& path) {
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (there && S_ISDIR(status.st_mode)) fail_system("cannot create " + quoted(path), EISDIR);
  if ((there && !S_ISREG(status.st_mode)) || leads_to_open_file(path))
    throw failure(quoted(path) + " is a device or a pipe, and a file would take its place", "give the path of a file");
  if (::access(folder_of(path).c_str(), W_OK | X_OK) != 0) fail_system("cannot create " + quoted(path), errno);
}

void make_folder(const fs::path& path, mode_t mode) {
  std::error_code error;
  const fs::path above = folder_of(path);
  if (!fs::is_directory(above, error)) fs::create_directories(above, error);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    fail_system("cannot create the folder " + quoted(path), errno);
  if (!fs::is_directory(path, error)) throw failure(quoted(path) + " is not a folder", "choose another place");
}

folder_lock::folder_lock(const fs::path& folder)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail_system("cannot open the folder " + quoted(folder), errno);
  while (::flock(descriptor_, LOCK_EX) != 0)
    if (errno != EINTR) {
      const int error = errno;
      ::close(descriptor_);
      fail_system("cannot lock the folder " + quoted(folder), error);
    }
}

folder_lock::~folder_lock() { ::close(descriptor_); }

}  // namespace recado::pki
