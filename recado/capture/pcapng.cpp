#include <recado/capture/pcapng.hpp>

namespace recado::capture {
namespace {

constexpr std::uint32_t section_header_type = 0x0a0d0d0a;
constexpr std::uint32_t interface_description_type = 1;
constexpr std::uint32_t enhanced_packet_type = 6;
constexpr std::uint32_t decryption_secrets_type = 10;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint32_t no_snap_length = 0;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;          // opt_comment
constexpr std::uint16_t option_application = 4;      // shb_userappl
constexpr std::uint16_t option_interface_name = 2;   // if_name
constexpr std::uint16_t option_time_resolution = 9;  // if_tsresol
constexpr std::uint8_t microseconds = 6;             // 10^-6

void put(std::string& out, std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}
void put16(std::string& out, std::uint16_t value) { put(out, value, 2); }
void put32(std::string& out, std::uint32_t value) { put(out, value, 4); }

void put_padded(std::string& out, std::string_view data) {
  out += data;
  out.append((4 - data.size() % 4) % 4, '\0');
}

void put_option(std::string& out, std::uint16_t code, std::string_view value) {
  put16(out, code);
  put16(out, static_cast<std::uint16_t>(value.size()));
  put_padded(out, value);
}

std::string block(std::uint32_t type, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size() + 12);
  std::string out;
  out.reserve(size);
  put32(out, type);
  put32(out, size);
  out += body;
  put32(out, size);
  return out;
}

}  // namespace

std::string section_header(std::string_view application) {
  std::string body;
  put32(body, byte_order_magic);
  put16(body, 1);  // version 1.0
  put16(body, 0);
  put(body, ~std::uint64_t{0}, 8);  // the section's length isn't known
  put_option(body, option_application, application);
  put_option(body, option_end, {});
  return block(section_header_type, body);
}

std::string interface_description(std::string_view name) {
  std::string body;
  put16(body, link_type_ethernet);
  put16(body, 0);
  put32(body, no_snap_length);
  put_option(body, option_interface_name, name);
  const char resolution = microseconds;
  put_option(body, option_time_resolution, {&resolution, 1});
  put_option(body, option_end, {});
  return block(interface_description_type, body);
}

std::string enhanced_packet(bytes frame, utc_time when, std::string_view comment) {
  const auto stamp = static_cast<std::uint64_t>(when.time_since_epoch().count());
  const auto size = static_cast<std::uint32_t>(frame.size());
  std::string body;
  put32(body, 0);  // the interface
  put32(body, static_cast<std::uint32_t>(stamp >> 32));
  put32(body, static_cast<std::uint32_t>(stamp));
  put32(body, size);  // as captured
  put32(body, size);  // as it was on the network
  put_padded(body, as_text(frame));
  if (!comment.empty()) {
    put_option(body, option_comment, comment);
    put_option(body, option_end, {});
  }
  return block(enhanced_packet_type, body);
}

std::string decryption_secrets(std::string_view key_log_lines) {
  std::string body;
  put32(body, secrets_type_tls_key_log);
  put32(body, static_cast<std::uint32_t>(key_log_lines.size()));
  put_padded(body, key_log_lines);
  return block(decryption_secrets_type, body);
}

}  // namespace recado::capture
