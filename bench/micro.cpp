// What needs no wire, in nanoseconds (Google Benchmark): the codec, a message through the session, the router.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <recado/chain/router.hpp>
#include <recado/mqtt/packet.hpp>

namespace {

using namespace recado;

/// QoS 1, a topic of 20 bytes, a payload of 100.
struct sample {
  std::byte payload[100]{};
  std::byte packet[256]{};
  std::size_t size = 0;
  mqtt::publish message;
  sample() {
    message.qos = mqtt::qos::at_least_once;
    message.packet_identifier = 1000;
    message.topic = "sensors/room/0042/is";
    message.payload = payload;
    size = mqtt::encode(message, mqtt::version::v5_0, mutable_bytes{packet}).value_or(0);
  }
};

void encode_publish(benchmark::State& state) {
  sample one;
  for (auto _ : state) {
    benchmark::DoNotOptimize(one.message);
    auto size = mqtt::encode(one.message, mqtt::version::v5_0, mutable_bytes{one.packet});
    benchmark::DoNotOptimize(size);
    benchmark::ClobberMemory();
  }
}

void decode(benchmark::State& state, bool trusted) {
  sample one;
  mqtt::decode_options options;
  options.trusted = trusted;
  mqtt::publish message;
  for (auto _ : state) {
    bytes in{one.packet, one.size};
    benchmark::DoNotOptimize(in);
    auto size = mqtt::take(in, options, message);
    benchmark::DoNotOptimize(size);
    benchmark::DoNotOptimize(message);
  }
}

/// As many subscriptions as devices in rooms; a message matches one of them.
void route(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<chain::route_node> nodes(4 * count + 64);
  std::vector<std::uint32_t> buckets(4 * count + 64);
  std::vector<chain::route> routes(count + 1);
  std::vector<std::byte> text(64 * count + 4096);
  chain::router router{{nodes, buckets, routes, text}};
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string device = "sensors/room/" + std::to_string(i / 10) + "/device" + std::to_string(i % 10);
    if (!router.add(device + "/+", static_cast<std::uint32_t>(i))) state.SkipWithError("no room");
    topics.push_back(device + "/is");
  }
  std::size_t at = 0, matched = 0;
  for (auto _ : state) {
    matched += router.match(topics[at], [](std::uint32_t) {});
    at = at + 7 < topics.size() ? at + 7 : (at + 7) % topics.size();
  }
  benchmark::DoNotOptimize(matched);
}

BENCHMARK(encode_publish)->Name("encode PUBLISH");
BENCHMARK_CAPTURE(decode, checked, false)->Name("decode PUBLISH, every check");
BENCHMARK_CAPTURE(decode, trusted, true)->Name("decode PUBLISH, trusted broker");
BENCHMARK(route)->Name("router")->RangeMultiplier(10)->Range(1, 10'000);

}  // namespace

BENCHMARK_MAIN();
