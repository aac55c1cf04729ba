#include <recado/device/channel.hpp>

#include <algorithm>
#include <utility>

#include <recado/chain/error.hpp>

namespace recado::device {
namespace {

/// An alert or a handshake record (RFC 8446 §5.1), neither of which a broker can begin with.
bool is_tls(bytes first) {
  return (first[0] == std::byte{0x15} || first[0] == std::byte{0x16}) &&
         (first.size() < 2 || first[1] == std::byte{0x03});
}

}  // namespace

channel::channel(const board& on, mqtt::session& session, secure* cipher, arrivals& in)
    : on_(on), session_(session), cipher_(cipher), arrived_(in) {}

std::expected<void, fault> channel::connect(const endpoint& peer, std::string_view host, instant now) {
  arrived_.clear();
  plain_used_ = 0;
  heard_ = false;
  session_up_ = session_over_ = broken_ = cipher_closed_ = false;
  gate_bytes_ = 0;
  why_ = {};
  if (cipher_ != nullptr)
    if (const auto named = cipher_->set_peer(host); !named) return std::unexpected{make_fault(named.error())};
  const auto begun = on_.network.session_stream().connect(peer, now);
  if (begun) stage_ = stage::connecting;
  return begun;
}

std::optional<channel::event> channel::step(instant now, bool room) {
  if (stage_ == stage::idle || stage_ == stage::closed) return std::nullopt;
  const auto phase = on_.network.session_stream().advance(now);
  if (stage_ == stage::connecting) {
    if (phase == stream::phase::closed) return end(now);
    if (phase != stream::phase::open) return std::nullopt;
    stage_ = stage::open;
    if (cipher_ != nullptr) cipher_->opened(now);
    else session_up_ = true, session_.opened(now);
    return opened{};
  }
  if (!room) say(now);
  const bool waits = !room && session_up_ && !session_over_ && !broken_ && !is_said(now);
  if (bytes nothing; auto happened = waits ? hear_session(nothing, now) : hear(now)) return happened;
  if (!waits) say(now);
  finish_if_said(now);
  if (on_.network.session_stream().advance(now) == stream::phase::closed) return end(now);
  return std::nullopt;
}

// What was received is offered to the layers until none of it moves; only then more is fetched.
std::optional<channel::event> channel::hear(instant now) {
  if (cipher_ != nullptr) cipher_->consumed(std::exchange(plain_used_, 0));
  for (unsigned turn = 0; turn < 256; ++turn) {
    if (cipher_ != nullptr) {
      if (auto happened = hear_secure(now)) return happened;
    } else if (session_up_ && !session_over_ && !heard_tls(now)) {
      bytes in = arrived_.waiting();
      const std::size_t before = in.size();
      auto happened = hear_session(in, now);
      arrived_.consumed(before - in.size());
      if (happened) return happened;
    }
    if (session_over_ && cipher_ == nullptr) arrived_.clear();  // nobody listens any more
    if (!fetch(now)) return std::nullopt;
  }
  return std::nullopt;
}

/// A session without TLS at a port with it would only see a malformed packet.
bool channel::heard_tls(instant now) {
  const bytes first = arrived_.waiting();
  if (first.empty() || std::exchange(heard_, true) || !is_tls(first)) return false;
  stream_broke(make_fault(chain::error::speaks_tls), now);
  return true;
}

std::optional<channel::event> channel::hear_session(bytes& plain, instant now) {
  const std::uint64_t begun = tick();
  auto happened = session_.receive(plain, now);
  times_.decode += tick() - begun;
  if (!happened) return std::nullopt;
  on_session_end(*happened);
  return event{std::in_place_type<mqtt::session_event>, std::move(*happened)};
}

std::optional<channel::event> channel::hear_secure(instant now) {
  for (;;) {
    if (!session_up_ && cipher_->ready()) session_up_ = true, session_.opened(now);
    if (session_up_ && !session_over_) {
      const bytes plain = cipher_->plaintext();
      bytes rest = plain;
      auto happened = hear_session(rest, now);
      const std::size_t used = plain.size() - rest.size();
      if (happened) return plain_used_ = used, std::move(happened);
      cipher_->consumed(used);
    } else if (session_over_) {
      cipher_->consumed(cipher_->plaintext().size());
    }
    const std::size_t readable = cipher_->plaintext().size();
    bytes in = arrived_.waiting();
    const std::size_t before = in.size();
    const std::uint64_t begun = tick();
    auto happened = cipher_->receive(in, now);
    times_.decrypt += tick() - begun;
    arrived_.consumed(before - in.size());
    if (happened) {
      if (const auto* over = std::get_if<tls::closed>(&*happened)) {
        if (!why_) why_ = over->why;
        session_.lost(over->why, now);
        session_over_ = cipher_closed_ = true;
      }
      return event{std::in_place_type<tls::event>, std::move(*happened)};
    }
    const bool moved = in.size() != before || cipher_->plaintext().size() != readable;
    if (!moved && session_up_ == cipher_->ready()) return std::nullopt;
    if (!moved && cipher_closed_) return std::nullopt;
  }
}

bool channel::gated(instant now) {
  if (now >= gate_until_) gate_bytes_ = 0;
  return gate_bytes_ != 0 && on_.network.session_stream().available() + arrived_.waiting().size() < gate_bytes_;
}

bool channel::fetch(instant now) {
  if (broken_ || gated(now)) return false;
  const mutable_bytes room = arrived_.room();
  if (room.empty()) return false;
  const std::uint64_t begun = tick();
  const auto got = on_.network.session_stream().receive(room, now);
  times_.receive += tick() - begun;
  if (!got) return stream_broke(got.error(), now), true;
  arrived_.came(*got);
  return *got != 0;
}

void channel::stream_broke(fault why, instant now) {
  broken_ = true;
  if (!why_) why_ = why;
  if (cipher_ != nullptr) return cipher_->lost(why, now);
  if (!session_over_) session_.lost(why, now);
  session_over_ = true;
}

void channel::on_session_end(const mqtt::session_event& happened) {
  const auto* over = std::get_if<mqtt::closed>(&happened);
  if (over == nullptr) return;
  session_over_ = true;
  if (!why_) why_ = over->why;
}

void channel::write_plain(instant now) {
  for (bytes out = session_.pending(now); !out.empty(); out = session_.pending(now)) {
    const std::uint64_t begun = tick();
    const std::size_t taken = cipher_->write(out, now);
    times_.encrypt += tick() - begun;
    if (taken == 0) return;
    session_.sent(taken);
  }
}

void channel::say(instant now) {
  if (!is_open() || broken_) return;
  for (unsigned turn = 0; turn < 256; ++turn) {
    if (cipher_ != nullptr && session_up_) write_plain(now);
    if (cipher_ != nullptr && session_over_ && !std::exchange(cipher_closed_, true)) cipher_->close(now);
    const bytes out = cipher_ != nullptr ? cipher_->pending(now) : session_up_ ? session_.pending(now) : bytes{};
    if (out.empty()) return;
    const std::uint64_t begun = tick();
    const auto gone = on_.network.session_stream().send(out, now);
    times_.send += tick() - begun;
    if (!gone) return stream_broke(gone.error(), now);
    if (*gone == 0) return;
    times_.sent_bytes += *gone;
    if (cipher_ != nullptr) cipher_->sent(*gone);
    else session_.sent(*gone);
  }
}

bool channel::is_said(instant now) {
  return cipher_ != nullptr ? cipher_->pending(now).empty() : session_.pending(now).empty();
}

void channel::finish_if_said(instant now) {
  if (stage_ != stage::open || !session_over_) return;
  if (!broken_ && !is_said(now)) return;
  stage_ = stage::closing;
  if (broken_) on_.network.session_stream().close(now);
  else on_.network.session_stream().finish(now);
}

std::optional<channel::event> channel::end(instant now) {
  const fault below = on_.network.session_stream().why();
  if (session_up_ && !session_over_) session_.lost(below, now);
  if (!why_) why_ = below;
  if (cipher_ != nullptr && stage_ != stage::connecting) end_cipher(below, now);
  stage_ = stage::closed;
  arrived_.clear();
  return ended{why_};
}

// Nobody listens any more: the filter says its last words to nobody, and is ready for the next connection.
void channel::end_cipher(fault why, instant now) {
  if (!broken_) cipher_->lost(why, now);
  bytes nothing;
  for (unsigned turn = 0; turn < 64; ++turn) {
    cipher_->consumed(cipher_->plaintext().size());
    if (!cipher_->receive(nothing, now)) break;
  }
}

void channel::abandon(instant now) {
  if (stage_ == stage::idle || stage_ == stage::closed) return;
  say(now);
  const fault why = make_fault(stream_error::aborted);
  if (session_up_ && !session_over_) session_.lost(why, now);
  if (cipher_ != nullptr && stage_ != stage::connecting) end_cipher(why, now);
  on_.network.session_stream().close(now);
  arrived_.clear();
  stage_ = stage::idle;
}

instant channel::deadline() const {
  if (stage_ == stage::idle || stage_ == stage::closed) return never;
  instant until = on_.network.session_stream().deadline();
  if (stage_ == stage::connecting) return until;
  if (session_up_ && !session_over_) until = std::min(until, session_.deadline());
  if (cipher_ != nullptr) until = std::min(until, cipher_->deadline());
  if (gate_bytes_ != 0) until = std::min(until, gate_until_);
  return until;
}

}  // namespace recado::device
