// What an authority has issued and revoked: a text file in the form of OpenSSL's "ca" program, one certificate a
// line, so that its tools read it too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/validity.hpp>

namespace recado::pki {

/// Why a certificate was revoked (RFC 5280 §5.3.1); those that mean "for ever".
enum class revocation_reason : int {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  privilege_withdrawn = 9,
};

/// "keyCompromise": the standard's word.
std::string_view words(revocation_reason reason);
/// All of them, separated by ", ".
std::string revocation_reason_names();
/// Throws `failure` with the nearest word.
revocation_reason parse_revocation_reason(std::string_view word);

/// A line of the index: one certificate.
struct index_entry {
  std::string serial;                                         ///< capital hexadecimal digits
  seconds_utc expires;                                        ///< the end of its validity
  std::optional<seconds_utc> revoked;                         ///< when, if it was
  revocation_reason reason = revocation_reason::unspecified;  ///< why, if it was
  std::string file;                                           ///< relative to the folder: "servers/broker.crt"
  std::string subject;                                        ///< "/O=Example/CN=broker"
};

/// Reads the file's text. Throws `failure` with the number of a line that is damaged.
std::vector<index_entry> parse_index(std::string_view text, std::string_view file);
/// The same as text, a line for each entry.
std::string text_of(const std::vector<index_entry>& index);

}  // namespace recado::pki
