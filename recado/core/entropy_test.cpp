#include <recado/core/entropy.hpp>

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <recado/core/sha256.hpp>

namespace recado {
namespace {

/// Gives numbers of the test's choice, one after another.
class given final : public entropy {
 public:
  explicit given(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}
  void fill(mutable_bytes out) override {
    ASSERT_EQ(out.size(), sizeof(std::uint64_t));
    ASSERT_LT(at_, numbers_.size());
    std::memcpy(out.data(), &numbers_[at_++], sizeof(std::uint64_t));
  }
  std::size_t taken() const { return at_; }

 private:
  std::vector<std::uint64_t> numbers_;
  std::size_t at_ = 0;
};

TEST(entropy, below_a_bound_every_number_is_as_likely) {
  given some{{25, 9, 10, 0}};
  for (const std::uint64_t expected : {5u, 9u, 0u, 0u}) EXPECT_EQ(some.below(10), expected);
  // 2^64 is no multiple of 10: what is left over at its end would make the small numbers likelier
  given last{{UINT64_MAX, UINT64_MAX - 4, UINT64_MAX - 6}};
  EXPECT_EQ(last.below(10), 9u);
  EXPECT_EQ(last.taken(), 3u);
  given half{{UINT64_MAX / 2 + 2, UINT64_MAX / 2}};
  EXPECT_EQ(half.below(UINT64_MAX / 2 + 2), UINT64_MAX / 2);
}

TEST(entropy, below_one_there_is_only_zero) {
  given none{{}};
  EXPECT_EQ(none.below(0), 0u);
  EXPECT_EQ(none.below(1), 0u);
}

TEST(sha256_digest, is_compared_to_its_last_bit) {
  sha256_digest one{}, other{};
  EXPECT_TRUE(equal_in_constant_time(one, other));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    other[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    EXPECT_FALSE(equal_in_constant_time(one, other)) << bit;
    other[bit / 8] = {};
  }
  one[0] = one[31] = other[0] = other[31] = std::byte{1};
  EXPECT_TRUE(equal_in_constant_time(one, other));
}

}  // namespace
}  // namespace recado
