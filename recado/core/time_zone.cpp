#include <recado/core/time_zone.hpp>

namespace recado {

namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::int64_t seconds_per_day = 86400;

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
  const auto s = static_cast<std::int32_t>(us / 1'000'000);
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
