// The walkers that visit a packet's `fields`: how many bytes, to bytes, from bytes. For the sources of this
// folder; users include packet.hpp.
//
// Encoding walks twice: it adds up the size and checks the room once, then writes without checks. Decoding keeps
// the first defect and an end that nothing is read past; after a defect the rest reads as zeros. The walkers
// here are small: each kind of field is one function, whatever packet it stands in. quick.hpp has fast ones.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/topic.hpp>
#include <recado/mqtt/visit.hpp>
#include <recado/wire/walk.hpp>

namespace recado::mqtt {

// ---- variable byte integers (1.5.5) ----

/// Bytes that a Variable Byte Integer takes (1.5.5): 1 to 4, for values up to `remaining_length_max`.
constexpr std::size_t variable_size(std::size_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}
/// Writes one and returns its end; four bytes of room always suffice.
inline std::byte* write_variable(std::byte* at, std::size_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::byte>(value | 0x80);
  *at++ = static_cast<std::byte>(value);
  return at;
}
/// Reads one from [at, end): `size` is 0 if the bytes end too early, or 5 if it is too long; `minimal` is
/// false if it could be shorter.
struct variable_integer {
  std::uint32_t value = 0;  ///< the number, up to `remaining_length_max`
  std::uint8_t size = 0;    ///< bytes that it takes
  bool minimal = true;      ///< false if fewer would have done
};
/// Reads a Variable Byte Integer (1.5.5).
variable_integer read_variable(const std::byte* at, const std::byte* end);

// ---- numbers ----

/// Writes the low 16 bits in network byte order and returns their end.
inline std::byte* write_u16(std::byte* at, std::size_t value) {
  at[0] = static_cast<std::byte>(value >> 8), at[1] = static_cast<std::byte>(value);
  return at + 2;
}
/// Reads a Two Byte Integer (1.5.2); both bytes must be there.
inline std::uint16_t read_u16(const std::byte* at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(at[0]) << 8 | std::to_integer<unsigned>(at[1]));
}
/// Writes a text of at most 65,535 bytes behind its length (1.5.4) and returns its end.
inline std::byte* write_text(std::byte* at, std::string_view text) {
  at = write_u16(at, text.size());
  copy(as_bytes(text), {at, text.size()});
  return at + text.size();
}
// ---- the parts of decoding that stand apart ----

/// What a validating function found: the end of what it took, or a defect at `end`. `incomplete` means that
/// the bytes end too early, `truncated` that a length inside contradicts one around it.
struct taken {
  const std::byte* end;       ///< of what was taken, or where the defect is
  error code = error::none;   ///< none: it is well
  field where = field::none;  ///< which part the error is about
};
/// What of `decode_options` matters for the values inside a packet.
struct reading {
  sender from;   ///< who sent it
  bool v5;       ///< 5.0, else 3.1.1
  bool trusted;  ///< leave out the checks of characters
};
/// Which properties a packet has already, and which may follow.
class property_places {
 public:
  /// For the properties of one place (a bit of `property_in`).
  property_places(std::uint16_t where, sender from) : where_(where), from_(from) {}
  /// The next one: `unknown_property`, `misplaced_property`, `forbidden_property`, `duplicated_property` or none.
  error take(property id);
  /// True if it was taken.
  bool had(property id) const {
    const auto identifier = static_cast<unsigned>(id);
    return (had_[identifier / 32] >> identifier % 32 & 1) != 0;
  }

 private:
  std::array<std::uint32_t, 2> had_{};  // a bit for each identifier
  std::uint16_t where_;
  sender from_;
};
/// What the standard says about a property's value itself; `trusted`: not about its characters.
error check_value(const property_value& value, bool trusted);
/// Validates one item of SUBSCRIBE or UNSUBSCRIBE.
taken take_item(const std::byte* at, const std::byte* end, reading how, subscription* tag);
/// Validates one topic filter of UNSUBSCRIBE.
taken take_item(const std::byte* at, const std::byte* end, reading how, std::string_view* tag);
/// True if the code may stand in that packet and version.
bool allowed(reason code, packet_type type, reading how);

/// Encodes any packet to the front of `out`; `size` is what it takes there, also if there is `no_room`.
error encode_to(mutable_bytes out, const void* one, encode_fields fields, version protocol, std::size_t& size);
/// Decodes any packet, as `decode`.
defect decode_fields_of(const fixed_header& header, bytes data, const decode_options& options, void* result,
                        decode_fields fields);

// ---- the walkers ----

/// Adds up the bytes behind the fixed header, and writes them once it is told where.
class encode_walker {
 public:
  /// Begins by measuring; `write_to` turns to writing.
  explicit encode_walker(version protocol) : v5_(is_v5(protocol)) {}
  /// True if the fields of 5.0 are wanted.
  bool v5() const { return has_version_5 && v5_; }
  /// Bytes that the fields visited so far take behind the fixed header.
  std::size_t size() const { return size_; }
  /// True if one of the strings or binary data is longer than `string_bytes_max`: then nothing must be written.
  bool string_too_long() const { return lengths_ > string_bytes_max; }
  /// From now on fields are written to `at`, which has room for `size()` bytes.
  void write_to(std::byte* at) { at_ = at, size_ = 0; }

  /// The first byte of the packet, and how much of its payload follows later.
  void begins(unsigned first, std::uint32_t rest) { first_ = static_cast<std::byte>(first), rest_ = rest; }
  /// What `begins` was told.
  std::byte first() const { return first_; }
  /// What `begins` was told.
  std::uint32_t rest() const { return rest_; }

  /// A Two Byte Integer.
  template <wire::scalar T>
  void operator()(field, const T& value) {
    static_assert(sizeof(T) == 2);
    number(wire::to_wire(value), 2);
  }
  /// The protocol name, "MQTT" (3.1.2.1).
  void protocol_name() {
    static constexpr std::string_view name = "MQTT";
    text(field::protocol_name, name);
  }
  /// The protocol version, which decides what the fields behind it are (3.1.2.2).
  void protocol_version(version value) { number(static_cast<std::uint8_t>(value), 1), v5_ = is_v5(value); }
  /// The connect flags as one byte (3.1.2.3).
  void connect_flags(const connect& self) { number(self.connect_flags(), 1); }
  /// Nothing: the flags of a PUBLISH stand in the fixed header.
  void publish_flags(const publish&) {}
  /// A byte whose lowest bit is the only one in use.
  void flag_octet(field, field, bool value) { number(value ? 1 : 0, 1); }
  /// A packet identifier (2.2.1).
  void identifier(std::uint16_t value) { number(value, 2); }
  /// A reason code (2.4).
  void reason(mqtt::reason value, packet_type) { number(static_cast<std::uint8_t>(value), 1); }
  /// The reason code of CONNACK, in 3.1.1 as a return code.
  void connect_reason(mqtt::reason value);
  /// A UTF-8 string (1.5.4).
  void text(field, std::string_view value);
  /// A topic name.
  void topic(field where, std::string_view value) { text(where, value); }
  /// Binary data (1.5.6).
  void binary(field where, bytes value) { text(where, as_text(value)); }
  /// Binary data that is not to be printed.
  void secret(field where, bytes value) { text(where, as_text(value)); }
  /// True if the packet may end here, because only what may be left out would follow.
  bool ends(bool nothing_follows) const { return nothing_follows; }
  /// Nothing: what a caller must not send is checked elsewhere.
  template <class F>
  void require(F&&, error, field) {}
  /// True: a caller may leave a field empty in favour of any property.
  bool carries(const mqtt::properties&, property) const { return true; }
  /// The reason codes of SUBACK or UNSUBACK, a byte each.
  void reasons(bytes codes, packet_type) { put(codes); }
  /// A payload, of which `rest` bytes follow later.
  void payload(bytes value, std::uint32_t rest);
  /// The properties with their length (2.2.2); nothing in 3.1.1.
  void properties(field, const mqtt::properties& list, std::uint16_t);
  /// A list of topic filters.
  template <class T>
  void list(field, const sequence<T>& list) {
    items(list);
  }
  /// The lowest `size` bytes of a number, in network byte order.
  void number(std::size_t value, std::size_t size);
  /// A Variable Byte Integer (1.5.5).
  void variable(std::size_t value);

 private:
  void put(bytes value);
  // More than fits any packet isn't looked at.
  template <class T>
  void items(const sequence<T>& list) {
    for (const sequence<T>* part = &list; part != nullptr; part = part->next_) {
      if (part->raw_ != 0) put({static_cast<const std::byte*>(part->data_), part->count_});
      else
        for (std::uint32_t i = 0; i < part->count_ && size_ <= remaining_length_max; ++i)
          wire_item<T>::write(*this, static_cast<const T*>(part->data_)[i]);
    }
  }
  std::byte* at_ = nullptr;
  std::size_t size_ = 0;
  std::size_t lengths_ = 0;  // all bits of all lengths of strings
  std::uint32_t rest_ = 0;
  std::byte first_{};
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
  /// True if the fields of 5.0 are there.
  bool v5() const { return has_version_5 && how_.v5; }
  /// The first defect, with offsets from `first`; bytes left over are one too.
  defect result(const std::byte* first);

  /// A Two Byte Integer.
  template <wire::scalar T>
  void operator()(field where, T& value) {
    static_assert(sizeof(T) == 2);
    value = static_cast<T>(u16(where));
  }
  /// Checks the protocol name.
  void protocol_name();
  /// Reads the protocol version; it decides what the fields behind it are.
  void protocol_version(version& value);
  /// Takes the connect flags apart.
  void connect_flags(connect& self);
  /// Nothing: the fixed header has set the flags.
  void publish_flags(const publish&) {}
  /// A byte whose other bits must be 0.
  void flag_octet(field where, field, bool& value);
  /// A packet identifier, which must not be 0 [MQTT-2.2.1-3].
  void identifier(std::uint16_t& value);
  /// A reason code that this packet may carry.
  void reason(mqtt::reason& value, packet_type type);
  /// The reason code of CONNACK, from a return code in 3.1.1.
  void connect_reason(mqtt::reason& value);
  /// A UTF-8 string, well-formed and without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].
  void text(field where, std::string_view& value) { string(where, value, text_rule::well_formed); }
  /// A topic name: also without wildcards [MQTT-3.3.2-2].
  void topic(field where, std::string_view& value) { string(where, value, text_rule::topic_name); }
  /// Binary data, in place.
  void binary(field where, bytes& value);
  /// The same, of what is not to be printed.
  void secret(field where, bytes& value) { binary(where, value); }
  /// True if the packet ends here.
  bool ends(bool) const { return at_ == end_; }
  /// Notes a defect if the condition is false and there was none before.
  template <class F>
  void require(F&& condition, error code, field where) {
    if (code_ == error::none && !condition()) fail(code, where, at_);
  }
  /// True if the property is there.
  bool carries(const mqtt::properties& list, property id) const { return list.has(id); }
  /// The rest of the packet as reason codes, each of which this packet may carry.
  void reasons(bytes& codes, packet_type type);
  /// The rest of the packet as a payload, and how many bytes of it haven't arrived.
  void payload(bytes& value, std::uint32_t& rest);
  /// The properties, validated, for a place (a bit of `property_in`).
  void properties(field where, mqtt::properties& list, std::uint16_t place);
  /// A list of topic filters, which must not be empty.
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
  error take_property(const std::byte* last, property_places& places);
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
