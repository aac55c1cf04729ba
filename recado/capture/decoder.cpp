#include <recado/capture/decoder.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

#include <recado/capture/inspect.hpp>
#include <recado/capture/string_sink.hpp>

namespace recado::capture {
namespace {

constexpr std::size_t octets_a_line = 16;

/// "12:00:00.123456" of the day, in UTC.
std::string time_of_day(utc_time when) {
  const std::int64_t us = ((when.time_since_epoch().count() % 86'400'000'000) + 86'400'000'000) % 86'400'000'000;
  const std::int64_t s = us / 1'000'000;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%02lld:%02lld:%02lld.%06lld", static_cast<long long>(s / 3600),
                static_cast<long long>(s / 60 % 60), static_cast<long long>(s % 60),
                static_cast<long long>(us % 1'000'000));
  return text.data();
}

std::string text_of(const endpoint& where) {
  std::string text;
  string_sink sink{text};
  sink << where;
  return text;
}

/// The line of octets with the one at `offset`, and a caret under it; behind the last octet if `offset` is there.
/// Only so many octets are `visible`, the others are dots.
std::string pointed_at(bytes data, std::size_t offset, std::size_t base, std::size_t visible) {
  offset = std::min(offset, data.size());
  const bool behind = offset == data.size() && offset != 0;
  const std::size_t line = (behind ? offset - 1 : offset) / octets_a_line * octets_a_line;
  std::string text;
  string_sink sink{text};
  for (std::size_t at = line < octets_a_line ? 0 : line - octets_a_line; at <= line; at += octets_a_line) {
    sink.hex(base + at, 6) << "  ";
    const std::size_t count = std::min(octets_a_line, data.size() - at);
    const std::size_t shown = visible > at ? std::min(count, visible - at) : 0;
    sink.hex(data.subspan(at, shown), ' ');
    for (std::size_t i = shown; i < count; ++i) sink << (i == 0 ? ".." : " ..");
    sink << '\n';
  }
  return text + std::string(8 + (offset - line) * 3, ' ') + "^^\n";
}

}  // namespace

void decoder::indent(std::string_view text, std::string_view by) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out_ << by << line << '\n';
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

void decoder::note(std::string_view text) {
  if (how_.json) {
    json_.begin_object();
    json_.text("note", text);
    json_.end_object();
    return json_.end_line();
  }
  out_ << "-- " << text << '\n';
}

void decoder::heading(std::string_view protocol, const place& at, std::size_t length, std::string_view direction) {
  if (at.frame != nullptr) {
    out_ << "frame ", out_.number(at.frame->number) << ", " << time_of_day(at.frame->when) << ", ";
    out_ << at.from << " to " << at.to << ", ";
  }
  out_ << protocol << ", offset ";
  out_.number(at.offset) << ", ";
  out_.number(length) << " bytes";
  if (!direction.empty()) out_ << ", from the " << direction;
  out_ << '\n';
}

void decoder::begin_json(std::string_view protocol, const place& at, std::size_t length, std::string_view direction) {
  json_.begin_object();
  json_.text("protocol", protocol);
  if (at.frame != nullptr) {
    json_.number("frame", at.frame->number);
    json_.signed_number("time_us", at.frame->when.time_since_epoch().count());
    json_.text("source", text_of(at.from));
    json_.text("destination", text_of(at.to));
  }
  json_.number("offset", at.offset);
  json_.number("length", length);
  if (!direction.empty()) json_.text("from", direction);
}

void decoder::complain(const complaint& what, bytes data, const place& at) {
  if (!what.harmless) ++malformed_;
  if (how_.json) {
    json_.begin_object(what.harmless ? "incomplete" : "error");
    json_.text("cause", what.cause);
    if (!what.field.empty()) json_.text("field", what.field);
    json_.number("offset", at.offset + what.offset);
    return json_.end_object();
  }
  out_ << (what.harmless ? "  incomplete: " : "  malformed: ") << what.cause;
  if (!what.field.empty()) out_ << " (" << what.field << ')';
  out_ << ", at offset ";
  out_.number(at.offset + what.offset) << '\n';
  indent(pointed_at(data, what.offset, at.offset, how_.show_secrets ? SIZE_MAX : what.visible), "    ");
}

void decoder::decode_datagram(application what, bytes data, const place& at) {
  ++packets_;
  const utc_time near = at.frame != nullptr ? at.frame->when : utc_time{std::chrono::years{56}};  // only NTP's era
  std::string text;
  string_sink sink{text};
  describe(what, data, near, sink);
  if (how_.json) {
    begin_json(words(what), at, data.size(), {});
    json_.begin_array("fields");
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      json_.text({}, line);
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    json_.end_array();
  } else {
    heading(words(what), at, data.size(), {});
    indent(text, "  ");
  }
  if (const auto wrong = inspect(what, data)) complain({wrong->cause, {}, wrong->offset}, data, at);
  if (how_.json) json_.end_object(), json_.end_line();
}

void decoder::decode(bytes data) {
  using protocol = decode_settings::protocol;
  static constexpr application datagrams[] = {application::unknown, application::unknown, application::dhcp,
                                              application::dns, application::ntp};
  const application asked = datagrams[static_cast<std::size_t>(how_.what)];
  if (asked != application::unknown) return decode_datagram(asked, data, {});
  if (how_.what == protocol::mqtt || how_.version || how_.direction) return decode_mqtt(data);
  for (const application one : {application::dhcp, application::ntp, application::dns}) {
    if (!resembles(one, data)) continue;
    note("this looks like " + std::string{words(one)} + " (--protocol says otherwise)");
    return decode_datagram(one, data, {});
  }
  decode_mqtt(data);
}

}  // namespace recado::capture
