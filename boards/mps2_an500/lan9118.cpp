#include "lan9118.hpp"

#include <lwip/pbuf.h>

#include "clock.hpp"
#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

/// Offsets of the registers that are used.
enum : std::uint32_t {
  rx_data = 0x00,
  tx_data = 0x20,
  rx_status = 0x40,
  tx_status = 0x48,
  irq_config = 0x54,
  int_status = 0x58,
  int_enable = 0x5c,
  byte_test = 0x64,
  fifo_int = 0x68,
  rx_config = 0x6c,
  tx_config = 0x70,
  hw_config = 0x74,
  rx_fifo = 0x7c,
  tx_fifo = 0x80,
  mac_command = 0xa4,
  mac_value = 0xa8
};
/// Registers behind `mac_command`, and of the PHY behind `mii_access`.
enum : std::uint32_t { mac_control = 1, mac_address_high = 2, mac_address_low = 3, mii_access = 6, mii_value = 7 };
enum : std::uint32_t { phy_status = 1, phy_interrupt_source = 29, phy_interrupt_mask = 30 };

constexpr std::uint32_t byte_test_value = 0x87654321;
constexpr std::uint32_t received = 1u << 3, phy_event = 1u << 18;  // of int_status
constexpr std::uint32_t link_bit = 1u << 2;                        // of phy_status
constexpr std::uint32_t energy_on = 1u << 7, negotiated = 1u << 6, link_down = 1u << 4;
constexpr int polls_max = 100'000;

/// Set by the interrupt; the PHY has something to tell.
volatile bool phy_changed = true;

volatile std::uint32_t& reg(std::uint32_t offset) { return at(ethernet_base + offset); }

void wait_for_mac() {
  for (int i = 0; i < polls_max && (reg(mac_command) & 0x80000000u) != 0; ++i) {
  }
}

std::uint32_t read_mac(std::uint32_t number) {
  reg(mac_command) = 0xc0000000u | number;
  wait_for_mac();
  return reg(mac_value);
}

void write_mac(std::uint32_t number, std::uint32_t value) {
  reg(mac_value) = value;
  reg(mac_command) = 0x80000000u | number;
  wait_for_mac();
}

constexpr std::uint32_t phy_number = 1u << 11, mii_write = 2, mii_busy = 1;

std::uint32_t read_phy(std::uint32_t number) {
  write_mac(mii_access, phy_number | number << 6 | mii_busy);
  return read_mac(mii_value) & 0xffff;
}

void write_phy(std::uint32_t number, std::uint32_t value) {
  write_mac(mii_value, value);
  write_mac(mii_access, phy_number | number << 6 | mii_write | mii_busy);
}

/// Words in groups of four, which the compiler turns into one load of four registers.
void push(const std::uint32_t* from, std::size_t words) {
  for (; words >= 4; words -= 4, from += 4) {
    const std::uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
    reg(tx_data) = a;
    reg(tx_data) = b;
    reg(tx_data) = c;
    reg(tx_data) = d;
  }
  for (; words != 0; --words) reg(tx_data) = *from++;
}

void pull(std::uint32_t* to, std::size_t words) {
  for (; words >= 4; words -= 4, to += 4) {
    const std::uint32_t a = reg(rx_data), b = reg(rx_data), c = reg(rx_data), d = reg(rx_data);
    to[0] = a, to[1] = b, to[2] = c, to[3] = d;
  }
  for (; words != 0; --words) *to++ = reg(rx_data);
}

void drop(std::size_t words) {
  for (; words != 0; --words) (void)look(ethernet_base + rx_data);
}

constexpr std::uint32_t first_piece = 1u << 13, last_piece = 1u << 12;

}  // namespace

bool lan9118::open() {
  if (reg(byte_test) != byte_test_value) return false;
  const std::uint32_t low = read_mac(mac_address_low), high = read_mac(mac_address_high);
  for (unsigned i = 0; i < 6; ++i)
    address_.octets[i] = static_cast<std::byte>(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
  reg(hw_config) = 1;  // soft reset
  for (int i = 0; i < polls_max && (reg(hw_config) & 1) != 0; ++i) {
  }
  reg(hw_config) = 5u << 16;  // 5 KiB of the memory for what is sent
  write_mac(mac_address_high, high), write_mac(mac_address_low, low);
  reg(int_status) = 0xffffffff;
  reg(fifo_int) = 0x48000000;          // one frame suffices for an interrupt
  reg(rx_config) = ETH_PAD_SIZE << 8;  // so many bytes stand before each frame
  reg(tx_config) = 2;                  // transmitter on
  reg(irq_config) = 0x111;             // on, active high, push-pull
  write_phy(phy_interrupt_mask, energy_on | negotiated | link_down);
  reg(int_enable) = received | phy_event;
  write_mac(mac_control, 0x00100000 | 8 | 4);  // full duplex, both directions on
  at(scs::interrupt_enable) = 1u << ethernet_interrupt;
  return true;
}

bool lan9118::link_is_up() {
  if (!phy_changed) return link_;
  phy_changed = false;
  (void)read_phy(phy_interrupt_source);  // what it tells is acknowledged by reading
  (void)read_phy(phy_status);            // a loss is latched until it is read
  link_ = (read_phy(phy_status) & link_bit) != 0;
  reg(int_status) = phy_event;
  reg(int_enable) = received | phy_event;
  return link_;
}

// Each piece begins at a word: the controller skips the bytes before it.
bool lan9118::send(const pbuf& frame) {
  const std::size_t length = frame.tot_len - std::size_t{ETH_PAD_SIZE};
  unsigned pieces = 0;
  for (const pbuf* each = &frame; each != nullptr; each = each->next) ++pieces;
  if ((reg(tx_fifo) & 0xffff) < length + 16 * pieces) return false;
  for (const pbuf* each = &frame; each != nullptr; each = each->next) {
    const std::size_t skipped = each == &frame ? ETH_PAD_SIZE : 0;
    if (each->len == skipped) continue;
    const auto from = reinterpret_cast<std::uint32_t>(each->payload) + skipped;
    const auto size = static_cast<std::uint32_t>(each->len - skipped), before = static_cast<std::uint32_t>(from % 4);
    reg(tx_data) = before << 16 | (each == &frame ? first_piece : 0) | (each->next == nullptr ? last_piece : 0) | size;
    reg(tx_data) = static_cast<std::uint32_t>(length) << 16 | static_cast<std::uint32_t>(length);
    push(reinterpret_cast<const std::uint32_t*>(from - before), (before + size + 3) / 4);
  }
  while ((reg(tx_fifo) >> 16 & 0xff) != 0) (void)look(ethernet_base + tx_status);
  return true;
}

pbuf* lan9118::receive() {
  constexpr std::uint32_t bad = 1u << 15, checksum_bytes = 4;
  while ((reg(rx_fifo) >> 16 & 0xff) != 0) {
    const std::uint32_t status = reg(rx_status + 4);  // only looked at
    const std::uint32_t length = status >> 16 & 0x3fff;
    const std::size_t words = (length + ETH_PAD_SIZE + 3) / 4;
    const bool good = (status & bad) == 0 && length > checksum_bytes;
    pbuf* const frame = good ? pbuf_alloc(PBUF_RAW, static_cast<u16_t>(words * 4), PBUF_POOL) : nullptr;
    if (good && frame == nullptr) return nullptr;  // it waits in the controller
    (void)look(ethernet_base + rx_status);
    if (!good) {
      drop(words);
      continue;
    }
    for (pbuf* each = frame; each != nullptr; each = each->next)
      pull(static_cast<std::uint32_t*>(each->payload), each->len / 4u);
    pbuf_realloc(frame, static_cast<u16_t>(length + ETH_PAD_SIZE - checksum_bytes));
    return frame;
  }
  return nullptr;
}

}  // namespace recado::mps2_an500

// Only wakes the loop. The PHY's line stays up until the loop has asked it why.
extern "C" void ethernet_handler();
void ethernet_handler() {
  using namespace recado::mps2_an500;
  const std::uint32_t why = reg(int_status);
  if ((why & phy_event) != 0) {
    phy_changed = true;
    reg(int_enable) = received;
  }
  reg(int_status) = why;
  wake();
}
