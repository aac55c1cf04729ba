#include "output.hpp"

#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include <recado/core/utf8.hpp>

#include "../command.hpp"
#include "../console.hpp"
#include "json.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

/// %-010.5t: how a value is laid out.
struct layout {
  bool left = false;
  bool zeros = false;
  std::size_t width = 0;
  std::optional<std::size_t> precision;
};

/// One reading of the clock for all of a message.
struct moment {
  timespec at{};
  tm local{};
  moment() {
    ::clock_gettime(CLOCK_REALTIME, &at);
    ::localtime_r(&at.tv_sec, &local);
  }
  std::string text(const char* format) const {
    char buffer[128];
    return {buffer, std::strftime(buffer, sizeof buffer, format, &local)};
  }
  std::string fraction(unsigned digits) const {
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "%09ld", at.tv_nsec);
    return {buffer, digits};
  }
};

void pad(std::string text, const layout& how, char fill, std::string& to) {
  const std::size_t missing = how.width > text.size() ? how.width - text.size() : 0;
  if (how.left) to += text + std::string(missing, fill);
  else to += std::string(missing, fill) + text;
}

void add_number(std::optional<std::uint32_t> value, const layout& how, std::string& to) {
  pad(value ? std::to_string(*value) : std::string{}, how, how.zeros && !(value && how.left) ? '0' : ' ', to);
}

void add_text(std::string_view text, const layout& how, std::string& to) {
  pad(std::string{text.substr(0, how.precision.value_or(text.npos))}, how, ' ', to);
}

// As mosquitto's clients do, the width is also the most that is printed of a payload.
void add_payload(std::string_view payload, const layout& how, const char* digits, std::string& to) {
  if (how.width != 0) payload = payload.substr(0, how.width);
  if (how.width != 0 && digits != nullptr) payload = payload.substr(0, payload.size() / 2);
  std::string text;
  if (digits == nullptr) text = payload;
  else
    for (const char c : payload)
      text += digits[static_cast<unsigned char>(c) >> 4], text += digits[static_cast<unsigned char>(c) & 15];
  pad(std::move(text), how, how.zeros && !how.left ? '0' : ' ', to);
}

std::string hyphenated(std::string_view name) {
  std::string result{name};
  for (char& c : result) c = c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

/// `strict`: JSON is UTF-8 (RFC 8259 §8.1), so binary data that is none is written in digits, as a payload is.
void add_property(const mqtt::property_value& each, bool strict, json& to) {
  const std::string name = hyphenated(words(each.id));
  const auto kind = mqtt::traits_of(each.id).kind;
  if (strict && kind == mqtt::property_kind::binary && !is_utf8(as_bytes(each.text))) {
    std::string hex;
    add_payload(each.text, {}, "0123456789abcdef", hex);
    to.key(name + "_hex").string(hex);
    return;
  }
  to.key(name);
  if (kind == mqtt::property_kind::text || kind == mqtt::property_kind::binary) to.string(each.text);
  else to.number(each.number);
}

/// User properties stand together, where the first of them stood.
void add_properties(const mqtt::properties& list, bool strict, json& to) {
  to.key("properties").open('{');
  bool user_done = false;
  for (const auto& each : list) {
    if (each.id != mqtt::property::user_property) {
      add_property(each, strict, to);
    } else if (!user_done) {
      to.key("user-properties").open('{');
      for (const auto& user : list)
        if (user.id == mqtt::property::user_property) to.key(user.name).string(user.text);
      to.close('}');
      user_done = true;
    }
  }
  to.close('}');
}

bool add_json(const settings& how, const mqtt::message_received& what, const moment& now, bool quoted,
              std::string& to) {
  json line{how.pretty};
  line.open('{');
  line.key("tst").string(now.text("%Y-%m-%dT%H:%M:%S.") + now.fraction(6) + "Z" + now.text("%z"));
  line.key("topic").string(what.topic).key("qos").number(static_cast<int>(what.qos));
  line.key("retain").number(what.retain ? 1 : 0).key("payloadlen").number(static_cast<double>(what.payload.size()));
  if (what.qos != mqtt::qos::at_most_once) line.key("mid").number(what.packet_identifier);
  if (how.json && what.duplicate) line.key("dup").number(1);
  if (!what.properties.empty()) add_properties(what.properties, how.json, line);
  const std::string_view payload = as_text(what.payload);
  if (how.json && !is_utf8(what.payload)) {
    std::string hex;
    add_payload(payload, {}, "0123456789abcdef", hex);
    line.key("payload_hex").string(hex);
  } else {
    line.key("payload");
    if (quoted && (how.json || !payload.empty())) line.string(payload);
    else if (payload.empty()) line.word("null");
    else if (!copy_json(payload, line)) return false;
  }
  to += line.close('}').text();
  return true;
}

bool add_percent(const settings& how, const mqtt::message_received& what, const moment& now, char kind,
                 const layout& wish, std::string& to) {
  using mqtt::property;
  const auto optional_number = [&](property id) {
    const auto found = what.properties.find(id);
    return found ? std::optional{found->number} : std::nullopt;
  };
  const std::string_view payload = as_text(what.payload);
  switch (kind) {
    case '%':
      return to += '%', true;
    case 'A':
      return add_number(optional_number(property::topic_alias), wish, to), true;
    case 'E':
      return add_number(optional_number(property::message_expiry_interval), wish, to), true;
    case 'F':
      return add_number(optional_number(property::payload_format_indicator), wish, to), true;
    case 'S':
      return add_number(optional_number(property::subscription_identifier), wish, to), true;
    case 'C':
      return add_text(what.properties.text(property::content_type), wish, to), true;
    case 'R':
      if (what.properties.has(property::response_topic))
        add_text(what.properties.text(property::response_topic), wish, to);
      return true;
    case 'D':
      return to += what.properties.text(property::correlation_data), true;
    case 'I':
      return add_text(now.text("%FT%T%z"), wish, to), true;
    case 'U':
      return to += now.text("%s") + "." + now.fraction(9), true;
    case 'j':
      return add_json(how, what, now, true, to);
    case 'J':
      return add_json(how, what, now, false, to);
    case 'l':
      return add_number(static_cast<std::uint32_t>(what.payload.size()), wish, to), true;
    case 'm':
      return add_number(what.packet_identifier, wish, to), true;
    case 'p':
      return add_payload(payload, wish, nullptr, to), true;
    case 'x':
      return add_payload(payload, wish, "0123456789abcdef", to), true;
    case 'X':
      return add_payload(payload, wish, "0123456789ABCDEF", to), true;
    case 'q':
      return to += static_cast<char>('0' + static_cast<int>(what.qos)), true;
    case 'r':
      return to += what.retain ? '1' : '0', true;
    case 't':
      return add_text(what.topic, wish, to), true;
    case 'P': {
      bool first = true;
      for (const auto& each : what.properties) {
        if (each.id != property::user_property) continue;
        if (!std::exchange(first, false)) to += ' ';
        to += std::string{each.name} + ":" + std::string{each.text};
      }
      return true;
    }
    default:
      return true;
  }
}

std::size_t read_number(std::string_view format, std::size_t& at) {
  std::size_t value = 0;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
    value = std::min<std::size_t>(value * 10 + static_cast<std::size_t>(format[at] - '0'), 10'000'000);
  return value;
}

/// From behind the % to the letter.
layout read_layout(std::string_view format, std::size_t& at) {
  layout wish;
  if (at < format.size() && format[at] == '-') wish.left = true, ++at;
  if (at < format.size() && format[at] == '0') wish.zeros = true, ++at;
  wish.width = read_number(format, at);
  if (at < format.size() && format[at] == '.') wish.precision = read_number(format, ++at);
  return wish;
}

constexpr std::string_view letters = "%ACDEFIjJlmPpqRrStUxX";
constexpr std::string_view escapes = "\\0aenrtv";
constexpr std::string_view escaped{"\\\0\a\033\n\r\t\v", 8};

}  // namespace

void check_format(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char lead = format[i];
    if (lead != '%' && lead != '@' && lead != '\\') continue;
    ++i;
    if (lead == '%') read_layout(format, i);
    if (i >= format.size())
      throw failure("the format ends within a " + std::string{lead} + " sequence",
                    "double the character to print it: " + std::string(2, lead));
    const std::string_view known = lead == '%' ? letters : lead == '\\' ? escapes : std::string_view{};
    if (!known.empty() && known.find(format[i]) == known.npos)
      throw failure("the format has an unknown sequence " + std::string{lead} + format[i],
                    "behind " + std::string{lead} + " stands one of " + std::string{known});
  }
}

bool prints_json(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' && format[i] != '@' && format[i] != '\\') continue;
    const bool percent = format[i++] == '%';
    if (percent) read_layout(format, i);
    if (percent && i < format.size() && (format[i] == 'j' || format[i] == 'J')) return true;
  }
  return false;
}

bool format_message(const settings& how, const mqtt::message_received& what, std::string& to) {
  const moment now;
  const std::string_view format = *how.format;
  bool good = true;  // a payload that is no JSON takes away nothing but itself
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char lead = format[i];
    if ((lead != '%' && lead != '@' && lead != '\\') || i + 1 >= format.size()) {
      to += lead;
      continue;
    }
    ++i;
    if (lead == '%') {
      const layout wish = read_layout(format, i);
      good = add_percent(how, what, now, format[i], wish, to) && good;
    } else if (lead == '\\') {
      to += escaped[escapes.find(format[i])];
    } else if (format[i] == '@') {
      to += '@';
    } else if (format[i] == 'N') {
      to += now.fraction(9);
    } else {
      const char one[3] = {'%', format[i], 0};
      to += now.text(one);
    }
  }
  return good;
}

// Topics get their lines in the order in which they are first heard; what would break a line is shown as a blank.
void printer::print_in_place(const mqtt::message_received& what) {
  std::string text;
  if (how_.format) {
    if (!format_message(how_, what, text)) return;
  } else {
    text = std::string{how_.verbose ? what.topic : ""} + (how_.verbose ? " " : "") + std::string{as_text(what.payload)};
  }
  for (char& c : text)
    if (c == '\n' || c == '\r' || c == '\v' || c == '\f') c = ' ';
  if (lines_.empty()) out() << "\033[2J";
  const auto [place, is_new] = lines_.try_emplace(std::string{what.topic}, lines_.size() + 1);
  out() << "\033[";
  out().number(place->second) << ";1H" << std::string_view{text} << "\033[K\n";
  out().flush();
}

void printer::print(const mqtt::message_received& what) {
  if (how_.random_percent < 100 && std::uniform_real_distribution<double>{0, 100}(random_) >= how_.random_percent)
    return;
  if (how_.in_place) return print_in_place(what);
  std::string line;
  if (how_.json && !how_.format) {
    add_json(how_, what, moment{}, true, line);
  } else if (how_.format) {
    if (!format_message(how_, what, line) && !how_.quiet)
      err() << "recado " << name_of(how_.which) << ": the message on topic " << what.topic
            << " is not JSON; print it by %j or %p\n";
  } else if (what.payload.empty()) {
    if (!how_.verbose || how_.no_newline) return;
    line = std::string{what.topic} + " (null)";
  } else {
    if (how_.verbose) line = std::string{what.topic} + " ";
    out() << std::string_view{line} << as_text(what.payload);
    line.clear();
  }
  out() << std::string_view{line};
  if (!how_.no_newline) out() << '\n';
}

}  // namespace recado::app::tools
