#include <recado/core/time_zone.hpp>

#include <optional>

namespace recado {

namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::int64_t seconds_per_day = 86400;
constexpr unsigned zone_hours_max = 24;      // POSIX.1-2024 §8.3: an offset has at most 24 hours
constexpr unsigned change_hours_max = 167;   // the time of a change: within a week either way
constexpr unsigned everyday_hours_max = 14;  // no place on earth is farther from Greenwich

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::int64_t day_number(std::int64_t year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  return sys_days{date}.time_since_epoch().count();
}

unsigned days_in(std::int64_t year, unsigned month) {
  const std::chrono::year_month_day_last last{std::chrono::year{static_cast<int>(year)},
                                              std::chrono::month_day_last{std::chrono::month{month}}};
  return static_cast<unsigned>(last.day());
}

/// Thursday was day 0.
unsigned weekday_of(std::int64_t day) { return static_cast<unsigned>(((day % 7) + 11) % 7); }

}  // namespace

std::string_view words(time_zone_error code) {
  switch (code) {
    case time_zone_error::empty:
      return "the time zone is empty";
    case time_zone_error::name:
      return "the time zone must begin with a name of 3 to 10 letters, as in CET-1CEST or <+03>-3";
    case time_zone_error::offset:
      return "the time zone's offset is missing or out of range, as in GMT+1 or CET-1";
    case time_zone_error::rule:
      return "the time zone's rule for summer time is wrong, as in CET-1CEST,M3.5.0,M10.5.0/3";
    case time_zone_error::surplus:
      return "something follows the complete time zone";
  }
  return "an unknown error of a time zone";
}

/// Reads the grammar of POSIX from the front of `rest`.
struct time_zone::reader {
  std::string_view rest;

  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }

  std::optional<unsigned> number(std::size_t digits_max, unsigned maximum) {
    std::size_t count = 0;
    unsigned value = 0;
    for (; count < digits_max && count < rest.size() && is_digit(rest[count]); ++count)
      value = value * 10 + static_cast<unsigned>(rest[count] - '0');
    if (count == 0 || value > maximum) return {};
    rest.remove_prefix(count);
    return value;
  }

  bool name(fixed_string<name_characters_max>& out) {
    const bool quoted = take('<');
    std::size_t count = 0;
    const auto belongs = [quoted](char c) { return is_letter(c) || (quoted && (is_digit(c) || c == '+' || c == '-')); };
    while (count < rest.size() && belongs(rest[count])) ++count;
    if (count < 3 || !out.assign(rest.substr(0, count))) return false;
    rest.remove_prefix(count);
    return !quoted || take('>');
  }

  /// [+-]hh[:mm[:ss]] in seconds.
  std::optional<std::int32_t> time(std::size_t hour_digits_max, unsigned hours_max) {
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

  bool day(rule& out) {
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
  bool change(rule& out) {
    if (!take(',') || !day(out)) return false;
    if (!take('/')) return true;
    const auto when = time(3, change_hours_max);
    if (when) out.seconds = *when;
    return when.has_value();
  }
};

namespace {

/// "GMT+1", "UTC-3:30": the sign as people say it. POSIX means the opposite, but has no use for these.
bool is_everyday(std::string_view text) {
  return text.size() > 3 && (text.starts_with("GMT") || text.starts_with("UTC")) &&
         (text[3] == '+' || text[3] == '-') && text.find_first_not_of("0123456789:", 4) == std::string_view::npos;
}

}  // namespace

std::expected<time_zone, time_zone_error> time_zone::parse(std::string_view text) {
  time_zone zone;
  if (text.empty()) return std::unexpected{time_zone_error::empty};
  if (text == "GMT" || text == "UTC") return zone.standard_name_.assign(text), zone;
  const bool everyday = is_everyday(text);
  reader in{everyday ? text.substr(3) : text};
  if (!everyday && !in.name(zone.standard_name_)) return std::unexpected{time_zone_error::name};
  const auto offset = in.time(2, everyday ? everyday_hours_max : zone_hours_max);
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
    const auto summer = in.time(2, zone_hours_max);
    if (!summer) return std::unexpected{time_zone_error::offset};
    zone.summer_s_ = -*summer;
  }
  if (in.rest.empty()) in.rest = ",M3.2.0,M11.1.0";
  if (!in.change(zone.begin_) || !in.change(zone.end_)) return std::unexpected{time_zone_error::rule};
  if (!in.rest.empty()) return std::unexpected{time_zone_error::surplus};
  return zone;
}

/// The local time of the change, in seconds since 1970 as if that were UTC.
std::int64_t time_zone::rule::at(std::int64_t year) const {
  std::int64_t when = day_number(year, 1, 1);
  if (by == kind::day) when += day;
  if (by == kind::julian) when += day - 1 + (day > 59 && days_in(year, 2) == 29 ? 1 : 0);
  if (by == kind::month) {
    const std::int64_t first = day_number(year, month, 1);
    unsigned of_month = (day + 7 - weekday_of(first)) % 7 + 7u * (week - 1u);
    if (of_month >= days_in(year, month)) of_month -= 7;  // week 5 is the last one
    when = first + of_month;
  }
  return when * seconds_per_day + seconds;
}

time_zone::period time_zone::at(utc_time when) const {
  const period standard{seconds{standard_s_}, false, standard_name_.empty() ? "UTC" : standard_name_.view()};
  if (begin_.by == rule::kind::none) return standard;
  const std::int64_t now = std::chrono::floor<seconds>(when).time_since_epoch().count();
  const sys_days today{std::chrono::floor<days>(when + seconds{standard_s_})};
  const auto year = static_cast<int>(std::chrono::year_month_day{today}.year());
  const std::int64_t begin = begin_.at(year) - standard_s_;
  const std::int64_t end = end_.at(year) - summer_s_;
  const bool summer = begin < end ? now >= begin && now < end : now >= begin || now < end;
  return summer ? period{seconds{summer_s_}, true, summer_name_.view()} : standard;
}

namespace {

civil_time break_down(utc_time when, seconds offset, std::string_view zone) {
  const auto local = when + offset;
  const auto day = std::chrono::floor<days>(local);
  const std::chrono::year_month_day date{sys_days{day}};
  const std::int64_t us = (local - day).count();
  const std::int64_t s = us / 1'000'000;
  civil_time result;
  result.year = static_cast<int>(date.year());
  result.month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
  result.day = static_cast<std::uint8_t>(static_cast<unsigned>(date.day()));
  result.hour = static_cast<std::uint8_t>(s / 3600);
  result.minute = static_cast<std::uint8_t>(s / 60 % 60);
  result.second = static_cast<std::uint8_t>(s % 60);
  result.microsecond = static_cast<std::uint32_t>(us % 1'000'000);
  result.weekday = static_cast<std::uint8_t>(weekday_of(day.time_since_epoch().count()));
  result.yearday = static_cast<std::uint16_t>(day.time_since_epoch().count() - day_number(result.year, 1, 1) + 1);
  result.offset = offset;
  result.zone = zone;
  return result;
}

}  // namespace

civil_time to_civil(utc_time when) { return break_down(when, seconds{0}, "UTC"); }

civil_time to_civil(utc_time when, const time_zone& zone) {
  const time_zone::period here = zone.at(when);
  return break_down(when, here.offset, here.name);
}

utc_time from_civil(const civil_time& parts) {
  const std::int64_t day = day_number(parts.year, parts.month, parts.day);
  const seconds time{day * seconds_per_day + parts.hour * 3600 + parts.minute * 60 + parts.second};
  return utc_time{duration{time - parts.offset} + duration{parts.microsecond}};
}

}  // namespace recado
