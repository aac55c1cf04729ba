// Any bytes as an NTP packet, alone and as the answer to a query whose origin and arrival are right.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <recado/ntp/client.hpp>

using namespace recado;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

class counting_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (std::byte& octet : out) octet = static_cast<std::byte>((state_ = state_ * 1103515245 + 12345) >> 16);
  }

 private:
  std::uint32_t state_ = 1;
};

class counting_sink final : public text_sink {
 public:
  void write(std::string_view text) override { size += text.size(); }
  std::size_t size = 0;
};

const utc_time build{std::chrono::seconds{1795369932}};

void print(bytes data) {
  const auto what = ntp::decode(data);
  if (!what) return;
  counting_sink out;
  ntp::print(*what, build, out);
  check(out.size > 200 && out.size < 1000);
  std::array<std::byte, ntp::packet_octets> again{};
  ntp::encode(*what, again);
  check(equal(again, data.first(ntp::packet_octets)));
}

/// The input is cut into packets; each is the answer to one query of a measurement.
void measure(bytes data) {
  counting_entropy random;
  ntp::client client{random};
  instant now{std::chrono::hours{1}};
  const std::array servers{endpoint{ip_address::v4(1), 123}, endpoint{ip_address::v4(2), 123}};
  check(client.start(servers, {.earliest = build, .samples = 4}, now).has_value());
  client.opened(now);
  unsigned events = 0;
  for (int steps = 0; client.running(); ++steps) {
    check(steps < 1000);
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
        check(good->utc >= build && good->samples >= 1 && good->stratum >= 1 && good->stratum <= ntp::stratum_max);
        check(good->delay >= duration{0} && good->delay <= ntp::answer_ms_max);
      } else {
        check(static_cast<bool>(std::get<ntp::failed>(*event).why));
      }
    }
    if (!client.pending(now)) now = std::max(now, client.running() ? client.deadline() : now);
  }
  check(events == 1 && client.deadline() == never);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes input{reinterpret_cast<const std::byte*>(data), size};
  print(input);
  measure(input);
  return 0;
}
