#include "services.hpp"

#include <algorithm>

#include "tls_server.h"

namespace recado::measure {
namespace {

enum : std::uint8_t { connect = 1, publish = 3, subscribe = 8 };

/// CONNACK of MQTT 5.0: a new session, success, no properties.
constexpr std::array<std::byte, 5> welcome{std::byte{0x20}, std::byte{3}, std::byte{0}, std::byte{0}, std::byte{0}};

/// The length of the packet that these bytes begin with; 0 if that isn't known yet.
std::size_t packet_bytes(bytes from) {
  std::size_t length = 0;
  for (std::size_t i = 1, shift = 0; i < from.size() && i <= 4; ++i, shift += 7) {
    const auto part = std::to_integer<std::size_t>(from[i]);
    length |= (part & 0x7f) << shift;
    if (part < 0x80) return length + i + 1;
  }
  return 0;
}

const unsigned char* octets(bytes from) { return reinterpret_cast<const unsigned char*>(from.data()); }
unsigned char* octets(mutable_bytes from) { return reinterpret_cast<unsigned char*>(from.data()); }

}  // namespace

void byte_queue::put(bytes what) {
  if (what.size() > data_.size() - used_) return;
  copy(what, mutable_bytes{data_}.subspan(used_));
  used_ += what.size();
}

void byte_queue::drop(std::size_t count) {
  std::memmove(data_.data(), data_.data() + count, used_ - count);
  used_ -= count;
}

std::size_t byte_queue::take(mutable_bytes out) {
  const std::size_t count = std::min(used_, out.size());
  copy(all().first(count), out);
  drop(count);
  return count;
}

void echo_broker::hear(bytes what) {
  heard_.put(what);
  for (std::size_t size = packet_bytes(heard_.all()); size != 0 && size <= heard_.all().size();
       size = packet_bytes(heard_.all())) {
    on_packet(heard_.all().first(size));
    heard_.drop(size);
  }
}

void echo_broker::on_packet(bytes packet) {
  const auto type = std::to_integer<std::uint8_t>(packet[0]) >> 4;
  if (type == connect) said_.put(welcome);
  if (type != publish) return;
  published_bytes_ = packet.size();
  said_.put(packet);
}

void secured_broker::begin() {
  broker_.begin();
  check(recado_peer_tls_begin(with_1_3_, suite_));
}

void secured_broker::hear(bytes what) {
  check(recado_peer_tls_hear(octets(what), what.size()));
  std::array<std::byte, 512> plain;
  for (std::size_t size; (size = recado_peer_tls_read(octets(mutable_bytes{plain}), plain.size())) != 0;)
    broker_.hear(bytes{plain}.first(size));
}

std::size_t secured_broker::say(mutable_bytes room) {
  if (const bytes answer = broker_.waiting(); !answer.empty()) {
    check(recado_peer_tls_write(octets(answer), answer.size()));
    broker_.said(answer.size());
  }
  return recado_peer_tls_say(octets(room), room.size());
}

void speaker::hear(bytes what) {
  if (what.size() >= 2) asked_ = std::to_integer<std::size_t>(what[0]) << 8 | std::to_integer<std::size_t>(what[1]);
}

std::size_t speaker::say(mutable_bytes room) {
  const std::size_t count = std::min(asked_, room.size());
  std::ranges::fill(room.first(count), std::byte{'x'});
  asked_ -= count;
  return count;
}

}  // namespace recado::measure
