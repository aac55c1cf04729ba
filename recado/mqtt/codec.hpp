// The walkers that visit a packet's `fields`: how many bytes, to bytes, from bytes. For the sources of this
// folder; users include packet.hpp.
//
// Encoding walks twice: it adds up the size and checks the room once, then writes without checks. Decoding keeps
// the first defect and an end that nothing is read past; after a defect the rest reads as zeros. The walkers
// here are small: each kind of field is one function, whatever packet it stands in. quick.hpp has fast ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/topic.hpp>
#include <recado/wire/walk.hpp>

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

/// Adds up the bytes behind the fixed header, and writes them once it is told where.
class encode_walker {
 public:
  explicit encode_walker(version protocol) : v5_(is_v5(protocol)) {}
  bool v5() const { return has_version_5 && v5_; }
  std::size_t size() const { return size_; }
  bool string_too_long() const { return lengths_ > string_bytes_max; }
  /// From now on fields are written to `at`, which has room for `size()` bytes.
  void write_to(std::byte* at) { at_ = at; }

  template <wire::scalar T>
  void operator()(field, const T& value) {
    static_assert(sizeof(T) == 2);
    u16(wire::to_wire(value));
  }
  void protocol_name() { text(field::protocol_name, "MQTT"); }
  void protocol_version(version value) { octet(static_cast<std::uint8_t>(value)), v5_ = is_v5(value); }
  void connect_flags(const connect& self) { octet(self.connect_flags()); }
  void publish_flags(const publish&) {}
  void flag_octet(field, field, bool value) { octet(value ? 1 : 0); }
  void identifier(std::uint16_t value) { u16(value); }
  void reason(mqtt::reason value, packet_type) { octet(static_cast<std::uint8_t>(value)); }
  void connect_reason(mqtt::reason value);
  void text(field, std::string_view value);
  void topic(field where, std::string_view value) { text(where, value); }
  void binary(field where, bytes value) { text(where, as_text(value)); }
  void secret(field where, bytes value) { text(where, as_text(value)); }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, error, field) {}
  bool carries(const mqtt::properties&, property) const { return true; }
  void reasons(bytes codes, packet_type) { put(codes); }
  void payload(bytes value, std::uint32_t rest);
  void properties(field, const mqtt::properties& list, std::uint16_t);
  template <class T>
  void list(field, const sequence<T>& items) {
    measured(items.wire_size());
    if (at_ != nullptr) at_ = items.write(at_);
  }

 private:
  void octet(std::uint8_t value);
  void u16(std::size_t value);
  void put(bytes value);
  void measured(std::size_t length);
  std::byte* at_ = nullptr;
  std::size_t size_ = 0;
  std::size_t lengths_ = 0;  // all bits of all lengths of strings
  bool v5_;
};

/// Reads and checks the fields in place.
class decode_walker {
 public:
  /// `body` starts behind the fixed header; `missing` bytes of the packet haven't arrived.
  decode_walker(const decode_options& options, bytes body, std::uint32_t missing)
      : at_(body.data()),
        end_(at_ + body.size()),
        missing_(missing),
        how_{options.from, is_v5(options.protocol), options.trusted} {}
  bool v5() const { return has_version_5 && how_.v5; }
  /// The first defect, with offsets from `first`; bytes left over are one too.
  defect result(const std::byte* first);

  template <wire::scalar T>
  void operator()(field where, T& value) {
    static_assert(sizeof(T) == 2);
    value = static_cast<T>(u16(where));
  }
  void protocol_name();
  void protocol_version(version& value);
  void connect_flags(connect& self);
  void publish_flags(const publish&) {}
  void flag_octet(field where, field, bool& value);
  void identifier(std::uint16_t& value);
  void reason(mqtt::reason& value, packet_type type);
  void connect_reason(mqtt::reason& value);
  void text(field where, std::string_view& value) { string(where, value, text_rule::well_formed); }
  void topic(field where, std::string_view& value) { string(where, value, text_rule::topic_name); }
  void binary(field where, bytes& value);
  void secret(field where, bytes& value) { binary(where, value); }
  bool ends(bool) const { return at_ == end_; }
  template <class F>
  void require(F&& condition, error code, field where) {
    if (code_ == error::none && !condition()) fail(code, where, at_);
  }
  bool carries(const mqtt::properties& list, property id) const { return list.has(id); }
  void reasons(bytes& codes, packet_type type);
  void payload(bytes& value, std::uint32_t& rest);
  void properties(field where, mqtt::properties& list, std::uint16_t place);
  template <class T>
  void list(field where, sequence<T>& items) {
    const std::byte* const begin = at_;
    if (at_ == end_) fail(error::no_topic_filters, where, at_);  // [MQTT-3.8.3-2] [MQTT-3.10.3-2]
    while (at_ != end_) take(take_item(at_, end_, how_, static_cast<T*>(nullptr)));
    if (code_ == error::none) items = sequence<T>::of_wire({begin, end_});
  }

 private:
  void fail(error code, field where, const std::byte* at);
  bool has(std::size_t count, field where);
  unsigned octet(field where);
  unsigned u16(field where);
  void take(taken part);
  void string(field where, std::string_view& value, text_rule rule);

  const std::byte* at_;
  const std::byte* end_;
  const std::byte* defect_at_ = nullptr;
  std::uint32_t missing_;
  error code_ = error::none;
  field where_ = field::none;
  reading how_;
};

}  // namespace recado::mqtt
