#include <recado/client/url.hpp>

#include <algorithm>
#include <charconv>

#include <recado/chain/session_places.hpp>

namespace recado::client {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// RFC 3986 §3.1: letters of either case, `name` is written in small ones.
bool is_name(std::string_view text, std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::equal(text.begin(), text.end(), name.begin(), name.end(), same);
}

// A space or a control character, or what parts a URL.
bool is_foreign(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7f ||
         std::string_view{"/?#[]@"}.find(c) != std::string_view::npos;
}

bool read_scheme(std::string_view& text, url& result) {
  const std::string_view scheme = text.substr(0, std::min(text.find("://"), text.size()));
  result.secure = is_name(scheme, "mqtts");
  if (!result.secure && !is_name(scheme, "mqtt")) return false;
  text.remove_prefix(std::min(scheme.size() + 3, text.size()));
  result.port = result.secure ? port_secure : port_plain;
  if (text.ends_with('/')) text.remove_suffix(1);
  return true;
}

bool read_user(std::string_view& text, url& result) {
  const std::size_t at = text.rfind('@');
  if (at == text.npos) return true;
  const std::string_view user = text.substr(0, at);
  text.remove_prefix(at + 1);
  const std::size_t colon = user.find(':');
  result.user_name = percent_decoded(user.substr(0, colon));
  if (!result.user_name) return false;
  if (colon == user.npos) return true;
  result.password = percent_decoded(user.substr(colon + 1));
  return result.password.has_value();
}

bool read_port(std::string_view text, url& result) {
  if (text.empty()) return true;
  if (text[0] != ':') return false;
  text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result.port);
  return code == std::errc{} && end == text.data() + text.size() && result.port != 0;
}

bool read_host(std::string_view text, url& result) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == text.npos) return false;
  result.host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  if (const std::size_t zone = result.host.find("%25"); bracketed && zone != std::string::npos)
    result.host.erase(zone + 1, 2);  // RFC 6874 §2: how a URL writes the % of fe80::1%eth0
  if (result.host.empty() || std::any_of(result.host.begin(), result.host.end(), is_foreign)) return false;
  return end == text.npos || read_port(text.substr(bracketed ? end + 1 : end), result);
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

std::expected<url, failure> parse_url(std::string_view text) {
  url result;
  if (read_scheme(text, result) && read_user(text, result) && read_host(text, result)) return result;
  return std::unexpected{make_failure(error::bad_url)};
}

std::string address_of(const url& where) {
  const bool v6 = where.host.find(':') != std::string::npos;
  return (v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

std::uint32_t number_of(const url& where) { return chain::session_places::number_of(where.host, where.port); }

std::vector<url> parse_reference(std::string_view text, const url& from) {
  std::vector<url> result;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    url next = from;
    next.port = from.secure ? port_secure : port_plain;
    if (read_host(one, next)) result.push_back(std::move(next));
  }
  return result;
}

}  // namespace recado::client
