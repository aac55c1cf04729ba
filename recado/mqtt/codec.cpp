#include <recado/mqtt/codec.hpp>

#include <algorithm>

#include <recado/mqtt/verbs.hpp>

namespace recado::mqtt {

// ---- encoding ----

void encode_walker::put(bytes value) {
  size_ += value.size();
  if (at_ == nullptr) return;
  copy(value, {at_, value.size()});
  at_ += value.size();
}

void encode_walker::number(std::size_t value, std::size_t size) {
  while (size-- != 0) {
    const auto octet = static_cast<std::byte>(value >> 8 * size);
    put({&octet, 1});
  }
}

void encode_walker::variable(std::size_t value) {
  std::byte octets[10];  // a length that turns out to be too long is measured, too
  put({octets, write_variable(octets, value)});
}

void encode_walker::connect_reason(mqtt::reason value) {
  number(v5() ? static_cast<std::uint8_t>(value) : static_cast<std::uint8_t>(to_return_code(value)), 1);
}

void encode_walker::text(field, std::string_view value) {
  lengths_ |= value.size();
  number(value.size(), 2);
  put(as_bytes(value));
}

void encode_walker::payload(bytes value, std::uint32_t rest) {
  put(value);
  if (at_ == nullptr) size_ += std::min(rest, remaining_length_max);
}

void encode_walker::properties(field, const mqtt::properties& list, std::uint16_t) {
  if (!v5()) return;
  encode_walker measure = *this;
  measure.at_ = nullptr, measure.size_ = 0;
  measure.items(list);
  lengths_ |= measure.lengths_;
  variable(measure.size_);
  items(list);
}

std::size_t size_of(const void* one, version protocol, encode_fields fields) {
  encode_walker walk{protocol};
  fields(one, walk);
  return 1 + variable_size(walk.size()) + walk.size();
}

error encode_to(mutable_bytes out, const void* one, encode_fields fields, version protocol, std::size_t& size) {
  encode_walker walk{protocol};
  fields(one, walk);
  const std::size_t remaining = walk.size();
  if (walk.string_too_long()) return error::string_too_long;
  if (remaining > remaining_length_max) return error::message_too_large;
  size = 1 + variable_size(remaining) + remaining - walk.rest();
  if (out.size() < size) return error::no_room;
  out[0] = walk.first();
  walk.write_to(write_variable(out.data() + 1, remaining));
  fields(one, walk);
  return error::none;
}

std::expected<std::size_t, error> encode_fields_of(const void* one, version protocol, mutable_bytes out,
                                                   encode_fields fields) {
  std::size_t size = 0;
  if (const error wrong = encode_to(out, one, fields, protocol, size); wrong != error::none)
    return std::unexpected{wrong};
  return size;
}

// ---- decoding ----

void decode_walker::fail(error code, field where, const std::byte* at) {
  if (code_ == error::none) code_ = code, where_ = where, defect_at_ = at;
  at_ = end_;
}

bool decode_walker::has(std::size_t count, field where) {
  if (static_cast<std::size_t>(end_ - at_) >= count) return true;
  fail(missing_ != 0 ? error::incomplete : error::truncated, where, at_);
  return false;
}

defect decode_walker::result(const std::byte* first) {
  if (at_ != end_) fail(error::surplus_bytes, field::remaining_length, at_);
  if (code_ == error::none) return {};
  return {code_, where_, static_cast<std::uint32_t>(defect_at_ - first)};
}

unsigned decode_walker::octet(field where) { return has(1, where) ? std::to_integer<unsigned>(*at_++) : 0; }

unsigned decode_walker::u16(field where) {
  if (!has(2, where)) return 0;
  at_ += 2;
  return read_u16(at_ - 2);
}

void decode_walker::take(taken part) {
  if (part.code == error::none) at_ = part.end;
  else if (part.code == error::incomplete && missing_ == 0) fail(error::truncated, part.where, part.end);
  else fail(part.code, part.where, part.end);
}

void decode_walker::flag_octet(field where, field, bool& value) {
  const std::byte* const at = at_;
  const unsigned flags = octet(where);
  if (flags > 1) fail(error::reserved_flags, where, at);
  value = (flags & 1) != 0;
}

void decode_walker::identifier(std::uint16_t& value) {
  const std::byte* const at = at_;
  value = static_cast<std::uint16_t>(u16(field::packet_identifier));
  if (value == 0) fail(error::packet_identifier_zero, field::packet_identifier, at);
}

void decode_walker::reason(mqtt::reason& value, packet_type type) {
  const std::byte* const at = at_;
  value = static_cast<mqtt::reason>(octet(field::reason_code));
  if (!allowed(value, type, how_)) fail(error::bad_reason_code, field::reason_code, at);
}

void decode_walker::binary(field where, bytes& value) {
  const std::byte* const at = at_;
  const std::size_t length = u16(where);
  if (static_cast<std::size_t>(end_ - at_) < length) at_ = at;
  if (!has(length + (at_ == at ? 2 : 0), where)) return;
  value = {at_, length};
  at_ += length;
}

void decode_walker::string(field where, std::string_view& value, text_rule rule) {
  const std::byte* const at = at_;
  bytes content;
  binary(where, content);
  value = as_text(content);
  if (how_.trusted) return;
  if (const error code = check_text(value, rule); code != error::none) fail(code, where, at);
}

void decode_walker::payload(bytes& value, std::uint32_t& rest) {
  value = {at_, end_};
  rest = missing_;
  at_ = end_;
}

defect decode_fields_of(const fixed_header& header, bytes data, const decode_options& options, void* result,
                        decode_fields fields) {
  const std::size_t total = header.total();
  const std::size_t there = std::min(data.size(), total);
  if (there < header.size || (there < total && header.type != packet_type::publish))
    return {error::incomplete, field::remaining_length, 0};
  decode_walker walk{options, data.first(there).subspan(header.size), static_cast<std::uint32_t>(total - there)};
  fields(result, header, walk);
  return walk.result(data.data());
}

}  // namespace recado::mqtt
