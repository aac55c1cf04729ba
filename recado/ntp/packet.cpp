#include <recado/ntp/packet.hpp>

#include <recado/core/time_zone.hpp>
#include <recado/wire/walk.hpp>

namespace recado::ntp {

namespace {

constexpr std::int64_t us_per_s = 1'000'000;
constexpr std::int64_t s_1900_to_1970 = 2'208'988'800;  // RFC 5905 §6, figure 4
constexpr std::int64_t era_us = (std::int64_t{1} << 32) * us_per_s;

constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// Microseconds in 32 bits of fraction.
constexpr std::int64_t us_of(std::uint64_t fraction) {
  return static_cast<std::int64_t>((fraction & 0xffffffff) * us_per_s >> 32);
}

void print_power_of_two(std::uint8_t value, text_sink& out) {
  (out << "2^").signed_number(static_cast<std::int8_t>(value));
  out << " s";
}

void print_seconds(duration what, text_sink& out) {
  out.number(static_cast<std::uint64_t>(what.count() / us_per_s));
  (out << '.').number(static_cast<std::uint64_t>(what.count() % us_per_s), 6, '0');
  out << " s";
}

void print_reference(const packet& what, text_sink& out) {
  out << "reference id ";
  out.hex(what.reference_id, 8);
  if (what.stratum > 1) return;
  char code[4];
  for (std::size_t i = 0; i < 4; ++i) code[i] = static_cast<char>(what.reference_id >> (24 - 8 * i) & 0xff);
  std::size_t length = 4;
  while (length != 0 && code[length - 1] == 0) --length;
  (out << ' ').quoted(as_bytes({code, length}));
}

void print_timestamp(std::string_view label, timestamp value, utc_time near, text_sink& out) {
  out << label << ' ';
  out.hex(static_cast<std::uint64_t>(value), 16);
  if (value == timestamp::unknown) return void(out << " (unknown)\n");
  out << " (";
  write_iso8601_micro(to_civil(unfold(value, near)), out);
  out << ")\n";
}

}  // namespace

std::string_view words(leap indicator) {
  switch (indicator) {
    case leap::none:
      return "no leap second";
    case leap::last_minute_61:
      return "a leap second will be added";
    case leap::last_minute_59:
      return "a leap second will be left out";
    case leap::unknown:
      return "unsynchronised";
  }
  return "";
}

std::string_view words(mode value) {
  constexpr std::string_view names[] = {"reserved", "symmetric active", "symmetric passive", "client",
                                        "server",   "broadcast",        "control",           "private"};
  return names[static_cast<unsigned>(value) & 7];
}

utc_time unfold(timestamp value, utc_time near) {
  const auto raw = static_cast<std::uint64_t>(value);
  const std::int64_t in_era_0 = (static_cast<std::int64_t>(raw >> 32) - s_1900_to_1970) * us_per_s + us_of(raw);
  const std::int64_t distance = near.time_since_epoch().count() - in_era_0;
  const std::int64_t eras = floor_divide(distance + era_us / 2, era_us);
  return utc_time{duration{in_era_0 + eras * era_us}};
}

timestamp to_timestamp(utc_time when) {
  const std::int64_t us = when.time_since_epoch().count();
  const std::int64_t seconds = floor_divide(us, us_per_s);
  const auto rest = static_cast<std::uint64_t>(us - seconds * us_per_s);
  const std::uint64_t fraction = ((rest << 32) + us_per_s - 1) / us_per_s;  // rounded up, so that it comes back exactly
  return static_cast<timestamp>(static_cast<std::uint64_t>(seconds + s_1900_to_1970) << 32 | fraction);
}

duration between(timestamp a, timestamp b) {
  const auto difference = static_cast<std::int64_t>(static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a));
  const auto fraction = static_cast<std::int64_t>(static_cast<std::uint64_t>(difference) & 0xffffffff);
  const std::int64_t half = std::int64_t{1} << 31;  // to the nearest microsecond
  return duration{(difference >> 32) * us_per_s + ((fraction * us_per_s + half) >> 32)};
}

std::optional<packet> decode(bytes data) {
  if (data.size() < packet_octets || data.size() % 4 != 0) return {};
  wire::decode_walker walk{data};
  packet result;
  packet::fields(result, walk);
  return result;
}

void encode(const packet& what, mutable_bytes out) {
  wire::encode_walker walk{out};
  packet::fields(what, walk);
}

void print(const packet& what, utc_time near, text_sink& out) {
  out << "leap " << words(what.leap_indicator()) << ", version ";
  out.number(what.version_number()) << ", mode " << words(what.association()) << " (";
  out.number(static_cast<unsigned>(what.association())) << ")\nstratum ";
  out.number(what.stratum) << ", poll ";
  print_power_of_two(what.poll, out);
  out << ", precision ";
  print_power_of_two(what.precision, out);
  out << "\nroot delay ";
  print_seconds(to_duration(what.root_delay), out);
  out << ", root dispersion ";
  print_seconds(to_duration(what.root_dispersion), out);
  out << ", ";
  print_reference(what, out);
  out << '\n';
  print_timestamp("reference  ", what.reference, near, out);
  print_timestamp("origin     ", what.origin, near, out);
  print_timestamp("received   ", what.received, near, out);
  print_timestamp("transmitted", what.transmitted, near, out);
}

}  // namespace recado::ntp
