// How the text of a time zone is read, also by the compiler: an image has its zone ready. Part of time_zone.hpp.
#pragma once

#include <optional>

#include <recado/core/time_zone.hpp>

namespace recado {
namespace zone_text {

inline constexpr unsigned zone_hours_max = 24;      // POSIX.1-2024 §8.3: an offset has at most 24 hours
inline constexpr unsigned change_hours_max = 167;   // the time of a change: within a week either way
inline constexpr unsigned everyday_hours_max = 14;  // no place on earth is farther from Greenwich

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "GMT+1", "UTC-3:30": the sign as people say it. POSIX means the opposite, but has no use for these.
constexpr bool is_everyday(std::string_view text) {
  return text.size() > 3 && (text.starts_with("GMT") || text.starts_with("UTC")) &&
         (text[3] == '+' || text[3] == '-') && text.find_first_not_of("0123456789:", 4) == std::string_view::npos;
}

}  // namespace zone_text

/// Reads the grammar of POSIX from the front of `rest`.
struct time_zone::reader {
  std::string_view rest;

  constexpr bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }

  constexpr std::optional<unsigned> number(std::size_t digits_max, unsigned maximum) {
    std::size_t count = 0;
    unsigned value = 0;
    for (; count < digits_max && count < rest.size() && zone_text::is_digit(rest[count]); ++count)
      value = value * 10 + static_cast<unsigned>(rest[count] - '0');
    if (count == 0 || value > maximum) return {};
    rest.remove_prefix(count);
    return value;
  }

  constexpr bool name(fixed_string<name_characters_max>& out) {
    const bool quoted = take('<');
    std::size_t count = 0;
    const auto belongs = [quoted](char c) {
      return zone_text::is_letter(c) || (quoted && (zone_text::is_digit(c) || c == '+' || c == '-'));
    };
    while (count < rest.size() && belongs(rest[count])) ++count;
    if (count < 3 || !out.assign(rest.substr(0, count))) return false;
    rest.remove_prefix(count);
    return !quoted || take('>');
  }

  /// [+-]hh[:mm[:ss]] in seconds.
  constexpr std::optional<std::int32_t> time(std::size_t hour_digits_max, unsigned hours_max) {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(hour_digits_max, hours_max);
    if (!hours) return {};
    unsigned total = *hours * 3600;
    for (unsigned unit : {60u, 1u}) {
      if (!take(':')) break;
      const auto part = number(2, 59);
      if (!part) return {};
      total += *part * unit;
    }
    return negative ? -static_cast<std::int32_t>(total) : static_cast<std::int32_t>(total);
  }

  constexpr bool day(rule& out) {
    if (take('M')) {
      const auto month = number(2, 12);
      if (!month || *month == 0 || !take('.')) return false;
      const auto week = number(1, 5);
      if (!week || *week == 0 || !take('.')) return false;
      const auto weekday = number(1, 6);
      if (!weekday) return false;
      out = {rule::kind::month, static_cast<std::uint16_t>(*weekday), static_cast<std::uint8_t>(*month),
             static_cast<std::uint8_t>(*week)};
      return true;
    }
    const bool julian = take('J');
    const auto number_of_day = number(3, 365);
    if (!number_of_day || (julian && *number_of_day == 0)) return false;
    out = {julian ? rule::kind::julian : rule::kind::day, static_cast<std::uint16_t>(*number_of_day)};
    return true;
  }

  /// ,day[/time]
  constexpr bool change(rule& out) {
    if (!take(',') || !day(out)) return false;
    if (!take('/')) return true;
    const auto when = time(3, zone_text::change_hours_max);
    if (when) out.seconds = *when;
    return when.has_value();
  }
};

constexpr std::expected<time_zone, time_zone_error> time_zone::parse(std::string_view text) {
  time_zone zone;
  if (text.empty()) return std::unexpected{time_zone_error::empty};
  if (text == "GMT" || text == "UTC") return zone.standard_name_.assign(text), zone;
  const bool everyday = zone_text::is_everyday(text);
  reader in{everyday ? text.substr(3) : text};
  if (!everyday && !in.name(zone.standard_name_)) return std::unexpected{time_zone_error::name};
  const auto offset = in.time(2, everyday ? zone_text::everyday_hours_max : zone_text::zone_hours_max);
  if (!offset) return std::unexpected{time_zone_error::offset};
  if (everyday) {
    if (!in.rest.empty() || !zone.standard_name_.assign(text)) return std::unexpected{time_zone_error::surplus};
    return zone.standard_s_ = *offset, zone;
  }
  zone.standard_s_ = -*offset;
  if (in.rest.empty()) return zone;

  if (in.rest.starts_with(',')) return std::unexpected{time_zone_error::surplus};
  if (!in.name(zone.summer_name_)) return std::unexpected{time_zone_error::name};
  zone.summer_s_ = zone.standard_s_ + 3600;
  if (!in.rest.empty() && !in.rest.starts_with(',')) {
    const auto summer = in.time(2, zone_text::zone_hours_max);
    if (!summer) return std::unexpected{time_zone_error::offset};
    zone.summer_s_ = -*summer;
  }
  if (in.rest.empty()) in.rest = ",M3.2.0,M11.1.0";
  if (!in.change(zone.begin_) || !in.change(zone.end_)) return std::unexpected{time_zone_error::rule};
  if (!in.rest.empty()) return std::unexpected{time_zone_error::surplus};
  return zone;
}

}  // namespace recado
