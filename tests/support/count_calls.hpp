// How many system calls and allocations the code under test makes. A test that links recado_test_counts has
// them wrapped.
#pragma once

#include <atomic>
#include <cstddef>

namespace recado::test {

/// A number that any thread may count up; a copy of it stands still.
class call_count {
 public:
  constexpr call_count() = default;
  call_count(const call_count& other) : value_(other) {}
  call_count& operator=(const call_count& other) { return value_.store(other), *this; }
  operator std::size_t() const { return value_.load(std::memory_order_relaxed); }
  void operator++() { value_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> value_{0};
};

/// Counted since the program began; tests look at differences.
struct call_counts {
  call_count sends;
  call_count receives;
  call_count allocations;  ///< malloc and its like, from any code, operator new included
  call_count news;         ///< operator new alone: C++ code, not the C libraries below it
};
call_counts& counts();

/// Those of `sends` that the calling thread made.
std::size_t& sends_of_this_thread();

}  // namespace recado::test
