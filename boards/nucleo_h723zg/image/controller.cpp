#include "controller.hpp"

#include <cstddef>
#include <utility>

namespace recado::nucleo_h723zg {
namespace {

constexpr unsigned receive_descriptors = 8, receive_buffers = 12, transmit_descriptors = 8;

/// What the DMA reads and writes. The descriptors come first, where the memory is strongly ordered.
struct dma_memory {
  std::uint32_t receive[receive_descriptors][4];
  std::uint32_t transmit[transmit_descriptors][4];
  /// lwIP wants two bytes before a frame, the DMA writes to whole words.
  struct received {
    std::byte before[4];
    std::byte frame[1532];
  } in[receive_buffers];
  std::byte out[transmit_descriptors][1536];
};
static_assert(offsetof(dma_memory, in) == 256 && sizeof(dma_memory) <= 32 * 1024);
static_assert(sizeof(dma_memory::received::frame) >= frame_bytes_max && ETH_PAD_SIZE <= 4);
__attribute__((section(".ethernet"), aligned(256))) dma_memory memory;

std::uint32_t address_of(const void* object) { return reinterpret_cast<std::uint32_t>(object); }

ethernet_controller* the_controller = nullptr;

}  // namespace

ethernet_controller::ethernet_controller()
    : in_({address_of(memory.receive), receive_descriptors, address_of(memory.in[0].frame),
           sizeof(dma_memory::received), receive_buffers}),
      out_({address_of(memory.transmit), transmit_descriptors, address_of(memory.out), sizeof memory.out[0]}) {
  the_controller = this;
}

void ethernet_controller::open(std::uint32_t bus_mhz, instant now) {
  own_ = address_of_chip();
  bus_mhz_ = bus_mhz;
  bus_.start(bus_mhz);
  mac_.power_up();
  again_ = now;
  poll(now);
}

void ethernet_controller::poll(instant now) {
  if (!running_) {
    if (now < again_) return;
    again_ = now + try_again_after;
    if (!restart()) return;
    transceiver_.start(now);
  }
  if (!transceiver_.poll(now)) return;
  if (const auto mode = transceiver_.link()) mac_.run(*mode);
  else mac_.halt();
}

bool ethernet_controller::restart() {
  running_ = mac_.start(own_, bus_mhz_);
  if (const auto mode = transceiver_.link(); running_ && mode) mac_.run(*mode);
  return running_;
}

bool ethernet_controller::send(const pbuf& frame) {
  const auto size = static_cast<std::uint32_t>(frame.tot_len - ETH_PAD_SIZE);
  if (!link() || size > sizeof memory.out[0]) return false;
  const auto slot = out_.room();
  if (!slot) return false;
  std::byte* const room = memory.out[*slot];
  pbuf_copy_partial(&frame, room, static_cast<u16_t>(size), ETH_PAD_SIZE);
  out_.send(size, checksums_for({room, size}));
  return true;
}

// Reports are cleared before the ring is looked at: what comes after the look reports again and wakes the loop.
pbuf* ethernet_controller::receive() {
  if (!running_) return nullptr;
  if (mac_.poll() && !restart()) return nullptr;
  const auto found = held_ ? std::exchange(held_, std::nullopt) : in_.take();
  if (!found) return nullptr;
  return in_.spare() > 0 ? lend(*found) : copied(*found);
}

pbuf* ethernet_controller::lend(const receive_ring::frame& found) {
  lent_frame& lent = lent_[found.buffer];
  lent.buffer = found.buffer;
  lent.frame.custom_free_function = returned;
  std::byte* const begin = memory.in[found.buffer].frame - ETH_PAD_SIZE;
  const auto size = static_cast<u16_t>(found.size + ETH_PAD_SIZE);
  return pbuf_alloced_custom(PBUF_RAW, size, PBUF_REF, &lent.frame, begin, size);
}

pbuf* ethernet_controller::copied(const receive_ring::frame& found) {
  const auto size = static_cast<u16_t>(found.size + ETH_PAD_SIZE);
  pbuf* const frame = pbuf_alloc(PBUF_RAW, size, PBUF_POOL);
  if (frame == nullptr) return held_ = found, nullptr;
  pbuf_take(frame, memory.in[found.buffer].frame - ETH_PAD_SIZE, size);
  in_.give_back(found.buffer);
  return frame;
}

// The pbuf is the first member of the custom one, and that of the lent frame.
void ethernet_controller::returned(pbuf* frame) {
  the_controller->in_.give_back(reinterpret_cast<lent_frame*>(frame)->buffer);
}

}  // namespace recado::nucleo_h723zg
