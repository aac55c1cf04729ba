#include "receive_ring.hpp"

#include <bit>

#include "registers.hpp"

namespace recado::nucleo_h723zg {

void receive_ring::start() {
  while (ready_ != 0) {
    free_ |= bit(buffer_of_[next_]);
    next_ = (next_ + 1) % where_.descriptor_count;
    --ready_;
  }
  next_ = 0;
  for (unsigned slot = 0; slot < where_.descriptor_count; ++slot)
    for (std::uint32_t word = 0; word < 4; ++word) bus::store(descriptor(slot) + word * 4, 0);
  bus::barrier();
  eth::dmacrdrlr.write(where_.descriptor_count - 1);
  eth::dmacrdlar.write(descriptor(0));
  eth::dmacrdtpr.write(descriptor(0));
  refill();
}

std::optional<receive_ring::frame> receive_ring::take() {
  std::optional<frame> found;
  bool moved = false;
  while (!found && ready_ != 0) {
    const std::uint32_t status = bus::load(descriptor(next_) + 12);
    if (status & eth::own) break;
    bus::barrier();  // the frame is read only behind the descriptor
    const unsigned buffer = buffer_of_[next_];
    const verdict what = judge(next_, status);
    count(what);
    if (what == verdict::good) {
      found = frame{buffer, status & eth::length_mask};
      lent_ |= bit(buffer);
    } else {
      free_ |= bit(buffer);
    }
    next_ = (next_ + 1) % where_.descriptor_count;
    --ready_;
    moved = true;
  }
  if (moved) refill();
  return found;
}

receive_ring::verdict receive_ring::judge(unsigned slot, std::uint32_t status) const {
  if (status & eth::context) return verdict::nothing;
  if ((status & (eth::first | eth::last)) != (eth::first | eth::last)) return verdict::in_pieces;
  const std::uint32_t size = status & eth::length_mask;
  if ((status & eth::receive_error) || size > frame_bytes_max || size < 14) return verdict::damaged;
  const std::uint32_t checked = status & eth::receive_rs1v ? bus::load(descriptor(slot) + 4) : 0;
  if (checked & (eth::receive_header_error | eth::receive_payload_error)) return verdict::bad_checksum;
  return verdict::good;
}

void receive_ring::count(verdict what) {
  switch (what) {
    case verdict::good:
      ++counts_.taken;
      break;
    case verdict::damaged:
      ++counts_.errors;
      break;
    case verdict::bad_checksum:
      ++counts_.bad_checksum;
      break;
    case verdict::in_pieces:
      ++counts_.in_pieces;
      break;
    case verdict::nothing:
      break;
  }
}

void receive_ring::give_back(unsigned buffer) {
  if (buffer >= where_.buffer_count || !(lent_ & bit(buffer))) return;
  lent_ &= ~bit(buffer);
  free_ |= bit(buffer);
  refill();
}

unsigned receive_ring::spare() const {
  const auto lent = static_cast<unsigned>(std::popcount(lent_));
  const unsigned left = where_.buffer_count - lent;
  return left > where_.descriptor_count ? left - where_.descriptor_count : 0;
}

// The DMA writes over the descriptor's first word, so the buffer is entered anew each time; ownership comes last.
void receive_ring::refill() {
  bool added = false;
  unsigned slot = 0;
  while (ready_ < where_.descriptor_count && free_ != 0) {
    const auto buffer = static_cast<unsigned>(std::countr_zero(free_));
    slot = (next_ + ready_) % where_.descriptor_count;
    free_ &= ~bit(buffer);
    buffer_of_[slot] = static_cast<std::uint8_t>(buffer);
    bus::store(descriptor(slot), where_.buffers + buffer * where_.buffer_stride);
    bus::store(descriptor(slot) + 4, 0);
    bus::store(descriptor(slot) + 8, 0);
    bus::barrier();
    bus::store(descriptor(slot) + 12, eth::own | eth::receive_interrupt | eth::receive_buffer_1);
    ++ready_;
    added = true;
  }
  if (!added) return;
  bus::barrier();
  eth::dmacrdtpr.write(descriptor(slot));
}

}  // namespace recado::nucleo_h723zg
