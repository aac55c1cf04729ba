// What OpenSSL tells a connection by callbacks, and what it makes of failures.
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <recado/tls/openssl/connection.hpp>
#include <recado/tls/openssl/session.hpp>

namespace recado::tls::openssl {
namespace {

int connection_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

void connection::prepare(SSL_CTX* shared, const client_options& options) {
  SSL_CTX_set_verify(shared, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(shared, on_verify, nullptr);
  SSL_CTX_set_info_callback(shared, on_info);
  SSL_CTX_set_max_cert_list(shared, server_chain_bytes_max);
  SSL_CTX_set_options(shared, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(shared, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(shared, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_session_cache_mode(
      shared, options.sessions ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  if (options.sessions) SSL_CTX_sess_set_new_cb(shared, on_session);
  if (options.keys) SSL_CTX_set_keylog_callback(shared, on_key);
  if (options.psk.given()) SSL_CTX_set_psk_client_callback(shared, on_psk);
}

bool connection::adopt() {
  SSL_set_msg_callback(ssl_.get(), on_message);
  return SSL_set_ex_data(ssl_.get(), connection_index(), this) == 1;
}

connection& connection::of(const SSL* ssl) {
  return *static_cast<connection*>(SSL_get_ex_data(ssl, connection_index()));
}

int connection::on_verify(X509_STORE_CTX* store, void*) {
  auto& self = of(static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())));
  if (self.psk_given() && self.verifies() && !self.shared_.anyone_trusted_) {
    self.seen_.psk_ignored = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  const bool good = self.judged_.verify(store, self.shared_.options_.crl_for_whole_chain);
  return good || !self.verifies() ? 1 : 0;
}

int connection::on_session(SSL* ssl, SSL_SESSION* session) {
  auto& self = of(ssl);
  if (!self.psk_given() && !self.host_.empty()) {
    context& shared = self.shared_;
    keep_session(session, shared.policy_, self.host_.view(), *shared.options_.sessions, *shared.last_session_);
  }
  return 0;  // OpenSSL keeps the ownership
}

void connection::on_key(const SSL* ssl, const char* line) { of(ssl).shared_.options_.keys->line(line); }

unsigned connection::on_psk(SSL* ssl, const char*, char* identity, unsigned identity_size, unsigned char* key,
                            unsigned key_size) {
  const auto& shared = of(ssl).shared_;
  const std::string_view name = shared.psk_identity_.view();
  if (name.size() >= identity_size || shared.psk_.size > key_size) return 0;
  copy(as_bytes(name), std::as_writable_bytes(std::span{identity, identity_size}));
  identity[name.size()] = 0;
  copy(bytes{shared.psk_.data}.first(shared.psk_.size), std::as_writable_bytes(std::span{key, key_size}));
  return static_cast<unsigned>(shared.psk_.size);
}

void connection::on_info(const SSL* ssl, int where, int value) {
  const bool received = (where & SSL_CB_ALERT) != 0 && (where & SSL_CB_READ) != 0;
  if (received && value >> 8 == SSL3_AL_FATAL) of(ssl).seen_.alert = static_cast<std::uint8_t>(value & 0xff);
}

void connection::on_message(int sending, int, int type, const void* data, std::size_t size, SSL* ssl, void*) {
  if (sending || type != SSL3_RT_HANDSHAKE || size < 6) return;
  const auto* message = static_cast<const unsigned char*>(data);
  auto& seen = of(ssl).seen_;
  if (message[0] == SSL3_MT_CERTIFICATE_REQUEST) seen.certificate_asked = true;
  if (message[0] == SSL3_MT_SERVER_HELLO)
    seen.chosen_version = static_cast<std::uint16_t>(message[4] << 8 | message[5]);
}

fault connection::fault_of_openssl() const {
  if (seen_.psk_ignored) return make_fault(error::psk_refused);
  if (stage_ == stage::handshaking && verifies() && !judged_.good()) {
    const certificate worst =
        judged_.any() ? judged_.at(std::min(judged_.worst_depth(), judged_.size() - 1)) : certificate{};
    std::uint32_t detail = 0;
    if (judged_.worst() == verdict::expired) detail = pack_date(worst.not_after, checked_.clock_trusted);
    if (judged_.worst() == verdict::not_yet_valid) detail = pack_date(worst.not_before, checked_.clock_trusted);
    return make_fault(error_of(judged_.worst()), detail);
  }
  if (seen_.alert) {
    return fault_of_alert(*seen_.alert, seen_.certificate_asked, shared_.has_certificate_, psk_given(),
                          stage_ == stage::secured);
  }
  return fault_of_reason();
}

fault connection::fault_of_reason() const {
  const int reason = ERR_GET_REASON(reason_);
  const auto detail = static_cast<std::uint32_t>(reason);
  if (reason == ERR_R_MALLOC_FAILURE) return make_fault(error::out_of_memory);
  if (ERR_GET_LIB(reason_) != ERR_LIB_SSL) return make_fault(error::backend_failed, detail);
  switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_VERSION_TOO_HIGH:
      return make_fault(error::version_unsupported, seen_.chosen_version);
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return make_fault(seen_.chosen_version == 0 ? error::not_tls : error::protocol_violation,
                        seen_.chosen_version == 0 ? 0 : detail);
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_WRONG_SIGNATURE_TYPE:
      return make_fault(error::weak_parameters);
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return make_fault(error::record_damaged);
    case ERR_R_INTERNAL_ERROR:
      return make_fault(error::backend_failed, detail);
    default:
      return make_fault(error::protocol_violation, detail);
  }
}

void connection::write_cause() {
  buffer_sink out{cause_memory_};
  const auto code = static_cast<error>(end_.code);
  const char* reason = reason_ != 0 ? ERR_reason_error_string(reason_) : nullptr;
  if (end_.where == layer::stream) {
    out << words(static_cast<stream_error>(end_.code));
  } else if (end_.where != layer::tls) {
    out << "the stream below was lost";
  } else if (verdict_of(code) != verdict::good && judged_.any()) {
    write_verdict(out);
  } else if ((code == error::protocol_violation || code == error::backend_failed) && reason) {
    out << words(code) << " (" << reason << ')';
  } else {
    print_cause(end_, out);
  }
  if (seen_.psk_ignored) out << ": it answered with a certificate instead";
  // With TLS 1.3 the verdict on the client certificate comes after the handshake (RFC 8446 §4.4.2.4), and
  // a reset can overtake it.
  const bool cut = code == error::truncated || end_.where == layer::stream;
  if (cut && stage_ == stage::ended && seen_.certificate_asked && !heard_ &&
      SSL_version(ssl_.get()) == TLS1_3_VERSION) {
    out << " (the server asked for a client certificate and may have refused it)";
  }
  cause_ = out.view();
}

void connection::write_verdict(text_sink& out) const {
  const unsigned depth = std::min(judged_.worst_depth(), judged_.size() - 1);
  const certificate worst = judged_.at(depth);
  if (depth == 0) out << "the server's certificate: ";
  else out << "the server's chain: " << worst.subject.view() << ": ";
  print_verdict(worst, checked_, out);
  if (worst.judged == verdict::rejected) out << " (" << X509_verify_cert_error_string(judged_.worst_code()) << ')';
}

}  // namespace recado::tls::openssl
