#include <recado/capture/json_writer.hpp>

#include <recado/core/utf8.hpp>

namespace recado::capture {

void json_writer::name(std::string_view key, std::string_view suffix) {
  if (!first_) out_ << ',';
  first_ = false;
  if (key.empty()) return;
  out_ << '"';
  for (const char c : key) out_ << (c == ' ' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  out_ << suffix << "\":";
}

void json_writer::open(std::string_view key, char bracket) {
  name(key);
  out_ << bracket;
  first_ = true;
}

void json_writer::close(char bracket) {
  out_ << bracket;
  first_ = false;
}

void json_writer::quoted(std::string_view text) {
  out_ << '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out_ << '\\' << c;
    else if (c == '\n') out_ << "\\n";
    else if (octet < 0x20 || octet == 0x7f) out_ << "\\u00", out_.hex(octet, 2);
    else out_ << c;
  }
  out_ << '"';
}

void json_writer::text(std::string_view key, std::string_view value) {
  const bool legible = is_utf8(as_bytes(value));
  name(key, legible || key.empty() ? "" : "_hex");
  if (legible) return quoted(value);
  out_ << '"';
  out_.hex(as_bytes(value)) << '"';
}

void json_writer::number(std::string_view key, std::uint64_t value) {
  name(key);
  out_.number(value);
}

void json_writer::signed_number(std::string_view key, std::int64_t value) {
  name(key);
  out_.signed_number(value);
}

void json_writer::boolean(std::string_view key, bool value) {
  name(key);
  out_ << (value ? "true" : "false");
}

}  // namespace recado::capture
