#include <recado/device/server.hpp>

#include <recado/device/configuration.hpp>

namespace recado::device {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return {};
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (value == 0 || value > 65535) return {};
  return static_cast<std::uint16_t>(value);
}

/// Takes the first word off the front.
std::string_view take_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '[' || c == ']') return false;
  return true;
}

}  // namespace

std::optional<server> parse_server(std::string_view text, std::uint16_t usual_port) {
  server result{text, usual_port};
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    result.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    has_port = port.starts_with(':');
    if (!port.empty() && !has_port) return {};
    if (has_port) port.remove_prefix(1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    result.host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  if (!is_host(result.host)) return {};
  if (!has_port) return result;
  const auto number = parse_port(port);
  if (!number) return {};
  result.port = *number;
  return result;
}

void named_servers::remember(std::string_view text, std::uint8_t most) {
  used_ = size_ = 0;
  for (std::string_view word = take_word(text); !word.empty() && size_ < most; word = take_word(text)) {
    if (!parse_server(word, 1) || word.size() + 1 > text_.size() - used_) continue;
    word.copy(text_.data() + used_, word.size());
    used_ = static_cast<std::uint8_t>(used_ + word.size());
    text_[used_++] = ' ';
    ++size_;
  }
}

server named_servers::at(std::uint8_t number, std::uint16_t usual_port) const {
  std::string_view text{text_.data(), used_};
  std::string_view word = take_word(text);
  for (std::uint8_t i = 0; i < number; ++i) word = take_word(text);
  return parse_server(word, usual_port).value_or(server{});
}

std::uint16_t broker_port(const configuration& of) {
  if (!of.tls.enabled) return static_cast<std::uint16_t>(of.broker.plain_port);
  return static_cast<std::uint16_t>(of.broker.port != 0 ? of.broker.port : 8883);
}

}  // namespace recado::device
