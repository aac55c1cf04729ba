// TLS as a filter. OpenSSL's state machine is driven by `receive` alone: it reads what `receive` was given
// and writes into the ring that `pending` shows, so a step never waits. The handshake's outcome is kept as
// facts (alert, verdicts, versions seen) and put in words once, at the end.
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <recado/tls/openssl/connection.hpp>
#include <recado/tls/openssl/session.hpp>

namespace recado::tls::openssl {
namespace {

constexpr instant at_once = instant::min();
// A record that is only as small as this because the buffer is nearly full waits for more room instead.
constexpr std::size_t record_worth_its_overhead = 512;

bool name_is_plausible(std::string_view host) {
  if (host.empty() || host.front() == '.') return false;  // to OpenSSL that dot stands for all names below
  for (const char c : host) {
    const auto code = static_cast<unsigned char>(c);
    if (code <= 0x20 || code >= 0x7f || c == '/' || c == '@') return false;
  }
  return true;
}

}  // namespace

connection::connection(context& shared, mutable_bytes outgoing, mutable_bytes plaintext)
    : shared_(shared), plaintext_(plaintext), ends_{nullptr, ring{outgoing}} {}

std::expected<void, error> connection::set_peer(std::string_view host) {
  if (stage_ == stage::handshaking || stage_ == stage::secured) return std::unexpected(error::in_use);
  if (host.ends_with('.')) host.remove_suffix(1);  // the root's dot is no part of the name (RFC 6066 §3)
  if (!name_is_plausible(host) || host.size() > host_bytes_max) return std::unexpected(error::host_invalid);
  if (ends_.out.capacity() < outgoing_bytes_min || plaintext_.size() < plaintext_bytes_min) {
    return std::unexpected(error::memory_too_small);
  }
  (void)host_.assign(host);
  literal_ = parse_address(host).has_value();
  return {};
}

void connection::opened(instant now) {
  ends_.out.clear();
  head_ = tail_ = 0;
  closing_ = farewell_due_ = output_stuck_ = secured_due_ = closed_due_ = heard_ = false;
  lost_ = end_ = {};
  seen_ = {}, reason_ = 0, to_report_ = 0;
  judged_.clear();
  stage_ = stage::handshaking;
  patience_ = now + shared_.options_.handshake_patience;
  checked_.host = host_.view();
  if (!shared_.loaded()) return end(make_fault(error::not_loaded));
  if (ends_.out.capacity() < outgoing_bytes_min || plaintext_.size() < plaintext_bytes_min) {
    return end(make_fault(error::memory_too_small));
  }
  if (shared_.options_.check == peer_check::chain_and_name && shared_.anyone_trusted_ && host_.empty()) {
    return end(make_fault(error::host_invalid));
  }
  ERR_clear_error();
  if (!begin(now)) return end_by_openssl();
  bytes nothing;
  step(nothing);
}

bool connection::begin(instant now) {
  ssl_.reset(SSL_new(shared_.shared_.get()));
  bio_handle bio = make_bio(ends_);
  if (!ssl_ || !bio) return false;
  BIO* owned = bio.release();
  SSL_set_bio(ssl_.get(), owned, owned);
  SSL_set_connect_state(ssl_.get());
  if (!adopt() || !set_name()) return false;
  set_time(now);
  offer_session();
  return true;
}

bool connection::set_name() {
  if (host_.empty()) return true;
  const std::string name{host_.view()};
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl_.get());
  const bool checks = shared_.options_.check == peer_check::chain_and_name;
  if (checks && literal_ && X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) != 1) return false;
  if (checks && !literal_ && X509_VERIFY_PARAM_set1_host(param, name.c_str(), 0) != 1) return false;
  // RFC 6066 §3: literal addresses are not permitted in "HostName".
  if (literal_ || !shared_.options_.server_name) return true;
  return SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
}

void connection::set_time(instant now) {
  if (!shared_.options_.clock) return;
  checked_.at = shared_.options_.clock->at(now);
  checked_.clock_trusted = shared_.options_.clock->trusted();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(checked_.at.time_since_epoch()).count();
  X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), static_cast<std::time_t>(seconds));
}

void connection::lost(fault why) {
  if (stage_ == stage::handshaking || stage_ == stage::secured) lost_ = why;
  farewell_due_ = false;
  ends_.out.clear();
}

std::optional<event> connection::receive(bytes& in, instant now) {
  if (auto due = told()) return due;
  if (stage_ == stage::handshaking) return handshake(in, now);
  if (stage_ == stage::secured) return transfer(in);
  return std::nullopt;
}

// What is due, in its order: the certificates from the authority down, then `secured` or `closed`.
std::optional<event> connection::told() {
  if (to_report_ != 0) {
    reported_ = judged_.at(--to_report_);
    return certificate_seen{&reported_, checked_};
  }
  if (secured_due_) {
    secured_due_ = false;
    return what_is_secured();
  }
  if (!closed_due_) return std::nullopt;
  closed_due_ = false;
  return closed{end_, cause_};
}

int connection::step(bytes& in) {
  ERR_clear_error();
  ends_.in = &in;
  const int outcome = SSL_get_error(ssl_.get(), SSL_do_handshake(ssl_.get()));
  ends_.in = nullptr;
  output_stuck_ = outcome == SSL_ERROR_WANT_WRITE;
  return outcome;
}

std::optional<event> connection::handshake(bytes& in, instant now) {
  if (!speaks_tls(in)) return told();
  set_time(now);
  const std::size_t before = in.size();
  switch (step(in)) {
    case SSL_ERROR_NONE:
      become_secured();
      break;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      if (lost_ && in.size() == before) conclude_loss();
      else if (now >= patience_) end(make_fault(error::handshake_timed_out));
      break;
    default:
      end_by_openssl();
      break;
  }
  return told();
}

// A server of TLS begins with a handshake or an alert record of major version 3 (RFC 8446 §5.1).
bool connection::speaks_tls(bytes in) {
  if (seen_.first_bytes || in.empty()) return true;
  seen_.first_bytes = true;
  const bool type = in[0] == std::byte{SSL3_RT_HANDSHAKE} || in[0] == std::byte{SSL3_RT_ALERT};
  if (type && (in.size() < 2 || in[1] == std::byte{SSL3_VERSION_MAJOR})) return true;
  std::uint32_t first = 0;
  for (std::size_t i = 0; i < 4; ++i) first = first << 8 | (i < in.size() ? std::to_integer<std::uint32_t>(in[i]) : 0);
  end(make_fault(error::not_tls, first));
  return false;
}

void connection::become_secured() {
  stage_ = stage::secured;
  secured_due_ = true;
  SSL_set_msg_callback(ssl_.get(), nullptr);
  if (shared_.options_.report_chain) to_report_ = judged_.size();
}

secured connection::what_is_secured() const {
  SSL* ssl = ssl_.get();
  secured result{};
  result.negotiated = SSL_version(ssl) == TLS1_2_VERSION ? version::v1_2 : version::v1_3;
  const SSL_CIPHER* suite = SSL_get_current_cipher(ssl);
  result.suite = SSL_CIPHER_standard_name(suite);
  if (const auto group = SSL_get_negotiated_group(ssl); group > 0) {
    if (const char* name = SSL_group_to_name(ssl, static_cast<int>(group))) result.group = name;
  }
  const unsigned char* alpn = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &length);
  result.alpn = as_text({reinterpret_cast<const std::byte*>(alpn), length});
  const bool reused = SSL_session_reused(ssl) == 1;
  result.by_psk = psk_given() && (reused || SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk);
  result.resumed = reused && !result.by_psk;
  result.verified = result.by_psk || shared_.options_.check == peer_check::chain_and_name;
  return result;
}

std::optional<event> connection::transfer(bytes& in) {
  make_room();
  const std::size_t before = in.size();
  bool got = false;
  const int outcome = decrypt(in, got);
  heard_ = heard_ || got;
  output_stuck_ = outcome == SSL_ERROR_WANT_WRITE;
  switch (outcome) {
    case SSL_ERROR_NONE:  // the buffer is full
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      if (lost_ && !got && in.size() == before) conclude_loss();
      break;
    case SSL_ERROR_ZERO_RETURN:
      end(make_fault(error::closed_by_peer));
      break;
    default:
      end_by_openssl();
      break;
  }
  // What came before the end is to be read before the end is told.
  return got ? std::nullopt : told();
}

int connection::decrypt(bytes& in, bool& got) {
  int outcome = SSL_ERROR_NONE;
  ERR_clear_error();
  ends_.in = &in;
  while (outcome == SSL_ERROR_NONE && tail_ < plaintext_.size()) {
    std::size_t n = 0;
    const int done = SSL_read_ex(ssl_.get(), plaintext_.data() + tail_, plaintext_.size() - tail_, &n);
    tail_ += n;
    got = got || n != 0;
    outcome = SSL_get_error(ssl_.get(), done);
  }
  ends_.in = nullptr;
  return outcome;
}

// Keeps the received plaintext contiguous; moves it rarely, and never while somebody may point into it.
void connection::make_room() {
  const std::size_t kept = tail_ - head_;
  if (kept != 0 && tail_ < plaintext_.size() && head_ <= plaintext_.size() / 2) return;
  if (head_ != 0 && kept != 0) std::memmove(plaintext_.data(), plaintext_.data() + head_, kept);
  head_ = 0, tail_ = kept;
}

void connection::consumed(std::size_t n) { head_ += std::min(n, tail_ - head_); }

bytes connection::pending() {
  if (farewell_due_ && ends_.out.room() >= farewell_bytes) {
    farewell_due_ = false;
    (void)SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  return ends_.out.front();
}

instant connection::deadline() const {
  if (to_report_ != 0 || secured_due_ || closed_due_) return at_once;
  if (output_stuck_ && ends_.out.room() != 0) return at_once;
  if (stage_ != stage::handshaking && stage_ != stage::secured) return never;
  if (lost_) return at_once;
  if (stage_ == stage::handshaking) return patience_;
  return tail_ - head_ < plaintext_.size() && SSL_pending(ssl_.get()) > 0 ? at_once : never;
}

std::size_t connection::write(bytes out) {
  std::size_t taken = 0;
  while (ready() && !output_stuck_ && taken < out.size()) {
    constexpr std::size_t surplus = record_overhead_bytes_max + farewell_bytes;
    const std::size_t room = ends_.out.room();
    if (room <= surplus) break;
    const std::size_t left = out.size() - taken;
    const std::size_t size = std::min({left, room - surplus, record_bytes_max});
    if (size < left && size < record_worth_its_overhead && !ends_.out.empty()) break;
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), out.data() + taken, size, &written) != 1) {
      end_by_openssl();
      break;
    }
    taken += written;
  }
  return taken;
}

void connection::close() {
  if (stage_ == stage::ended || stage_ == stage::idle) return;
  if (stage_ == stage::secured && !lost_) {
    ERR_clear_error();
    farewell_due_ = SSL_shutdown(ssl_.get()) < 0;
    ERR_clear_error();
  }
  closing_ = true;
  end(make_fault(error::closed_here));
}

void connection::end(fault why) {
  if (stage_ == stage::ended) return;
  if (stage_ == stage::handshaking) {
    if (shared_.options_.report_chain) to_report_ = judged_.size();
    if (seen_.session_offered) shared_.options_.sessions->forget(host_.view());
  }
  secured_due_ = false;
  stage_ = stage::ended;
  end_ = why;
  closed_due_ = true;
  write_cause();
}

void connection::end_by_openssl() {
  // The first error of TLS itself says more than those of the ciphers below it.
  reason_ = ERR_get_error();
  for (unsigned long next = reason_; next != 0 && ERR_GET_LIB(reason_) != ERR_LIB_SSL; next = ERR_get_error()) {
    if (ERR_GET_LIB(next) == ERR_LIB_SSL) reason_ = next;
  }
  const fault why = fault_of_openssl();
  ERR_clear_error();
  end(why);
}

// The end of the stream below without close_notify (RFC 8446 §6.1): before the handshake's end it is most
// often a server that doesn't want to, afterwards data may have been cut off.
void connection::conclude_loss() {
  const bool by_peer = is(lost_, stream_error::closed_by_peer);
  if (stage_ == stage::handshaking && (by_peer || is(lost_, stream_error::reset))) {
    return end(make_fault(error::closed_in_handshake));
  }
  end(by_peer ? make_fault(error::truncated) : lost_);
}

void connection::offer_session() {
  session_store* store = shared_.options_.sessions;
  if (!store || psk_given() || host_.empty()) return;
  const bytes kept = store->find(host_.view());
  if (kept.empty()) return;
  const session_handle session = parse_session(kept, shared_.policy_, *shared_.last_session_);
  if (!session || !still_good(session.get())) return store->forget(host_.view());
  seen_.session_offered = SSL_set_session(ssl_.get(), session.get()) == 1;
  // A ticket of TLS 1.3 is used once, so that nobody can tell two connections of one device (RFC 8446 §C.4).
  if (SSL_SESSION_get_protocol_version(session.get()) == TLS1_3_VERSION) store->forget(host_.view());
}

// Resumption skips the certificates: what time and name decide is looked at again.
bool connection::still_good(const SSL_SESSION* session) const {
  if (!verifies()) return true;
  X509* peer = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  if (!peer) return false;
  std::time_t now =
      static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(checked_.at.time_since_epoch()).count());
  if (X509_cmp_time(X509_get0_notBefore(peer), &now) >= 0 || X509_cmp_time(X509_get0_notAfter(peer), &now) <= 0) {
    return false;
  }
  if (shared_.options_.check != peer_check::chain_and_name) return true;
  const std::string name{host_.view()};
  if (literal_) return X509_check_ip_asc(peer, name.c_str(), 0) == 1;
  return X509_check_host(peer, name.data(), name.size(), host_flags, nullptr) == 1;
}

}  // namespace recado::tls::openssl
