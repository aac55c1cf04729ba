// How the drivers reach registers, descriptors and anything else that hardware reads and writes: 32-bit words at
// addresses of the chip. On the chip these are volatile accesses; in the tests on a PC, a model answers them.
#pragma once

#include <cstdint>

#include <recado/core/bytes.hpp>

namespace recado::nucleo_h723zg {

/// How many times a register is read at the most where hardware needs only cycles; about 50 ms at 64 MHz.
inline constexpr std::uint32_t short_wait_reads = 200'000;
/// The same where a crystal or the PHY has to come up; about half a second at 64 MHz.
inline constexpr std::uint32_t long_wait_reads = 2'000'000;

#if defined(__arm__)

namespace bus {
inline std::uint32_t load(std::uint32_t address) { return *reinterpret_cast<const volatile std::uint32_t*>(address); }
inline void store(std::uint32_t address, std::uint32_t value) {
  *reinterpret_cast<volatile std::uint32_t*>(address) = value;
}
/// Everything stored before is there before anything after it begins.
inline void barrier() { __asm__ volatile("dsb\n\tisb" ::: "memory"); }
/// Copies out of flash that ECC may refuse to give: no bus fault comes of it. Runs with faults masked.
void copy_guarded(std::uint32_t address, mutable_bytes into);
/// Stores eight words that belong together without any interrupt in between.
void store_flash_word(std::uint32_t address, const std::uint32_t (&words)[8]);
}  // namespace bus

#else

/// What stands behind the addresses in a test.
class bus_model {
 public:
  /// From here on the drivers reach this one.
  bus_model() { current_ = this; }
  bus_model(const bus_model&) = delete;
  bus_model& operator=(const bus_model&) = delete;
  virtual ~bus_model() { current_ = nullptr; }
  virtual std::uint32_t load(std::uint32_t address) = 0;               ///< A word is read.
  virtual void store(std::uint32_t address, std::uint32_t value) = 0;  ///< A word is written.
  virtual void barrier() {}                                            ///< What was stored has to be there now.
  /// The model of this moment; there must be one.
  static bus_model& current() { return *current_; }

 private:
  static inline bus_model* current_ = nullptr;
};

namespace bus {
inline std::uint32_t load(std::uint32_t address) { return bus_model::current().load(address); }
inline void store(std::uint32_t address, std::uint32_t value) { bus_model::current().store(address, value); }
inline void barrier() { bus_model::current().barrier(); }
void copy_guarded(std::uint32_t address, mutable_bytes into);
void store_flash_word(std::uint32_t address, const std::uint32_t (&words)[8]);
}  // namespace bus

#endif

/// One register of 32 bits.
struct reg {
  std::uint32_t address;  ///< on the chip's bus

  std::uint32_t read() const { return bus::load(address); }               ///< Reads it.
  void write(std::uint32_t value) const { bus::store(address, value); }   ///< Writes it.
  bool has(std::uint32_t bits) const { return (read() & bits) == bits; }  ///< True if all of them are set.
  void set(std::uint32_t bits) const { write(read() | bits); }            ///< Sets some bits.
  void clear(std::uint32_t bits) const { write(read() & ~bits); }         ///< Clears some bits.
  /// Gives the bits of `mask` the value, which stands at their place.
  void change(std::uint32_t mask, std::uint32_t value) const { write((read() & ~mask) | value); }
  /// Reads until the bits of `mask` are `value`. False if they aren't after so many reads.
  bool wait(std::uint32_t mask, std::uint32_t value, std::uint32_t reads = short_wait_reads) const {
    while (reads-- != 0)
      if ((read() & mask) == value) return true;
    return false;
  }
  /// Sets bits that switch a clock on, and reads them back, as the bus needs two cycles before the first access.
  void enable(std::uint32_t bits) const {
    set(bits);
    (void)read();
    (void)read();
  }
};

/// The same register of several alike, `stride` bytes apart.
constexpr reg indexed(reg first, std::uint32_t index, std::uint32_t stride) { return {first.address + index * stride}; }

}  // namespace recado::nucleo_h723zg
