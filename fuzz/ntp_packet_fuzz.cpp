// Any bytes as an NTP packet, alone and as the answer to a query whose origin and arrival are right.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <recado/ntp/client.hpp>

#include "target.hpp"

using recado::fuzz::counting_entropy;
using recado::fuzz::counting_sink;
using recado::fuzz::require;

using namespace recado;

namespace {

const utc_time build{std::chrono::seconds{1795369932}};

void print(bytes data) {
  const auto what = ntp::decode(data);
  if (!what) return;
  counting_sink out;
  ntp::print(*what, build, out);
  require(out.size > 200 && out.size < 1000);
  std::array<std::byte, ntp::packet_octets> again{};
  ntp::encode(*what, again);
  require(equal(again, data.first(ntp::packet_octets)));
}

/// The input is cut into packets; each is the answer to one query of a measurement.
void measure(bytes data) {
  counting_entropy random;
  ntp::client client{random};
  instant now{std::chrono::hours{1}};
  const std::array servers{endpoint{ip_address::v4(1), 123}, endpoint{ip_address::v4(2), 123}};
  require(client.start(servers, {.earliest = build, .samples = 4}, now).has_value());
  client.opened(now);
  unsigned events = 0;
  for (int steps = 0; client.running(); ++steps) {
    require(steps < 1000);
    datagram in;
    std::array<std::byte, ntp::packet_octets + 4> answer{};
    if (const auto out = client.pending(now)) {
      client.sent(now);
      const std::size_t length = std::min(data.size(), answer.size());
      copy(data.first(length), answer);
      copy(out->payload.last(8), mutable_bytes{answer}.subspan(24));  // its origin is what was transmitted
      data = data.subspan(length);
      now += std::chrono::milliseconds{30};
      in = {out->local_port, out->peer, bytes{answer}.first(length), now};
    }
    if (const auto event = client.receive(in, now)) {
      ++events;
      if (const auto* good = std::get_if<ntp::synchronised>(&*event)) {
        require(good->utc >= build && good->samples >= 1 && good->stratum >= 1 && good->stratum <= ntp::stratum_max);
        require(good->delay >= duration{0} && good->delay <= ntp::answer_ms_max);
      } else {
        require(static_cast<bool>(std::get<ntp::failed>(*event).why));
      }
    }
    if (!client.pending(now)) now = std::max(now, client.running() ? client.deadline() : now);
  }
  require(events == 1 && client.deadline() == never);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes input{reinterpret_cast<const std::byte*>(data), size};
  print(input);
  measure(input);
  return 0;
}
