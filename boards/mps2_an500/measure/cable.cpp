#include "cable.hpp"

#include <array>
#include <utility>

#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include <recado/drive/lwip/clock.hpp>

#include "alone.hpp"

namespace recado::measure {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t frame_bytes_max = 1518;

instant time_of_script{1s};

}  // namespace

instant script_time() { return time_of_script; }

void let_time_pass() {
  time_of_script += 1ms;
  lwip::run_timers();
}

cable::cable(lwip::ethernet& controller, tcp_peer& peer, device::stopwatch& counter)
    : controller_(controller), peer_(peer), counter_(counter) {
  mps2_an500::send_back();
}

void cable::hear_board() {
  std::array<std::byte, frame_bytes_max> flat;
  while (pbuf* const frame = controller_.receive()) {
    const u16_t size = pbuf_copy_partial(frame, flat.data(), static_cast<u16_t>(flat.size()), ETH_PAD_SIZE);
    pbuf_free(frame);
    peer_.receive(bytes{flat}.first(size));
  }
}

// One frame at a time: what the board answers to it lies behind it in the controller, and is the peer's.
void cable::tell_board(bytes frame) {
  alignas(4) std::array<std::byte, frame_bytes_max + ETH_PAD_SIZE> padded;
  copy(frame, mutable_bytes{padded}.subspan(ETH_PAD_SIZE));
  pbuf whole{};
  whole.payload = padded.data();
  whole.len = whole.tot_len = static_cast<u16_t>(frame.size() + ETH_PAD_SIZE);
  (void)controller_.send(whole);
  const std::uint64_t begun = counter_.nanoseconds();
  pbuf* const received = controller_.receive();
  if (received != nullptr && netif_default->input(received, netif_default) != ERR_OK) pbuf_free(received);
  taken_in_ += counter_.nanoseconds() - begun;
}

void cable::carry() {
  for (;;) {
    hear_board();
    const bytes frame = peer_.next_frame();
    if (frame.empty()) return;
    tell_board(frame);
  }
}

std::uint32_t cable::taken_in() { return static_cast<std::uint32_t>(std::exchange(taken_in_, 0)); }

}  // namespace recado::measure
