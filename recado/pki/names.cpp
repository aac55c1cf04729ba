#include <algorithm>
#include <cctype>

#include <recado/core/address.hpp>
#include <recado/core/utf8.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/names.hpp>

namespace recado::pki {
namespace {

constexpr std::size_t host_name_bytes_max = 253;  // RFC 1035 §2.3.4, written with dots
constexpr std::size_t label_bytes_max = 63;

constexpr std::string_view subject_remedy = "write it like \"C=ES,O=Example,CN=board 1\"";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Takes one attribute from the front of `text`, without its escapes; the comma behind it goes too.
std::string take_attribute(std::string_view& text) {
  std::string attribute;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == ',') break;
    if (c == '\\' && !text.empty()) c = text.front(), text.remove_prefix(1);
    attribute += c;
  }
  return attribute;
}

void add_attribute(X509_NAME* name, std::string_view type, std::string_view value) {
  const std::string key{type};
  if (value.empty() || !is_utf8(as_bytes(value)))
    throw failure("the subject's " + key + " is empty or no UTF-8", std::string{subject_remedy});
  if (OBJ_txt2nid(key.c_str()) == NID_undef)
    throw failure("'" + key + "' is no attribute of a subject",
                  "use C, ST, L, O, OU, CN, emailAddress or serialNumber");
  const auto* data = reinterpret_cast<const unsigned char*>(value.data());
  if (X509_NAME_add_entry_by_txt(name, key.c_str(), MBSTRING_UTF8, data, static_cast<int>(value.size()), -1, 0) != 1)
    fail_openssl("the subject's " + key + " '" + std::string{value} + "' is not allowed",
                 "a country has two letters, a common name up to 64 characters");
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_bytes_max || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

void push_name(GENERAL_NAMES* names, int type, const std::string& value) {
  GENERAL_NAME* name = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, value.c_str(), 0);
  if (name == nullptr) fail_openssl("'" + value + "' cannot be a name in a certificate", "check it");
  sk_GENERAL_NAME_push(names, name);
}

ip_address address_of(const ASN1_OCTET_STRING* octets) {
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(octets));
  const bytes data = std::as_bytes(std::span{ASN1_STRING_get0_data(octets), size});
  ip_address result;
  if (size == 4) result.family = ip_address::kind::v4;
  else if (size == 16) result.family = ip_address::kind::v6;
  else return result;
  copy(data, result.octets);
  return result;
}

}  // namespace

name_ptr parse_subject(std::string_view text) {
  name_ptr name{X509_NAME_new()};
  if (text.find('=') == std::string_view::npos) {
    add_attribute(name.get(), "CN", trimmed(text));
    return name;
  }
  while (!text.empty()) {
    const std::string attribute = take_attribute(text);
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos)
      throw failure("'" + attribute + "' in the subject has no '='", std::string{subject_remedy});
    add_attribute(name.get(), trimmed(std::string_view{attribute}.substr(0, equals)),
                  trimmed(std::string_view{attribute}.substr(equals + 1)));
  }
  return name;
}

std::string text_of(const X509_NAME* name) {
  const bio_ptr out = gathering();
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  return text_of(out);
}

std::string common_name_of(const X509_NAME* name) {
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;) last = i;
  if (last < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  std::string result = size > 0 ? std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(size)) : "";
  OPENSSL_free(text);
  return result;
}

std::string ascii_remedy(std::string_view name, std::string otherwise) {
  const bool beyond = std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return beyond ? "write it in ASCII with xn-- (IDNA), as idn2(1) prints it" : std::move(otherwise);
}

void alternative_names::add(std::string_view name) {
  const bool address = parse_address(name).has_value();
  if (!address && !is_host_name(name))
    throw failure("'" + std::string{name} + "' is neither a host name nor an IP address",
                  ascii_remedy(name, "check its spelling"));
  std::vector<std::string>& list = address ? addresses : dns;
  if (std::find(list.begin(), list.end(), name) == list.end()) list.emplace_back(name);
}

general_names_ptr encode(const alternative_names& names) {
  if (names.empty()) return nullptr;
  general_names_ptr list{sk_GENERAL_NAME_new_null()};
  for (const std::string& name : names.dns) push_name(list.get(), GEN_DNS, name);
  for (const std::string& address : names.addresses) push_name(list.get(), GEN_IPADD, address);
  return list;
}

alternative_names decode(const GENERAL_NAMES* names) {
  alternative_names result;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      result.add({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
    } else if (name->type == GEN_IPADD) {
      std::array<char, 64> memory;
      buffer_sink text{memory};
      text << address_of(name->d.iPAddress);
      result.add(text.view());
    }
  }
  return result;
}

bool is_host_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > host_name_bytes_max) return false;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    if (!is_label(name.substr(0, dot))) return false;
    if (dot + 1 == name.size()) return false;
    if (dot == name.size() && name.find_first_not_of("0123456789") == std::string_view::npos) return false;
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return true;
}

bool is_entity_name(std::string_view name) {
  if (name.empty() || name.size() > common_name_bytes_max || !is_utf8(as_bytes(name))) return false;
  if (name.front() == '.' || name.front() == '-') return false;
  // Control characters of Unicode's second block, U+0080 to U+009F.
  for (std::size_t at = 0; (at = name.find('\xc2', at)) != name.npos; ++at)
    if (static_cast<unsigned char>(name[at + 1]) < 0xa0) return false;
  return std::none_of(name.begin(), name.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/' || c == '\\'; });
}

}  // namespace recado::pki
