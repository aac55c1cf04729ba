#include "parts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include <recado/drive/posix/clock.hpp>

namespace recado::linux_board {

std::optional<utc_time> offset_clock::read() { return posix::realtime() + offset_; }

void offset_clock::set(utc_time time) {
  if (set_system_clock_) {
    const auto done = posix::set_realtime(time);
    if (!done) why_ = done.error();
  }
  offset_ = time - posix::realtime();
}

std::uint64_t system_stopwatch::nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_RAW, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

bool file_storage::open(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  file_.reset(::open((folder / "device").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file_) return false;
  if (::ftruncate(file_.get(), static_cast<off_t>(2 * block_bytes())) == 0) return true;
  file_.reset();
  return false;
}

bool file_storage::read(std::size_t offset, mutable_bytes into) {
  const ssize_t got = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
  return got == static_cast<ssize_t>(into.size());
}

bool file_storage::program(std::size_t offset, bytes what) {
  const ssize_t put = ::pwrite(file_.get(), what.data(), what.size(), static_cast<off_t>(offset));
  return put == static_cast<ssize_t>(what.size());
}

bool file_storage::erase(std::size_t block) {
  std::vector<std::byte> blank(block_bytes(), std::byte{0xff});
  return program(block * block_bytes(), blank);
}

bool file_storage::sync() { return ::fdatasync(file_.get()) == 0; }

session_memory::~session_memory() {
  for (entry& each : entries_) wipe(each.session);
}

void session_memory::keep(std::string_view host, bytes session) {
  forget(host);
  entries_.push_back({std::string{host}, {session.begin(), session.end()}});
}

bytes session_memory::find(std::string_view host) {
  const auto found = std::ranges::find(entries_, host, &entry::host);
  return found == entries_.end() ? bytes{} : bytes{found->session};
}

void session_memory::forget(std::string_view host) {
  const auto found = std::ranges::find(entries_, host, &entry::host);
  if (found == entries_.end()) return;
  wipe(found->session);
  entries_.erase(found);
}

}  // namespace recado::linux_board
