// Would a peer accept this certificate?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/openssl_types.hpp>
#include <recado/pki/validity.hpp>

namespace recado::pki {

/// What the certificate is to be used for (extended key usage, RFC 5280 §4.2.1.12).
enum class purpose { any, server, client };

/// What to check against.
struct verify_options {
  std::string_view trusted;  ///< certificates in PEM or DER; those among them that sign themselves are the anchors
  std::optional<std::string_view> revocations;  ///< CRLs; nothing: revocation isn't checked
  /// A CRL of every authority must be there, not only that of the certificate's issuer. So it must anyway if one of a
  /// trust anchor is among them.
  bool crl_for_whole_chain = true;
  purpose what_for = purpose::any;  ///< use that the certificate must allow
  std::string host;                 ///< host name or address that a server must have; empty: not checked
  seconds_utc at;                   ///< the date of the check
};

/// What came of it, in words.
struct verification {
  bool accepted = false;           ///< nothing is wrong
  std::string cause;               ///< if not accepted: "has expired on …"
  std::string remedy;              ///< if not accepted: what to do
  std::string about;               ///< if not accepted: the subject of the certificate with the fault
  std::vector<std::string> chain;  ///< subjects from the certificate up to the anchor, as far as it was built
};

/// Checks the first certificate in `content`; those behind it may fill the chain but aren't trusted.
/// Throws `failure` if a file can't be read as what it should be.
verification verify(std::string_view content, std::string_view what, const verify_options& options);

}  // namespace recado::pki
