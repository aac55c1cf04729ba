#include <recado/mqtt/packet.hpp>

namespace recado::mqtt {

namespace {
template <std::size_t I = 0>
defect decode_as(const fixed_header& header, bytes data, const decode_options& options, any_packet& result) {
  if constexpr (I == std::variant_size_v<any_packet>) {
    return {error::unknown_packet_type, field::packet_type, 0};
  } else {
    if (!std::variant_alternative_t<I, any_packet>::is(header.type))
      return decode_as<I + 1>(header, data, options, result);
    return decode(header, data, options, result.emplace<I>());
  }
}
}  // namespace

defect decode(const fixed_header& header, bytes data, const decode_options& options, any_packet& result) {
  return decode_as(header, data, options, result);
}

std::size_t size(const any_packet& any, version protocol) {
  return std::visit([protocol](const auto& one) { return size(one, protocol); }, any);
}

std::expected<std::size_t, error> encode(const any_packet& any, version protocol, mutable_bytes out) {
  return std::visit([protocol, out](const auto& one) { return encode(one, protocol, out); }, any);
}

void print(const any_packet& any, const print_options& options, text_sink& out) {
  std::visit([&options, &out](const auto& one) { print(one, options, out); }, any);
}

}  // namespace recado::mqtt
