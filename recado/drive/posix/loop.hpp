// Waiting: for bytes, for room, for a deadline, for another thread or a signal, whichever comes first.
//
// Streams are watched edge-triggered: registered once for both directions, they cost no further call however often
// their wish to read or write changes, and a receive buffer that is full doesn't make the loop spin (the flags of
// `source` remember what is still there to read). Everything else is watched level-triggered, where forgetting to
// read all does no harm.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <span>

#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/descriptor.hpp>

namespace recado::posix {

/// What is known about one descriptor. The loop sets the flags, whoever reads or writes clears them. Its address is
/// given to the kernel: it must not move while watched.
struct source {
  bool readable = false;  ///< something may be there
  bool writable = false;  ///< there may be room
  bool hung_up = false;   ///< the peer closed its side, or an error waits: read until that is seen
  void* owner = nullptr;  ///< for the one who waits, to find what a ready source belongs to
};

/// How a source is watched; see above.
enum class trigger : std::uint8_t { edge_both, level_read };

/// One epoll instance. Used by one thread at a time, but for `wake`.
class loop {
 public:
  static constexpr std::size_t events_per_wait_max = 64;  ///< sources that one wait tells about

  loop() = default;
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  /// Must succeed before anything else is called.
  std::expected<void, fault> open();
  /// Begins to tell `what` about the descriptor. The source stays where it is until `unwatch`.
  std::expected<void, fault> watch(int fd, source& what, trigger how);
  /// Call it before the descriptor is closed.
  void forget(int fd, source& what);

  /// Waits until a watched source is ready, `wake` was called or `until` has come, and answers the ready sources
  /// (valid until the next call; one that is forgotten meanwhile is replaced by one without an owner). An `until` that
  /// has passed looks without waiting.
  std::span<source* const> wait(instant until);

  /// Ends the wait under way, or the next one. From any thread, and from a signal handler.
  void wake();
  /// True if the last `wait` was ended by `wake`.
  bool woken() const { return woken_; }

 private:
  int wait_for_events(void* events, instant until);

  descriptor epoll_;
  descriptor wake_;
  source wake_source_;
  std::array<source*, events_per_wait_max> ready_{};
  std::size_t ready_count_ = 0;
  bool woken_ = false;
};

/// Signals as something to wait for. They are blocked in the calling thread and in those that it starts later, so
/// open it before starting any; what was blocked before is restored at the end.
class signals {
 public:
  signals() = default;
  ~signals();
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  /// Begins to catch these signals, but for SIGHUP where it is ignored: who said nohup wants it to pass.
  std::expected<void, fault> open(loop& where, std::initializer_list<int> numbers);
  /// The number of the next signal that arrived, or nothing. One that comes again within `again_after` of the last is
  /// the same wish: timeout(1), for one, sends it to the process and to the group that it is in.
  std::optional<int> next();

  static constexpr duration again_after = std::chrono::milliseconds{100};  ///< nobody presses a key twice so soon

 private:
  std::optional<int> take();

  int last_ = 0;
  instant last_at_{};
  loop* loop_ = nullptr;
  descriptor fd_;
  source source_;
  std::uint64_t blocked_ = 0;
};

}  // namespace recado::posix
