// Whom a certificate is for: the subject, and the names under which a server is reached.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/openssl_types.hpp>

namespace recado::pki {

/// RFC 5280 appendix A, ub-common-name.
inline constexpr std::size_t common_name_bytes_max = 64;

/// A subject such as "C=ES,O=Example,CN=board 1"; the attributes in the order given. A comma, a plus or a
/// backslash inside a value is written with a backslash before it. Attributes: OpenSSL's short names or dotted OIDs.
/// A text without any '=' is the common name. Throws `failure`.
name_ptr parse_subject(std::string_view text);

/// "CN = board 1, O = Example", as RFC 2253 escapes it but for UTF-8, which stays.
std::string text_of(const X509_NAME* name);
/// The (last) common name, or an empty text.
std::string common_name_of(const X509_NAME* name);

/// Names for the extension subjectAltName.
struct alternative_names {
  std::vector<std::string> dns;        ///< host names, perhaps with a wildcard
  std::vector<std::string> addresses;  ///< IPv4 or IPv6 as people write them

  /// True if there is neither kind.
  bool empty() const { return dns.empty() && addresses.empty(); }
  /// Adds `name` where it belongs; does nothing if it is there already. Throws `failure` if it is neither an
  /// address nor a host name (a wildcard may be its whole first label, RFC 6125 §6.4.3).
  void add(std::string_view name);
};

/// The extension's value, or null if there are no names. Throws `failure`.
general_names_ptr encode(const alternative_names& names);
/// Those names of the extension that `alternative_names` knows.
alternative_names decode(const GENERAL_NAMES* names);

/// True if it is a host name of letters, digits and hyphens (RFC 1123 §2.1), perhaps with a wildcard. The last label
/// isn't a number: that would be a (perhaps mistyped) address.
bool is_host_name(std::string_view name);

/// What to do about a name that is no host name: with letters beyond ASCII as a certificate spells it (RFC 5280
/// §7.2), else `otherwise`.
std::string ascii_remedy(std::string_view name, std::string otherwise);

/// True if `name` can be the name of a file and of a certificate: 1 to 64 bytes of UTF-8, no control
/// character, no slash, no dot or hyphen in front.
bool is_entity_name(std::string_view name);

}  // namespace recado::pki
