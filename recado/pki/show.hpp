// Certificates, requests, revocation lists and keys as people read them: every field, nothing hidden but secrets.
#pragma once

#include <string>
#include <string_view>

#include <recado/pki/secret.hpp>
#include <recado/pki/validity.hpp>

namespace recado::pki {

/// How much is shown.
struct show_options {
  bool long_form = false;     ///< public keys and signatures byte by byte, too
  bool show_secrets = false;  ///< private keys byte by byte, too
  seconds_utc now;            ///< to say "expired"
  passphrase_source ask;      ///< for encrypted private keys; if empty they are only named
};

/// Everything that `content` holds: PEM (any number of blocks) or DER (one object), told apart by content. Control
/// characters are escaped, so that a hostile file can't write to the terminal. `what` names it in errors.
/// Throws `failure` if nothing in it is known.
std::string show(std::string_view content, std::string_view what, const show_options& options);

}  // namespace recado::pki
