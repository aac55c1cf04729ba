#include <recado/core/time_zone.hpp>

namespace recado {

namespace {

constexpr std::string_view weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
constexpr std::size_t short_characters = 3;

std::string_view weekday_name(const civil_time& parts) { return weekdays[parts.weekday % 7]; }
std::string_view month_name(const civil_time& parts) { return months[(parts.month + 11) % 12]; }

void write_year(const civil_time& parts, text_sink& out) {
  if (parts.year < 0) out << '-';
  out.number(static_cast<std::uint64_t>(parts.year < 0 ? -parts.year : parts.year), 4, '0');
}

void two(text_sink& out, std::uint64_t value, char fill = '0') { out.number(value, 2, fill); }

/// +hhmm, with `separator` between unless it is 0.
void write_offset(std::chrono::seconds offset, char separator, text_sink& out) {
  const std::int64_t minutes = offset.count() / 60;
  const auto absolute = static_cast<std::uint64_t>(minutes < 0 ? -minutes : minutes);
  out << (minutes < 0 ? '-' : '+');
  two(out, absolute / 60);
  if (separator != 0) out << separator;
  two(out, absolute % 60);
}

/// False if there is no such conversion.
bool write_conversion(char conversion, const civil_time& parts, text_sink& out) {
  const unsigned hour_of_12 = parts.hour % 12u == 0 ? 12u : parts.hour % 12u;
  const auto century_year = static_cast<unsigned>((parts.year % 100 + 100) % 100);
  switch (conversion) {
    case 'a':
      return out << weekday_name(parts).substr(0, short_characters), true;
    case 'A':
      return out << weekday_name(parts), true;
    case 'b':
      return out << month_name(parts).substr(0, short_characters), true;
    case 'B':
      return out << month_name(parts), true;
    case 'd':
      return two(out, parts.day), true;
    case 'e':
      return two(out, parts.day, ' '), true;
    case 'm':
      return two(out, parts.month), true;
    case 'y':
      return two(out, century_year), true;
    case 'Y':
      return write_year(parts, out), true;
    case 'H':
      return two(out, parts.hour), true;
    case 'I':
      return two(out, hour_of_12), true;
    case 'M':
      return two(out, parts.minute), true;
    case 'S':
      return two(out, parts.second), true;
    case 'p':
      return out << (parts.hour < 12 ? "AM" : "PM"), true;
    case 'j':
      return out.number(parts.yearday, 3, '0'), true;
    case 'u':
      return out.number(parts.weekday == 0 ? 7 : parts.weekday), true;
    case 'w':
      return out.number(parts.weekday), true;
    case 'F':
      return format_time("%Y-%m-%d", parts, out), true;
    case 'T':
      return format_time("%H:%M:%S", parts, out), true;
    case 'z':
      return write_offset(parts.offset, 0, out), true;
    case 'Z':
      return out << parts.zone, true;
    case '%':
      return out << '%', true;
    default:
      return false;
  }
}

void write_zone_designator(const civil_time& parts, text_sink& out) {
  if (parts.offset.count() == 0) out << 'Z';
  else write_offset(parts.offset, ':', out);
}

}  // namespace

void format_time(std::string_view format, const civil_time& parts, text_sink& out) {
  while (!format.empty()) {
    const std::size_t mark = format.find('%');
    out << format.substr(0, mark);
    if (mark == std::string_view::npos) return;
    format.remove_prefix(mark);
    if (format.size() == 1) return void(out << '%');
    if (!write_conversion(format[1], parts, out)) out << format.substr(0, 2);
    format.remove_prefix(2);
  }
}

void write_iso8601(const civil_time& parts, text_sink& out) {
  format_time("%FT%T", parts, out);
  write_zone_designator(parts, out);
}

void write_iso8601_micro(const civil_time& parts, text_sink& out) {
  format_time("%FT%T.", parts, out);
  out.number(parts.microsecond, 6, '0');
  write_zone_designator(parts, out);
}

}  // namespace recado
