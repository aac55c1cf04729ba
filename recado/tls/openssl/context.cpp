#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <string>
#include <system_error>

#include <recado/tls/folders.hpp>
#include <recado/tls/openssl/connection.hpp>
#include <recado/tls/openssl/context.hpp>
#include <recado/tls/openssl/load.hpp>
#include <recado/tls/openssl/session.hpp>

namespace recado::tls::openssl {
namespace {

// OpenSSL's level 2: 112 bits, RSA and DH from 2048 bits, no SHA-1 (SSL_CTX_set_security_level(3)).
constexpr int security_level = 2;
constexpr int security_bits_min = 112;

// Forward secrecy and authenticated encryption (RFC 9325 §4.2).
constexpr const char* default_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!PSK";
constexpr const char* psk_ciphers = "kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+CHACHA20:kPSK+AESGCM:kPSK+CHACHA20";

// A key without a hash of its own goes with SHA-256 (RFC 8446 §4.2.11), so suites with another one come last.
constexpr const char* psk_suites = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

using outcome = std::expected<void, error>;

outcome set_versions(SSL_CTX* to, const client_options& options) {
  if (options.lowest > options.highest) return std::unexpected(error::version_range_invalid);
  SSL_CTX_set_min_proto_version(to, static_cast<int>(options.lowest));
  SSL_CTX_set_max_proto_version(to, static_cast<int>(options.highest));
  return {};
}

// A list may carry "@SECLEVEL=0": the level is set again behind it.
outcome set_ciphers(SSL_CTX* to, const client_options& options) {
  std::string list{options.ciphers};
  const bool psk_alone = options.psk.given() && !options.ca.given() && options.ca_path.empty() && !options.system_store;
  if (list.empty() && !psk_alone) list = default_ciphers;
  if (options.ciphers.empty() && options.psk.given()) list += (list.empty() ? "" : ":") + std::string{psk_ciphers};
  if (SSL_CTX_set_cipher_list(to, list.c_str()) != 1) return std::unexpected(error::ciphers_invalid);
  std::string suites{options.suites};
  if (suites.empty() && options.psk.given()) suites = psk_suites;
  if (!suites.empty() && SSL_CTX_set_ciphersuites(to, suites.c_str()) != 1) {
    return std::unexpected(error::ciphers_invalid);
  }
  SSL_CTX_set_security_level(to, security_level);
  // What the level leaves of the list must be something for the versions allowed.
  const ssl_handle probe{SSL_new(to)};
  if (!probe) return std::unexpected(error::out_of_memory);
  if (options.psk.given()) SSL_set_psk_client_callback(probe.get(), [](SSL*, auto...) -> unsigned { return 0; });
  STACK_OF(SSL_CIPHER)* usable = SSL_get1_supported_ciphers(probe.get());
  const bool any = sk_SSL_CIPHER_num(usable) > 0;
  sk_SSL_CIPHER_free(usable);
  if (!any) return std::unexpected(error::ciphers_invalid);
  return {};
}

outcome set_alpn(SSL_CTX* to, std::string_view names) {
  if (names.empty()) return {};
  std::string wire;
  for (;;) {
    const auto name = names.substr(0, names.find(','));
    if (name.empty() || name.size() > 255 || wire.size() > 1024) return std::unexpected(error::alpn_invalid);
    wire += static_cast<char>(name.size());
    wire += name;
    if (name.size() == names.size()) break;
    names.remove_prefix(name.size() + 1);
  }
  const auto* data = reinterpret_cast<const unsigned char*>(wire.data());
  if (SSL_CTX_set_alpn_protos(to, data, static_cast<unsigned>(wire.size())) != 0) {
    return std::unexpected(error::alpn_invalid);
  }
  return {};
}

bool can_be_listed(std::string_view folder) {
  std::error_code failed;
  const std::filesystem::directory_iterator opened{std::filesystem::path{folder}, failed};
  return !failed;
}

outcome set_trust(SSL_CTX* to, const client_options& options) {
  X509_STORE* store = SSL_CTX_get_cert_store(to);
  if (options.ca.given()) {
    auto chain = load_certificates(options.ca, {error::ca_file_unreadable, error::ca_invalid});
    if (!chain) return std::unexpected(chain.error());
    for (int i = 0; i < sk_X509_num(chain->get()); ++i) X509_STORE_add_cert(store, sk_X509_value(chain->get(), i));
  }
  if (!options.ca_path.empty()) {
    const std::string folders{options.ca_path};
    // OpenSSL looks into them only when it searches an authority, and then finds none.
    if (!takes_folders(folders, can_be_listed) || SSL_CTX_load_verify_dir(to, folders.c_str()) != 1)
      return std::unexpected(error::ca_file_unreadable);
  }
  if (options.system_store && SSL_CTX_set_default_verify_paths(to) != 1) return std::unexpected(error::no_authority);
  X509_VERIFY_PARAM* param = SSL_CTX_get0_param(to);
  // Whatever the user names as trusted ends the chain, be it an intermediate authority or the server's own.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(param, chain_depth_max);
  X509_VERIFY_PARAM_set_hostflags(param, host_flags);
  if (!options.crl.given()) return {};
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return load_crls(options.crl, store);
}

// The key is checked against the certificate here, where the words can be clear, and not in a handshake.
outcome set_credentials(SSL_CTX* to, const client_options& options) {
  if (options.opaque_key != 0) return std::unexpected(error::opaque_key_unsupported);
  if (!options.certificate.given()) {
    if (options.key.given()) return std::unexpected(error::certificate_missing);
    return {};
  }
  auto chain = load_certificates(options.certificate, {error::certificate_file_unreadable, error::certificate_invalid});
  if (!chain) return std::unexpected(chain.error());
  X509* own = sk_X509_value(chain->get(), 0);
  auto key = load_key(options.key.given() ? options.key : options.certificate, options.pass_phrase, options.ask);
  if (!key) {
    const bool absent = key.error() == error::key_invalid && !options.key.given();
    return std::unexpected(absent ? error::key_missing : key.error());
  }
  if (X509_check_private_key(own, key->get()) != 1) return std::unexpected(error::key_mismatch);
  if (EVP_PKEY_get_security_bits(key->get()) < security_bits_min) return std::unexpected(error::key_weak);
  if (SSL_CTX_use_certificate(to, own) != 1) {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    return std::unexpected(reason == SSL_R_UNKNOWN_CERTIFICATE_TYPE ? error::key_unsupported : error::certificate_weak);
  }
  if (SSL_CTX_use_PrivateKey(to, key->get()) != 1) return std::unexpected(error::key_unsupported);
  for (int i = 1; i < sk_X509_num(chain->get()); ++i) {
    if (SSL_CTX_add1_chain_cert(to, sk_X509_value(chain->get(), i)) != 1) {
      return std::unexpected(error::certificate_weak);
    }
  }
  return {};
}

bool psk_valid(const pre_shared_key& psk) {
  if (!psk.given()) return true;
  return !psk.identity.empty() && psk.identity.size() <= psk_identity_bytes_max && !psk.identity.contains('\0') &&
         psk.key.size() >= psk_bytes_min && psk.key.size() <= psk_bytes_max;
}

void add(EVP_MD_CTX* to, bytes data) { EVP_DigestUpdate(to, data.data(), data.size()); }

// Everything that the verification of a server rests on, and who the client was.
policy_digest digest_of(SSL_CTX* shared, const client_options& options) {
  policy_digest result{};
  const digest_handle hash{EVP_MD_CTX_new()};
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) return result;
  const std::byte choices[] = {static_cast<std::byte>(options.check), std::byte{options.system_store},
                               std::byte{options.crl_for_whole_chain}};
  add(hash.get(), choices);
  add(hash.get(), as_bytes(options.ca_path));
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(shared));
  policy_digest one{};
  auto* out = reinterpret_cast<unsigned char*>(one.data());
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509_OBJECT* object = sk_X509_OBJECT_value(objects, i);
    if (const X509* trusted = X509_OBJECT_get0_X509(object)) X509_digest(trusted, EVP_sha256(), out, nullptr);
    if (X509_CRL* list = X509_OBJECT_get0_X509_CRL(const_cast<X509_OBJECT*>(object))) {
      X509_CRL_digest(list, EVP_sha256(), out, nullptr);
    }
    add(hash.get(), one);
  }
  if (const X509* own = SSL_CTX_get0_certificate(shared)) X509_digest(own, EVP_sha256(), out, nullptr);
  add(hash.get(), one);
  EVP_DigestFinal_ex(hash.get(), reinterpret_cast<unsigned char*>(result.data()), nullptr);
  return result;
}

}  // namespace

context::context() : last_session_(std::make_unique<session_memory>()) {}
context::~context() = default;

void context::free_context::operator()(ssl_ctx_st* shared) const { SSL_CTX_free(shared); }

std::expected<void, error> context::load(const client_options& options) {
  const bool anyone = options.ca.given() || !options.ca_path.empty() || options.system_store;
  const bool verifies = options.check != peer_check::nothing_anyone_may_answer;
  if (!psk_valid(options.psk)) return std::unexpected(error::psk_invalid);
  if (verifies && !anyone && !options.psk.given()) return std::unexpected(error::no_authority);
  if (verifies && anyone && !options.clock) return std::unexpected(error::clock_missing);
  ERR_clear_error();
  std::unique_ptr<ssl_ctx_st, free_context> fresh{SSL_CTX_new(TLS_client_method())};
  if (!fresh) return std::unexpected(error::out_of_memory);
  SSL_CTX_set_security_level(fresh.get(), security_level);
  outcome done = set_versions(fresh.get(), options);
  if (done) done = set_ciphers(fresh.get(), options);
  if (done) done = set_alpn(fresh.get(), options.alpn);
  if (done) done = set_trust(fresh.get(), options);
  if (done) done = set_credentials(fresh.get(), options);
  ERR_clear_error();
  if (!done) return done;
  connection::prepare(fresh.get(), options);
  shared_ = std::move(fresh);
  anyone_trusted_ = anyone;
  remember(options);
  return {};
}

void context::remember(const client_options& options) {
  options_ = options;
  options_.ca = options_.crl = options_.certificate = options_.key = {};
  options_.ca_path = options_.ciphers = options_.suites = options_.alpn = {};
  options_.pass_phrase = {}, options_.ask = nullptr, options_.psk = {};
  has_certificate_ = options.certificate.given();
  (void)psk_identity_.assign(options.psk.identity);
  wipe(psk_.data);
  copy(options.psk.key, psk_.data);
  psk_.size = options.psk.key.size();
  policy_ = digest_of(shared_.get(), options);
}

}  // namespace recado::tls::openssl
