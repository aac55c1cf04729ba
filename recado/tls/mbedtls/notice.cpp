// What Mbed TLS tells a connection by callbacks, and what it makes of failures.
#include <mbedtls/error.h>

#include <algorithm>

#include <recado/tls/mbedtls/inside.h>
#include <recado/tls/mbedtls/connection.hpp>
#include <recado/tls/mbedtls/describe.hpp>
#include <recado/tls/mbedtls/hooks.hpp>
#include <recado/tls/mbedtls/parsed.hpp>
#include <recado/tls/mbedtls/session.hpp>

namespace recado::tls::mbedtls {
namespace {

constexpr int certificate_message = 11;  // RFC 8446 §4

std::size_t number(bytes from) {
  std::size_t value = 0;
  for (const std::byte one : from) value = value << 8 | std::to_integer<std::size_t>(one);
  return value;
}

/// Takes `n` bytes off the front; nothing if there are fewer.
bytes cut(bytes& from, std::size_t n) {
  n = std::min(n, from.size());
  const bytes piece = from.first(n);
  from = from.subspan(n);
  return piece;
}

// An error is the sum of where it happened (above) and why (below).
int above(int code) { return -(-code & 0xff80); }

bool lacks_memory(int code) {
  constexpr int codes[] = {MBEDTLS_ERR_SSL_ALLOC_FAILED, MBEDTLS_ERR_X509_ALLOC_FAILED, MBEDTLS_ERR_PK_ALLOC_FAILED,
                           MBEDTLS_ERR_MD_ALLOC_FAILED};
  const int low = -(-code & 0x7f);
  return std::ranges::find(codes, above(code)) != std::end(codes) || low == -0x10 /* MPI */ ||
         above(code) == -0x4d80 /* ECP */;
}

std::string_view label_of(mbedtls_ssl_key_export_type kind) {
  switch (kind) {
#if defined(MBEDTLS_SSL_PROTO_TLS1_2)
    case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
      return "CLIENT_RANDOM";
#endif
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
      return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
      return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
      return "CLIENT_TRAFFIC_SECRET_0";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
      return "SERVER_TRAFFIC_SECRET_0";
    default:
      return {};
  }
}

}  // namespace

int connection::on_send(void* user, const unsigned char* data, std::size_t size) {
  auto& self = *static_cast<connection*>(user);
  const std::size_t taken = self.out_.push({reinterpret_cast<const std::byte*>(data), size});
  return taken != 0 ? static_cast<int>(taken) : MBEDTLS_ERR_SSL_WANT_WRITE;
}

int connection::on_receive(void* user, unsigned char* data, std::size_t size) {
  auto& self = *static_cast<connection*>(user);
  const std::size_t taken = self.in_ ? std::min(size, self.in_->size()) : 0;
  if (taken == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  const bytes piece = cut(*self.in_, taken);
  copy(piece, {reinterpret_cast<std::byte*>(data), taken});
  auto& seen = self.seen_;
  const std::size_t more = std::min(piece.size(), seen.first.size() - seen.first_size);
  copy(piece.first(more), mutable_bytes{seen.first}.subspan(seen.first_size));
  seen.first_size = static_cast<std::uint8_t>(seen.first_size + more);
  return static_cast<int>(taken);
}

int connection::on_verify(void* user, mbedtls_x509_crt* one, int depth, std::uint32_t* flags) {
  auto& self = *static_cast<connection*>(user);
  self.seen_.certificate_seen = true;
  if (self.used_->has_psk && self.verifies() && !self.used_->anyone_trusted) {
    self.seen_.psk_ignored = true;
    *flags = MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    return 0;
  }
  self.judged_.look_at(self.rules_now(), *one, static_cast<unsigned>(depth), *flags);
  return 0;
}

rules connection::rules_now() const {
  rules by;
  by.trusted = &used_->trusted;
#if defined(MBEDTLS_X509_CRL_PARSE_C)
  if (used_->has_lists) by.lists = &used_->lists;
#endif
  by.crl_for_whole_chain = options().crl_for_whole_chain;
  if (options().check == peer_check::chain_and_name) by.host = host_.view();
  by.keep_chain = options().report_chain;
  by.keep_leaf = options().sessions != nullptr;
  return by;
}

void connection::on_key(void* user, mbedtls_ssl_key_export_type kind, const unsigned char* secret, std::size_t size,
                        const unsigned char client_random[32], const unsigned char[32], mbedtls_tls_prf_types) {
  const std::string_view label = label_of(kind);
  if (label.empty()) return;
  std::array<char, 256> memory;
  buffer_sink out{memory};
  (out << label << ' ').hex(bytes{reinterpret_cast<const std::byte*>(client_random), 32}) << ' ';
  out.hex(bytes{reinterpret_cast<const std::byte*>(secret), size});
  static_cast<connection*>(user)->options().keys->line(out.view());
  wipe(std::as_writable_bytes(std::span{memory}));
}

void connection::notice() {
  if (recado_tls_certificate_asked(&ssl_) != 0) seen_.certificate_asked = true;
  if (const auto group = recado_tls_group(&ssl_); group != 0) seen_.group = group;
}

secured connection::what_is_secured() const {
  secured result{};
  result.negotiated =
      mbedtls_ssl_get_version_number(&ssl_) == MBEDTLS_SSL_VERSION_TLS1_2 ? version::v1_2 : version::v1_3;
  result.suite = suite_name(mbedtls_ssl_get_ciphersuite_id_from_ssl(&ssl_));
  result.group = group_name(seen_.group);
  if (const char* alpn = mbedtls_ssl_get_alpn_protocol(&ssl_)) result.alpn = alpn;
  result.by_psk = used_->has_psk && !seen_.certificate_seen;
  result.resumed = seen_.session_offered && !seen_.certificate_seen;
  result.verified = result.by_psk || options().check == peer_check::chain_and_name;
  return result;
}

void connection::offer_session() {
  session_store* store = options().sessions;
  if (!store || used_->has_psk || host_.empty()) return;
  const bytes kept = store->find(host_.view());
  if (kept.empty()) return;
  const kept_session found = parse_session(kept, used_->policy);
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  const auto* content = reinterpret_cast<const unsigned char*>(found.content.data());
  bool offered = !found.content.empty() && still_good(found) &&
                 mbedtls_ssl_session_load(&session, content, found.content.size()) == 0;
  const int suite = offered ? mbedtls_ssl_session_get_ciphersuite_id(&session) : 0;
  offered = offered && std::ranges::find(used_->suites, suite) != used_->suites.end() &&
            recado_tls_rename_session(&session, recado_tls_host(&ssl_)) == 0 &&
            mbedtls_ssl_set_session(&ssl_, &session) == 0;
  // A ticket of TLS 1.3 is used once, so that nobody can tell two connections of one device (RFC 8446 §C.4).
  const bool once = session.MBEDTLS_PRIVATE(tls_version) == MBEDTLS_SSL_VERSION_TLS1_3;
  mbedtls_ssl_session_free(&session);
  if (offered) judged_.keep_leaf(found.leaf);
  seen_.session_offered = offered;
  if (!offered || once) store->forget(host_.view());
}

// Resumption skips the certificates: what time and name decide is looked at again.
bool connection::still_good(const kept_session& kept) const {
  if (!verifies()) return true;
  const parsed peer{kept.leaf};
  if (!peer || checked_.at <= time_of((*peer).valid_from) || checked_.at >= time_of((*peer).valid_to)) return false;
  return options().check != peer_check::chain_and_name || is_issued_for(*peer, host_.view());
}

void connection::keep_session() {
  const mbedtls_ssl_session* session = recado_tls_session(&ssl_);
  if (session == nullptr || !options().sessions || used_->has_psk || host_.empty()) return;
  mbedtls::keep_session(*session, judged_.leaf(), used_->policy, host_.view(), *options().sessions);
}

void connection::end_by(int code) {
  code_ = code;
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) seen_.alert = recado_tls_alert(&ssl_);
  else if (stage_ == stage::handshaking && !seen_.certificate_seen) look_into_certificates();
  end(fault_of(code));
}

// Mbed TLS reads the certificates before anybody may look at them; what it can't read is shown and named here.
void connection::look_into_certificates() {
  std::size_t size = 0;
  const unsigned char* message = recado_tls_message(&ssl_, certificate_message, &size);
  if (!message) return;
  bytes rest{reinterpret_cast<const std::byte*>(message), size};
  const bool is_1_3 = mbedtls_ssl_get_version_number(&ssl_) == MBEDTLS_SSL_VERSION_TLS1_3;
  if (is_1_3) cut(rest, number(cut(rest, 1)));  // the request's context
  cut(rest, 3);
  const rules by = rules_now();
  for (unsigned depth = 0; !rest.empty(); ++depth) {
    const bytes der = cut(rest, number(cut(rest, 3)));
    if (is_1_3) cut(rest, number(cut(rest, 2)));
    const parsed one{der};
    if (one) {
      judged_.unseen(by, der, depth);
      continue;
    }
    const int why = above(one.code());
    seen_.algorithm_missing = why == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || why == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG ||
                              why == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE || why == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
    if (!lacks_memory(one.code())) judged_.unreadable(by, der, depth, verdict::malformed);
    return;
  }
}

fault connection::fault_of(int code) const {
  if (seen_.psk_ignored) return make_fault(error::psk_refused);
  if (seen_.algorithm_missing) return make_fault(error::algorithm_unsupported);
  if (stage_ == stage::handshaking && verifies() && !judged_.good()) return fault_of_certificate();
  if (seen_.alert) {
    return fault_of_alert(*seen_.alert, seen_.certificate_asked, used_->has_certificate, used_->has_psk,
                          stage_ == stage::secured);
  }
  return fault_of_code(code);
}

// Not all of Mbed TLS says so: a signature that it has no memory to verify is a wrong one, and a group that it has none
// to compute with a failed handshake.
bool connection::lacked_memory() const {
  return stage_ == stage::handshaking && memory_usage().refused_count != seen_.refusals;
}

fault connection::fault_of_certificate() const {
  const bool unverified = judged_.worst() == verdict::bad_signature || judged_.worst() == verdict::malformed;
  if (unverified && lacked_memory()) return make_fault(error::out_of_memory);
  const certificate& worst = judged_.worst_certificate();
  std::uint32_t detail = 0;
  if (judged_.worst() == verdict::expired) detail = pack_date(worst.not_after, checked_.clock_trusted);
  if (judged_.worst() == verdict::not_yet_valid) detail = pack_date(worst.not_before, checked_.clock_trusted);
  return make_fault(error_of(judged_.worst()), detail);
}

// A record of type handshake, in it a ServerHello: its version is the one that was chosen, or TLS 1.2's for 1.3.
std::uint16_t connection::chosen_version() const {
  const auto& first = seen_.first;
  if (seen_.first_size < first.size() || first[0] != std::byte{MBEDTLS_SSL_MSG_HANDSHAKE} || first[5] != std::byte{2})
    return 0;
  return static_cast<std::uint16_t>(number(bytes{first}.subspan(9, 2)));
}

fault connection::fault_of_code(int code) const {
  const auto detail = static_cast<std::uint32_t>(-code);
  if (lacks_memory(code) || lacked_memory()) return make_fault(error::out_of_memory);
  switch (code) {
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
      return make_fault(error::version_unsupported, chosen_version());
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
      return chosen_version() == 0 ? make_fault(error::not_tls) : make_fault(error::protocol_violation, detail);
    case MBEDTLS_ERR_SSL_INVALID_MAC:
      return make_fault(error::record_damaged);
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
    case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER:  // among other things, a Diffie-Hellman group that is too small
      if (recado_tls_group_too_small(&ssl_) != 0) return make_fault(error::weak_parameters);
      return make_fault(error::protocol_violation, detail);
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
    case MBEDTLS_ERR_ERROR_CORRUPTION_DETECTED:
    case MBEDTLS_ERR_ERROR_GENERIC_ERROR:
      return make_fault(error::backend_failed, detail);
    default:
      return make_fault(error::protocol_violation, detail);
  }
}

void connection::write_cause() {
  if constexpr (!has_causes) return;  // the fault's number is all that is said
  buffer_sink out{cause_memory_};
  const auto code = static_cast<error>(end_.code);
  const char* reason = nullptr;
#if defined(MBEDTLS_ERROR_C)
  if (code_ != 0) reason = mbedtls_high_level_strerr(code_);
#endif
  if (end_.where == layer::stream) {
    out << words(static_cast<stream_error>(end_.code));
  } else if (end_.where != layer::tls) {
    out << "the stream below was lost"_phrase;
  } else if (verdict_of(code) != verdict::good) {
    write_verdict(out);
  } else if ((code == error::protocol_violation || code == error::backend_failed) && reason) {
    out << words(code) << " (" << reason << ')';
  } else {
    print_cause(end_, out);
  }
  if (seen_.psk_ignored) out << ": it answered with a certificate instead"_phrase;
  // With TLS 1.3 the verdict on the client certificate comes after the handshake (RFC 8446 §4.4.2.4), and
  // a reset can overtake it.
  const bool cut_off = code == error::truncated || end_.where == layer::stream;
  if (cut_off && stage_ == stage::secured && seen_.certificate_asked && !heard_ &&
      mbedtls_ssl_get_version_number(&ssl_) == MBEDTLS_SSL_VERSION_TLS1_3) {
    out << " (the server asked for a client certificate and may have refused it)"_phrase;
  }
  cause_ = out.view();
}

void connection::write_verdict(text_sink& out) const {
  const certificate& worst = judged_.worst_certificate();
  if (judged_.worst_depth() == 0) out << "the server's certificate: "_phrase;
  else out << "the server's chain: "_phrase << worst.subject.view() << ": ";
  print_verdict(worst, checked_, out);
}

}  // namespace recado::tls::mbedtls
