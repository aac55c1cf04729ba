#include "transmit_ring.hpp"

#include "receive_ring.hpp"
#include "registers.hpp"

namespace recado::nucleo_h723zg {

// RFC 791 §3.1: the header's third word holds the flags and the offset of a fragment, the tenth byte the protocol.
checksums checksums_for(bytes frame) {
  constexpr std::size_t header = 14;
  const auto octet = [frame](std::size_t at) { return std::to_integer<unsigned>(frame[at]); };
  if (frame.size() < header + 20 || octet(12) != 0x08 || octet(13) != 0x00) return checksums::none;
  const bool fragment = (octet(header + 6) & 0x3f) != 0 || octet(header + 7) != 0;
  const unsigned protocol = octet(header + 9);
  constexpr unsigned tcp = 6, udp = 17;
  return !fragment && (protocol == tcp || protocol == udp) ? checksums::all : checksums::header;
}

std::uint32_t transmit_ring::descriptor(unsigned slot) const { return where_.descriptors + slot * descriptor_bytes; }

void transmit_ring::start() {
  counts_.failed += in_flight_;
  next_ = in_flight_ = 0;
  for (unsigned slot = 0; slot < where_.count; ++slot)
    for (std::uint32_t word = 0; word < 4; ++word) bus::store(descriptor(slot) + word * 4, 0);
  bus::barrier();
  eth::dmactdrlr.write(where_.count - 1);
  eth::dmactdlar.write(descriptor(0));
  eth::dmactdtpr.write(descriptor(0));
}

void transmit_ring::reap() {
  while (in_flight_ != 0) {
    const unsigned oldest = (next_ + where_.count - in_flight_) % where_.count;
    const std::uint32_t status = bus::load(descriptor(oldest) + 12);
    if (status & eth::own) return;
    ++(status & eth::transmit_error ? counts_.failed : counts_.sent);
    --in_flight_;
  }
}

std::optional<unsigned> transmit_ring::room() {
  reap();
  if (in_flight_ + 1 < where_.count) return next_;
  ++counts_.full;
  return std::nullopt;
}

void transmit_ring::send(std::uint32_t size, checksums which) {
  constexpr std::uint32_t wanted[] = {0, eth::checksum_header, eth::checksum_all};
  bus::store(descriptor(next_), where_.buffers + next_ * where_.buffer_stride);
  bus::store(descriptor(next_) + 4, 0);
  bus::store(descriptor(next_) + 8, eth::transmit_interrupt | size);
  bus::barrier();
  bus::store(descriptor(next_) + 12, eth::own | eth::first | eth::last | wanted[static_cast<unsigned>(which)] | size);
  next_ = (next_ + 1) % where_.count;
  ++in_flight_;
  bus::barrier();
  eth::dmactdtpr.write(descriptor(next_));
}

}  // namespace recado::nucleo_h723zg
