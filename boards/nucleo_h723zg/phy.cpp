#include "phy.hpp"

#include "clock.hpp"
#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

constexpr std::uint32_t phy_address = 0;
// IEEE 802.3 clause 22, and the vendor's status register.
constexpr std::uint32_t control = 0, status = 1, identity_1 = 2, identity_2 = 3, advertisement = 4, special_status = 31;
constexpr std::uint16_t reset_bit = 0x8000, negotiate_100 = 0x3200, everything_10_100 = 0x01e1;
constexpr std::uint16_t link_bit = 1U << 2, negotiation_done = 1U << 12;

}  // namespace

void mdio::start(std::uint32_t bus_mhz) { clock_ = mdio_clock_for(bus_mhz).code << eth::cr_position; }

std::uint32_t mdio::command(std::uint32_t number) const {
  return phy_address << eth::pa_position | number << eth::rda_position | clock_ | eth::mb;
}

std::optional<std::uint16_t> mdio::read(std::uint32_t number) const {
  if (!eth::macmdioar.wait(eth::mb, 0)) return std::nullopt;
  eth::macmdioar.write(command(number) | eth::mdio_read);
  if (!eth::macmdioar.wait(eth::mb, 0)) return std::nullopt;
  return static_cast<std::uint16_t>(eth::macmdiodr.read());
}

bool mdio::write(std::uint32_t number, std::uint16_t value) const {
  if (!eth::macmdioar.wait(eth::mb, 0)) return false;
  eth::macmdiodr.write(value);
  eth::macmdioar.write(command(number) | eth::mdio_write);
  return eth::macmdioar.wait(eth::mb, 0);
}

void phy::start(instant now) {
  link_.reset();
  if (!bus_.write(control, reset_bit)) return give_up(now);
  stage_ = stage::resetting;
  reset_ends_ = now + reset_takes;
  due_ = now + look_every / 10;
}

bool phy::poll(instant now) {
  if (now < due_) return false;
  const std::optional<link_mode> before = link_;
  switch (stage_) {
    case stage::resetting:
      begin_negotiation(now);
      break;
    case stage::watching:
      watch(now);
      break;
    case stage::silent:
      start(now);
      break;
  }
  return link_ != before;
}

// Where nobody answers, the bus reads as ones.
void phy::begin_negotiation(instant now) {
  const auto now_set = bus_.read(control);
  if (!now_set || *now_set == 0xffff) return give_up(now);
  if (*now_set & reset_bit) {
    if (now >= reset_ends_) return give_up(now);
    due_ = now + look_every / 10;
    return;
  }
  identity_ = std::uint32_t{bus_.read(identity_1).value_or(0)} << 16 | bus_.read(identity_2).value_or(0);
  if (!bus_.write(advertisement, everything_10_100) || !bus_.write(control, negotiate_100)) return give_up(now);
  stage_ = stage::watching;
  due_ = now + look_every;
}

void phy::watch(instant now) {
  due_ = now + look_every;
  const auto seen = bus_.read(status);
  if (!seen || *seen == 0xffff) return give_up(now);
  if (!(*seen & link_bit)) link_.reset();
  else if (!link_) link_ = negotiated();
}

std::optional<link_mode> phy::negotiated() const {
  const std::uint16_t seen = bus_.read(special_status).value_or(0);
  if (!(seen & negotiation_done)) return std::nullopt;
  switch (seen >> 2 & 7) {
    case 1:
      return link_mode{false, false};
    case 5:
      return link_mode{false, true};
    case 2:
      return link_mode{true, false};
    case 6:
      return link_mode{true, true};
    default:
      return std::nullopt;
  }
}

void phy::give_up(instant now) {
  link_.reset();
  stage_ = stage::silent;
  due_ = now + try_again_after;
}

}  // namespace recado::nucleo_h723zg
