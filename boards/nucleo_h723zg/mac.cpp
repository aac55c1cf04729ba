#include "mac.hpp"

#include "pins.hpp"
#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

constexpr std::uint32_t interrupts =
    eth::nis | eth::ais | eth::fbe | eth::ri | eth::ti | eth::rbu;  // what wakes the loop

// SWR ends only with the transceiver's clock running.
bool reset_dma() {
  eth::dmamr.set(eth::swr);
  for (int cycles = 0; cycles < 4; ++cycles) bus::barrier();
  return eth::dmamr.wait(eth::swr, 0, long_wait_reads);
}

void set_up_mac(const mac_address& own, std::uint32_t bus_mhz) {
  eth::mac1ustcr.write(bus_mhz - 1);
  // The MAC checks and strips what it can: checksums, padding, the frame check sequence.
  eth::maccr.write(eth::ipc | eth::cst | eth::acs | eth::fes | eth::dm | eth::sarc_replace);
  eth::macecr.write(0);
  eth::macpfr.write(0);  // our own address and broadcasts
  eth::macwtr.write(0);
  eth::mactfcr.write(eth::dzpq);
  eth::macrfcr.write(0);
  const auto octet = [&own](unsigned at) { return std::to_integer<std::uint32_t>(own.octets[at]); };
  eth::maca0hr.write(octet(5) << 8 | octet(4));
  eth::maca0lr.write(octet(3) << 24 | octet(2) << 16 | octet(1) << 8 | octet(0));  // last: it takes both over
  // Counters at half their range would raise interrupts that nobody serves.
  eth::mmcrimr.set(eth::mmc_receive_interrupts);
  eth::mmctimr.set(eth::mmc_transmit_interrupts);
}

// Whole frames only, in both directions: checksums need it. Frames with wrong ones are dropped.
void set_up_dma() {
  eth::mtltqomr.set(eth::tsf);
  eth::mtlrqomr.set(eth::rsf);
  eth::dmasbmr.write(eth::aal | eth::fb);
  eth::dmaccr.write(0);  // descriptors stand without gaps
  eth::dmactcr.write(eth::pbl_32);
  constexpr std::uint32_t buffer_bytes = frame_bytes_max;
  static_assert(buffer_bytes % 4 == 0 && buffer_bytes >= 1524);
  eth::dmacrcr.write(eth::pbl_32 | buffer_bytes << eth::rbsz_position);
}

}  // namespace

// FNV-1a over the 96 bits, folded: what differs in one bit of wafer, lot or place differs in all octets.
mac_address address_of_chip() {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::uint32_t word = 0; word < 3; ++word)
    for (unsigned shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (indexed(identity::uid, word, 4).read() >> shift & 0xff)) * 0x100000001b3;
  hash ^= hash >> 29;
  mac_address made;
  made.octets[0] = std::byte{0x02};
  for (unsigned i = 1; i < 6; ++i) made.octets[i] = static_cast<std::byte>(hash >> (i * 8));
  return made;
}

// RMII is chosen before the MAC has its clocks.
void ethernet_mac::power_up() {
  for (const pin& each : pins::rmii) make_function(each, pins::ethernet_function, true);
  syscfg::pmcr.change(syscfg::epis_mask, syscfg::epis_rmii);
  rcc::ahb1enr.enable(rcc::eth1macen | rcc::eth1txen | rcc::eth1rxen);
  rcc::ahb1rstr.set(rcc::eth1macrst);
  (void)rcc::ahb1rstr.read();
  rcc::ahb1rstr.clear(rcc::eth1macrst);
}

bool ethernet_mac::start(const mac_address& own, std::uint32_t bus_mhz) {
  if (!reset_dma()) return false;
  set_up_mac(own, bus_mhz);
  set_up_dma();
  out_.start();
  in_.start();
  bus::barrier();
  eth::dmacsr.write(eth::status_bits);
  eth::dmacier.write(interrupts);
  eth::dmactcr.set(eth::st);
  eth::dmacrcr.set(eth::sr);
  eth::mtltqomr.set(eth::ftq);
  return eth::mtltqomr.wait(eth::ftq, 0);
}

// Speed and duplex are changed while nothing moves.
void ethernet_mac::run(link_mode mode) {
  halt();
  eth::maccr.change(eth::fes | eth::dm, (mode.fast ? eth::fes : 0) | (mode.full_duplex ? eth::dm : 0));
  eth::maccr.set(eth::te | eth::re);
}

void ethernet_mac::halt() { eth::maccr.clear(eth::te | eth::re); }

// Exactly the bits that were seen are cleared: what comes in between stays. Read back, as the write takes a while.
bool ethernet_mac::poll() {
  const std::uint32_t seen = eth::dmacsr.read() & eth::status_bits;
  if (seen == 0) return false;
  eth::dmacsr.write(seen);
  (void)eth::dmacsr.read();
  if (seen & eth::rbu) {
    ++counts_.ran_dry;
    counts_.missed += eth::dmacmfcr.read() & 0x7ff;
  }
  if (!(seen & eth::fbe)) return false;
  ++counts_.bus_errors;
  return true;
}

}  // namespace recado::nucleo_h723zg
