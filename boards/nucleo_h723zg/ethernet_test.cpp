// MAC, MDIO and the transceiver against models of their registers.
#include <gtest/gtest.h>

#include <algorithm>

#include "ethernet_model_test.hpp"

namespace recado::nucleo_h723zg {
namespace {

using namespace std::chrono_literals;

constexpr receive_ring::layout receive_layout{ethernet_model::receive_at, 4, ethernet_model::receive_buffers_at,
                                              ethernet_model::stride, 6};
constexpr transmit_ring::layout transmit_layout{ethernet_model::transmit_at, 4, ethernet_model::transmit_buffers_at,
                                                ethernet_model::stride};

class mac_test : public ::testing::Test {
 protected:
  ethernet_model chip;
  receive_ring in{receive_layout};
  transmit_ring out{transmit_layout};
  ethernet_mac mac{in, out};
};

TEST_F(mac_test, is_set_up_as_the_reference_says) {
  const mac_address own{
      {std::byte{2}, std::byte{0x11}, std::byte{0x22}, std::byte{0x33}, std::byte{0x44}, std::byte{0x55}}};
  ASSERT_TRUE(mac.start(own, 260));
  EXPECT_EQ(chip.at(eth::mac1ustcr), 259U);
  EXPECT_EQ(chip.at(eth::maccr), 0x38306000U);
  EXPECT_EQ(chip.at(eth::maca0hr), 0x5544U);
  EXPECT_EQ(chip.at(eth::maca0lr), 0x33221102U);
  EXPECT_EQ(chip.at(eth::dmacier), 0xd0c1U);
  EXPECT_EQ(chip.at(eth::dmacrcr), 1U | 1528U << 1 | 32U << 16);
  EXPECT_EQ(chip.at(eth::dmactcr), 1U | 32U << 16);
  EXPECT_EQ(chip.at(eth::mmcrimr), 0x0c020060U);
  EXPECT_EQ(chip.at(eth::mmctimr), 0x0c20c000U);
  EXPECT_EQ(chip.at(eth::dmacrdtpr), ethernet_model::receive_at + 3 * 16) << "the last descriptor is the guard";
  EXPECT_EQ(chip.at(eth::dmacrdrlr), 3U);
  const auto place = [this](reg which) {
    return std::ranges::find(chip.written, which.address, &std::pair<std::uint32_t, std::uint32_t>::first);
  };
  EXPECT_LT(place(eth::maca0hr), place(eth::maca0lr)) << "the low part takes both over";
}

TEST_F(mac_test, does_not_wait_for_ever_for_the_transceiver_s_clock) {
  chip.reference_clock = false;
  EXPECT_FALSE(mac.start({}, 260));
  chip.reference_clock = true;
  EXPECT_TRUE(mac.start({}, 260));
}

TEST_F(mac_test, chooses_rmii_before_it_has_its_clocks) {
  chip.at(syscfg::pmcr) = 7U << 21 | 3;
  mac.power_up();
  EXPECT_EQ(chip.at(syscfg::pmcr), 4U << 21 | 3);
  const auto place = [this](reg which) {
    return std::ranges::find(chip.written, which.address, &std::pair<std::uint32_t, std::uint32_t>::first);
  };
  EXPECT_LT(place(syscfg::pmcr), place(rcc::ahb1enr));
  EXPECT_EQ(chip.words[0x58021824] >> 12 & 0xf, 11U) << "PG11 is TX_EN";
  EXPECT_EQ(chip.words[0x58021824] >> 20 & 0xf, 11U) << "PG13 is TXD0";
  EXPECT_EQ(chip.words[0x58021800] >> 4 & 3, 0U) << "PG2 is left alone";
}

TEST_F(mac_test, takes_speed_and_duplex_only_while_it_stands_still) {
  ASSERT_TRUE(mac.start({}, 260));
  mac.run({true, true});
  EXPECT_EQ(chip.at(eth::maccr) & 0x6003, 0x6003U);
  chip.on_store[eth::maccr.address] = [this](std::uint32_t v) {
    const std::uint32_t before = std::exchange(chip.at(eth::maccr), v);
    const bool changes = (before ^ v) & (eth::fes | eth::dm);
    EXPECT_FALSE(changes && ((before | v) & (eth::te | eth::re)));
  };
  mac.run({false, false});
  EXPECT_EQ(chip.at(eth::maccr) & 0x6003, 0x0003U);
  mac.run({true, false});
  EXPECT_EQ(chip.at(eth::maccr) & 0x6003, 0x4003U);
  mac.halt();
  EXPECT_EQ(chip.at(eth::maccr) & 3, 0U);
}

TEST_F(mac_test, clears_only_the_reports_that_it_has_seen) {
  ASSERT_TRUE(mac.start({}, 260));
  chip.at(eth::dmacsr) = eth::ri | eth::nis;
  chip.on_load[eth::dmacsr.address] = [this, looks = 0]() mutable {
    const std::uint32_t seen = chip.at(eth::dmacsr);
    if (looks++ == 0) chip.at(eth::dmacsr) |= eth::rbu | eth::ais;  // comes just after the look
    return seen;
  };
  EXPECT_FALSE(mac.poll());
  EXPECT_TRUE(chip.at(eth::dmacsr) & eth::rbu);
  EXPECT_FALSE(chip.at(eth::dmacsr) & eth::ri);
}

TEST_F(mac_test, has_an_address_of_its_own_for_each_chip) {
  chip.words[0x1ff1e800] = 0x00320041, chip.words[0x1ff1e804] = 0x3239510a, chip.words[0x1ff1e808] = 0x38363634;
  const mac_address one = address_of_chip();
  chip.words[0x1ff1e800] ^= 1;
  const mac_address other = address_of_chip();
  EXPECT_EQ(one.octets[0], std::byte{2}) << "locally administered, to one station";
  unsigned same = 0;
  for (unsigned i = 1; i < 6; ++i) same += one.octets[i] == other.octets[i];
  EXPECT_LE(same, 1U);
}

/// A LAN8742 behind the MAC's two registers.
class transceiver : public ::testing::Test {
 protected:
  transceiver() {
    chip.on_store[eth::macmdioar.address] = [this](std::uint32_t v) { command(v); };
    bus.start(260);
  }
  void command(std::uint32_t v) {
    EXPECT_EQ(v >> 8 & 15, 5U) << "divided by 124";
    EXPECT_EQ(v >> 21 & 31, 0U) << "address 0";
    chip.at(eth::macmdioar) = v & ~(stuck ? 0 : eth::mb);
    if (stuck) return;
    const std::uint32_t number = v >> 16 & 31;
    if ((v >> 2 & 3) == 1) return write(number, chip.at(eth::macmdiodr));
    chip.at(eth::macmdiodr) = !present ? 0xffff : read(number);
  }
  void write(std::uint32_t number, std::uint32_t value) {
    registers[number] = value;
    if (number == 0 && (value & 0x8000)) resets += 1;
  }
  std::uint32_t read(std::uint32_t number) {
    if (number == 0 && (registers[0] & 0x8000) && reset_takes-- == 0) registers[0] &= ~0x8000U;
    if (number != 1) return registers[number];
    const std::uint32_t seen = latched_down || !cable ? 0x7809 : 0x782d;
    latched_down = !cable;
    return seen;
  }
  void plug(std::uint32_t speed) { cable = true, registers[31] = 0x1000 | speed << 2; }
  void unplug() { cable = false, latched_down = true, registers[31] &= ~0x1000U; }
  /// Until then, whenever it is due.
  bool until(duration when) {
    bool changed = false;
    while (transceiver_.deadline() <= instant{when}) changed |= transceiver_.poll(now = transceiver_.deadline());
    now = instant{when};
    return changed;
  }

  chip_model chip;
  std::map<std::uint32_t, std::uint32_t> registers{{2, 7}, {3, 0xc131}};
  bool present = true, stuck = false, cable = false, latched_down = true;
  int resets = 0, reset_takes = 3;
  mdio bus;
  phy transceiver_{bus};
  instant now{};
};

TEST_F(transceiver, negotiates_after_its_reset) {
  transceiver_.start(now);
  EXPECT_EQ(resets, 1);
  until(200ms);
  EXPECT_TRUE(transceiver_.answers());
  EXPECT_EQ(transceiver_.identity(), 0x0007c131U);
  EXPECT_EQ(registers[4], 0x01e1U) << "10 and 100, half and full";
  EXPECT_EQ(registers[0], 0x3200U);
  EXPECT_FALSE(transceiver_.link());
}

TEST_F(transceiver, says_what_was_agreed_on) {
  transceiver_.start(now);
  const auto seen = [this](std::uint32_t speed, duration when) {
    plug(speed);
    EXPECT_TRUE(until(when));
    const auto found = transceiver_.link();
    unplug();
    EXPECT_TRUE(until(when + 500ms));
    EXPECT_FALSE(transceiver_.link());
    return found;
  };
  EXPECT_EQ(seen(6, 1s), (link_mode{true, true}));
  EXPECT_EQ(seen(2, 2s), (link_mode{true, false}));
  EXPECT_EQ(seen(5, 3s), (link_mode{false, true}));
  EXPECT_EQ(seen(1, 4s), (link_mode{false, false}));
}

TEST_F(transceiver, waits_for_the_end_of_the_negotiation) {
  transceiver_.start(now);
  plug(6);
  registers[31] = 6U << 2;
  EXPECT_FALSE(until(2s));
  EXPECT_FALSE(transceiver_.link());
  registers[31] |= 0x1000;
  EXPECT_TRUE(until(2200ms));
  EXPECT_TRUE(transceiver_.link());
}

TEST_F(transceiver, notices_a_cable_that_was_out_between_two_looks) {
  transceiver_.start(now);
  plug(6);
  until(1s);
  ASSERT_TRUE(transceiver_.link());
  unplug(), plug(1);  // another switch, within a tenth of a second
  ASSERT_TRUE(transceiver_.poll(transceiver_.deadline()));
  EXPECT_FALSE(transceiver_.link()) << "the loss is seen";
  ASSERT_TRUE(until(1500ms));
  EXPECT_EQ(transceiver_.link(), (link_mode{false, false})) << "and what the new one speaks";
}

TEST_F(transceiver, is_tried_again_each_second_while_it_does_not_answer) {
  present = false;
  transceiver_.start(now);
  until(100ms);
  EXPECT_FALSE(transceiver_.answers());
  until(4900ms);
  EXPECT_GE(resets, 5);
  EXPECT_LE(resets, 6);
  present = true, reset_takes = 0;
  plug(6);
  EXPECT_TRUE(until(7s));
  EXPECT_TRUE(transceiver_.link());
}

TEST_F(transceiver, is_given_up_if_its_reset_does_not_end) {
  reset_takes = 1'000'000;
  transceiver_.start(now);
  until(400ms);
  EXPECT_TRUE(transceiver_.answers());
  until(600ms);
  EXPECT_FALSE(transceiver_.answers());
}

TEST_F(transceiver, loses_the_link_when_it_stops_answering) {
  transceiver_.start(now);
  plug(6);
  until(1s);
  present = false;
  EXPECT_TRUE(until(1200ms));
  EXPECT_FALSE(transceiver_.link());
  EXPECT_FALSE(transceiver_.answers());
}

TEST_F(transceiver, does_not_wait_for_ever_for_the_mac) {
  stuck = true;
  transceiver_.start(now);
  EXPECT_FALSE(transceiver_.answers());
  EXPECT_EQ(bus.read(1), std::nullopt);
}

}  // namespace
}  // namespace recado::nucleo_h723zg
