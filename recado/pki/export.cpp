#include <algorithm>
#include <array>
#include <cctype>

#include <recado/pki/export.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/issue.hpp>
#include <recado/pki/parse.hpp>

namespace recado::pki {
namespace {

constexpr std::size_t bytes_a_line = 16;
constexpr std::string_view digits = "0123456789abcdef";

void add_array(std::string& text, const header_part& part) {
  text += "\n/// " + part.comment + ", in DER.\ninline constexpr std::uint8_t " + part.name + "[] = {";
  for (std::size_t i = 0; i < part.der.size(); ++i) {
    const auto value = static_cast<unsigned char>(part.der[i]);
    text += i % bytes_a_line == 0 ? "\n    " : " ";
    text += {'0', 'x', digits[value >> 4], digits[value & 15], ','};
  }
  text += "\n};\n";
}

/// C++23's keywords and the other names of its operators.
bool is_keyword(std::string_view name) {
  static constexpr std::string_view all[] = {
      "alignas",     "alignof",   "and",        "and_eq",    "asm",      "auto",         "bitand",
      "bitor",       "bool",      "break",      "case",      "catch",    "char",         "char8_t",
      "char16_t",    "char32_t",  "class",      "compl",     "concept",  "const",        "consteval",
      "constexpr",   "constinit", "const_cast", "continue",  "co_await", "co_return",    "co_yield",
      "decltype",    "default",   "delete",     "do",        "double",   "dynamic_cast", "else",
      "enum",        "explicit",  "export",     "extern",    "false",    "float",        "for",
      "friend",      "goto",      "if",         "inline",    "int",      "long",         "mutable",
      "namespace",   "new",       "noexcept",   "not",       "not_eq",   "nullptr",      "operator",
      "or",          "or_eq",     "private",    "protected", "public",   "register",     "reinterpret_cast",
      "requires",    "return",    "short",      "signed",    "sizeof",   "static",       "static_assert",
      "static_cast", "struct",    "switch",     "template",  "this",     "thread_local", "throw",
      "true",        "try",       "typedef",    "typeid",    "typename", "union",        "unsigned",
      "using",       "virtual",   "void",       "volatile",  "wchar_t",  "while",        "xor",
      "xor_eq"};
  return std::ranges::find(all, name) != std::end(all);
}

bool is_identifier(std::string_view name) {
  if (is_keyword(name)) return false;
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

}  // namespace

bool is_namespace_name(std::string_view name) {
  for (;;) {
    const std::size_t colons = name.find("::");
    if (!is_identifier(name.substr(0, colons))) return false;
    if (colons == std::string_view::npos) return true;
    name.remove_prefix(colons + 2);
  }
}

secret cpp_header(std::string_view name_space, const std::vector<header_part>& parts) {
  if (!is_namespace_name(name_space))
    throw failure("'" + std::string{name_space} + "' is no name of a C++ namespace",
                  "use letters, digits, _ and ::, and no word of the language");
  std::size_t size = 512;
  for (const header_part& part : parts) size += part.der.size() * 6 + part.comment.size() + 128;
  std::string text;
  text.reserve(size);  // no copy of a private key is left behind by a growing text
  text += "// Made by recado pki export.\n#pragma once\n\n#include <cstdint>\n\nnamespace ";
  text += std::string{name_space} + " {\n";
  for (const header_part& part : parts) add_array(text, part);
  text += "\n}  // namespace " + std::string{name_space} + '\n';
  return secret{std::move(text)};
}

std::string pem_bundle(const std::vector<std::string>& contents, std::string_view what) {
  std::string bundle;
  for (const std::string& content : contents)
    for (const certificate_ptr& each : parse_certificates(content, what)) bundle += pem_of(each.get());
  return bundle;
}

std::string to_der(std::string_view content, std::string_view what) {
  for (const pem_block& block : pem_blocks(content)) {
    if (block.label.ends_with("CERTIFICATE REQUEST")) return der_of(parse_request(block.text, what).get());
    if (block.label.ends_with("CERTIFICATE")) return der_of(parse_certificate(block.text, what).get());
    if (block.label == "X509 CRL") return der_of(parse_crls(block.text, what).front().get());
  }
  if (certificate_from_der(content) || request_from_der(content) || crl_from_der(content)) return std::string{content};
  throw failure(std::string{what} + " holds no certificate, request or revocation list", "give one in PEM or DER");
}

}  // namespace recado::pki
