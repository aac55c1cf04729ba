#include "eeprom.hpp"

#include "registers.hpp"

namespace recado::mps2_an500 {
namespace {

constexpr std::uint32_t clock_line = 1, data_line = 2;
constexpr std::uint8_t chip_address = 0x50;

void raise(std::uint32_t lines) { at(i2c) = lines; }
void lower(std::uint32_t lines) { at(i2c + 4) = lines; }

void start() {
  raise(data_line), raise(clock_line);
  lower(data_line), lower(clock_line);
}

void stop() {
  lower(data_line);
  raise(clock_line), raise(data_line);
}

bool clock_in() {
  raise(clock_line);
  const bool high = (at(i2c) & data_line) != 0;
  lower(clock_line);
  return high;
}

/// True if the chip acknowledged it.
bool put(std::uint8_t octet) {
  for (unsigned mask = 0x80; mask != 0; mask >>= 1) {
    if ((octet & mask) != 0) raise(data_line);
    else lower(data_line);
    raise(clock_line), lower(clock_line);
  }
  raise(data_line);
  return !clock_in();
}

std::byte take(bool more) {
  unsigned octet = 0;
  raise(data_line);
  for (unsigned i = 0; i < 8; ++i) octet = octet << 1 | (clock_in() ? 1u : 0u);
  if (more) lower(data_line);
  raise(clock_line), lower(clock_line);
  raise(data_line);
  return static_cast<std::byte>(octet);
}

bool select(std::uint32_t address) {
  start();
  return put(chip_address << 1) && put(static_cast<std::uint8_t>(address >> 8)) &&
         put(static_cast<std::uint8_t>(address));
}

}  // namespace

bool i2c_eeprom::present() {
  start();
  const bool answers = put(chip_address << 1);
  stop();
  return answers;
}

bool i2c_eeprom::read(std::uint32_t address, mutable_bytes into) {
  if (into.empty()) return true;
  if (!select(address)) return stop(), false;
  start();
  if (!put(chip_address << 1 | 1)) return stop(), false;
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = take(i + 1 != into.size());
  stop();
  return true;
}

bool i2c_eeprom::write(std::uint32_t address, bytes what) {
  bool taken = select(address);
  for (std::size_t i = 0; taken && i < what.size(); ++i) taken = put(std::to_integer<std::uint8_t>(what[i]));
  stop();
  return taken;
}

}  // namespace recado::mps2_an500
