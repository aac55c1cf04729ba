#include <recado/core/crc32.hpp>

#include <gtest/gtest.h>

namespace recado {
namespace {

TEST(crc32, gives_the_usual_check_value) { EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926u); }

}  // namespace
}  // namespace recado
