#include "bus.hpp"

#include "registers.hpp"

namespace recado::nucleo_h723zg::bus {

#if defined(__arm__)

// With FAULTMASK set and BFHFNMIGN on, the core ignores the bus fault of a load (ARMv7-M B3.2.8); the flash's own flags
// tell of it.
void copy_guarded(std::uint32_t address, mutable_bytes into) {
  std::uint32_t masked = 0;
  __asm__ volatile("mrs %0, faultmask\n\tcpsid f" : "=r"(masked)::"memory");
  core::ccr.set(core::bfhfnmign);
  barrier();
  const auto* from = reinterpret_cast<const volatile std::byte*>(address);
  for (std::byte& each : into) each = *from++;
  barrier();
  core::ccr.clear(core::bfhfnmign);
  barrier();
  __asm__ volatile("msr faultmask, %0" ::"r"(masked) : "memory");
}

void store_flash_word(std::uint32_t address, const std::uint32_t (&words)[8]) {
  std::uint32_t masked = 0;
  __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
  barrier();
  for (const std::uint32_t each : words) store(address, each), address += 4;
  barrier();
  __asm__ volatile("msr primask, %0" ::"r"(masked) : "memory");
}

#else

void copy_guarded(std::uint32_t address, mutable_bytes into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto place = static_cast<std::uint32_t>(address + i);
    into[i] = static_cast<std::byte>(load(place & ~3U) >> (place & 3) * 8);
  }
}

void store_flash_word(std::uint32_t address, const std::uint32_t (&words)[8]) {
  barrier();
  for (const std::uint32_t each : words) store(address, each), address += 4;
  barrier();
}

#endif

}  // namespace recado::nucleo_h723zg::bus
