#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include <recado/core/address.hpp>
#include <recado/pki/failure.hpp>
#include <recado/pki/names.hpp>
#include <recado/pki/parse.hpp>
#include <recado/pki/verify.hpp>

namespace recado::pki {
namespace {

struct sentence {
  const char* cause;
  const char* remedy;
};

/// A list that doesn't own what it holds.
struct free_list {
  void operator()(STACK_OF(X509) * list) const { sk_X509_free(list); }
};
using borrowed_certificates = std::unique_ptr<STACK_OF(X509), free_list>;

constexpr int strength_level = 2;  // OpenSSL's: at least 112 bits everywhere, no SHA-1

sentence words(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {"has expired", "issue a new one"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {"is not valid yet", "wait, check the clock or issue a new one"};
    case X509_V_ERR_CERT_REVOKED:
      return {"is revoked", "issue a new one"};
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return {"has a revocation list that expired", "renew it with 'recado pki crl'"};
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return {"has a revocation list that is not valid yet", "check the clock"};
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return {"has an issuer whose revocation list is missing", "give it with --crl, or --no-crl to go without"};
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
      return {"has a revocation list with a wrong signature", "get the list from its authority"};
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"was signed by an authority that is not known here", "give the authority's certificate with --ca"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return {"signed itself and is not trusted here", "give it with --ca if you do trust it"};
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return {"has a wrong signature", "it was changed or damaged, or another authority has the same name"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return {"was issued for other names", "issue one with --dns for that name"};
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"was issued for other addresses", "issue one with --ip for it"};
    case X509_V_ERR_INVALID_PURPOSE:
      return {"is not meant for that", "issue one for that purpose"};
    case X509_V_ERR_INVALID_CA:
      return {"may not sign others", "use an authority's certificate"};
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return {"allows fewer authorities below it", "shorten the chain"};
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return {"has a key with less than 112 bits of strength", "use a stronger key"};
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return {"has a signature with a weak digest", "sign with SHA-256 or better"};
    default:
      return {nullptr, "show it with 'recado pki show'"};
  }
}

/// Fills the store: true if the list of a trust anchor is in it.
bool fill(X509_STORE* store, const verify_options& options) {
  const auto trusted = parse_certificates(options.trusted, "the file of authorities");
  for (const certificate_ptr& each : trusted) X509_STORE_add_cert(store, each.get());
  if (!options.revocations) return false;
  bool of_anchor = false;
  for (const crl_ptr& each : parse_crls(*options.revocations, "the file of revocation lists")) {
    X509_STORE_add_crl(store, each.get());
    of_anchor = of_anchor || std::ranges::any_of(trusted, [&](const certificate_ptr& one) {
                  const X509_NAME* name = X509_get_subject_name(one.get());
                  return X509_NAME_cmp(name, X509_get_issuer_name(one.get())) == 0 &&
                         X509_NAME_cmp(name, X509_CRL_get_issuer(each.get())) == 0;
                });
  }
  return of_anchor;
}

/// As the TLS client looks at it (recado/tls): whole labels, the root's dot aside, and the common name only where there
/// are no DNS names (RFC 6125 §6.4.4), since there are brokers whose certificates have no other.
void set_host(X509_VERIFY_PARAM* parameters, std::string_view host) {
  if (parse_address(host)) return void(X509_VERIFY_PARAM_set1_ip_asc(parameters, std::string{host}.c_str()));
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.starts_with('.') || host.empty())  // to OpenSSL it stands for all below it
    throw failure("'" + std::string{host} + "' is no host name", "give one name with --host, such as broker.lab");
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
}

void set_parameters(X509_VERIFY_PARAM* parameters, const verify_options& options, bool whole_chain) {
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(options.at.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_auth_level(parameters, strength_level);
  unsigned long flags = X509_V_FLAG_X509_STRICT;
  if (options.revocations) flags |= X509_V_FLAG_CRL_CHECK;
  if (options.revocations && whole_chain) flags |= X509_V_FLAG_CRL_CHECK_ALL;
  X509_VERIFY_PARAM_set_flags(parameters, flags);
  if (options.what_for == purpose::server) X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
  if (options.what_for == purpose::client) X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
  if (!options.host.empty()) set_host(parameters, options.host);
}

/// Called at every step. The CRL at fault is known only here, so its date is kept for `explain`.
int keep_crl_date(int accepted, X509_STORE_CTX* context) {
  const X509_CRL* crl = X509_STORE_CTX_get0_current_crl(context);
  if (accepted == 1 || crl == nullptr || X509_STORE_CTX_get_error(context) != X509_V_ERR_CRL_HAS_EXPIRED)
    return accepted;
  auto* const date = static_cast<std::optional<seconds_utc>*>(X509_STORE_CTX_get_app_data(context));
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_CRL_get0_nextUpdate(crl), &parts) == 1) *date = decode(X509_CRL_get0_nextUpdate(crl));
  return accepted;
}

std::string date_of(int error, X509* certificate, const std::optional<seconds_utc>& crl_date) {
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) return " on " + text_of(decode(X509_get0_notAfter(certificate)));
  if (error == X509_V_ERR_CERT_NOT_YET_VALID) return " before " + text_of(decode(X509_get0_notBefore(certificate)));
  if (error == X509_V_ERR_CRL_HAS_EXPIRED && crl_date) return " on " + text_of(*crl_date);
  return {};
}

void explain(verification& result, X509_STORE_CTX* context, const std::optional<seconds_utc>& crl_date) {
  const int error = X509_STORE_CTX_get_error(context);
  X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const sentence said = words(error);
  result.cause = said.cause != nullptr ? said.cause : X509_verify_cert_error_string(error);
  result.remedy = said.remedy;
  if (certificate == nullptr) return;
  result.cause += date_of(error, certificate, crl_date);
  result.about = text_of(X509_get_subject_name(certificate));
}

}  // namespace

verification verify(std::string_view content, std::string_view what, const verify_options& options) {
  const std::vector<certificate_ptr> given = parse_certificates(content, what);
  if (X509_get0_pubkey(given.front().get()) == nullptr)
    fail_openssl(std::string{what} + " holds a public key that cannot be read", "get the certificate anew");
  const store_ptr store{X509_STORE_new()};
  const bool of_anchor = fill(store.get(), options);
  const borrowed_certificates others{sk_X509_new_null()};
  for (std::size_t i = 1; i < given.size(); ++i) sk_X509_push(others.get(), given[i].get());
  const store_context_ptr context{X509_STORE_CTX_new()};
  if (X509_STORE_CTX_init(context.get(), store.get(), given.front().get(), others.get()) != 1)
    fail_openssl("the check could not begin", "check the OpenSSL installation");
  set_parameters(X509_STORE_CTX_get0_param(context.get()), options, options.crl_for_whole_chain || of_anchor);

  std::optional<seconds_utc> crl_date;
  X509_STORE_CTX_set_app_data(context.get(), &crl_date);
  X509_STORE_CTX_set_verify_cb(context.get(), keep_crl_date);
  verification result;
  result.accepted = X509_verify_cert(context.get()) == 1;
  if (!result.accepted) explain(result, context.get(), crl_date);
  ERR_clear_error();
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(chain); ++i)
    result.chain.push_back(text_of(X509_get_subject_name(sk_X509_value(chain, i))));
  return result;
}

}  // namespace recado::pki
