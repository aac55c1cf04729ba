// The registers of the board that are used, by their names in the data sheets.
//
// Arm DAI 0400 (AN500) and DDI 0479 (CMSDK) for the board, DDI 0403 (Armv7-M) for the processor, and for the Ethernet
// controller the data sheet of the LAN9118.
#pragma once

#include <cstdint>

namespace recado::mps2_an500 {

/// The register at that address.
inline volatile std::uint32_t& at(std::uint32_t address) { return *reinterpret_cast<volatile std::uint32_t*>(address); }

/// Reads the register for what reading does.
inline std::uint32_t look(std::uint32_t address) { return at(address); }

/// Cycles per second of processor, timers and FPGAIO counter.
inline constexpr std::uint32_t clock_hz = 25'000'000;

/// The processor's own (System Control Space).
namespace scs {
inline constexpr std::uint32_t systick_control = 0xe000e010, systick_reload = 0xe000e014, systick_value = 0xe000e018;
inline constexpr std::uint32_t interrupt_enable = 0xe000e100, interrupt_pending_clear = 0xe000e280;
inline constexpr std::uint32_t interrupt_control = 0xe000ed04;                            // ICSR
inline constexpr std::uint32_t reset_control = 0xe000ed0c;                                // AIRCR
inline constexpr std::uint32_t handler_control = 0xe000ed24;                              // SHCSR
inline constexpr std::uint32_t configurable_fault = 0xe000ed28, hard_fault = 0xe000ed2c;  // CFSR, HFSR
inline constexpr std::uint32_t memory_fault_address = 0xe000ed34, bus_fault_address = 0xe000ed38;
inline constexpr std::uint32_t coprocessor_access = 0xe000ed88;  // CPACR
}  // namespace scs

/// UART0 is the console, UART1 the button.
namespace uart {
inline constexpr std::uint32_t console = 0x40004000, button = 0x40005000;
inline constexpr std::uint32_t data = 0x0, state = 0x4, control = 0x8, divider = 0x10;
inline constexpr std::uint32_t transmit_full = 1, receive_full = 2;                     // of `state`
inline constexpr std::uint32_t transmit_on = 1, receive_on = 2, receive_interrupt = 8;  // of `control`
inline constexpr std::uint32_t interrupt_clear = 0xc;
}  // namespace uart

inline constexpr std::uint32_t watchdog_load = 0x40008000, watchdog_control = 0x40008008, watchdog_clear = 0x4000800c,
                               watchdog_lock = 0x40008c00;
inline constexpr std::uint32_t leds_fpgaio = 0x40028000, counter = 0x40028018, prescale = 0x4002801c;
inline constexpr std::uint32_t leds_scc = 0x4002f004;
inline constexpr std::uint32_t i2c = 0x4002a000;            // set; +4 clears. Bit 0 is SCL, bit 1 is SDA
inline constexpr std::uint32_t seed = 0x60000000;           // PSRAM, where the host puts a seed
inline constexpr std::uint32_t ethernet_base = 0xa0000000;  // the LAN9118

/// Numbers of the interrupts.
inline constexpr unsigned uart_button_interrupt = 2, ethernet_interrupt = 13;

}  // namespace recado::mps2_an500
