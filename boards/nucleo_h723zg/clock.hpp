// The clocks: which frequencies the chip may have, and the sequence that gets there from reset.
//
// The source is the 8 MHz that the ST-LINK gives; without it, the chip's own 64 MHz oscillator. Both are divided to
// 2 MHz, multiplied to the core's frequency, and halved for the bus (AXI, AHB) and again for the peripherals (APB).
// 550 MHz is for chips whose option byte CPUFREQ_BOOST is set, which gives up the ECC of the tightly coupled memories;
// the original took it without looking. Nothing here changes the option byte.
#pragma once

#include <cstdint>

namespace recado::nucleo_h723zg {

/// The frequencies of one way to run.
struct clock_plan {
  std::uint32_t source_mhz = 8;  ///< 8 from the ST-LINK, 64 from the chip
  std::uint32_t divide_m = 4;    ///< the source by this is the PLL's reference
  std::uint32_t multiply_n = 260;

  constexpr std::uint32_t reference_mhz() const { return source_mhz / divide_m; }    ///< 2 to 4
  constexpr std::uint32_t core_mhz() const { return reference_mhz() * multiply_n; }  ///< also the PLL's own
  constexpr std::uint32_t bus_mhz() const { return core_mhz() / 2; }                 ///< HCLK; timers as well
  constexpr std::uint32_t peripheral_khz() const { return core_mhz() * 1000 / 4; }   ///< PCLK1 to PCLK4
  constexpr bool operator==(const clock_plan&) const = default;                      ///< member by member
};

/// The limits of voltage scale 0 with three wait states (RM0468 table 16).
namespace limits {
inline constexpr std::uint32_t core_mhz_max = 520, boosted_core_mhz_max = 550, bus_mhz_max = 275;
inline constexpr std::uint32_t peripheral_khz_max = 137'500, pll_mhz_min = 192, pll_mhz_max = 836;
inline constexpr std::uint32_t mdc_khz_max = 2'500;  ///< IEEE 802.3 clause 22
}  // namespace limits

/// True if the chip may run so.
constexpr bool allowed(const clock_plan& plan, bool boost) {
  return plan.source_mhz % plan.divide_m == 0 && plan.reference_mhz() >= 2 && plan.reference_mhz() <= 4 &&
         plan.core_mhz() >= limits::pll_mhz_min && plan.core_mhz() <= limits::pll_mhz_max &&
         plan.core_mhz() <= (boost ? limits::boosted_core_mhz_max : limits::core_mhz_max) &&
         plan.bus_mhz() <= limits::bus_mhz_max && plan.peripheral_khz() <= limits::peripheral_khz_max;
}

/// The fastest that is allowed.
constexpr clock_plan plan_for(bool external_source, bool boost) {
  return {external_source ? 8U : 64U, external_source ? 4U : 32U, boost ? 275U : 260U};
}
static_assert(allowed(plan_for(true, false), false) && plan_for(true, false).core_mhz() == 520);
static_assert(allowed(plan_for(false, false), false) && plan_for(false, false).core_mhz() == 520);
static_assert(allowed(plan_for(true, true), true) && !allowed(plan_for(true, true), false));

/// What of PLL1DIVR makes that plan: N-1, and P, Q and R as 1, 2 and 2.
constexpr std::uint32_t pll1_dividers(const clock_plan& plan) { return 0x01010000 | (plan.multiply_n - 1); }
static_assert(pll1_dividers(plan_for(true, false)) == 0x01010103 && pll1_dividers(plan_for(true, true)) == 0x01010112);

/// MACMDIOAR.CR for that bus clock, and what it divides by. From 250 MHz on the original's divider of 102 made an MDC
/// above what the standard allows.
struct mdio_clock {
  std::uint32_t code;     ///< of MACMDIOAR.CR
  std::uint32_t divider;  ///< of HCLK
};
constexpr mdio_clock mdio_clock_for(std::uint32_t bus_mhz) {
  if (bus_mhz < 35) return {2, 16};
  if (bus_mhz < 60) return {3, 26};
  if (bus_mhz < 100) return {0, 42};
  if (bus_mhz < 150) return {1, 62};
  if (bus_mhz < 250) return {4, 102};
  return {5, 124};
}

/// The first thing that went wrong on the way; the chip runs on 64 MHz then, unless only the source is missing.
enum class clock_trouble : std::uint8_t {
  none,
  no_external_source,  ///< no clock from the ST-LINK: it runs from its own oscillator
  supply,              ///< the voltage regulator didn't settle
  voltage,             ///< voltage scale 0 wasn't reached
  pll,                 ///< the PLL didn't lock
  wait_states,         ///< the flash didn't take its wait states
  no_switch,           ///< the core stayed on its own oscillator
};

/// How the chip runs after `start_clocks`.
struct clock_state {
  clock_plan plan{64, 1, 1};                    ///< 64 MHz if `running_fast` is false; not then a plan of the PLL
  bool running_fast = false;                    ///< on the PLL
  clock_trouble trouble = clock_trouble::none;  ///< what to tell the user

  /// Cycles of the core in a microsecond.
  constexpr std::uint32_t core_mhz() const { return running_fast ? plan.core_mhz() : 64; }
  /// Cycles of the buses and of the 32-bit timers in a microsecond; undivided at 64 MHz.
  constexpr std::uint32_t bus_mhz() const { return running_fast ? plan.bus_mhz() : 64; }
};

/// Sets supply, voltage, PLL, wait states and dividers, from reset. Every wait has an end.
clock_state start_clocks();

/// Clocks of ports, D2 SRAM, backup domain, console, timer, random numbers. The D2 SRAM's are off after reset and have
/// to be on before the MAC's, or what lies there is lost on a cold start.
void enable_peripherals();

/// Why the chip was reset, as ST's flags have it, and clears them.
std::uint32_t take_reset_cause();

}  // namespace recado::nucleo_h723zg
