// What strangers send, told in words: streams cut at every place, datagrams and frames.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <recado/capture/narrator.hpp>

namespace {

class text final : public recado::text_sink {
 public:
  void write(std::string_view more) override { all += more; }
  std::string all;
};

}  // namespace

/// The first byte chooses what it is, the second how it arrives in pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace recado;
  if (size < 2) return 0;
  text out;
  const wall_clock clock;
  capture::narrator narrator{out, clock, {}};
  const bytes all = std::as_bytes(std::span{data + 2, size - 2});
  const endpoint local{ip_address::v4(10, 0, 0, 1), 40000};
  const std::uint16_t ports[] = {53, 67, 123, 9};
  const direction way = (data[0] & 1) != 0 ? direction::out : direction::in;
  const unsigned what = data[0] >> 1 & 3;
  if (what == 0) {
    narrator.datagram_seen(way, local, {ip_address::v4(10, 0, 0, 2), ports[data[1] & 3]}, all, instant{});
  } else if (what == 1) {
    narrator.frame_seen(way, all, instant{});
  } else {
    const content kind = what == 2 ? content::plaintext : content::wire;
    const std::size_t step = std::size_t{data[1]} + 1;
    for (bytes rest = all; !rest.empty(); rest = rest.subspan(std::min(step, rest.size())))
      narrator.stream_bytes({1, local, {local.address, 8883}}, way, kind, rest.first(std::min(step, rest.size())),
                            instant{});
  }
  for (const char c : out.all)
    if (c != '\n' && static_cast<unsigned char>(c) < 0x20) std::abort();  // nothing hostile reaches the terminal
  return 0;
}
