// Loaded before a program (LD_PRELOAD): counts its allocations and those of its system calls that wait, read or write,
// as the C library is asked for them. Only in a round of its own, never while time is measured.
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {
std::atomic<std::uint64_t> calls, sends, allocations;

/// The function that this one stands before.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// For programs that can't ask: all that there was, at their end.
struct at_exit {
  ~at_exit() {
    if (std::getenv("BENCH_COUNTERS_AT_EXIT") == nullptr) return;
    std::fprintf(stderr, "{\"calls\":%llu,\"sends\":%llu,\"allocations\":%llu}\n",
                 static_cast<unsigned long long>(calls.load()), static_cast<unsigned long long>(sends.load()),
                 static_cast<unsigned long long>(allocations.load()));
  }
} teller;
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void bench_counters(std::uint64_t* calls_so_far, std::uint64_t* sends_so_far, std::uint64_t* allocations_so_far) {
  *calls_so_far = calls, *sends_so_far = sends, *allocations_so_far = allocations;
}

void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? 12 : 0;
}

#define BENCH_COUNT(result, name, counter, parameters, ...)               \
  result name parameters {                                                \
    static auto* const real = next<result parameters>(#name);             \
    calls.fetch_add(1, std::memory_order_relaxed);                        \
    if constexpr (counter) sends.fetch_add(1, std::memory_order_relaxed); \
    return real(__VA_ARGS__);                                             \
  }

BENCH_COUNT(ssize_t, send, true, (int fd, const void* from, size_t size, int flags), fd, from, size, flags)
BENCH_COUNT(ssize_t, sendto, true,
            (int fd, const void* from, size_t size, int flags, const sockaddr* to, socklen_t length), fd, from, size,
            flags, to, length)
BENCH_COUNT(ssize_t, sendmsg, true, (int fd, const msghdr* what, int flags), fd, what, flags)
BENCH_COUNT(ssize_t, write, true, (int fd, const void* from, size_t size), fd, from, size)
BENCH_COUNT(ssize_t, writev, true, (int fd, const iovec* from, int count), fd, from, count)
BENCH_COUNT(ssize_t, recv, false, (int fd, void* to, size_t size, int flags), fd, to, size, flags)
BENCH_COUNT(ssize_t, recvfrom, false, (int fd, void* to, size_t size, int flags, sockaddr* from, socklen_t* length), fd,
            to, size, flags, from, length)
BENCH_COUNT(ssize_t, recvmsg, false, (int fd, msghdr* what, int flags), fd, what, flags)
BENCH_COUNT(ssize_t, read, false, (int fd, void* to, size_t size), fd, to, size)
BENCH_COUNT(ssize_t, readv, false, (int fd, const iovec* to, int count), fd, to, count)
BENCH_COUNT(int, poll, false, (pollfd * what, nfds_t count, int timeout), what, count, timeout)
BENCH_COUNT(int, ppoll, false, (pollfd * what, nfds_t count, const timespec* timeout, const sigset_t* mask), what,
            count, timeout, mask)
BENCH_COUNT(int, select, false, (int count, fd_set* in, fd_set* out, fd_set* bad, timeval* timeout), count, in, out,
            bad, timeout)
BENCH_COUNT(int, pselect, false,
            (int count, fd_set* in, fd_set* out, fd_set* bad, const timespec* timeout, const sigset_t* mask), count, in,
            out, bad, timeout, mask)
BENCH_COUNT(int, epoll_wait, false, (int fd, epoll_event* events, int count, int timeout), fd, events, count, timeout)
BENCH_COUNT(int, epoll_pwait, false, (int fd, epoll_event* events, int count, int timeout, const sigset_t* mask), fd,
            events, count, timeout, mask)
BENCH_COUNT(int, epoll_pwait2, false,
            (int fd, epoll_event* events, int count, const timespec* timeout, const sigset_t* mask), fd, events, count,
            timeout, mask)
}
