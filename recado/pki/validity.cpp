#include <array>
#include <charconv>
#include <cstdio>

#include <recado/pki/failure.hpp>
#include <recado/pki/validity.hpp>

namespace recado::pki {
namespace {

constexpr int days_max = 36'525;  // a century
/// GeneralizedTime has four digits for the year (RFC 5280 §4.1.2.5.2).
constexpr seconds_utc latest = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + std::chrono::seconds{86'399};

[[noreturn]] void fail_time(std::string_view text) {
  throw failure("'" + std::string{text} + "' is no date", "write it like 2026-11-22 or 2026-11-22T17:50:00Z, in UTC");
}

unsigned take_number(std::string_view& text, std::size_t digits, std::string_view all) {
  unsigned value = 0;
  if (text.size() < digits) fail_time(all);
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits) fail_time(all);
  text.remove_prefix(digits);
  return value;
}

void take(std::string_view& text, char expected, std::string_view all) {
  if (text.empty() || text.front() != expected) fail_time(all);
  text.remove_prefix(1);
}

std::chrono::seconds take_time_of_day(std::string_view text, std::string_view all) {
  text.remove_prefix(1);
  const unsigned hour = take_number(text, 2, all);
  take(text, ':', all);
  const unsigned minute = take_number(text, 2, all);
  unsigned second = 0;
  if (text.starts_with(':')) take(text, ':', all), second = take_number(text, 2, all);
  if (text == "Z") text.remove_prefix(1);
  if (!text.empty() || hour > 23 || minute > 59 || second > 59) fail_time(all);
  return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

seconds_utc end_after(seconds_utc from, int days) {
  const seconds_utc to = from + std::chrono::days{days};
  if (to > latest)
    throw failure(std::to_string(days) + " days from " + text_of(from) +
                      " end after the year 9999, the last that a certificate can name",
                  "give an earlier beginning or fewer days");
  return to;
}

}  // namespace

seconds_utc parse_time(std::string_view text) {
  const std::string_view all = text;
  const unsigned year = take_number(text, 4, all);
  take(text, '-', all);
  const unsigned month = take_number(text, 2, all);
  take(text, '-', all);
  const unsigned day = take_number(text, 2, all);
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok() || year < 1950) fail_time(all);
  const std::chrono::sys_days midnight{date};
  if (text.empty()) return midnight;
  if (text.front() != 'T' && text.front() != ' ') fail_time(all);
  return midnight + take_time_of_day(text, all);
}

std::string text_of(seconds_utc when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{when - day};
  std::array<char, 48> text;
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d UTC",
                                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                                 static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

void check(const validity_request& asked) {
  if (asked.days && (*asked.days < 1 || *asked.days > days_max))
    throw failure(std::to_string(*asked.days) + " days are no sensible validity",
                  "give 1 to " + std::to_string(days_max));
  if (asked.days && asked.to) throw failure("both an end and a number of days are given", "give one of them");
  if (asked.days && asked.from) (void)end_after(*asked.from, *asked.days);
}

validity resolve(const validity_request& asked, int default_days, seconds_utc now, std::optional<seconds_utc> limit) {
  check(asked);
  const seconds_utc from = asked.from.value_or(now - backdated_by);
  const int days = asked.days.value_or(default_days);
  seconds_utc to = asked.to ? *asked.to : end_after(asked.from ? from : now, days);
  if (limit && to > *limit) {
    if (asked.to || asked.days)
      throw failure("it would end on " + text_of(to) + ", after its issuer's certificate (" + text_of(*limit) + ")",
                    "give fewer days or an earlier end");
    to = *limit;
  }
  if (limit && *limit <= from)
    throw failure("its issuer's certificate has expired, or will have, on " + text_of(*limit),
                  "make a new authority, or give an earlier beginning");
  if (to <= from)
    throw failure("the validity ends (" + text_of(to) + ") before it begins (" + text_of(from) + ")",
                  "give a later end");
  return {from, to};
}

time_ptr encode(seconds_utc when) {
  time_ptr time{ASN1_TIME_set(nullptr, static_cast<time_t>(when.time_since_epoch().count()))};
  if (!time) fail_openssl("the date cannot be encoded", "choose another one");
  return time;
}

seconds_utc decode(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1)
    throw failure("a date in the file is malformed", "have it issued again");
  const std::chrono::sys_days day =
      std::chrono::year{parts.tm_year + 1900} / static_cast<int>(parts.tm_mon + 1) / parts.tm_mday;
  return day + std::chrono::hours{parts.tm_hour} + std::chrono::minutes{parts.tm_min} +
         std::chrono::seconds{parts.tm_sec};
}

}  // namespace recado::pki
