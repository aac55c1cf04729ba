// Any bytes as packets of MQTT: the first byte chooses version, sender and trust, the rest is the stream. What
// decodes must encode to a packet that decodes to the same, and the short way must agree with the long one.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <recado/mqtt/packet.hpp>

#include "target.hpp"

using recado::fuzz::require;

namespace {
using namespace recado;
namespace mqtt = recado::mqtt;

class forget final : public text_sink {
 public:
  void write(std::string_view text) override { seen += text.size(); }
  std::size_t seen = 0;
};

template <class P>
void compare_short_way(bytes in, const mqtt::decode_options& options, const mqtt::any_packet* expected) {
  P result;
  const std::size_t taken = mqtt::take(in, options, result);
  require(taken == 0 || (expected != nullptr && taken == in.size() && mqtt::any_packet{result} == *expected));
}

void round_trip(const mqtt::any_packet& packet, mqtt::decode_options options, std::size_t length) {
  if (const auto* first = std::get_if<mqtt::connect>(&packet)) options.protocol = first->protocol;
  std::vector<std::byte> out(mqtt::size(packet, options.protocol));
  require(out.size() <= length);
  require(mqtt::encode(packet, options.protocol, out).value_or(0) == out.size());
  mqtt::fixed_header header;
  mqtt::any_packet again;
  require(!mqtt::read_header(out, options, header) && header.total() == out.size());
  require(!mqtt::decode(header, out, options, again) && again == packet);
}

/// One packet from the front; how long it is, or 0 at the end of what can be understood.
std::size_t one_packet(bytes in, const mqtt::decode_options& options) {
  mqtt::fixed_header header;
  if (mqtt::read_header(in, options, header) || header.size == 0) return 0;
  if (in.size() < header.total()) {
    mqtt::publish begun;
    if (header.type == mqtt::packet_type::publish) static_cast<void>(mqtt::decode(header, in, options, begun));
    return 0;
  }
  const bytes whole = in.first(header.total());
  mqtt::any_packet packet;
  const mqtt::defect what = mqtt::decode(header, whole, options, packet);
  require(what.offset <= whole.size());
  compare_short_way<mqtt::publish>(whole, options, what ? nullptr : &packet);
  compare_short_way<mqtt::acknowledgement>(whole, options, what ? nullptr : &packet);
  if (what) return 0;
  forget sink;
  mqtt::print(packet, {.protocol = options.protocol, .show_secrets = true}, sink);
  require(sink.seen != 0);
  round_trip(packet, options, whole.size());
  return whole.size();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const mqtt::decode_options options{(data[0] & 1) != 0 ? mqtt::version::v3_1_1 : mqtt::version::v5_0,
                                     (data[0] & 2) != 0 ? mqtt::sender::client : mqtt::sender::server,
                                     (data[0] & 4) != 0};
  bytes in = std::as_bytes(std::span{data, size}).subspan(1);
  while (const std::size_t used = one_packet(in, options)) in = in.subspan(used);
  return 0;
}
