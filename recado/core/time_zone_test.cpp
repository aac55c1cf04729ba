#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <recado/core/time_zone.hpp>

namespace recado {
namespace {

utc_time at(std::int64_t seconds) { return utc_time{std::chrono::seconds{seconds}}; }

std::string format(std::string_view pattern, const civil_time& parts) {
  std::array<char, 200> memory;
  buffer_sink out{memory};
  format_time(pattern, parts, out);
  return std::string{out.view()};
}

std::string iso(const civil_time& parts, bool micro = false) {
  std::array<char, 60> memory;
  buffer_sink out{memory};
  if (micro) write_iso8601_micro(parts, out);
  else write_iso8601(parts, out);
  return std::string{out.view()};
}

time_zone zone_of(std::string_view text) {
  const auto zone = time_zone::parse(text);
  EXPECT_TRUE(zone) << text;
  return zone.value_or(time_zone{});
}

TEST(time_zone, is_utc_by_default) {
  EXPECT_EQ(time_zone{}.at(at(0)).offset.count(), 0);
  EXPECT_EQ(time_zone{}.at(at(0)).name, "UTC");
}

TEST(time_zone, reads_offsets_as_people_say_them) {
  const std::tuple<const char*, int, const char*> rows[] = {
      {"GMT", 0, "GMT"},
      {"UTC", 0, "UTC"},
      {"GMT+1", 3600, "GMT+1"},
      {"GMT-3", -10800, "GMT-3"},
      {"GMT+0", 0, "GMT+0"},
      {"UTC-3:30", -12600, "UTC-3:30"},
      {"UTC+5:45", 20700, "UTC+5:45"},
      {"UTC+05:45", 20700, "UTC+05:45"},
      {"GMT+14", 50400, "GMT+14"},
  };
  for (const auto& [text, seconds, name] : rows) {
    const time_zone zone = zone_of(text);
    EXPECT_EQ(zone.at(at(0)).offset.count(), seconds) << text;
    EXPECT_EQ(zone.at(at(0)).name, name);
    EXPECT_FALSE(zone.at(at(0)).summer);
  }
}

TEST(time_zone, reads_posix_the_other_way_round) {
  EXPECT_EQ(zone_of("CET-1").at(at(0)).offset.count(), 3600);
  EXPECT_EQ(zone_of("EST5").at(at(0)).offset.count(), -18000);
  EXPECT_EQ(zone_of("GMT0").at(at(0)).offset.count(), 0);
  EXPECT_EQ(zone_of("<-03>3").at(at(0)).offset.count(), -10800);
  EXPECT_EQ(zone_of("<-03>3").at(at(0)).name, "-03");
  EXPECT_EQ(zone_of("IST-5:30").at(at(0)).offset.count(), 19800);
  EXPECT_EQ(zone_of("LMT+0:14:44").at(at(0)).offset.count(), -884);
}

TEST(time_zone, refuses_what_is_no_zone) {
  const std::pair<const char*, time_zone_error> rows[] = {
      {"", time_zone_error::empty},
      {"X", time_zone_error::name},
      {"CE1", time_zone_error::name},
      {"<+03", time_zone_error::name},
      {"<a>3", time_zone_error::name},
      {"ABCDEFGHIJK1", time_zone_error::name},
      {"CET", time_zone_error::offset},
      {"CET-", time_zone_error::offset},
      {"CET-25", time_zone_error::offset},
      {"CET-1:60", time_zone_error::offset},
      {"GMT+15", time_zone_error::offset},
      {"GMT+", time_zone_error::offset},
      {"GMT+1:", time_zone_error::offset},
      {"GMT+1 ", time_zone_error::name},
      {"GMT+123", time_zone_error::surplus},
      {"CET-1,", time_zone_error::surplus},
      {"CET-1 ", time_zone_error::name},
      {"CET-1CEST,", time_zone_error::rule},
      {"CET-1CEST,M3.5.0", time_zone_error::rule},
      {"CET-1CEST,M3.5.0,", time_zone_error::rule},
      {"CET-1CEST,M13.5.0,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,M0.5.0,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,M3.6.0,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,M3.0.0,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,M3.5.7,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,J0,J300", time_zone_error::rule},
      {"CET-1CEST,366,J300", time_zone_error::rule},
      {"CET-1CEST,M3.5.0/168,M10.5.0", time_zone_error::rule},
      {"CET-1CEST,M3.5.0,M10.5.0/3x", time_zone_error::surplus},
  };
  for (const auto& [text, why] : rows) {
    const auto zone = time_zone::parse(text);
    ASSERT_FALSE(zone) << text;
    EXPECT_EQ(zone.error(), why) << text;
  }
}

TEST(time_zone, every_error_has_words) {
  for (std::uint16_t value = 1; value <= 5; ++value)
    EXPECT_NE(words(static_cast<time_zone_error>(value)), words(static_cast<time_zone_error>(0)));
}

TEST(time_zone, changes_to_summer_and_back_on_the_second) {
  const time_zone zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(iso(to_civil(at(1774745999), zone)), "2026-03-29T01:59:59+01:00");
  EXPECT_EQ(iso(to_civil(at(1774746000), zone)), "2026-03-29T03:00:00+02:00");
  EXPECT_EQ(iso(to_civil(at(1792889999), zone)), "2026-10-25T02:59:59+02:00");
  EXPECT_EQ(iso(to_civil(at(1792890000), zone)), "2026-10-25T02:00:00+01:00");
  EXPECT_EQ(zone.at(at(1774746000)).name, "CEST");
  EXPECT_TRUE(zone.at(at(1774746000)).summer);
}

/// Compares with the C library, which reads the same grammar, through several years in odd steps.
TEST(time_zone, agrees_with_the_c_library) {
  const char* const zones[] = {"CET-1CEST,M3.5.0,M10.5.0/3",
                               "EST5EDT,M3.2.0,M11.1.0",
                               "EST5EDT",
                               "AEST-10AEDT,M10.1.0,M4.1.0/3",
                               "NZST-12NZDT,M9.5.0,M4.1.0/3",
                               "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                               "IST-1GMT0,M10.5.0,M3.5.0/1",
                               "XXX3YYY,J60/0,J300/24",
                               "XXX-3YYY-5,59,300/4:30:15",
                               "UTC0",
                               "<+0545>-5:45"};
  for (const char* text : zones) {
    ASSERT_EQ(setenv("TZ", text, 1), 0);
    tzset();
    const time_zone zone = zone_of(text);
    for (std::int64_t seconds = 1700000000; seconds < 1900000000; seconds += 4 * 3571) {
      const time_t now = seconds;
      tm wanted{};
      localtime_r(&now, &wanted);
      std::array<char, 200> memory;
      memory[strftime(memory.data(), memory.size(), "%a %A %b %B %d %e %m %y %Y %H %I %M %S %p %j %u %w %F %T %z %Z",
                      &wanted)] = 0;
      ASSERT_EQ(format("%a %A %b %B %d %e %m %y %Y %H %I %M %S %p %j %u %w %F %T %z %Z", to_civil(at(seconds), zone)),
                memory.data())
          << text;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST(civil_time, formats_as_the_original_did) {
  const civil_time parts = to_civil(at(1633703180));
  EXPECT_EQ(format("%a %d-%m-%Y - %H:%M:%S", parts), "Fri 08-10-2021 - 14:26:20");
  EXPECT_EQ(format("100%% %q%", parts), "100% %q%");
  EXPECT_EQ(format("", parts), "");
}

TEST(civil_time, formats_iso_8601) {
  const utc_time when = at(1795369932) + duration{123};
  EXPECT_EQ(iso(to_civil(when)), "2026-11-22T17:52:12Z");
  EXPECT_EQ(iso(to_civil(when), true), "2026-11-22T17:52:12.000123Z");
  const time_zone zone = zone_of("UTC-3:30");
  EXPECT_EQ(iso(to_civil(when, zone)), "2026-11-22T14:22:12-03:30");
}

// original defect 44: months and years were stored counted from another beginning.
TEST(civil_time, counts_months_from_1_and_comes_back) {
  const civil_time january = to_civil(at(0));
  EXPECT_EQ(january.month, 1u);
  EXPECT_EQ(january.day, 1u);
  EXPECT_EQ(january.weekday, 4u);  // a Thursday
  EXPECT_EQ(january.yearday, 1u);
  const time_zone zone = zone_of("NZST-12NZDT,M9.5.0,M4.1.0/3");
  for (std::int64_t seconds = -2208988800; seconds < 7000000000; seconds += 86400 * 13 + 4321) {
    const utc_time when = at(seconds) + duration{seconds & 0xffff};
    EXPECT_EQ(from_civil(to_civil(when)), when);
    EXPECT_EQ(from_civil(to_civil(when, zone)), when);
  }
}

TEST(civil_time, knows_times_before_1970_and_after_2038) {
  EXPECT_EQ(iso(to_civil(at(-1))), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_civil(at(-1)).weekday, 3u);
  EXPECT_EQ(iso(to_civil(at(-2208988800))), "1900-01-01T00:00:00Z");
  EXPECT_EQ(iso(to_civil(at(2147483648))), "2038-01-19T03:14:08Z");
  EXPECT_EQ(iso(to_civil(at(951782400))), "2000-02-29T00:00:00Z");
  EXPECT_EQ(iso(to_civil(at(4107542400))), "2100-03-01T00:00:00Z");  // no leap year
}

}  // namespace
}  // namespace recado
