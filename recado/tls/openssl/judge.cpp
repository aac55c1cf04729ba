#include <openssl/x509_vfy.h>

#include <algorithm>

#include <recado/tls/openssl/describe.hpp>
#include <recado/tls/openssl/judge.hpp>

namespace recado::tls::openssl {
namespace {

struct judged_code {
  int code;
  verdict meaning;
};

constexpr judged_code codes[] = {
    {X509_V_OK, verdict::good},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, verdict::intermediate_missing},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, verdict::intermediate_missing},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, verdict::intermediate_missing},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, verdict::unknown_authority},
    {X509_V_ERR_CERT_UNTRUSTED, verdict::unknown_authority},
    {X509_V_ERR_CERT_REJECTED, verdict::unknown_authority},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, verdict::self_signed},
    {X509_V_ERR_CERT_HAS_EXPIRED, verdict::expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, verdict::not_yet_valid},
    {X509_V_ERR_HOSTNAME_MISMATCH, verdict::wrong_name},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, verdict::wrong_name},
    {X509_V_ERR_EMAIL_MISMATCH, verdict::wrong_name},
    {X509_V_ERR_CERT_REVOKED, verdict::revoked},
    {X509_V_ERR_UNABLE_TO_GET_CRL, verdict::crl_missing},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, verdict::crl_missing},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, verdict::crl_missing},
    {X509_V_ERR_CRL_HAS_EXPIRED, verdict::crl_expired},
    {X509_V_ERR_CRL_NOT_YET_VALID, verdict::crl_invalid},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, verdict::crl_invalid},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, verdict::crl_invalid},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, verdict::crl_invalid},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, verdict::crl_invalid},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, verdict::crl_invalid},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, verdict::crl_invalid},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, verdict::crl_invalid},
    {X509_V_ERR_EE_KEY_TOO_SMALL, verdict::weak_key},
    {X509_V_ERR_CA_KEY_TOO_SMALL, verdict::weak_key},
    {X509_V_ERR_CA_MD_TOO_WEAK, verdict::weak_signature},
    {X509_V_ERR_INVALID_PURPOSE, verdict::wrong_purpose},
    {X509_V_ERR_INVALID_CA, verdict::not_an_authority},
    {X509_V_ERR_INVALID_NON_CA, verdict::not_an_authority},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, verdict::not_an_authority},
    {X509_V_ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE, verdict::wrong_purpose},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, verdict::path_too_long},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, verdict::path_too_long},
    {X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED, verdict::path_too_long},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, verdict::bad_signature},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, verdict::bad_signature},
    {X509_V_ERR_PERMITTED_VIOLATION, verdict::name_constraints},
    {X509_V_ERR_EXCLUDED_VIOLATION, verdict::name_constraints},
    {X509_V_ERR_SUBTREE_MINMAX, verdict::name_constraints},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, verdict::name_constraints},
    {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, verdict::malformed},
    {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, verdict::malformed},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, verdict::malformed},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, verdict::malformed},
    {X509_V_ERR_INVALID_EXTENSION, verdict::malformed},
};

// Faults of this side, which end the verification.
bool stops(int code) {
  return code == X509_V_ERR_OUT_OF_MEM || code == X509_V_ERR_UNSPECIFIED || code == X509_V_ERR_INVALID_CALL ||
         code == X509_V_ERR_STORE_LOOKUP;
}

int judgement_index() {
  static const int index = X509_STORE_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

verdict verdict_of_openssl(int code) {
  const auto* row = std::find_if(std::begin(codes), std::end(codes), [&](const auto& it) { return it.code == code; });
  return row == std::end(codes) ? verdict::rejected : row->meaning;
}

int judgement::on_step(int ok, X509_STORE_CTX* store) {
  if (ok) return 1;
  auto& self = *static_cast<judgement*>(X509_STORE_CTX_get_ex_data(store, judgement_index()));
  const int code = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);
  if (code == X509_V_ERR_UNABLE_TO_GET_CRL && depth > 0 && !self.crl_for_whole_chain_) return 1;
  self.note(code, depth);
  return stops(code) ? 0 : 1;
}

void judgement::note(int code, int depth) {
  const verdict found = verdict_of_openssl(code);
  const auto index = std::min(static_cast<std::size_t>(std::max(depth, 0)), verdicts_.size() - 1);
  if (verdicts_[index] == verdict::good || found < verdicts_[index]) verdicts_[index] = found;
  // `verdict` is in the order in which a person should hear of several.
  if (worst_ != verdict::good && worst_ <= found) return;
  worst_ = found, worst_code_ = code, worst_depth_ = static_cast<unsigned>(index);
}

bool judgement::verify(X509_STORE_CTX* store, bool crl_for_whole_chain) {
  clear();
  crl_for_whole_chain_ = crl_for_whole_chain;
  X509_STORE_CTX_set_ex_data(store, judgement_index(), this);
  X509_STORE_CTX_set_verify_cb(store, on_step);
  const int done = X509_verify_cert(store);
  chain_.reset(X509_STORE_CTX_get1_chain(store));
  if (size() == 0) chain_.reset(X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store)));
  if (done <= 0 && good()) note(X509_STORE_CTX_get_error(store), 0);
  X509_STORE_CTX_set_error(store, good() ? X509_V_OK : worst_code_);
  return good();
}

void judgement::clear() {
  chain_.reset();
  verdicts_.fill(verdict::good);
  worst_ = verdict::good, worst_depth_ = 0, worst_code_ = X509_V_OK;
}

certificate judgement::at(unsigned depth) const {
  certificate result = describe(*sk_X509_value(chain_.get(), static_cast<int>(depth)));
  result.depth = depth;
  result.judged = verdicts_[std::min<std::size_t>(depth, verdicts_.size() - 1)];
  return result;
}

}  // namespace recado::tls::openssl
