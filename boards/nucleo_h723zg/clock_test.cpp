// The way from reset to 520 MHz on a model of supply, PLL and flash that notices each step out of order.
#include "clock.hpp"

#include <gtest/gtest.h>

#include "model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

/// The chip after reset. What it lacks can be said before the start.
class clocks : public ::testing::Test {
 protected:
  clocks() {
    chip.on_store[pwr::cr3.address] = [this](std::uint32_t v) {
      EXPECT_EQ(v & 7, pwr::ldoen);
      if (supply) chip.at(pwr::csr1) |= pwr::actvosrdy;
    };
    chip.on_store[pwr::d3cr.address] = [this](std::uint32_t v) {
      EXPECT_TRUE(chip.at(pwr::csr1) & pwr::actvosrdy) << "voltage before the supply settled";
      if ((v & pwr::vos_mask) == pwr::vos0 && !voltage) v &= ~pwr::vosrdy;
      else v |= pwr::vosrdy;
      chip.at(pwr::d3cr) = v;
      chip.at(pwr::csr1) = (chip.at(pwr::csr1) & ~pwr::actvos_mask) | (v & pwr::vos_mask);
    };
    chip.on_store[rcc::cr.address] = [this](std::uint32_t v) {
      v &= ~(rcc::hserdy | rcc::pll1rdy | rcc::hsi48rdy);
      if ((v & rcc::hseon) && external) v |= rcc::hserdy;
      if (v & rcc::hsi48on) v |= rcc::hsi48rdy;
      if ((v & rcc::pll1on) && pll) v |= rcc::pll1rdy;
      chip.at(rcc::cr) = v;
    };
    chip.on_store[flash_control::acr.address] = [this](std::uint32_t v) {
      if (wait_states) chip.at(flash_control::acr) = v;
    };
    chip.on_store[rcc::cfgr.address] = [this](std::uint32_t v) {
      if ((v & rcc::sw_mask) == rcc::sw_pll1) before_the_switch();
      chip.at(rcc::cfgr) = (v & ~rcc::sws_mask) | (v & rcc::sw_mask) << 3;
    };
  }

  void before_the_switch() {
    EXPECT_EQ(chip.at(flash_control::acr), 0x33U) << "faster than the flash";
    EXPECT_EQ(chip.at(rcc::d1cfgr), 0x048U) << "buses too fast";
    EXPECT_EQ(chip.at(rcc::d2cfgr), 0x440U);
    EXPECT_EQ(chip.at(rcc::d3cfgr), 0x040U);
    EXPECT_EQ(chip.at(pwr::csr1) & pwr::actvos_mask, pwr::vos0) << "faster than the voltage allows";
    EXPECT_TRUE(chip.at(rcc::cr) & rcc::pll1rdy);
  }

  chip_model chip;
  bool supply = true, voltage = true, external = true, pll = true, wait_states = true;
};

TEST_F(clocks, runs_at_520_mhz_from_the_st_link) {
  const clock_state state = start_clocks();
  EXPECT_TRUE(state.running_fast);
  EXPECT_EQ(state.trouble, clock_trouble::none);
  EXPECT_EQ(state.core_mhz(), 520U);
  EXPECT_EQ(state.bus_mhz(), 260U);
  EXPECT_EQ(chip.at(rcc::pllckselr), 2U | 4U << 4);
  EXPECT_EQ(chip.at(rcc::pllcfgr), 4U | 1U << 16);
  EXPECT_EQ(chip.at(rcc::pll1divr), 0x01010103U);
}

TEST_F(clocks, runs_at_550_mhz_only_where_the_option_byte_allows_it) {
  chip.at(syscfg::ur18) = syscfg::cpufreq_boost;
  EXPECT_EQ(start_clocks().core_mhz(), 550U);
  chip.at(syscfg::ur18) = 0;
  EXPECT_EQ(start_clocks().core_mhz(), 520U);
}

TEST_F(clocks, falls_back_to_its_own_oscillator) {
  external = false;
  const clock_state state = start_clocks();
  EXPECT_EQ(state.trouble, clock_trouble::no_external_source);
  EXPECT_EQ(state.core_mhz(), 520U);
  EXPECT_EQ(chip.at(rcc::pllckselr), 32U << 4);
  EXPECT_FALSE(chip.at(rcc::cr) & rcc::hseon);
}

TEST_F(clocks, stays_at_64_mhz_if_something_fails) {
  const auto fails = [this](bool& part, clock_trouble why) {
    part = false;
    chip.at(pwr::csr1) = chip.at(flash_control::acr) = 0;
    const clock_state state = start_clocks();
    EXPECT_FALSE(state.running_fast);
    EXPECT_EQ(state.trouble, why);
    EXPECT_EQ(state.core_mhz(), 64U);
    EXPECT_EQ(state.bus_mhz(), 64U);
    EXPECT_EQ(chip.at(rcc::cfgr) & rcc::sw_mask, 0U);
    part = true;
  };
  fails(supply, clock_trouble::supply);
  fails(voltage, clock_trouble::voltage);
  fails(pll, clock_trouble::pll);
  fails(wait_states, clock_trouble::wait_states);
}

TEST_F(clocks, gives_the_d2_sram_its_clock_before_anything_else) {
  enable_peripherals();
  ASSERT_FALSE(chip.written.empty());
  EXPECT_EQ(chip.written.front(), std::pair(rcc::ahb2enr.address, rcc::sram1en | rcc::sram2en));
  EXPECT_EQ(chip.at(rcc::d2ccip2r) & rcc::usart28sel_mask, rcc::usart28sel_hsi);
  EXPECT_TRUE(chip.at(pwr::cr1) & pwr::dbp);
}

TEST(clock_plans, keep_mdc_within_the_standard) {
  for (std::uint32_t mhz = 20; mhz <= 275; ++mhz)
    EXPECT_LE(mhz * 1000 / mdio_clock_for(mhz).divider, limits::mdc_khz_max) << mhz;
  EXPECT_EQ(mdio_clock_for(260).code, 5U);
}

}  // namespace
}  // namespace recado::nucleo_h723zg
