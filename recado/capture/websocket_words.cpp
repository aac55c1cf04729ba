#include <recado/capture/websocket_words.hpp>

#include <algorithm>

#include <recado/capture/string_sink.hpp>

namespace recado::capture {
namespace {

constexpr unsigned continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10;  // RFC 6455 §5.2

unsigned octet(std::string_view of, std::size_t at) { return static_cast<unsigned char>(of[at]); }

std::string printable(std::string_view line) {
  std::string result;
  for (const char c : line) result += c >= ' ' && c <= '~' ? c : '.';
  return result;
}

std::string size_of(std::string_view secret) { return "(" + std::to_string(secret.size()) + " bytes)"; }

bool is_secret(std::string_view field) {
  std::string name;
  for (const char c : field) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  static constexpr std::string_view marks[] = {"auth", "cookie", "token", "secret", "password", "api-key"};
  return std::ranges::any_of(marks, [&](std::string_view mark) { return name.find(mark) != name.npos; });
}

/// The first line of a head: of what stands behind a question mark only the length.
std::string shown_request(std::string_view line) {
  const std::size_t query = line.find('?');
  if (query == line.npos) return printable(line);
  const std::size_t end = std::min(line.find(' ', query), line.size());
  return printable(line.substr(0, query + 1)) + size_of(line.substr(query + 1, end - query - 1)) +
         printable(line.substr(end));
}

/// A field as it may be shown; one that begins with a blank goes on with the field before it (RFC 9112 §5.2).
std::string shown_field(std::string_view line, bool& hidden) {
  if (line.starts_with(' ') || line.starts_with('\t')) return hidden ? size_of(line) : printable(line);
  const std::size_t colon = std::min(line.find(':'), line.size());
  hidden = is_secret(line.substr(0, colon));
  if (!hidden) return printable(line);
  const std::size_t value = std::min(line.size(), line.find_first_not_of(": ", colon));
  return printable(line.substr(0, colon)) + ": " + size_of(line.substr(value));
}

}  // namespace

void websocket_words::drop(std::size_t count) {
  waiting_.erase(0, count);
  offset_ += count;
}

std::optional<blemish> websocket_words::take_head(bool show_secrets, std::string& lines) {
  const std::size_t end = waiting_.find("\r\n\r\n");
  if (end == waiting_.npos) {
    starved_ = true;
    if (waiting_.size() > head_bytes_max) return blemish{"the head of HTTP has no end", offset_};
    return std::nullopt;
  }
  const std::string_view head = std::string_view{waiting_}.substr(0, end);
  refused_ = head.starts_with("HTTP/") && head.substr(0, head.find('\r')).find(" 101") == head.npos;
  bool hidden = false;
  for (std::size_t at = 0; at <= head.size();) {
    const std::size_t stop = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, stop - at);
    lines += show_secrets ? printable(line) : at == 0 ? shown_request(line) : shown_field(line, hidden);
    lines += '\n';
    at = stop + 2;
  }
  framed_ = true;
  drop(end + 4);
  return std::nullopt;
}

std::optional<blemish> websocket_words::check_frame(bool from_client) const {
  const unsigned opcode = octet(waiting_, 0) & 15U;
  const bool control = opcode >= close, fin = (octet(waiting_, 0) & 0x80U) != 0;
  if ((octet(waiting_, 0) & 0x70U) != 0)
    return blemish{"a reserved bit of the frame is set, and no extension was agreed on", offset_};
  if (opcode == text) return blemish{"MQTT is in binary messages, and this is one of text", offset_};  // [MQTT-6.0.0-1]
  if (opcode > pong || (opcode > binary && opcode < close)) return blemish{"there is no such kind of frame", offset_};
  if (opcode == continuation && !more_) return blemish{"no message is under way that could be continued", offset_};
  if (opcode == binary && more_) return blemish{"the message before this one has no end", offset_};
  if (control && !fin) return blemish{"a control frame is in pieces", offset_};
  const bool masked = (octet(waiting_, 1) & 0x80U) != 0;
  if (masked != from_client)  // RFC 6455 §5.1
    return blemish{from_client ? "the client's frame is not masked" : "the server's frame is masked", offset_ + 1};
  if (control && (octet(waiting_, 1) & 0x7fU) > 125) return blemish{"a control frame is too long", offset_ + 1};
  return std::nullopt;
}

std::optional<blemish> websocket_words::take_frame(bool from_client, std::string& lines) {
  starved_ = true;
  if (waiting_.size() < 2) return std::nullopt;
  if (const auto wrong = check_frame(from_client)) return wrong;
  const unsigned opcode = octet(waiting_, 0) & 15U, short_length = octet(waiting_, 1) & 0x7fU;
  const std::size_t extended = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  const std::size_t header = 2 + extended + (from_client ? 4 : 0);
  if (waiting_.size() < header) return std::nullopt;
  std::uint64_t length = extended == 0 ? short_length : 0;
  for (std::size_t i = 0; i < extended; ++i) length = length << 8 | octet(waiting_, 2 + i);
  if (length >> 63 != 0) return blemish{"the length of the frame has its highest bit set", offset_ + 2};
  const bool is_control = opcode >= close;
  if (is_control && waiting_.size() < header + length) return std::nullopt;
  starved_ = false;
  mask_ = {}, masked_ = 0;
  if (from_client) std::copy_n(waiting_.begin() + static_cast<std::ptrdiff_t>(2 + extended), 4, mask_.begin());
  if (!is_control) {
    more_ = (octet(waiting_, 0) & 0x80U) == 0;
    left_ = length;
    return drop(header), std::nullopt;
  }
  std::string payload = waiting_.substr(header, length);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask_[i % 4]);
  control(opcode, payload, lines);
  drop(header + length);
  return std::nullopt;
}

void websocket_words::control(unsigned opcode, std::string_view payload, std::string& lines) const {
  lines += opcode == close ? "Close" : opcode == ping ? "Ping" : "Pong";
  if (opcode == close && payload.size() >= 2) {  // RFC 6455 §5.5.1
    lines += ", status " + std::to_string(octet(payload, 0) << 8 | octet(payload, 1));
    if (payload.size() > 2) lines += ": " + printable(payload.substr(2));
  } else if (!payload.empty()) {
    lines += ", " + std::to_string(payload.size()) + " bytes";
  }
  lines += '\n';
}

void websocket_words::take_payload(std::string& carried) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, waiting_.size()));
  for (std::size_t i = 0; i < count; ++i) carried += static_cast<char>(waiting_[i] ^ mask_[masked_++ % 4]);
  left_ -= count;
  drop(count);
}

std::optional<blemish> websocket_words::add(std::string_view data, bool from_client, bool show_secrets,
                                            std::string& carried, std::string& lines) {
  waiting_ += data;
  for (starved_ = false; !starved_ && !waiting_.empty();) {
    std::optional<blemish> wrong;
    if (!framed_) wrong = take_head(show_secrets, lines);
    else if (refused_) drop(waiting_.size());
    else if (left_ != 0) take_payload(carried);
    else wrong = take_frame(from_client, lines);
    if (wrong) return wrong;
  }
  return std::nullopt;
}

}  // namespace recado::capture
