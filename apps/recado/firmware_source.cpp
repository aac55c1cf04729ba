// The C++ source of an image: the configuration as code that the compiler evaluates, certificates and key as bytes.
#include <algorithm>

#include <recado/device/options.hpp>

#include "firmware.hpp"

namespace recado::app::firmware {

namespace {

constexpr std::size_t octets_a_line = 24;

class source_text final : public text_sink {
 public:
  /// With room for all of it, so that no copy of a secret is left behind by a growing text.
  explicit source_text(std::size_t room) { text_.reserve(room); }
  void write(std::string_view text) override { text_ += text; }
  pki::secret take() { return pki::secret{std::move(text_)}; }

  /// A string literal; octal escapes have three digits at most, so that what follows isn't taken for theirs.
  void literal(std::string_view text) {
    *this << '"';
    for (const char c : text) {
      const auto octet = static_cast<unsigned char>(c);
      if (octet >= 0x20 && octet < 0x7f && c != '"' && c != '\\') *this << c;
      else *this << '\\' << digit(octet >> 6) << digit(octet >> 3) << digit(octet);
    }
    *this << '"';
  }
  void octets(std::string_view name, std::string_view data) {
    if (data.empty()) return;
    *this << "constexpr auto " << name << " = octets({";
    for (std::size_t i = 0; i < data.size(); ++i) {
      *this << (i % octets_a_line == 0 ? "\n    " : "");
      number(static_cast<unsigned char>(data[i])) << ',';
    }
    *this << "\n});\n";
  }

 private:
  static char digit(unsigned value) { return static_cast<char>('0' + (value & 7)); }
  std::string text_;
};

struct assignment {
  source_text& out;
  std::string path;

  void operator()(const bool* at) const { out << path << " = " << (*at ? "true" : "false") << ";\n"; }
  void operator()(const std::uint32_t* at) const { (out << path << " = ").number(*at) << "u;\n"; }
  void operator()(const device::choice_field& at) const {
    (out << path << " = static_cast<decltype(" << path << ")>(").number(*at.value) << ");\n";
  }
  void operator()(const std::string_view* at) const {
    out << path << " = text(";
    out.literal(*at);
    out << ");\n";
  }
  void operator()(const device::server_list* at) const {
    for (std::size_t i = 0; i < at->size(); ++i) {
      out << (i == 0 ? "" : "  ") << path << ".push_back(text(";
      out.literal((*at)[i]);
      out << "));\n";
    }
  }
};

std::string value_of(const device::option& which, const device::configuration& in) {
  struct final_text final : text_sink {
    std::string text;
    void write(std::string_view piece) override { text += piece; }
  } value;
  device::print_value(which, in, true, value);
  return value.text;
}

/// One line for each option that isn't as it is by default.
void write_configuration(const device::configuration& chosen, source_text& out) {
  device::configuration copy = chosen;
  out << "constexpr device::configuration chosen() {\n  device::configuration c;\n";
  for (const device::option& each : device::options()) {
    if (value_of(each, chosen) == value_of(each, {})) continue;
    out << "  ";
    std::visit(assignment{out, "c." + std::string{each.section} + '.' + std::string{each.name}}, each.at(copy));
  }
  out << "  return c;\n}\n";
}

constexpr std::string_view beginning =
    R"(// The configuration of one image, written by recado firmware. It holds secrets: the private key, and a
// password if there is one.
#include <array>
#include <cstddef>

#include <boards/common/firmware_configuration.hpp>

namespace recado::firmware {
namespace {

template <std::size_t Size>
[[maybe_unused]] constexpr std::array<std::byte, Size> octets(const unsigned char (&values)[Size]) {
  std::array<std::byte, Size> result{};
  for (std::size_t i = 0; i < Size; ++i) result[i] = static_cast<std::byte>(values[i]);
  return result;
}

template <std::size_t Size>
[[maybe_unused]] constexpr std::string_view text(const char (&literal)[Size]) {
  return {literal, Size - 1};
}

)";

}  // namespace

pki::secret source_of(const device::configuration& chosen, const credentials& with, bool test_mode) {
  const std::pair<const char*, std::string_view> parts[] = {{"ca", with.ca.view()},
                                                            {"certificate", with.certificate.view()},
                                                            {"key", with.key.view()},
                                                            {"crl", with.crl.view()}};
  constexpr std::size_t rest = 64 * 1024, characters_an_octet = 5;
  std::size_t room = rest;
  for (const auto& [name, data] : parts) room += data.size() * characters_an_octet;
  source_text out{room};
  out << beginning;
  for (const auto& [name, data] : parts) out.octets(name, data);
  write_configuration(chosen, out);
  out << "\nconstinit const image_configuration image{.chosen = chosen()";
  for (const auto& [name, data] : parts) out << ", ." << name << " = " << (data.empty() ? "{}" : name);
  out << ", .test_mode = " << (test_mode ? "true" : "false") << "};\n\n}  // namespace\n\n"
      << "const image_configuration& configuration() { return image; }\n\n}  // namespace recado::firmware\n";
  return out.take();
}

}  // namespace recado::app::firmware
