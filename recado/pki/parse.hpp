// Reading what others made: PEM or DER, told apart by content.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/openssl_types.hpp>

namespace recado::pki {

/// One "-----BEGIN … END-----" block.
struct pem_block {
  std::string_view label;  ///< "CERTIFICATE"
  std::string_view text;   ///< all of it, with both lines
};

/// The blocks of a PEM text in their order; empty if there is none. What `text` borrows from must live on.
std::vector<pem_block> pem_blocks(std::string_view text);

/// All certificates in PEM, or the one in DER. Throws `failure` naming `what` if there is none.
std::vector<certificate_ptr> parse_certificates(std::string_view content, std::string_view what);
/// The first certificate. Throws `failure`.
certificate_ptr parse_certificate(std::string_view content, std::string_view what);
/// Throws `failure`.
request_ptr parse_request(std::string_view content, std::string_view what);
/// All revocation lists in PEM, or the one in DER. Throws `failure` if there is none.
std::vector<crl_ptr> parse_crls(std::string_view content, std::string_view what);

/// From DER that must be used up to the last byte; null if it is something else.
certificate_ptr certificate_from_der(std::string_view der);
request_ptr request_from_der(std::string_view der);  ///< the same
crl_ptr crl_from_der(std::string_view der);          ///< the same
key_ptr public_key_from_der(std::string_view der);   ///< the same

}  // namespace recado::pki
