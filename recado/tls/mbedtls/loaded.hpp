// What a context has loaded, as Mbed TLS wants it. For sources of the back end only.
#pragma once

#include <array>

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <recado/tls/mbedtls/suites.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

/// SHA-256 of the policy under which servers are verified.
using policy_digest = std::array<std::byte, 32>;

/// Lies in the pool until nobody uses it any more.
struct loaded_options {
  loaded_options();
  ~loaded_options();
  loaded_options(const loaded_options&) = delete;
  loaded_options& operator=(const loaded_options&) = delete;

  static constexpr std::size_t protocols_max = has_choices ? 8 : 1, protocol_text_max = has_choices ? 320 : 0;

  mbedtls_ssl_config config;
  mbedtls_x509_crt trusted, own;
  mbedtls_pk_context key;
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  mbedtls_x509_crl lists;
#endif
  suite_list suites;
  std::array<char, protocol_text_max> protocol_text{};
  std::array<const char*, protocols_max + 1> protocols{};
  client_options options{};  // without the borrowed texts and bytes
  bool has_certificate = false, has_lists = false, has_psk = false;
  bool anyone_trusted = false;  // a CA was given, as opposed to a pre-shared key alone
  policy_digest policy{};       // what a session's verification was based on
  unsigned users = 1;
};

/// Counts one user more.
loaded_options* share(loaded_options* one);
/// Counts one less, and ends it with the last; null is nothing.
void release(loaded_options* one);

}  // namespace recado::tls::mbedtls
