// The packet schema: a packet describes its fields once, four walkers do the rest.
//
//   struct header {
//     std::uint8_t op; std::uint32_t xid;
//     static constexpr void fields(auto& self, auto& walk) { walk("op", self.op); walk("xid", self.xid); }
//   };
//
// `size_walker`, `encode_walker`, `decode_walker` and `print_walker` visit `fields`. A protocol with fields
// of its own kind (MQTT's strings and properties) derives walkers of the same names that know them too.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::wire {

/// What stands on the wire as one big-endian number: unsigned integers and enumerations.
template <class T>
concept scalar = std::unsigned_integral<T> || std::is_enum_v<T>;

/// The unsigned integer that carries a scalar on the wire.
template <scalar T>
constexpr auto to_wire(T value) {
  if constexpr (std::is_enum_v<T>) return static_cast<std::make_unsigned_t<std::underlying_type_t<T>>>(value);
  else return value;
}
/// The unsigned integer that carries a T on the wire.
template <scalar T>
using wire_type = decltype(to_wire(T{}));

/// Adds up how many bytes the fields take on the wire.
class size_walker {
 public:
  /// Counts a number.
  template <scalar T>
  constexpr void operator()(std::string_view, const T&) { size_ += sizeof(T); }
  /// Counts octets of a fixed number.
  template <std::size_t N>
  constexpr void operator()(std::string_view, const std::array<std::byte, N>&) { size_ += N; }
  /// Bytes of the fields visited so far.
  constexpr std::size_t size() const { return size_; }

 protected:
  std::size_t size_ = 0;  ///< bytes so far
};

/// Writes the fields in network byte order.
class encode_walker {
 public:
  /// Writes to the front of `memory`, which must outlive it.
  constexpr explicit encode_walker(mutable_bytes memory) : out_(memory) {}
  /// Writes a number.
  template <scalar T>
  constexpr void operator()(std::string_view, const T& value) { out_.number(to_wire(value)); }
  /// Writes octets as they are.
  template <std::size_t N>
  void operator()(std::string_view, const std::array<std::byte, N>& value) { out_.put(value); }
  /// What was written; `failed()` if it didn't fit.
  constexpr writer& out() { return out_; }

 protected:
  writer out_;  ///< where the next field goes
};

/// Reads the fields; a packet that ends too early leaves zeros and `in().failed()`.
class decode_walker {
 public:
  /// Reads from the front of `data`, which must outlive it.
  constexpr explicit decode_walker(bytes data) : in_(data) {}
  /// Reads a number.
  template <scalar T>
  constexpr void operator()(std::string_view, T& value) {
    value = static_cast<T>(in_.number<wire_type<T>>());
  }
  /// Reads octets; they stay as they are if there are too few.
  template <std::size_t N>
  void operator()(std::string_view, std::array<std::byte, N>& value) {
    const bytes source = in_.take(N);
    if (source.size() == N) copy(source, value);
  }
  /// What is left; `failed()` if something was missing.
  constexpr reader& in() { return in_; }

 protected:
  reader in_;  ///< where the next field is
};

/// Prints "name value" pairs separated by ", ". Enumerations with a `words(value)` print those too.
class print_walker {
 public:
  /// Prints to `out`, which must outlive it.
  explicit print_walker(text_sink& out) : out_(out) {}
  /// Prints a number in decimal, of an enumeration its words too.
  template <scalar T>
  void operator()(std::string_view name, const T& value) {
    label(name);
    if constexpr (requires { { words(value) } -> std::convertible_to<std::string_view>; })
      out_ << words(value) << " (" , out_.number(to_wire(value)) << ')';
    else out_.number(to_wire(value));
  }
  /// Prints octets as hexadecimal digits.
  template <std::size_t N>
  void operator()(std::string_view name, const std::array<std::byte, N>& value) {
    label(name);
    out_.hex(bytes{value});
  }
  /// Where it prints.
  text_sink& out() { return out_; }

 protected:
  /// Prints the name of the next field, with a comma in front unless it is the first.
  void label(std::string_view name) {
    if (!first_) out_ << ", ";
    first_ = false;
    out_ << name << ' ';
  }
  text_sink& out_;     ///< where it prints
  bool first_ = true;  ///< no field was printed yet
};

/// How many bytes `packet` takes on the wire.
template <class Packet>
constexpr std::size_t size(const Packet& packet) {
  size_walker walk;
  Packet::fields(packet, walk);
  return walk.size();
}

}  // namespace recado::wire
