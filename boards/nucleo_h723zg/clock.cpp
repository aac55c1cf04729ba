#include "clock.hpp"

#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

// The supply can be chosen once after power-on: this board's is the linear regulator.
bool settle_supply() {
  pwr::cr3.change(pwr::scuen | pwr::ldoen | pwr::bypass, pwr::ldoen);
  return pwr::csr1.wait(pwr::actvosrdy, pwr::actvosrdy);
}

// RM0468 §6.8.6: scale 1 first, then scale 0, each until the regulator says so.
bool raise_voltage() {
  for (const std::uint32_t scale : {pwr::vos1, pwr::vos0}) {
    pwr::d3cr.change(pwr::vos_mask, scale);
    if (!pwr::d3cr.wait(pwr::vosrdy, pwr::vosrdy)) return false;
    if (!pwr::csr1.wait(pwr::actvos_mask | pwr::actvosrdy, scale | pwr::actvosrdy)) return false;
  }
  return true;
}

bool start_external_source() {
  rcc::cr.set(rcc::hsebyp);
  rcc::cr.set(rcc::hseon);
  if (rcc::cr.wait(rcc::hserdy, rcc::hserdy, long_wait_reads)) return true;
  rcc::cr.clear(rcc::hseon);
  return false;
}

bool lock_pll(const clock_plan& plan, bool external) {
  rcc::cr.clear(rcc::pll1on);
  if (!rcc::cr.wait(rcc::pll1rdy, 0)) return false;
  rcc::pllckselr.write((external ? rcc::pllsrc_hse : rcc::pllsrc_hsi) | plan.divide_m << rcc::divm1_position);
  rcc::pllcfgr.write(rcc::pll1rge_2_to_4_mhz | rcc::divp1en);
  rcc::pll1divr.write(pll1_dividers(plan));
  rcc::cr.set(rcc::pll1on);
  return rcc::cr.wait(rcc::pll1rdy, rcc::pll1rdy);
}

// Wait states and dividers are there before the faster clock is.
clock_trouble switch_over() {
  flash_control::acr.write(flash_control::latency_3_fast);
  if (!flash_control::acr.wait(flash_control::latency_mask, flash_control::latency_3_fast))
    return clock_trouble::wait_states;
  rcc::d1cfgr.write(rcc::d1_core_1_bus_2_apb_2);
  rcc::d2cfgr.write(rcc::d2_apb_2);
  rcc::d3cfgr.write(rcc::d3_apb_2);
  rcc::cfgr.change(rcc::sw_mask, rcc::sw_pll1);
  return rcc::cfgr.wait(rcc::sws_mask, rcc::sws_pll1) ? clock_trouble::none : clock_trouble::no_switch;
}

// Back to what reset leaves: 64 MHz, undivided.
clock_state slow(clock_trouble why) {
  rcc::cfgr.clear(rcc::sw_mask);
  rcc::cfgr.wait(rcc::sws_mask, 0);
  rcc::d1cfgr.write(0);
  rcc::d2cfgr.write(0);
  rcc::d3cfgr.write(0);
  return {.trouble = why};
}

}  // namespace

clock_state start_clocks() {
  fmc::bcr1.write(fmc::bank_1_off);  // speculative reads of an empty external memory stall for 24 us
  if (!settle_supply()) return slow(clock_trouble::supply);
  rcc::apb4enr.enable(rcc::syscfgen);
  const bool boost = syscfg::ur18.has(syscfg::cpufreq_boost);
  if (!raise_voltage()) return slow(clock_trouble::voltage);
  const bool external = start_external_source();
  const clock_plan plan = plan_for(external, boost);
  if (!lock_pll(plan, external)) return slow(clock_trouble::pll);
  if (const clock_trouble why = switch_over(); why != clock_trouble::none) return slow(why);
  return {plan, true, external ? clock_trouble::none : clock_trouble::no_external_source};
}

void enable_peripherals() {
  rcc::ahb2enr.enable(rcc::sram1en | rcc::sram2en);
  pwr::cr1.set(pwr::dbp);  // the backup domain may be written
  pwr::cr1.wait(pwr::dbp, pwr::dbp);
  rcc::ahb4enr.enable(rcc::gpioaen | rcc::gpioben | rcc::gpiocen | rcc::gpioden | rcc::gpioeen | rcc::gpiogen |
                      rcc::bkpramen);
  rcc::apb4enr.enable(rcc::syscfgen | rcc::rtcapben);
  pwr::cr2.set(pwr::bren);  // the backup RAM keeps its content on VBAT
  rcc::cr.set(rcc::hsi48on);
  rcc::cr.wait(rcc::hsi48rdy, rcc::hsi48rdy);
  // The console counts on the chip's own 64 MHz, whatever becomes of the PLL.
  rcc::d2ccip2r.change(rcc::usart28sel_mask | rcc::rngsel_mask, rcc::usart28sel_hsi | rcc::rngsel_hsi48);
  rcc::ahb2enr.enable(rcc::rngen);
  rcc::apb1lenr.enable(rcc::tim2en | rcc::usart3en);
}

std::uint32_t take_reset_cause() {
  const std::uint32_t cause = rcc::rsr.read();
  rcc::rsr.set(rcc::rmvf);
  return cause;
}

}  // namespace recado::nucleo_h723zg
