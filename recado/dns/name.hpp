// Domain names as they are on the wire: labels with a length octet each, ended by the root's zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/limits.hpp>

namespace recado::dns {

/// An uncompressed name (RFC 1035 §3.1). The default is the root.
class name {
 public:
  constexpr name() = default;

  /// From "example.org" or "example.org."; octets over 127 (UTF-8) and punycode are left as they are.
  /// Refused: empty labels, labels over 63, more than 255 in all, spaces, control characters, backslashes.
  static std::expected<name, error> parse(std::string_view text);

  bytes octets() const { return {octets_.data(), size_}; }  ///< As on the wire, uncompressed.
  std::size_t size() const { return size_; }                ///< Octets on the wire; 1 for the root.
  void clear() { octets_[0] = std::byte{0}, size_ = 1; }    ///< Makes it the root.
  /// Adds a label before the root; false if it is empty, too long or doesn't fit.
  bool append(bytes label);
  /// True if the last label before the root holds digits only: no host has such a name (RFC 1123 §2.1).
  bool ends_in_digits() const;
  /// True if the name is `parent` or below it.
  bool is_within(const name& parent) const;
  /// Names are equal without regard to ASCII case (RFC 1035 §2.3.3, RFC 4343).
  friend bool operator==(const name& a, const name& b);

 private:
  std::array<std::byte, name_octets_max> octets_{};
  std::uint8_t size_ = 1;
};

/// Reads the name at `offset` of a message and moves `offset` behind it. A compression pointer must lead
/// to an earlier place than the part that it ends, so that no loop is possible (RFC 1035 §4.1.4).
/// False: the name breaks off, is too long, or points forward or into the header.
bool read_name(bytes message, std::size_t& offset, name& out);

/// As in master files: "example.org." with \. \\ and \DDD (RFC 1035 §5.1); the root is ".".
text_sink& operator<<(text_sink& out, const name& what);

}  // namespace recado::dns
