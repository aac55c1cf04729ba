// The measuring image: instructions of a message against a peer in the image itself, the same in each run.
//
// It takes the place of the application (boards/common/image.cpp) on the board; start QEMU with -icount shift=7,
// -nic none and a fixed seed. What it says is for tools/footprint.
#include <boards/common/image.hpp>
#include <boards/common/network.hpp>
#include <boards/common/secure_channel.hpp>
#include <boards/common/text_console.hpp>
#include <recado/chain/words.hpp>
#include <recado/drive/lwip/clock.hpp>

#include "alone.hpp"
#include "client.hpp"
#include "floors.hpp"
#include "peer_memory.hpp"
#include "services.hpp"
#include "tls_server.h"

namespace recado::measure {
namespace {

using namespace std::chrono_literals;

constexpr ip_address own_address = ip_address::v4(192, 0, 2, 2), peer_address = ip_address::v4(192, 0, 2, 1);
constexpr mac_address peer_mac{{std::byte{2}, std::byte{0}, std::byte{0x5e}, std::byte{0}, std::byte{0}, std::byte{1}}};
constexpr std::string_view peer_name = "broker.test";
constexpr std::uint16_t plain_port = 1883, secure_port = 8883, listening_port = 9, speaking_port = 19;
/// Within the papers' time.
constexpr utc_time date{std::chrono::sys_days{std::chrono::year{2030} / 1 / 1}};

/// One way of speaking to the broker.
struct way {
  std::string_view name;
  aead cipher;
  bool with_1_3;
  int suite;  // its number
};
constexpr way ways[] = {
    {"plain", aead::none, false, 0},
    {"chacha20", aead::chacha20_poly1305, true, 0x1303},
#if !defined(RECADO_TINY)
    {"aes128", aead::aes_128_gcm, true, 0x1301},
    {"aes256", aead::aes_256_gcm, true, 0x1302},
    {"tls12", aead::aes_256_gcm, false, 0xc02c},
#endif
};

void (*write_out)(std::string_view);
void say(std::string_view text) { write_out(text), write_out("\r\n"); }
void peer_failed(int why) {
  char room[80];
  buffer_sink line{room};
  line << "the peer's TLS failed: -", line.hex(static_cast<std::uint32_t>(-why), 4);
  say(line.view());
}

firmware::lwip_network network;
firmware::secure_channel secured;
wall_clock civil_clock;
echo_broker broker;
secured_broker behind_tls{broker, peer_failed};
listener listening;
speaker speaking;
constexpr auto ports = std::to_array<tcp_peer::port>(
    {{plain_port, &broker}, {secure_port, &behind_tls}, {listening_port, &listening}, {speaking_port, &speaking}});
tcp_peer peer{peer_mac, peer_address, ports};

/// Words, then numbers, on one line.
void say_row(std::initializer_list<std::string_view> words, std::initializer_list<std::uint32_t> numbers) {
  char room[160];
  buffer_sink line{room};
  for (const std::string_view each : words) line << each << ' ';
  for (const std::uint32_t each : numbers) line.number(each, 7);
  say(line.view());
}

/// Bytes of a record: what is encrypted, what is authenticated with it, and what it takes on the wire (RFC 8446 §5.2,
/// RFC 5246 §6.2.3.3, RFC 5288 §3).
struct record_shape {
  std::size_t plaintext, associated, wire;
};
record_shape shape_of(const way& which, std::size_t packet) {
  if (which.cipher == aead::none) return {packet, 0, packet};
  if (which.with_1_3) return {packet + 1, 5, 5 + packet + 1 + 16};
  return {packet, 13, 5 + 8 + packet + 16};
}

/// How long a PUBLISH of that size is: fixed header, topic, no properties.
std::size_t packet_bytes(const device::configuration& chosen, std::uint32_t payload) {
  const std::size_t body = 2 + chosen.broker.secret_topic.size() + 1 + payload;
  return 1 + (body < 128 ? 1 : 2) + body;
}

void say_messages(const way& which, const connection_cost& cost) {
  for (std::size_t i = 0; i < std::size(message_sizes); ++i) {
    const auto& [write, read, write_most, read_most, input] = cost.messages[i];
    say_row({"message", which.name},
            {message_sizes[i], write.encode, write.encrypt, write.send, write.write(), read.receive, read.decrypt,
             read.decode, read.read(), write_most, read_most, input});
  }
  if (cost.handshake != 0) say_row({"handshake", which.name}, {cost.handshake});
}

void say_floors(const way& which, const device::configuration& chosen, cable& wire, device::stopwatch& counter) {
  for (const std::uint32_t size : message_sizes) {
    const record_shape record = shape_of(which, packet_bytes(chosen, size));
    const record_cost alone = record_alone(which.cipher, record.plaintext, record.associated, counter);
    const segment_cost lwip =
        segment_alone(record.wire, {peer_address, listening_port}, {peer_address, speaking_port}, wire, counter);
    say_row({"floor", which.name}, {size, alone.seal, lwip.out, lwip.take, alone.open, lwip.in});
  }
}

fault measure_way(const way& which, const device::configuration& chosen, const device::board& on, cable& wire) {
  const bool plain = which.cipher == aead::none;
  behind_tls.choose(which.with_1_3, which.suite);
  const destination to{
      {peer_address, plain ? plain_port : secure_port}, peer_name, plain ? nullptr : &secured.cipher()};
  const auto cost = measure(chosen, on, wire, to);
  if (!cost) return cost.error();
  say_messages(which, *cost);
  say_floors(which, chosen, wire, on.stopwatch);
  return {};
}

/// The papers are made at each start, and as the seed is, so are they.
fault open_tls(firmware::image_configuration image, const firmware::hardware& on, device::console& console) {
  recado_peer_papers papers{};
  if (const int failed = recado_peer_tls_make_papers(peer_name.data(), &papers); failed != 0) {
    peer_failed(failed);
    return make_fault(link_error::no_resources);
  }
  image.ca = std::as_bytes(std::span{papers.authority, papers.authority_size});
  image.certificate = std::as_bytes(std::span{papers.certificate, papers.certificate_size});
  image.key = std::as_bytes(std::span{papers.key, papers.key_size});
  image.chosen.tls.client_authentication = true;
  const auto ready = secured.open(image, on.random, civil_clock, nullptr, console);
  return ready ? fault{} : ready.error();
}

fault run(const firmware::image_configuration& image, const firmware::hardware& on) {
  mps2_an500::stop_watchdog();
  write_out = on.write;
  firmware::text_console console{on.write, device::console_level::error};
  lwip::start(script_time, on.random, on.failed);
  network.open(on.ethernet, on.random);
  instruction_counter counter{on.stopwatch};
  cable wire{on.ethernet, peer, counter};
  (void)network.link_is_up();
  const auto lease = dhcp::static_lease(own_address, 24, peer_address);
  if (!lease) return make_fault(lease.error());
  (void)network.apply(*lease);
  civil_clock.set(date, script_time());
  if (const fault why = open_tls(image, on, console)) return why;
  const device::board board{on.leds,    on.button, on.real_time_clock, counter,     console,
                            on.storage, network,   on.random,          civil_clock, nullptr};
  for (const way& each : ways)
    if (const fault why = measure_way(each, image.chosen, board, wire)) return why;
  return {};
}

}  // namespace
}  // namespace recado::measure

namespace recado::firmware {

const image_configuration& configuration() {
  static const image_configuration image{};
  return image;
}

fault run(const image_configuration& image, const hardware& on) {
  std::array<std::byte, 32> seed;
  on.random.fill(seed);
  if (!measure::start_peer(seed)) return make_fault(link_error::no_resources);
  const fault why = measure::run(image, on);
  char room[200];
  buffer_sink line{room};
  if (why) chain::describe(why, line);
  else line << "measured";
  on.write(line.view()), on.write("\r\n");
  return why;
}

}  // namespace recado::firmware
