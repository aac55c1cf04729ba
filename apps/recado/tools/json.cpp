#include "json.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace recado::app::tools {

void json::indent() {
  if (!pretty_) return;
  text_ += '\n';
  text_.append(levels_.size(), '\t');
}

void json::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  level& here = levels_.back();
  if (!here.empty) text_ += pretty_ && here.bracket == '[' ? ", " : ",";
  here.empty = false;
  if (here.bracket == '{') indent();
}

json& json::open(char bracket) {
  separate();
  text_ += bracket;
  levels_.push_back({bracket});
  return *this;
}

json& json::close(char bracket) {
  levels_.pop_back();
  if (bracket == '}') indent();
  text_ += bracket;
  return *this;
}

json& json::key(std::string_view name) {
  separate();
  quote(name);
  text_ += pretty_ ? ":\t" : ":";
  after_key_ = true;
  return *this;
}

json& json::string(std::string_view text) {
  separate();
  quote(text);
  return *this;
}

json& json::word(std::string_view text) {
  separate();
  text_ += text;
  return *this;
}

json& json::number(double value) {
  separate();
  char digits[40];
  if (std::isnan(value) || std::isinf(value)) std::snprintf(digits, sizeof digits, "null");
  else if (value == 0 && std::signbit(value)) std::snprintf(digits, sizeof digits, "-0");
  else if (value == std::trunc(value) && std::fabs(value) < 2147483648.0)
    std::snprintf(digits, sizeof digits, "%d", static_cast<int>(value));
  else {
    std::snprintf(digits, sizeof digits, "%1.15g", value);
    if (std::strtod(digits, nullptr) != value) std::snprintf(digits, sizeof digits, "%1.17g", value);
  }
  text_ += digits;
  return *this;
}

void json::quote(std::string_view text) {
  text_ += '"';
  for (const char c : text) switch (c) {
      case '"':
        text_ += "\\\"";
        break;
      case '\\':
        text_ += "\\\\";
        break;
      case '\b':
        text_ += "\\b";
        break;
      case '\f':
        text_ += "\\f";
        break;
      case '\n':
        text_ += "\\n";
        break;
      case '\r':
        text_ += "\\r";
        break;
      case '\t':
        text_ += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          text_ += c;
          break;
        }
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned char>(c));
        text_ += escape;
    }
  text_ += '"';
}

namespace {

/// Hands each part on as it is read: keys stay in their order, and twice where they stand twice.
struct copier {
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;
  json& to;

  bool null() { return to.word("null"), true; }
  bool boolean(bool yes) { return to.word(yes ? "true" : "false"), true; }
  // Only -0 is an integer that is both signed and zero.
  bool number_integer(number_integer_t value) {
    return to.number(value == 0 ? -0.0 : static_cast<double>(value)), true;
  }
  bool number_unsigned(number_unsigned_t value) { return to.number(static_cast<double>(value)), true; }
  bool number_float(number_float_t value, const string_t&) { return to.number(value), true; }
  bool string(string_t& text) { return to.string(text), true; }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return to.open('{'), true; }
  bool key(string_t& name) { return to.key(name), true; }
  bool end_object() { return to.close('}'), true; }
  bool start_array(std::size_t) { return to.open('['), true; }
  bool end_array() { return to.close(']'), true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) { return false; }
};

}  // namespace

bool copy_json(std::string_view text, json& to) {
  copier each{to};
  return nlohmann::json::sax_parse(text.begin(), text.end(), &each);
}

}  // namespace recado::app::tools
