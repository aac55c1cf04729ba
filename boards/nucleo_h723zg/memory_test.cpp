// The memory protection unit's table against values computed apart, and the order in which it and the caches start.
#include "memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

TEST(memory_map, has_the_attributes_of_each_region) {
  EXPECT_EQ(protected_regions[0].attributes, 0x1004873fU);
  EXPECT_EQ(protected_regions[3].attributes, 0x1308001dU);
  EXPECT_EQ(protected_regions[7].attributes, 0x13040025U);
}

TEST(memory_map, has_regions_that_the_unit_can_hold) {
  for (const protected_region& each : protected_regions) {
    const std::uint64_t bytes = std::uint64_t{2} << (each.attributes >> 1 & 31);
    EXPECT_EQ(each.base % bytes, 0U) << std::hex << each.base;
    EXPECT_EQ(each.attributes & 1, 1U);
  }
}

TEST(memory_map, is_never_written_through_a_cache) {
  for (const protected_region& each : protected_regions) {
    const std::uint32_t tex_c_b = (each.attributes >> 19 & 7) << 2 | (each.attributes >> 16 & 3);
    EXPECT_NE(tex_c_b, 0b000'1'0U) << std::hex << each.base;
  }
}

TEST(memory_map, is_protected_before_it_is_cached) {
  chip_model chip;
  chip.at(core::ccsidr) = 0xf01fe019;  // 32 KiB in 4 ways of 256 lines of 32 bytes
  protect_memory();
  start_caches();
  const auto place = [&](reg which) {
    return std::ranges::find(chip.written, which.address, &std::pair<std::uint32_t, std::uint32_t>::first);
  };
  EXPECT_LT(place(core::mpu_rasr), place(core::ccr));
  EXPECT_EQ(chip.at(core::mpu_ctrl), 5U);
  EXPECT_EQ(std::ranges::count(chip.written, core::dcisw.address, &std::pair<std::uint32_t, std::uint32_t>::first),
            1024);
  EXPECT_EQ(chip.at(core::ccr), core::icache_on | core::dcache_on);
}

}  // namespace
}  // namespace recado::nucleo_h723zg
