// What one PUBLISH costs to encode and to decode, in instructions: QoS 1, MQTT 5.0, a topic of 20 bytes and a
// payload of 100 bytes.
//
//   valgrind --tool=callgrind --toggle-collect='encode_messages*' build/release/bin/codec_instructions encode 10000
//
// Divide the instructions by the number of messages. The functions that are measured hold nothing but the loop.
// tools/instructions does so for the test `instructions`, with the loop and without the C library.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <recado/mqtt/packet.hpp>

namespace mqtt = recado::mqtt;

namespace {
std::byte buffer[256];
std::byte payload[100];

mqtt::publish message() {
  mqtt::publish result;
  result.qos = mqtt::qos::at_least_once;
  result.packet_identifier = 1000;
  result.topic = "sensors/room/0042/is";
  result.payload = payload;
  return result;
}
}  // namespace

extern "C" __attribute__((noinline)) std::size_t encode_messages(const mqtt::publish* message, std::size_t count) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < count; ++i)
    written += mqtt::encode(*message, mqtt::version::v5_0, recado::mutable_bytes{buffer}).value_or(0);
  return written;
}

extern "C" __attribute__((noinline)) std::size_t decode_messages(recado::bytes in, const mqtt::decode_options* options,
                                                                 std::size_t count) {
  std::size_t read = 0;
  mqtt::publish message;
  for (std::size_t i = 0; i < count; ++i) {
    if (mqtt::take(in, *options, message) == 0) return 0;
    read += message.payload.size();
  }
  return read;
}

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10000;
  const mqtt::publish one = message();
  const std::size_t length = encode_messages(&one, 1);
  mqtt::decode_options options;
  options.trusted = what == "decode-trusted";
  std::size_t done = 0;
  if (what == "encode") done = encode_messages(&one, count) / length;
  else if (what.starts_with("decode")) done = decode_messages({buffer, length}, &options, count) / one.payload.size();
  else return std::fprintf(stderr, "usage: codec_instructions encode|decode|decode-trusted [COUNT]\n"), 2;
  std::printf("%s: %zu messages of %zu bytes\n", argv[1], done, length);
  return done == count ? 0 : 1;
}
