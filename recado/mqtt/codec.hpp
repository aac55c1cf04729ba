// The walkers that visit a packet's `fields`: how many bytes, to bytes, from bytes. For the sources of this
// folder; users include packet.hpp.
//
// Encoding adds up the size first and checks the room once, so that the second walk writes without checks.
// Decoding keeps the first defect and an end that nothing is read past; after a defect the rest reads as
// zeros. What is rare (properties, strings beyond ASCII, multi-byte lengths) is in functions of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/plain_text.hpp>
#include <recado/mqtt/topic.hpp>
#include <recado/wire/walk.hpp>

// Built for size the walkers share one function for each kind of field; built for speed they dissolve.
#if defined(__OPTIMIZE_SIZE__)
#define RECADO_MQTT_FIELD __attribute__((noinline))
#define RECADO_MQTT_VERB
#else
#define RECADO_MQTT_FIELD __attribute__((always_inline))
#define RECADO_MQTT_VERB __attribute__((flatten))
#endif

namespace recado::mqtt {

// ---- variable byte integers (1.5.5) ----

constexpr std::size_t variable_size(std::size_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}
inline std::byte* write_variable(std::byte* at, std::size_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::byte>(value | 0x80);
  *at++ = static_cast<std::byte>(value);
  return at;
}
/// Reads one from [at, end): `size` is 0 if the bytes end too early, or 5 if it is too long; `minimal` is
/// false if it could be shorter.
struct variable_integer {
  std::uint32_t value = 0;
  std::uint8_t size = 0;
  bool minimal = true;
};
variable_integer read_variable(const std::byte* at, const std::byte* end);

// ---- numbers ----

inline std::byte* write_u16(std::byte* at, std::size_t value) {
  at[0] = static_cast<std::byte>(value >> 8), at[1] = static_cast<std::byte>(value);
  return at + 2;
}
inline std::uint16_t read_u16(const std::byte* at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 | std::to_integer<unsigned>(at[1]));
}
inline std::byte* write_text(std::byte* at, std::string_view text) {
  at = write_u16(at, text.size());
  copy(as_bytes(text), {at, text.size()});
  return at + text.size();
}
/// As `write_text`; the usual lengths of a topic are copied by two overlapping moves instead of a call.
inline std::byte* write_topic(std::byte* at, std::string_view text) {
#if !defined(__OPTIMIZE_SIZE__)
  const std::size_t length = text.size();
  if (length - 16 <= 16) [[likely]] {
    at = write_u16(at, length);
    std::memcpy(at, text.data(), 16);
    std::memcpy(at + length - 16, text.data() + length - 16, 16);
    return at + length;
  }
#endif
  return write_text(at, text);
}

// ---- the parts of decoding that stand apart ----

/// What a validating function found: the end of what it took, or a defect at `end`. `incomplete` means that
/// the bytes end too early, `truncated` that a length inside contradicts one around it.
struct taken {
  const std::byte* end;
  error code = error::none;
  field where = field::none;
};
/// What of `decode_options` matters for the values inside a packet.
struct reading {
  sender from;
  bool v5;
  bool trusted;
};
/// Validates the properties at `at`, their length included, for the place `where` (a bit of `property_in`).
taken take_properties(const std::byte* at, const std::byte* end, reading how, std::uint16_t where, properties& result);
/// Validates one item of SUBSCRIBE or UNSUBSCRIBE.
taken take_item(const std::byte* at, const std::byte* end, reading how, subscription* tag);
taken take_item(const std::byte* at, const std::byte* end, reading how, std::string_view* tag);
/// True if the code may stand in that packet and version.
bool allowed(reason code, packet_type type, reading how);

// ---- the walkers ----

/// Adds up the bytes behind the fixed header.
class size_walker {
 public:
  constexpr explicit size_walker(version protocol) : v5_(protocol == version::v5_0) {}
  constexpr bool v5() const { return v5_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool string_too_long() const { return lengths_ > string_bytes_max; }

  template <wire::scalar T>
  constexpr void operator()(field, const T&) {
    size_ += sizeof(T);
  }
  constexpr void protocol_name() { size_ += 6; }
  constexpr void protocol_version(version value) { size_ += 1, v5_ = value == version::v5_0; }
  constexpr void connect_flags(const connect&) { size_ += 1; }
  constexpr void publish_flags(const publish&) {}
  constexpr void flag_octet(field, field, bool) { size_ += 1; }
  constexpr void identifier(std::uint16_t) { size_ += 2; }
  constexpr void reason(mqtt::reason, packet_type) { size_ += 1; }
  constexpr void connect_reason(mqtt::reason) { size_ += 1; }
  constexpr void text(field, std::string_view value) { counted(value.size()); }
  constexpr void topic(field, std::string_view value) { counted(value.size()); }
  constexpr void binary(field, bytes value) { counted(value.size()); }
  constexpr void secret(field, bytes value) { counted(value.size()); }
  constexpr bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  constexpr void require(F&&, error, field) {}
  constexpr bool carries(const mqtt::properties&, property) const { return true; }
  constexpr void reasons(bytes codes, packet_type) { size_ += codes.size(); }
  constexpr void payload(bytes value, std::uint32_t rest) {
    size_ += value.size() + std::min(rest, remaining_length_max);
  }
  void properties(field, const mqtt::properties& list, std::uint16_t) {
    if (!v5_) return;
    if (list.empty()) size_ += 1;
    else listed(list.wire_size(), true);
  }
  template <class T>
  void list(field, const sequence<T>& items) {
    listed(items.wire_size(), false);
  }

 protected:
  constexpr void counted(std::size_t length) { lengths_ |= length, size_ += 2 + length; }
  constexpr void listed(std::size_t length, bool with_length) {
    lengths_ |= length & ~std::size_t{remaining_length_max};
    size_ += length + (with_length ? variable_size(length) : 0);
  }
  std::size_t size_ = 0;
  std::size_t lengths_ = 0;  // all bits of all lengths of strings
  bool v5_;
};

/// Writes the fields into memory that `size_walker` has found large enough.
class encode_walker {
 public:
  encode_walker(version protocol, std::byte* at) : at_(at), v5_(protocol == version::v5_0) {}
  bool v5() const { return v5_; }
  std::byte* at() const { return at_; }

  template <wire::scalar T>
  void operator()(field, const T& value) {
    static_assert(sizeof(T) == 2);
    at_ = write_u16(at_, wire::to_wire(value));
  }
  void protocol_name() { at_ = write_text(at_, "MQTT"); }
  void protocol_version(version value) { octet(static_cast<std::uint8_t>(value)), v5_ = value == version::v5_0; }
  void connect_flags(const connect& self) { octet(self.connect_flags()); }
  void publish_flags(const publish&) {}
  void flag_octet(field, field, bool value) { octet(value ? 1 : 0); }
  void identifier(std::uint16_t value) { at_ = write_u16(at_, value); }
  void reason(mqtt::reason value, packet_type) { octet(static_cast<std::uint8_t>(value)); }
  void connect_reason(mqtt::reason value) {
    octet(v5_ ? static_cast<std::uint8_t>(value) : static_cast<std::uint8_t>(to_return_code(value)));
  }
  RECADO_MQTT_FIELD void text(field, std::string_view value) { at_ = write_text(at_, value); }
  void topic(field, std::string_view value) { at_ = write_topic(at_, value); }
  void binary(field where, bytes value) { text(where, as_text(value)); }
  void secret(field where, bytes value) { text(where, as_text(value)); }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, error, field) {}
  bool carries(const mqtt::properties&, property) const { return true; }
  void reasons(bytes codes, packet_type) { rest(codes); }
  void payload(bytes value, std::uint32_t) { rest(value); }
  RECADO_MQTT_FIELD void properties(field, const mqtt::properties& list, std::uint16_t) {
    if (!v5_) return;
    if (list.empty()) return octet(0);
    at_ = list.write(write_variable(at_, list.wire_size()));
  }
  template <class T>
  void list(field, const sequence<T>& items) {
    at_ = items.write(at_);
  }

 protected:
  void octet(std::uint8_t value) { *at_++ = static_cast<std::byte>(value); }
  void rest(bytes value) {
    copy(value, {at_, value.size()});
    at_ += value.size();
  }
  std::byte* at_;
  bool v5_;
};

#if !defined(__OPTIMIZE_SIZE__)
/// The size of a packet without properties and with its whole payload, else `plain()` is false.
class plain_size_walker : public size_walker {
 public:
  using size_walker::size_walker;
  void properties(field, const mqtt::properties& list, std::uint16_t) {
    if (v5()) size_ += 1;
    plain_ &= list.empty();
  }
  void payload(bytes value, std::uint32_t rest) {
    size_ += value.size();
    plain_ &= rest == 0;
  }
  bool plain() const { return plain_; }

 private:
  bool plain_ = true;
};

/// Writes a packet without properties.
class plain_encode_walker : public encode_walker {
 public:
  using encode_walker::encode_walker;
  void properties(field, const mqtt::properties&, std::uint16_t) {
    if (v5()) octet(0);
  }
};

/// Reads the fields as `decode_walker` does, but only finds out whether all is well and there are no properties:
/// then that is the answer, else `decode_walker` walks again. For the packets whose speed counts.
class scan_walker {
 public:
  scan_walker(const decode_options& options, const std::byte* at, const std::byte* end)
      : at_(at), end_(end), how_{options.from, options.protocol == version::v5_0, options.trusted} {}
  bool v5() const { return how_.v5; }
  /// The characters of the topic are looked at last, when nothing else needs the registers.
  bool well() const {
    return well_ && at_ == end_ && (how_.trusted || plain_text_inline(topic_, text_rule::topic_name));
  }

  void publish_flags(const publish&) {}
  void identifier(std::uint16_t& value) {
    if (left() < 2) [[unlikely]]
      return stop();
    value = read_u16(at_);
    at_ += 2;
    well_ &= value != 0;
  }
  void topic(field, std::string_view& value) {
    if (left() < 2) [[unlikely]]
      return stop();
    const std::size_t length = read_u16(at_);
    if (left() - 2 < length) [[unlikely]]
      return stop();
    value = as_text({at_ + 2, length});
    at_ += 2 + length;
    topic_ = value;
  }
  void properties(field, mqtt::properties&, std::uint16_t) {
    if (!how_.v5) return;
    if (at_ == end_) [[unlikely]]
      return stop();
    if (*at_++ != std::byte{0}) [[unlikely]]
      stop();
  }
  template <class F>
  void require(F&& condition, error, field) {
    well_ &= condition();
  }
  bool carries(const mqtt::properties&, property) const { return false; }
  bool ends(bool) const { return at_ == end_; }
  void reason(mqtt::reason& value, packet_type type) {
    if (at_ == end_) [[unlikely]]
      return stop();
    value = static_cast<mqtt::reason>(*at_++);
    well_ &= allowed(value, type, how_);
  }
  void payload(bytes& value, std::uint32_t& rest) {
    value = {at_, left()};
    rest = 0;
    at_ = end_;
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void stop() { well_ = false, at_ = end_; }
  const std::byte* at_;
  const std::byte* end_;
  std::string_view topic_;
  reading how_;
  bool well_ = true;
};
#endif

/// Reads and checks the fields in place.
class decode_walker {
 public:
  /// `body` starts behind the fixed header; `partial`: the packet goes on behind its end.
  decode_walker(const decode_options& options, bytes body, bool partial)
      : at_(body.data()),
        end_(at_ + body.size()),
        how_{options.from, options.protocol == version::v5_0, options.trusted},
        partial_(partial) {}
  bool v5() const { return how_.v5; }
  /// The first defect, with offsets from `first`; bytes left over are one too.
  defect result(const std::byte* first) {
    if (code_ == error::none && at_ != end_) fail(error::surplus_bytes, field::remaining_length, at_);
    if (code_ == error::none) return {};
    return {code_, where_, static_cast<std::uint32_t>(defect_at_ - first)};
  }

  template <wire::scalar T>
  RECADO_MQTT_FIELD void operator()(field where, T& value) {
    static_assert(sizeof(T) == 2);
    if (!has(2, where)) return;
    value = static_cast<T>(read_u16(at_));
    at_ += 2;
  }
  void protocol_name();
  void protocol_version(version& value);
  void connect_flags(connect& self);
  void publish_flags(const publish&) {}
  RECADO_MQTT_FIELD void flag_octet(field where, field, bool& value) {
    const std::byte* const at = at_;
    const unsigned octet = take_octet(where);
    if (octet > 1) fail(error::reserved_flags, where, at);
    value = (octet & 1) != 0;
  }
  RECADO_MQTT_FIELD void identifier(std::uint16_t& value) {
    if (!has(2, field::packet_identifier)) return;
    value = read_u16(at_);
    if (value == 0) return fail(error::packet_identifier_zero, field::packet_identifier, at_);
    at_ += 2;
  }
  RECADO_MQTT_FIELD void reason(mqtt::reason& value, packet_type type) {
    const std::byte* const at = at_;
    value = static_cast<mqtt::reason>(take_octet(field::reason_code));
    if (code_ == error::none && !allowed(value, type, how_)) fail(error::bad_reason_code, field::reason_code, at);
  }
  void connect_reason(mqtt::reason& value);
  void text(field where, std::string_view& value) { string(where, value, text_rule::well_formed); }
  void topic(field where, std::string_view& value) { string(where, value, text_rule::topic_name); }
  RECADO_MQTT_FIELD void binary(field where, bytes& value) {
    if (!has(2, where)) return;
    const std::size_t length = read_u16(at_);
    if (!has(2 + length, where)) return;
    value = {at_ + 2, length};
    at_ += 2 + length;
  }
  void secret(field where, bytes& value) { binary(where, value); }
  bool ends(bool) const { return at_ == end_; }
  template <class F>
  void require(F&& condition, error code, field where) {
    if (code_ == error::none && !condition()) fail(code, where, at_);
  }
  bool carries(const mqtt::properties& list, property id) const { return list.has(id); }
  void reasons(bytes& codes, packet_type type);
  void payload(bytes& value, std::uint32_t&) {
    value = {at_, static_cast<std::size_t>(end_ - at_)};
    at_ = end_;
  }
  RECADO_MQTT_FIELD void properties(field where, mqtt::properties& list, std::uint16_t place) {
    if (!how_.v5) return;
    if (at_ != end_ && *at_ == std::byte{0}) [[likely]] {
      ++at_;
      return;
    }
    if (!has(1, where)) return;
    take(take_properties(at_, end_, how_, place, list));
  }
  template <class T>
  void list(field where, sequence<T>& items) {
    const std::byte* const begin = at_;
    if (at_ == end_) fail(error::no_topic_filters, where, at_);  // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
    while (at_ != end_) take(take_item(at_, end_, how_, static_cast<T*>(nullptr)));
    if (code_ == error::none) items = sequence<T>::of_wire({begin, end_});
  }

 private:
  RECADO_MQTT_FIELD void fail(error code, field where, const std::byte* at) {
    if (code_ == error::none) code_ = code, where_ = where, defect_at_ = at;
    at_ = end_;
  }
  RECADO_MQTT_FIELD bool has(std::size_t count, field where) {
    if (static_cast<std::size_t>(end_ - at_) >= count) [[likely]]
      return true;
    fail(cut(), where, at_);
    return false;
  }
  error cut() const { return partial_ ? error::incomplete : error::truncated; }
  unsigned take_octet(field where) { return has(1, where) ? std::to_integer<unsigned>(*at_++) : 0; }
  void take(taken part) {
    if (part.code == error::none) at_ = part.end;
    else fail(part.code == error::incomplete ? cut() : part.code, part.where, part.end);
  }
  RECADO_MQTT_FIELD void string(field where, std::string_view& value, text_rule rule) {
    const std::byte* const at = at_;
    bytes content;
    binary(where, content);
    value = as_text(content);
    if (how_.trusted || plain_text(value, rule)) [[likely]]
      return;
    if (const error code = check_text(value, rule); code != error::none) fail(code, where, at);
  }

  const std::byte* at_;
  const std::byte* end_;
  const std::byte* defect_at_ = nullptr;
  error code_ = error::none;
  field where_ = field::none;
  reading how_;
  bool partial_;
};

}  // namespace recado::mqtt
