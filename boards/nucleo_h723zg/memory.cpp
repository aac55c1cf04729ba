#include "memory.hpp"

#include "registers.hpp"

namespace recado::nucleo_h723zg {

void protect_memory() {
  bus::barrier();
  core::mpu_ctrl.write(0);
  std::uint32_t number = 0;
  for (const protected_region& each : protected_regions) {
    core::mpu_rnr.write(number++);
    core::mpu_rbar.write(each.base);
    core::mpu_rasr.write(each.attributes);
  }
  core::mpu_ctrl.write(core::mpu_on);
  core::shcsr.set(core::faults_on);
  bus::barrier();
}

// ARMv7-M: a cache holds anything after reset, so it is emptied, each set and way of it, before it is switched on.
void start_caches() {
  bus::barrier();
  core::iciallu.write(0);
  bus::barrier();
  core::ccr.set(core::icache_on);
  bus::barrier();

  core::csselr.write(0);
  bus::barrier();
  const std::uint32_t size = core::ccsidr.read();
  const std::uint32_t last_set = size >> 13 & 0x7fff, last_way = size >> 3 & 0x3ff;
  for (std::uint32_t set = 0; set <= last_set; ++set)
    for (std::uint32_t way = 0; way <= last_way; ++way) core::dcisw.write(way << 30 | set << 5);
  bus::barrier();
  core::ccr.set(core::dcache_on);
  bus::barrier();
}

}  // namespace recado::nucleo_h723zg
