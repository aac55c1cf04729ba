// The small parts of the board on Linux: clock, stopwatch, storage in a file, TLS sessions in memory.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <recado/device/board.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/tls/options.hpp>

namespace recado::linux_board {

/// A clock of the application's own: an offset to the system's, which is set only if asked for.
class offset_clock final : public device::real_time_clock {
 public:
  explicit offset_clock(bool set_system_clock) : set_system_clock_(set_system_clock) {}
  std::optional<utc_time> read() override;
  void set(utc_time time) override;
  /// Why the system's clock could not be set, if it was to be.
  fault why_not_set() const { return why_; }

 private:
  bool set_system_clock_;
  duration offset_{};
  fault why_;
};

/// CLOCK_MONOTONIC_RAW in nanoseconds.
class system_stopwatch final : public device::stopwatch {
 public:
  std::uint64_t nanoseconds() override;
};

/// Two blocks of a small file of mode 0600.
class file_storage final : public device::storage {
 public:
  /// Opens or creates `folder/device`. False if that can't be; the device remembers nothing then.
  bool open(const std::filesystem::path& folder);
  std::size_t block_bytes() const override { return 4096; }
  std::size_t block_count() const override { return file_ ? 2 : 0; }
  bool read(std::size_t offset, mutable_bytes into) override;
  bool program(std::size_t offset, bytes what) override;
  bool erase(std::size_t block) override;
  bool sync() override;

 private:
  posix::descriptor file_;
};

/// The last TLS session of each host, for the next connection of this run; wiped at the end.
class session_memory final : public tls::session_store {
 public:
  session_memory() = default;
  ~session_memory();
  session_memory(const session_memory&) = delete;
  session_memory& operator=(const session_memory&) = delete;
  void keep(std::string_view host, bytes session) override;
  bytes find(std::string_view host) override;
  void forget(std::string_view host) override;

 private:
  struct entry {
    std::string host;
    std::vector<std::byte> session;
  };
  std::vector<entry> entries_;
};

}  // namespace recado::linux_board
