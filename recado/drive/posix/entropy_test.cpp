#include <recado/drive/posix/entropy.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <vector>

#include <gtest/gtest.h>

namespace {

// What the kernel answers, one call after the other: so many bytes, or minus an error number.
std::deque<ssize_t> answers;
std::size_t calls = 0;
unsigned char last = 0;

}  // namespace

extern "C" {
ssize_t __real_getrandom(void*, size_t, unsigned);
ssize_t __wrap_getrandom(void* out, size_t size, unsigned flags) {
  ++calls;
  if (answers.empty()) return __real_getrandom(out, size, flags);
  const ssize_t answer = answers.front();
  answers.pop_front();
  if (answer < 0) return errno = static_cast<int>(-answer), -1;
  const std::size_t count = std::min(size, static_cast<std::size_t>(answer));
  for (std::size_t i = 0; i < count; ++i) static_cast<unsigned char*>(out)[i] = ++last;
  return static_cast<ssize_t>(count);
}
}

namespace recado::posix {
namespace {

class system_entropy_test : public testing::Test {
 protected:
  void SetUp() override { answers.clear(), calls = 0, last = 0; }
  system_entropy source_;
};

// original defect 20: each word of four bytes repeated its lowest one
TEST_F(system_entropy_test, fills_every_byte_from_the_kernel_and_none_beyond) {
  for (std::size_t size = 0; size <= 64; ++size) {
    answers.clear(), last = 0;
    for (const ssize_t piece : {3, -EINTR, 1, -EINTR, -EINTR, 5, 7}) answers.push_back(piece);
    while (answers.size() < 100) answers.push_back(4);
    std::vector<std::byte> out(size + 8, std::byte{0xee});
    source_.fill(mutable_bytes{out}.first(size));
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(out[i], static_cast<std::byte>(i + 1)) << size;
    for (std::size_t i = size; i < out.size(); ++i) ASSERT_EQ(out[i], std::byte{0xee}) << size;
  }
}

// original defect 20, on the kernel's own bytes: 1024 words, of which none should have four equal bytes
TEST_F(system_entropy_test, has_all_the_bits_it_promises) {
  std::vector<std::byte> out(4096);
  source_.fill(out);
  std::size_t repeated = 0;
  std::vector<bool> seen(256);
  for (std::size_t i = 0; i < out.size(); i += 4) {
    if (out[i] == out[i + 1] && out[i] == out[i + 2] && out[i] == out[i + 3]) ++repeated;
    for (std::size_t k = 0; k < 4; ++k) seen[std::to_integer<std::size_t>(out[i + k])] = true;
  }
  EXPECT_LT(repeated, 3u);
  EXPECT_GT(std::count(seen.begin(), seen.end(), true), 240);
  last = 0x0f;
  answers = {8};
  EXPECT_EQ(source_.u64(), 0x1716'1514'1312'1110u) << "numbers are made of as many bytes as they have";
  EXPECT_GT(calls, 1u);
}

// original defect 20: an error of the generator was ignored, and zeros were taken for random
TEST_F(system_entropy_test, does_not_return_when_the_kernel_fails) {
  for (const int why : {ENOSYS, EFAULT, EINVAL, EIO}) {
    const auto fill = [&] {
      answers = {5, -why};
      std::byte out[16];
      source_.fill(out);
    };
    EXPECT_EXIT(fill(), testing::KilledBySignal(SIGABRT), "") << why;
  }
}

}  // namespace
}  // namespace recado::posix
