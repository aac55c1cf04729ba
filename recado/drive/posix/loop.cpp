#include <recado/drive/posix/loop.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/faults.hpp>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace recado::posix {
namespace {

std::unexpected<fault> last_error() { return std::unexpected(link_fault(errno)); }

timespec remaining_until(instant until, instant now) {
  // `until` may be the beginning of time: the difference must not be formed then.
  const std::int64_t micros = until > now ? (until - now).count() : 0;
  return {static_cast<time_t>(micros / 1'000'000), static_cast<long>(micros % 1'000'000 * 1'000)};
}

// For kernels before 5.11 and sandboxes that don't know epoll_pwait2. Rounds up: too early would only turn in place.
int wait_in_milliseconds(int epoll, epoll_event* events, int count, instant until, instant now) {
  int timeout = -1;
  if (until != never)
    timeout =
        static_cast<int>(until > now ? std::clamp<std::int64_t>(((until - now).count() + 999) / 1'000, 0, INT_MAX) : 0);
  return epoll_wait(epoll, events, count, timeout);
}

/// True if this process was started deaf to that signal.
bool is_ignored(int signal_number) {
  struct sigaction is {};
  return ::sigaction(signal_number, nullptr, &is) == 0 && is.sa_handler == SIG_IGN;
}

}  // namespace

std::expected<void, fault> loop::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return last_error();
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return last_error();
  return watch(wake_.get(), wake_source_, trigger::level_read);
}

std::expected<void, fault> loop::watch(int fd, source& what, trigger how) {
  epoll_event event{};
  event.events = how == trigger::edge_both ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
  event.data.ptr = &what;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return last_error();
}

void loop::forget(int fd, source& what) {
  epoll_event unused{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  // Somebody may be walking over what the last wait answered.
  std::replace(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_count_), &what, &wake_source_);
}

int loop::wait_for_events(void* memory, instant until) {
  auto* events = static_cast<epoll_event*>(memory);
  constexpr int count = static_cast<int>(events_per_wait_max);
  const instant start = now();
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 35)
  const timespec timeout = until == never ? timespec{} : remaining_until(until, start);
  const int found = epoll_pwait2(epoll_.get(), events, count, until == never ? nullptr : &timeout, nullptr);
  if (found >= 0 || (errno != ENOSYS && errno != EPERM)) return found;
#endif
  return wait_in_milliseconds(epoll_.get(), events, count, until, start);
}

std::span<source* const> loop::wait(instant until) {
  std::array<epoll_event, events_per_wait_max> events;
  const int found = wait_for_events(events.data(), until);  // EINTR answers nothing, and the caller looks again
  ready_count_ = 0;
  woken_ = false;
  for (int i = 0; i < found; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    auto* what = static_cast<source*>(event.data.ptr);
    if (what == &wake_source_) {
      std::uint64_t count = 0;
      woken_ = ::read(wake_.get(), &count, sizeof count) > 0;
      continue;
    }
    if (event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) what->readable = true;
    if (event.events & (EPOLLOUT | EPOLLERR)) what->writable = true;
    if (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) what->hung_up = true;
    ready_[ready_count_++] = what;
  }
  return {ready_.data(), ready_count_};
}

void loop::wake() {
  const int before = errno;
  const std::uint64_t one = 1;
  // It fails only if the counter is full, and then the loop is woken already.
  [[maybe_unused]] const auto count = ::write(wake_.get(), &one, sizeof one);
  errno = before;
}

signals::~signals() {
  if (!fd_) return;
  loop_->forget(fd_.get(), source_);
  sigset_t set;
  sigemptyset(&set);
  for (int number = 1; number < 64; ++number)
    if (blocked_ >> number & 1) sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

std::expected<void, fault> signals::open(loop& where, std::initializer_list<int> numbers) {
  sigset_t set;
  sigset_t before;
  sigemptyset(&set);
  for (int number : numbers)
    if (number != SIGHUP || !is_ignored(SIGHUP)) sigaddset(&set, number);  // what is blocked is never ignored
  pthread_sigmask(SIG_BLOCK, &set, &before);
  for (int number : numbers)
    if (sigismember(&set, number) && !sigismember(&before, number)) blocked_ |= std::uint64_t{1} << number;
  fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd_) return last_error();
  loop_ = &where;
  return where.watch(fd_.get(), source_, trigger::level_read);
}

std::optional<int> signals::next() {
  while (const auto number = take()) {
    const instant at = now();
    const bool again = *number == last_ && at - last_at_ < again_after;
    last_ = *number, last_at_ = at;
    if (!again) return number;
  }
  return std::nullopt;
}

std::optional<int> signals::take() {
  signalfd_siginfo info{};
  if (!fd_ || ::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace recado::posix
