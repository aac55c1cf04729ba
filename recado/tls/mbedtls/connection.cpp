// TLS as a filter. Mbed TLS's state machine is driven by `receive` alone: it reads what `receive` was given and writes
// into the ring that `pending` shows, so a step never waits. The handshake's outcome is kept as facts (alert, verdicts,
// versions seen) and put in words once, at the end.
#include <algorithm>
#include <cstring>

#include <recado/tls/mbedtls/inside.h>
#include <recado/core/address.hpp>
#include <recado/tls/mbedtls/connection.hpp>
#include <recado/tls/mbedtls/hooks.hpp>

namespace recado::tls::mbedtls {
namespace {

constexpr instant at_once = instant::min();
// A record that is only as small as this because the buffer is nearly full waits for more room instead.
constexpr std::size_t record_worth_its_overhead = 512;

bool name_is_plausible(std::string_view host) {
  if (host.empty() || host.front() == '.') return false;
  for (const char c : host) {
    const auto code = static_cast<unsigned char>(c);
    if (code <= 0x20 || code >= 0x7f || c == '/' || c == '@') return false;
  }
  return true;
}

}  // namespace

connection::connection(context& shared, mutable_bytes outgoing, mutable_bytes plaintext)
    : shared_(shared), plaintext_(plaintext), out_{outgoing} {
  mbedtls_ssl_init(&ssl_);
}

void connection::release_all() {
  mbedtls_ssl_free(&ssl_);
  mbedtls_ssl_init(&ssl_);
  release(used_);
  used_ = nullptr;
}

std::expected<void, error> connection::set_peer(std::string_view host) {
  if (stage_ == stage::handshaking || stage_ == stage::secured) return std::unexpected(error::in_use);
  if (host.ends_with('.')) host.remove_suffix(1);  // the root's dot is no part of the name (RFC 6066 §3)
  if (!name_is_plausible(host) || host.size() > host_bytes_max) return std::unexpected(error::host_invalid);
  if (out_.capacity() < outgoing_bytes_min || plaintext_.size() < plaintext_bytes_min) {
    return std::unexpected(error::memory_too_small);
  }
  (void)host_.assign(host);
  literal_ = parse_address(host).has_value();
  return {};
}

void connection::opened(instant now) {
  release_all();
  out_.clear();
  head_ = tail_ = 0;
  closing_ = farewell_due_ = output_stuck_ = secured_due_ = closed_due_ = heard_ = false;
  lost_ = end_ = {};
  seen_ = {}, code_ = 0, to_report_ = 0;
  seen_.refusals = memory_usage().refused_count;
  judged_.clear();
  stage_ = stage::handshaking;
  checked_.host = host_.view();
  if (!shared_.loaded()) return end(make_fault(error::not_loaded));
  used_ = share(shared_.shared_);
  patience_ = now + options().handshake_patience;
  if (out_.capacity() < outgoing_bytes_min || plaintext_.size() < plaintext_bytes_min) {
    return end(make_fault(error::memory_too_small));
  }
  if (options().check == peer_check::chain_and_name && used_->anyone_trusted && host_.empty()) {
    return end(make_fault(error::host_invalid));
  }
  if (const int code = begin(now); code != 0) return end_by(code);
  bytes nothing;
  if (const int code = step(nothing); code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE)
    end_by(code);
}

int connection::begin(instant now) {
  set_clock(now);
  if (const int code = mbedtls_ssl_setup(&ssl_, &used_->config); code != 0) return code;
  mbedtls_ssl_set_bio(&ssl_, this, on_send, on_receive, nullptr);
  mbedtls_ssl_set_verify(&ssl_, on_verify, this);
  if (options().keys) mbedtls_ssl_set_export_keys_cb(&ssl_, on_key, this);
  if (const int code = set_name(); code != 0) return code;
  offer_session();
  return 0;
}

// The name itself is compared by `judgement`, with the words for it.
int connection::set_name() {
  std::array<char, host_bytes_max + 1> name{};
  std::copy(host_.view().begin(), host_.view().end(), name.begin());
  // RFC 6066 §3: literal addresses are not permitted in "HostName".
  const bool tell = !host_.empty() && !literal_ && options().server_name;
  return mbedtls_ssl_set_hostname(&ssl_, tell ? name.data() : nullptr);
}

void connection::set_clock(instant now) {
  if (!used_ || !options().clock) return;
  checked_.at = options().clock->at(now);
  checked_.clock_trusted = options().clock->trusted();
  set_time(checked_.at);
}

void connection::lost(fault why) {
  if (stage_ == stage::handshaking || stage_ == stage::secured) lost_ = why;
  farewell_due_ = false;
  out_.clear();
  if (stage_ == stage::ended) release_all();
}

std::optional<event> connection::receive(bytes& in, instant now) {
  if (auto due = told()) return due;
  set_clock(now);
  if (stage_ == stage::handshaking) return handshake(in, now);
  if (stage_ == stage::secured) return transfer(in);
  return std::nullopt;
}

// What is due, in its order: the certificates from the authority down, then `secured` or `closed`.
std::optional<event> connection::told() {
  if (to_report_ != 0) return certificate_seen{&judged_.shown(--to_report_), checked_};
  if (secured_due_) {
    secured_due_ = false;
    return what_is_secured();
  }
  if (!closed_due_) return std::nullopt;
  closed_due_ = false;
  return closed{end_, cause_};
}

int connection::step(bytes& in) {
  in_ = &in;
  int code = 0;
  while (code == 0 && mbedtls_ssl_is_handshake_over(&ssl_) == 0) {
    code = mbedtls_ssl_handshake_step(&ssl_);
    notice();
  }
  in_ = nullptr;
  output_stuck_ = code == MBEDTLS_ERR_SSL_WANT_WRITE;
  return code;
}

std::optional<event> connection::handshake(bytes& in, instant now) {
  if (!speaks_tls(in)) return told();
  const std::size_t before = in.size();
  switch (const int code = step(in)) {
    case 0:
      become_secured();
      break;
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE:
      if (lost_ && in.size() == before) conclude_loss();
      else if (now >= patience_) end(make_fault(error::handshake_timed_out));
      break;
    default:
      end_by(code);
      break;
  }
  return told();
}

// A server of TLS begins with a handshake or an alert record of major version 3 (RFC 8446 §5.1).
bool connection::speaks_tls(bytes in) {
  if (seen_.first_looked_at || in.empty()) return true;
  seen_.first_looked_at = true;
  const bool type = in[0] == std::byte{MBEDTLS_SSL_MSG_HANDSHAKE} || in[0] == std::byte{MBEDTLS_SSL_MSG_ALERT};
  if (type && (in.size() < 2 || in[1] == std::byte{3})) return true;
  std::uint32_t first = 0;
  for (std::size_t i = 0; i < 4; ++i) first = first << 8 | (i < in.size() ? std::to_integer<std::uint32_t>(in[i]) : 0);
  end(make_fault(error::not_tls, first));
  return false;
}

void connection::become_secured() {
  stage_ = stage::secured;
  secured_due_ = true;
  if (options().report_chain) to_report_ = judged_.size();
  // With TLS 1.3 the tickets come afterwards.
  if (mbedtls_ssl_get_version_number(&ssl_) == MBEDTLS_SSL_VERSION_TLS1_2) keep_session();
  recado_tls_forget_certificates(&ssl_);
}

std::optional<event> connection::transfer(bytes& in) {
  make_room();
  const std::size_t before = in.size();
  bool got = false;
  const int code = decrypt(in, got);
  heard_ = heard_ || got;
  output_stuck_ = code == MBEDTLS_ERR_SSL_WANT_WRITE;
  switch (code) {
    case 0:  // the buffer is full
    case MBEDTLS_ERR_SSL_WANT_READ:
    case MBEDTLS_ERR_SSL_WANT_WRITE:
      if (lost_ && !got && in.size() == before) conclude_loss();
      break;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
      end(make_fault(error::closed_by_peer));
      break;
    default:
      end_by(code);
      break;
  }
  // What came before the end is to be read before the end is told.
  return got ? std::nullopt : told();
}

int connection::decrypt(bytes& in, bool& got) {
  int code = 0;
  in_ = &in;
  while (code == 0 && tail_ < plaintext_.size()) code = read_some(in, got);
  in_ = nullptr;
  return code;
}

// Mbed TLS wants to be called again after what was neither plaintext nor the end: tickets, warnings, empty records.
int connection::read_some(bytes& in, bool& got) {
  const std::size_t before = in.size();
  const int code =
      mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(plaintext_.data() + tail_), plaintext_.size() - tail_);
  if (code >= 0) {
    tail_ += static_cast<std::size_t>(code);
    got = got || code != 0;
    return 0;
  }
  if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
    keep_session();
    return 0;
  }
  if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE && recado_tls_is_key_update(&ssl_))
    return recado_tls_update_keys(&ssl_, out_.room());
  const bool ticket_waits = ssl_.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET;
  if (code == MBEDTLS_ERR_SSL_WANT_READ && (ticket_waits || (in.size() != before && !in.empty()))) return 0;
  return code;
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
  if (farewell_due_ && out_.room() >= farewell_bytes) {
    farewell_due_ = false;
    if (flushed()) (void)mbedtls_ssl_close_notify(&ssl_);
    release_all();
  }
  return out_.front();
}

instant connection::deadline() const {
  if (to_report_ != 0 || secured_due_ || closed_due_) return at_once;
  if (stage_ != stage::handshaking && stage_ != stage::secured) return never;
  if (output_stuck_ && out_.room() != 0) return at_once;
  if (lost_) return at_once;
  if (stage_ == stage::handshaking) return patience_;
  return tail_ - head_ < plaintext_.size() && mbedtls_ssl_get_bytes_avail(&ssl_) > 0 ? at_once : never;
}

// True if Mbed TLS holds nothing back.
bool connection::flushed() {
  if (recado_tls_unsent(&ssl_) == 0) return true;
  return recado_tls_flush(&ssl_) == 0;
}

std::size_t connection::write(bytes out, instant now) {
  std::size_t taken = 0;
  if (ready()) set_clock(now);
  while (ready() && !output_stuck_ && taken < out.size() && flushed()) {
    constexpr std::size_t surplus = record_overhead_bytes_max + farewell_bytes;
    const std::size_t room = out_.room();
    if (room <= surplus) break;
    const std::size_t left = out.size() - taken;
    const std::size_t size = std::min({left, room - surplus, std::size_t{MBEDTLS_SSL_OUT_CONTENT_LEN}});
    if (size < left && size < record_worth_its_overhead && !out_.empty()) break;
    const int done = mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(out.data() + taken), size);
    if (done < 0) {
      end_by(done);
      break;
    }
    taken += static_cast<std::size_t>(done);
  }
  return taken;
}

void connection::close(instant now) {
  if (stage_ == stage::ended || stage_ == stage::idle) return;
  if (stage_ == stage::secured && !lost_) {
    set_clock(now);
    farewell_due_ = out_.room() < farewell_bytes;
    if (!farewell_due_ && flushed()) (void)mbedtls_ssl_close_notify(&ssl_);
  }
  closing_ = true;
  end(make_fault(error::closed_here));
}

void connection::end(fault why) {
  if (stage_ == stage::ended) return;
  if (stage_ == stage::handshaking && used_) {
    if (options().report_chain) to_report_ = judged_.size();
    if (seen_.session_offered) options().sessions->forget(host_.view());
  }
  secured_due_ = false;
  end_ = why;
  closed_due_ = true;
  write_cause();
  stage_ = stage::ended;
  if (!farewell_due_) release_all();
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

}  // namespace recado::tls::mbedtls
