// Certificates, keys and CRLs out of files and memory, PEM or DER. For sources of the back end only.
#pragma once

#include <expected>

#include <recado/tls/error.hpp>
#include <recado/tls/openssl/handles.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::openssl {

/// What to answer when the file can't be opened, and when it holds nothing of the kind.
struct load_errors {
  error unreadable,  ///< it can't be opened or read
      invalid;       ///< it can be read, but holds nothing of the kind
};

/// Opens `from` for reading from its beginning.
std::expected<bio_handle, error> open(const source& from, error unreadable);
/// All certificates of `from`, in their order; at least one.
std::expected<chain_handle, error> load_certificates(const source& from, load_errors errors);
/// Adds all CRLs of `from`, at least one, to `store`.
std::expected<void, error> load_crls(const source& from, X509_STORE* store);
/// The private key of `from`; asks for the pass phrase only if it is encrypted.
std::expected<key_handle, error> load_key(const source& from, bytes pass_phrase, pass_phrase_source* ask);

}  // namespace recado::tls::openssl
