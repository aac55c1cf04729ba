// Civil time: the calendar, time zones and their formats, without the C library's locale and environment.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <string_view>

#include <recado/core/fixed_vector.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>

namespace recado {

/// What is wrong with the text of a time zone.
enum class time_zone_error : std::uint16_t {
  empty = 1,
  name,     ///< the name needs 3 to 10 letters, or letters, digits and signs in angle brackets
  offset,   ///< the offset is missing or out of range
  rule,     ///< the day on which summer time begins or ends is missing or wrong
  surplus,  ///< something follows a complete zone
};
std::string_view words(time_zone_error code);  ///< the cause, for the user

/// A time zone: a fixed offset, or two with the days on which they change. The default is UTC.
class time_zone {
 public:
  constexpr time_zone() = default;

  /// Reads "GMT+1", "UTC-3:30" (in the everyday sense: GMT+1 is one hour ahead of Greenwich), "UTC", "GMT",
  /// or a POSIX TZ such as "CET-1CEST,M3.5.0,M10.5.0/3" (POSIX.1-2024 §8.3, where the sign is the other way
  /// round: hours to add to get UTC). Without rules, those of the USA are used, as the C library does.
  static constexpr std::expected<time_zone, time_zone_error> parse(std::string_view text);

  static constexpr std::size_t name_characters_max = 10;  ///< "UTC+05:45" and the names of POSIX

  /// From when to when one offset holds.
  struct period {
    std::chrono::seconds offset{};  ///< to add to UTC: positive is east
    bool summer = false;            ///< true where it is summer time
    std::string_view name;          ///< lives as long as the zone
  };
  /// What holds at `when`.
  period at(utc_time when) const;

 private:
  /// A day of the year as POSIX writes it: Jn, n or Mm.w.d, and the local time at which the change happens.
  struct rule {
    enum class kind : std::uint8_t { none, julian, day, month };
    kind by = kind::none;
    std::uint16_t day = 0;  ///< 1 to 365 (29 February is never counted), 0 to 365, or the day of the week
    std::uint8_t month = 0, week = 0;
    std::int32_t seconds = 7200;

    std::int64_t at(std::int64_t year) const;
  };
  struct reader;

  fixed_string<name_characters_max> standard_name_;
  fixed_string<name_characters_max> summer_name_;
  std::int32_t standard_s_ = 0;
  std::int32_t summer_s_ = 0;
  rule begin_;
  rule end_;
};

/// The parts of a civil time.
struct civil_time {
  std::int32_t year = 1970;       ///< of the common era
  std::uint8_t month = 1;         ///< 1 to 12
  std::uint8_t day = 1;           ///< 1 to 31
  std::uint8_t hour = 0;          ///< 0 to 23
  std::uint8_t minute = 0;        ///< 0 to 59
  std::uint8_t second = 0;        ///< 0 to 59
  std::uint32_t microsecond = 0;  ///< 0 to 999,999
  std::uint8_t weekday = 4;       ///< 0 is Sunday
  std::uint16_t yearday = 1;      ///< 1 to 366
  std::chrono::seconds offset{};  ///< of the zone at that time
  std::string_view zone = "UTC";  ///< lives as long as the zone
};

/// Breaks a time down in UTC, or in a zone that outlives the result's `zone`.
civil_time to_civil(utc_time when);
/// The same in that zone.
civil_time to_civil(utc_time when, const time_zone& zone);
civil_time to_civil(utc_time when, time_zone&& zone) = delete;
/// The time of a civil time, by its date, time of day and offset; the other members don't matter.
utc_time from_civil(const civil_time& parts);

/// Formats as strftime does in the C locale: %a %A %b %B %d %e %m %y %Y %H %I %M %S %p %j %u %w %F %T %z %Z %%;
/// any other sequence stays as it is.
void format_time(std::string_view format, const civil_time& parts, text_sink& out);
/// ISO 8601 (RFC 3339): 2026-11-22T17:52:12Z, or with the offset in place of the Z.
void write_iso8601(const civil_time& parts, text_sink& out);
/// The same with microseconds: 2026-11-22T17:52:12.000123Z.
void write_iso8601_micro(const civil_time& parts, text_sink& out);

}  // namespace recado

#include <recado/core/time_zone_text.hpp>
