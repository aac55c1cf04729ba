// The small texts of handshakes: base64 (RFC 4648 §4) and the heads of HTTP answers (RFC 9112).
#pragma once

#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>

namespace recado::transport {

/// Writes `data`, and `more` behind it, as one base64 text.
void print_base64(bytes data, bytes more, text_sink& out);

/// The head of an answer, in place.
struct http_answer {
  unsigned status = 0;      ///< the three digits, 100 to 999
  std::string_view fields;  ///< the lines behind the first, each with its end
};
/// Reads "HTTP/1.x NNN …" and checks that each line behind it is a field without control characters; nothing else is
/// accepted. `head` ends with the empty line.
std::optional<http_answer> parse_http(std::string_view head);
/// The value of the only field of that name, without spaces around it. Nothing if it is absent or stands there twice.
std::optional<std::string_view> only_field(const http_answer& in, std::string_view name);
/// How many fields of that name there are.
std::size_t count_fields(const http_answer& in, std::string_view name);
/// True if a list field holds that token, in any case (RFC 9110 §5.6.1).
bool has_token(const http_answer& in, std::string_view name, std::string_view token);
/// True if they differ in the case of ASCII letters at most.
bool equal_in_any_case(std::string_view a, std::string_view b);

/// True if the text may stand in a request's first line or a Host field: visible ASCII, not empty.
bool is_visible(std::string_view text);

}  // namespace recado::transport
