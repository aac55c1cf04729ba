// The NTP packet (RFC 5905 §7.3) and its two number formats.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>
#include <recado/ntp/limits.hpp>

namespace recado::ntp {

/// The leap indicator (RFC 5905 figure 9); `unknown`: the server's clock isn't set.
enum class leap : std::uint8_t { none = 0, last_minute_61 = 1, last_minute_59 = 2, unknown = 3 };
/// What it announces, as a word.
std::string_view words(leap indicator);

/// Who speaks to whom (RFC 5905 figure 10).
enum class mode : std::uint8_t {
  reserved = 0,
  symmetric_active,
  symmetric_passive,
  client,
  server,
  broadcast,
  control,
  private_use,
};
/// The mode as a word.
std::string_view words(mode value);

/// 32 bits of seconds since 1900-01-01 (in one of the eras of 2^32 s) and 32 bits of fraction (RFC 5905 §6).
enum class timestamp : std::uint64_t { unknown = 0 };

/// 16 bits of seconds and 16 bits of fraction (RFC 5905 §6).
enum class short_time : std::uint32_t {};
/// Rounded down to microseconds.
constexpr duration to_duration(short_time value) {
  return duration{(static_cast<std::int64_t>(value) * 1'000'000) >> 16};
}

/// The time that lies nearest to `near` of all that `value` can mean: one every 2^32 s, so that era 1, which
/// begins on 2036-02-07 06:28:16, and all later ones come out right (RFC 5905 §6).
utc_time unfold(timestamp value, utc_time near);
/// The time stamp of a civil time, in whatever era that is.
timestamp to_timestamp(utc_time when);
/// How much later `b` is than `a`, up to half an era either way (RFC 5905 §6).
duration between(timestamp a, timestamp b);

/// The 48 octets that queries and answers have in common.
struct packet {
  std::uint8_t leap_version_mode = 0;  ///< see `set_first`
  /// 1: has a reference clock, 2 to 15: distance from it, 0: a kiss-o'-death packet, 16: not set.
  std::uint8_t stratum = 0;
  std::uint8_t poll = 0;           ///< two's complement, log2 of seconds
  std::uint8_t precision = 0;      ///< two's complement, log2 of seconds
  short_time root_delay{};         ///< to the reference clock and back again
  short_time root_dispersion{};    ///< the error that has piled up since the reference clock
  std::uint32_t reference_id = 0;  ///< whom it takes the time from; of stratum 0 the kiss code (RFC 5905 §7.4)
  timestamp reference{};           ///< when the clock was set last
  timestamp origin{};              ///< when the query left, by the client's clock
  timestamp received{};            ///< when it arrived, by the server's clock
  timestamp transmitted{};         ///< when this packet left, by its sender's clock

  /// Describes the fields, in their order on the wire, to a walker.
  static constexpr void fields(auto& self, auto& walk) {
    walk("leap_version_mode", self.leap_version_mode);
    walk("stratum", self.stratum);
    walk("poll", self.poll);
    walk("precision", self.precision);
    walk("root_delay", self.root_delay);
    walk("root_dispersion", self.root_dispersion);
    walk("reference_id", self.reference_id);
    walk("reference", self.reference);
    walk("origin", self.origin);
    walk("received", self.received);
    walk("transmitted", self.transmitted);
  }
  /// The upper two bits of the first octet.
  constexpr leap leap_indicator() const { return static_cast<leap>(leap_version_mode >> 6); }
  /// The three bits behind them.
  constexpr std::uint8_t version_number() const { return leap_version_mode >> 3 & 7; }
  /// The lower three bits.
  constexpr mode association() const { return static_cast<mode>(leap_version_mode & 7); }
  /// Puts the first octet together.
  void set_first(leap indicator, std::uint8_t version_number, mode association) {
    const unsigned bits =
        static_cast<unsigned>(indicator) << 6 | unsigned{version_number} << 3 | static_cast<unsigned>(association);
    leap_version_mode = static_cast<std::uint8_t>(bits);
  }
  bool operator==(const packet&) const = default;  ///< Member by member.
};

/// Reads a packet; extension fields and a MAC may follow it (in whole words, RFC 5905 §7.5; RFC 7822) and
/// are left alone. Nothing if it is shorter or has a torn tail.
std::optional<packet> decode(bytes data);
/// Writes the 48 octets to the front of `out`, which must have room for them.
void encode(const packet& what, mutable_bytes out);
/// Prints a packet field by field; `near` decides the era of the time stamps.
void print(const packet& what, utc_time near, text_sink& out);

}  // namespace recado::ntp
