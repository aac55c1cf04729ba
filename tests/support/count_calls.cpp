#include <tests/support/count_calls.hpp>

#include <cstdlib>
#include <new>

#include <sys/socket.h>

namespace recado::test {

call_counts& counts() {
  static constinit call_counts all;
  return all;
}

std::size_t& sends_of_this_thread() {
  static thread_local constinit std::size_t own = 0;
  return own;
}

}  // namespace recado::test

using recado::test::counts;

extern "C" {
ssize_t __real_send(int, const void*, size_t, int);
ssize_t __real_recv(int, void*, size_t, int);
void* __real_malloc(size_t);
void* __real_calloc(size_t, size_t);
void* __real_realloc(void*, size_t);

ssize_t __wrap_send(int fd, const void* data, size_t size, int flags) {
  ++counts().sends;
  ++recado::test::sends_of_this_thread();
  return __real_send(fd, data, size, flags);
}
ssize_t __wrap_recv(int fd, void* data, size_t size, int flags) {
  ++counts().receives;
  return __real_recv(fd, data, size, flags);
}
void* __wrap_malloc(size_t size) {
  ++counts().allocations;
  return __real_malloc(size);
}
void* __wrap_calloc(size_t count, size_t size) {
  ++counts().allocations;
  return __real_calloc(count, size);
}
void* __wrap_realloc(void* memory, size_t size) {
  ++counts().allocations;
  return __real_realloc(memory, size);
}
}

// The thread sanitizer brings operators of its own, which can't be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RECADO_OWN_OPERATORS 0
#endif
#endif
#ifndef RECADO_OWN_OPERATORS
void* operator new(std::size_t size) {
  ++counts().news;
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
