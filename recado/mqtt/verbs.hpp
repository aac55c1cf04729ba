// The verbs of packet.hpp made of the walkers; each packet_*.cpp instantiates them for its packets. What they
// have in common for all packets is in codec.cpp.
#pragma once

#include <memory>

#if !defined(__OPTIMIZE_SIZE__)
#include <recado/mqtt/quick.hpp>
#endif
#include <recado/mqtt/codec.hpp>

namespace recado::mqtt {

std::size_t size_of(const void* one, version protocol, encode_fields fields);
std::expected<std::size_t, error> encode_fields_of(const void* one, version protocol, mutable_bytes out,
                                                   encode_fields fields);

/// The bytes of a payload that follow later; nothing but a PUBLISH has them.
template <class P>
std::uint32_t rest_of(const P&) {
  return 0;
}
inline std::uint32_t rest_of(const publish& message) { return message.payload_rest; }

template <class P>
constexpr unsigned first_byte(const P& one) {
  return static_cast<unsigned>(one.type) << 4 | one.flags();
}

template <class P>
void visit_to_encode(const void* one, encode_walker& walk) {
  const P& packet = *static_cast<const P*>(one);
  walk.begins(first_byte(packet), rest_of(packet));
  P::fields(packet, walk);
}

template <class P>
void visit_to_decode(void* result, const fixed_header& header, decode_walker& walk) {
  P& one = *std::construct_at(static_cast<P*>(result));
  one.set_header(header.type, header.flags);
  P::fields(one, walk);
}

template <class P>
std::size_t size(const P& one, version protocol) {
  return size_of(&one, protocol, visit_to_encode<P>);
}

template <class P>
defect decode(const fixed_header& header, bytes data, const decode_options& options, P& result) {
  return decode_fields_of(header, data, options, &result, visit_to_decode<P>);
}

#if defined(__OPTIMIZE_SIZE__)

template <class P>
std::expected<std::size_t, error> encode(const P& one, version protocol, mutable_bytes out) {
  return encode_fields_of(&one, protocol, out, visit_to_encode<P>);
}

template <class P>
std::size_t put_usual(const P&, version, mutable_bytes) {
  return 0;
}

template <class P>
std::size_t take(bytes, const decode_options&, P&) {
  return 0;
}

#else

/// PUBLISH and its answers: what is sent and received with every message.
template <class P>
inline constexpr bool is_frequent = std::is_same_v<P, publish> || std::is_same_v<P, acknowledgement>;

/// Writes a packet of the usual form, and says how many bytes that took; 0 if it isn't one, or has no room there.
template <class P>
[[gnu::always_inline]] inline std::size_t put_usual(const P& one, version protocol, mutable_bytes out) {
  quick_size_walker measure{protocol};
  P::fields(one, measure);
  const std::size_t remaining = measure.size();
  if (!measure.plain() || remaining > remaining_length_max) [[unlikely]]
    return 0;
  const std::size_t written = 1 + variable_size(remaining) + remaining;
  if (out.size() < written) [[unlikely]]
    return 0;
  std::byte* at = out.data();
  *at++ = static_cast<std::byte>(first_byte(one));
  quick_encode_walker walk{protocol, write_variable(at, remaining)};
  P::fields(one, walk);
  return written;
}

template <class P>
[[gnu::flatten]] std::expected<std::size_t, error> encode(const P& one, version protocol, mutable_bytes out) {
  if constexpr (is_frequent<P>)
    if (const std::size_t written = put_usual(one, protocol, out); written != 0) [[likely]]
      return written;
  return encode_fields_of(&one, protocol, out, visit_to_encode<P>);
}

template <class P>
[[gnu::flatten]] std::size_t take(bytes in, const decode_options& options, P& result) {
  if (in.size() < 2) return 0;
  const auto first = std::to_integer<unsigned>(in[0]);
  if (!P::is_usual(first)) return 0;
  const std::byte* at = in.data() + 2;
  std::size_t remaining = std::to_integer<std::size_t>(in[1]);
  if (remaining >= 0x80) {
    if (in.size() < 3 || in[2] == std::byte{0} || in[2] >= std::byte{0x80}) return 0;
    remaining = remaining - 0x80 + (std::to_integer<std::size_t>(in[2]) << 7);
    ++at;
  }
  const std::byte* const end = at + remaining;
  const auto total = static_cast<std::size_t>(end - in.data());
  if (in.size() < total || total > options.packet_bytes_max) return 0;
  result.set_header(static_cast<packet_type>(first >> 4), static_cast<std::uint8_t>(first & 15));
  scan_walker walk{options, at, end};
  P::fields(result, walk);
  return walk.well() ? total : 0;
}

#endif

// One line for each packet.
#define RECADO_MQTT_INSTANTIATE(P)                                                        \
  template std::size_t size<P>(const P&, version);                                        \
  template std::expected<std::size_t, error> encode<P>(const P&, version, mutable_bytes); \
  template defect decode<P>(const fixed_header&, bytes, const decode_options&, P&);       \
  template void visit_to_encode<P>(const void*, encode_walker&);                          \
  template void visit_to_decode<P>(void*, const fixed_header&, decode_walker&)

}  // namespace recado::mqtt
