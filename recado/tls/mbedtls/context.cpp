#include <psa/crypto.h>

#include <algorithm>
#include <memory>

#include <recado/tls/mbedtls/context.hpp>
#include <recado/tls/mbedtls/describe.hpp>
#include <recado/tls/mbedtls/load.hpp>
#include <recado/tls/mbedtls/loaded.hpp>
#include <recado/tls/mbedtls/opaque.hpp>
#include <recado/tls/mbedtls/random.hpp>

namespace recado::tls::mbedtls {
namespace {

// Nothing under 112 bits of strength.
constexpr mbedtls_x509_crt_profile profile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA224) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xfffffff,
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    rsa_bits_min};

// PKCS #1 stands before PSS, as Mbed TLS verifies PSS with TLS 1.3 only, where PKCS #1 isn't chosen (RFC 8446 §4.2.3).
constexpr std::uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
#if defined(PSA_WANT_ECC_SECP_R1_384)
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
#endif
#if defined(PSA_WANT_ECC_SECP_R1_521)
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
#endif
#if defined(MBEDTLS_RSA_C)
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
#endif
    MBEDTLS_TLS1_3_SIG_NONE,
};

outcome<error> set_versions(loaded_options& to, const client_options& options) {
#if defined(MBEDTLS_SSL_PROTO_TLS1_2)
  const version lowest = options.lowest;
#else
  const version lowest = std::max(options.lowest, version::v1_3);
#endif
  if (lowest > options.highest) return std::unexpected(error::version_range_invalid);
  const auto of = [](version which) {
    return which == version::v1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
  };
  mbedtls_ssl_conf_min_tls_version(&to.config, of(lowest));
  mbedtls_ssl_conf_max_tls_version(&to.config, of(options.highest));
  return {};
}

outcome<error> set_suites(loaded_options& to, const client_options& options) {
  auto chosen = choose_suites(options, to.anyone_trusted || !options.psk.given());
  if (!chosen) return std::unexpected(chosen.error());
  to.suites = *chosen;
  mbedtls_ssl_conf_ciphersuites(&to.config, to.suites.begin());
  mbedtls_ssl_conf_sig_algs(&to.config, signatures);
  mbedtls_ssl_conf_groups(&to.config, groups().data());
#if defined(MBEDTLS_DHM_C)
  mbedtls_ssl_conf_dhm_min_bitlen(&to.config, rsa_bits_min);
#endif
  return {};
}

outcome<error> set_alpn(loaded_options& to, std::string_view names) {
  if (names.empty()) return {};
  if constexpr (!has_choices) to.protocols[0] = names.data();  // one, whose literal ends in a zero
  std::size_t count = 0, used = 0;
  while (has_choices) {
    const auto name = names.substr(0, names.find(','));
    const bool fits = count < loaded_options::protocols_max && used + name.size() < to.protocol_text.size();
    if (name.empty() || name.size() > 255 || !fits) return std::unexpected(error::alpn_invalid);
    to.protocols[count++] = std::copy(name.begin(), name.end(), &to.protocol_text[used]) - name.size();
    used += name.size() + 1;  // the rest is zero
    if (name.size() == names.size()) break;
    names.remove_prefix(name.size() + 1);
  }
  if (mbedtls_ssl_conf_alpn_protocols(&to.config, to.protocols.data()) == 0) return {};
  return std::unexpected(error::alpn_invalid);
}

outcome<error> set_trust(loaded_options& to, const client_options& options) {
  outcome<error> done;
  if (options.ca.given())
    done = load_certificates(options.ca, {error::ca_file_unreadable, error::ca_invalid}, to.trusted);
  if (done && !options.ca_path.empty()) done = load_folders(options.ca_path, to.trusted);
  if (done && options.system_store) done = load_system(to.trusted);
  mbedtls_x509_crl* lists = nullptr;
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  if (done && options.crl.given()) done = load_crls(options.crl, to.lists);
  to.has_lists = options.crl.given();
  if (to.has_lists) lists = &to.lists;
#else
  if (done && options.crl.given()) return std::unexpected(error::crl_invalid);
#endif
  if (to.anyone_trusted) mbedtls_ssl_conf_ca_chain(&to.config, &to.trusted, lists);
  return done;
}

bool weak(const mbedtls_x509_crt& chain) {
  for (const auto* one = &chain; one; one = one->next) {
    const bool self_issued = one->issuer_raw.len == one->subject_raw.len &&
                             std::equal(one->issuer_raw.p, one->issuer_raw.p + one->issuer_raw.len, one->subject_raw.p);
    if (key_is_weak(one->pk) || ((one == &chain || !self_issued) && signature_is_weak(*one))) return true;
  }
  return false;
}

// A firmware image has one only if it is made for that.
#if defined(RECADO_OPAQUE_KEY)
constexpr bool may_be_opaque = true;
#else
constexpr bool may_be_opaque = has_choices;
#endif

outcome<error> set_key(loaded_options& to, const client_options& options) {
  if (may_be_opaque && options.opaque_key != 0) return use_opaque_key(options, to.key);
  const auto done =
      load_key(options.key.given() ? options.key : options.certificate, options.pass_phrase, options.ask, to.key);
  if (done) return done;
  const bool absent = done.error() == error::key_invalid && !options.key.given();
  return std::unexpected(absent ? error::key_missing : done.error());
}

// The key is checked against the certificate here, where the words can be clear, and not in a handshake.
outcome<error> set_credentials(loaded_options& to, const client_options& options) {
  if (!options.certificate.given()) {
    if (options.key.given() || options.opaque_key != 0) return std::unexpected(error::certificate_missing);
    return {};
  }
  auto done =
      load_certificates(options.certificate, {error::certificate_file_unreadable, error::certificate_invalid}, to.own);
  if (!done) return done;
  done = set_key(to, options);
  if (!done) return done;
  if (mbedtls_pk_check_pair(&to.own.pk, &to.key, fill_random, nullptr) != 0)
    return std::unexpected(error::key_mismatch);
  if (key_is_weak(to.own.pk)) return std::unexpected(error::key_weak);  // the pair's, since an opaque one tells no kind
  if (weak(to.own)) return std::unexpected(error::certificate_weak);
  to.has_certificate = true;
  if (mbedtls_ssl_conf_own_cert(&to.config, &to.own, &to.key) != 0) return std::unexpected(error::out_of_memory);
  return {};
}

bool psk_valid(const pre_shared_key& psk) {
  if (!psk.given()) return true;
  return !psk.identity.empty() && psk.identity.size() <= psk_identity_bytes_max && !psk.identity.contains('\0') &&
         psk.key.size() >= psk_bytes_min && psk.key.size() <= psk_bytes_max;
}

outcome<error> set_psk(loaded_options& to, const pre_shared_key& psk) {
  to.has_psk = psk.given();
  if (!psk.given()) return {};
#if defined(MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED)
  if (mbedtls_ssl_conf_psk(&to.config, reinterpret_cast<const unsigned char*>(psk.key.data()), psk.key.size(),
                           reinterpret_cast<const unsigned char*>(psk.identity.data()), psk.identity.size()) == 0)
    return {};
#endif
  return std::unexpected(error::psk_invalid);
}

void set_modes(loaded_options& to, const client_options& options) {
  mbedtls_ssl_conf_cert_profile(&to.config, &profile);
  mbedtls_ssl_conf_rng(&to.config, fill_random, nullptr);
  const bool verifies = options.check != peer_check::nothing_anyone_may_answer;
  mbedtls_ssl_conf_authmode(&to.config, verifies ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
  // Always with an exchange of fresh keys, also where a key or a session is shared already.
  mbedtls_ssl_conf_tls13_key_exchange_modes(
      &to.config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL | MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL);
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
  const bool keeps = options.sessions != nullptr && !options.psk.given();
  mbedtls_ssl_conf_session_tickets(&to.config,
                                   keeps ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
  mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
      &to.config, keeps ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                        : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH)
  (void)mbedtls_ssl_conf_max_frag_len(&to.config, MBEDTLS_SSL_MAX_FRAG_LEN_4096);
#endif
}

// Everything that the verification of a server rests on, and who the client was.
policy_digest digest_of(const loaded_options& of, const client_options& options) {
  policy_digest result{};
  psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
  (void)psa_hash_setup(&hash, PSA_ALG_SHA_256);
  const unsigned char choices[] = {static_cast<unsigned char>(options.check), options.crl_for_whole_chain};
  (void)psa_hash_update(&hash, choices, sizeof choices);
  const auto add = [&](const auto* one) {
    for (; one; one = one->next)
      if (one->raw.p) (void)psa_hash_update(&hash, one->raw.p, one->raw.len);
  };
  add(&of.trusted);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  add(&of.lists);
#endif
  add(&of.own);
  std::size_t length = 0;
  (void)psa_hash_finish(&hash, reinterpret_cast<unsigned char*>(result.data()), result.size(), &length);
  return result;
}

void remember(loaded_options& to, const client_options& options) {
  to.options = options;
  to.options.ca = to.options.crl = to.options.certificate = to.options.key = {};
  to.options.psk = {};
#if !defined(RECADO_WITHOUT_TLS_CHOICES)
  to.options.ca_path = to.options.ciphers = to.options.suites = to.options.alpn = {};
  to.options.pass_phrase = {}, to.options.ask = nullptr;
#endif
  to.policy = digest_of(to, options);
}

}  // namespace

loaded_options::loaded_options() {
  mbedtls_ssl_config_init(&config);
  mbedtls_x509_crt_init(&trusted), mbedtls_x509_crt_init(&own);
  mbedtls_pk_init(&key);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  mbedtls_x509_crl_init(&lists);
#endif
}

loaded_options::~loaded_options() {
  mbedtls_ssl_config_free(&config);
  mbedtls_x509_crt_free(&trusted), mbedtls_x509_crt_free(&own);
  mbedtls_pk_free(&key);
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  mbedtls_x509_crl_free(&lists);
#endif
}

loaded_options* share(loaded_options* one) {
  ++one->users;
  return one;
}

void release(loaded_options* one) {
  if (!one || --one->users != 0) return;
  std::destroy_at(one);
  recado_tls_release(one);
}

context::~context() { release(shared_); }

std::expected<void, error> context::load(const client_options& options) {
  const bool anyone = options.ca.given() || !options.ca_path.empty() || options.system_store;
  const bool verifies = options.check != peer_check::nothing_anyone_may_answer;
  if (!psk_valid(options.psk)) return std::unexpected(error::psk_invalid);
  if (verifies && !anyone && !options.psk.given()) return std::unexpected(error::no_authority);
  if (verifies && anyone && !options.clock) return std::unexpected(error::clock_missing);
  void* memory = recado_tls_allocate(1, sizeof(loaded_options));
  if (!memory) return std::unexpected(error::out_of_memory);
  loaded_options* fresh = std::construct_at(static_cast<loaded_options*>(memory));
  fresh->anyone_trusted = anyone;
  outcome<error> done;
  if (mbedtls_ssl_config_defaults(&fresh->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    done = std::unexpected(error::out_of_memory);
  if (done) done = set_versions(*fresh, options);
  if (done) done = set_suites(*fresh, options);
  if (done) done = set_alpn(*fresh, options.alpn);
  if (done) done = set_trust(*fresh, options);
  if (done) done = set_credentials(*fresh, options);
  if (done) done = set_psk(*fresh, options.psk);
  if (!done) {
    release(fresh);
    return done;
  }
  set_modes(*fresh, options);
  remember(*fresh, options);
  release(shared_);
  shared_ = fresh;
  return {};
}

}  // namespace recado::tls::mbedtls
