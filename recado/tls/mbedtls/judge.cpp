#include <mbedtls/oid.h>
#include <mbedtls/x509_crl.h>

#include <algorithm>

#include <recado/tls/mbedtls/describe.hpp>
#include <recado/tls/mbedtls/judge.hpp>
#include <recado/tls/mbedtls/parsed.hpp>

namespace recado::tls::mbedtls {
namespace {

struct judged_flag {
  std::uint32_t flag;
  verdict meaning;
};

// What Mbed TLS finds on its own; whom to trust, names, purposes and missing CRLs are looked at here.
constexpr judged_flag found_flags[] = {
    {MBEDTLS_X509_BADCERT_EXPIRED, verdict::expired},
    {MBEDTLS_X509_BADCERT_FUTURE, verdict::not_yet_valid},
    {MBEDTLS_X509_BADCERT_BAD_MD, verdict::weak_signature},
    {MBEDTLS_X509_BADCERT_BAD_PK, verdict::rejected},
};
constexpr judged_flag list_flags[] = {
    {MBEDTLS_X509_BADCERT_REVOKED, verdict::revoked},
    {MBEDTLS_X509_BADCRL_EXPIRED, verdict::crl_expired},
    {MBEDTLS_X509_BADCRL_NOT_TRUSTED | MBEDTLS_X509_BADCRL_FUTURE | MBEDTLS_X509_BADCRL_BAD_MD |
         MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY,
     verdict::crl_invalid},
};

// By the flag Mbed TLS chooses the alert.
std::uint32_t flag_of(verdict judged) {
  switch (judged) {
    case verdict::good:
      return 0;
    case verdict::expired:
      return MBEDTLS_X509_BADCERT_EXPIRED;
    case verdict::not_yet_valid:
      return MBEDTLS_X509_BADCERT_FUTURE;
    case verdict::wrong_name:
      return MBEDTLS_X509_BADCERT_CN_MISMATCH;
    case verdict::revoked:
      return MBEDTLS_X509_BADCERT_REVOKED;
    case verdict::wrong_purpose:
      return MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    case verdict::unknown_authority:
    case verdict::intermediate_missing:
    case verdict::self_signed:
    case verdict::not_an_authority:
      return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    case verdict::crl_expired:
      return MBEDTLS_X509_BADCRL_EXPIRED;
    default:
      return MBEDTLS_X509_BADCERT_OTHER;
  }
}

bytes content(const mbedtls_asn1_buf& of) { return {reinterpret_cast<const std::byte*>(of.p), of.len}; }

bool same_name(const mbedtls_asn1_buf& a, const mbedtls_asn1_buf& b) { return equal(content(a), content(b)); }

bool self_issued(const mbedtls_x509_crt& one) { return same_name(one.issuer_raw, one.subject_raw); }

bool among(const mbedtls_x509_crt* list, const mbedtls_x509_crt& one) {
  for (; list; list = list->next)
    if (equal(content(list->raw), content(one.raw))) return true;
  return false;
}

bool may_sign(const mbedtls_x509_crt& one) {
  return mbedtls_x509_crt_get_ca_istrue(&one) > 0 &&
         mbedtls_x509_crt_check_key_usage(&one, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0;
}

const mbedtls_x509_crt* issuer_in(const mbedtls_x509_crt* list, const mbedtls_x509_crt& of) {
  while (list && !same_name(list->subject_raw, of.issuer_raw)) list = list->next;
  return list;
}

// An authority of the same name with another key (RFC 5280 §4.2.1.1).
bool names_other_key(const mbedtls_x509_crt& one, const mbedtls_x509_crt& issuer) {
  const bytes wanted = content(one.authority_key_id.keyIdentifier), its = content(issuer.subject_key_id);
  return !wanted.empty() && !its.empty() && !equal(wanted, its);
}

#if defined(MBEDTLS_X509_CRL_PARSE_C)
bool has_list(const mbedtls_x509_crl* lists, const mbedtls_x509_crt& one) {
  while (lists && !same_name(lists->issuer_raw, one.issuer_raw)) lists = lists->next;
  return lists != nullptr;
}
#else
bool has_list(const mbedtls_x509_crl*, const mbedtls_x509_crt&) { return true; }
#endif

// In the pool; empty if there is no room.
bytes copied(bytes from) {
  auto* memory = static_cast<std::byte*>(recado_tls_allocate(1, from.size()));
  if (!memory) return {};
  copy(from, {memory, from.size()});
  return {memory, from.size()};
}
certificate described(const mbedtls_x509_crt& what) { return has_causes ? describe(what) : dates_of(what); }

void give_back(bytes& one) {
  recado_tls_release(const_cast<std::byte*>(one.data()));
  one = {};
}

}  // namespace

void judgement::clear() {
  for (bytes& one : kept_) give_back(one);
  give_back(leaf_);
  verdicts_.fill(verdict::good);
  size_ = 0;
  worst_ = verdict::good;
  worst_certificate_ = {};
}

void judgement::look_at(const rules& by, mbedtls_x509_crt& one, unsigned depth, std::uint32_t& flags) {
  keep(by, content(one.raw), depth);
  const bool anchor = among(by.trusted, one);
  verdict before = worst_;
  const auto seen = [&](verdict found) { note(found, one, depth); };
  for (const auto& [flag, meaning] : found_flags)
    if ((flags & flag) != 0) seen(meaning);
  if (key_is_weak(one.pk)) seen(verdict::weak_key);
  const bool untrusted = (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0 && !anchor;
  if (untrusted) look_at_trust(by, one, depth);
  if (by.lists && !anchor) look_at_lists(by, one, depth, flags);
  if (depth == 0) look_at_leaf(by, one);
  const verdict own = verdicts_[std::min(depth, kept_max - 1)];
  flags = flag_of(own != verdict::good ? own : before != worst_ ? worst_ : verdict::good);
  if (untrusted && flags == 0) flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
}

// Mbed TLS says only that nobody trusted has signed it.
void judgement::look_at_trust(const rules& by, const mbedtls_x509_crt& one, unsigned depth) {
  if (self_issued(one)) return note(depth == 0 ? verdict::self_signed : verdict::unknown_authority, one, depth);
  const mbedtls_x509_crt* issuer = issuer_in(by.trusted, one);
  if (!issuer) issuer = issuer_in(one.next, one);
  if (!issuer || names_other_key(one, *issuer)) return note(verdict::intermediate_missing, one, depth);
  const int allowed = issuer->MBEDTLS_PRIVATE(max_pathlen);  // one more than the certificate says; 0: any
  verdict found = verdict::bad_signature;
  if (!may_sign(*issuer)) found = verdict::not_an_authority;
  else if (allowed > 0 && static_cast<unsigned>(allowed) < depth + 1) found = verdict::path_too_long;
  if (found == verdict::bad_signature) return note(found, one, depth);
  keep(by, content(issuer->raw), depth + 1);
  note(found, *issuer, depth + 1);
}

void judgement::look_at_lists(const rules& by, const mbedtls_x509_crt& one, unsigned depth, std::uint32_t flags) {
  for (const auto& [flag, meaning] : list_flags)
    if ((flags & flag) != 0) note(meaning, one, depth);
  if ((depth == 0 || by.crl_for_whole_chain) && !has_list(by.lists, one)) note(verdict::crl_missing, one, depth);
}

void judgement::look_at_leaf(const rules& by, const mbedtls_x509_crt& one) {
  if (!by.host.empty() && !is_issued_for(one, by.host)) note(verdict::wrong_name, one, 0);
  const bool for_servers = mbedtls_x509_crt_check_extended_key_usage(&one, MBEDTLS_OID_SERVER_AUTH,
                                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) == 0;
  const bool signs = mbedtls_x509_crt_check_key_usage(&one, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) == 0 ||
                     mbedtls_x509_crt_check_key_usage(&one, MBEDTLS_X509_KU_KEY_ENCIPHERMENT) == 0;
  if (!for_servers || !signs) note(verdict::wrong_purpose, one, 0);
}

void judgement::unreadable(const rules& by, bytes der, unsigned depth, verdict why) {
  keep(by, der, depth);
  const parsed shown{der, true};
  note(why, *shown, depth);
}

void judgement::note(verdict found, const mbedtls_x509_crt& what, unsigned depth) {
  verdict& known = verdicts_[std::min(depth, kept_max - 1)];
  if (known == verdict::good || found < known) known = found;
  // `verdict` is in the order in which a person should hear of several.
  if (worst_ != verdict::good && worst_ <= found) return;
  worst_ = found;
  worst_certificate_ = described(what);
  worst_certificate_.depth = depth, worst_certificate_.judged = found;
}

void judgement::keep(const rules& by, bytes der, unsigned depth) {
  if (by.keep_leaf && depth == 0) keep_leaf(der);
  if (!by.keep_chain || depth >= kept_max || !kept_[depth].empty()) return;
  kept_[depth] = copied(der);
  if (!kept_[depth].empty()) size_ = std::max(size_, depth + 1);
}

void judgement::keep_leaf(bytes der) {
  give_back(leaf_);
  leaf_ = copied(der);
}

const certificate& judgement::shown(unsigned depth) {
  const parsed kept{kept_[depth], true};
  worst_certificate_ = described(*kept);
  worst_certificate_.depth = depth, worst_certificate_.judged = verdicts_[depth];
  return worst_certificate_;
}

}  // namespace recado::tls::mbedtls
