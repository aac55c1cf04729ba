#include "conversation.hpp"

#include <cerrno>

#include <recado/drive/posix/faults.hpp>
#include <recado/tls/limits.hpp>

#include <sys/socket.h>

#include "link.hpp"

namespace recado::app::bench {
namespace {

constexpr std::size_t tls_outgoing_bytes = 20 << 10, tls_plaintext_bytes = 20 << 10;

mqtt::memory memory_of(mutable_bytes transmit, std::span<mqtt::outgoing_flight> flights, std::size_t receive) {
  return {.transmit = transmit,
          .outgoing = flights,
          .received = {},
          .owed = {},
          .incoming_aliases = {},
          .incoming_alias_count = 0,
          .outgoing_aliases = {},
          .outgoing_alias_count = 0,
          .receive_size = static_cast<std::uint32_t>(receive)};
}

}  // namespace

conversation::conversation(const plan& what, tools::tls_context* secrets, std::size_t receive_bytes)
    : transmit_(512 + in_flight * (what.size + what.topic.size() + 64)),
      session_(memory_of(transmit_, flights_, secrets == nullptr ? receive_bytes : tls_plaintext_bytes)) {
  if (secrets == nullptr) return;
  tls_outgoing_.resize(std::max(tls_outgoing_bytes, tls::outgoing_bytes_min));
  tls_plaintext_.resize(std::max(tls_plaintext_bytes, tls::plaintext_bytes_min));
  filter_.emplace(secrets->shared().openssl(), tls::openssl::filter::memory{tls_outgoing_, tls_plaintext_});
  if (const auto set = filter_->set_peer(what.how.host); !set) tools::refuse_tls(set.error(), what.how);
  secured_.emplace(*filter_, session_);
}

std::size_t conversation::read_some(int fd, posix::source& readiness, mutable_bytes room, fault& end) {
  ssize_t count = 0;
  do count = ::recv(fd, room.data(), room.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count == 0) end = make_fault(stream_error::closed_by_peer);
  if (count < 0 && errno != EAGAIN) end = posix::stream_fault(errno);
  // A short read has emptied the socket: the next bytes come with an edge. Not so the end, whose edge is gone.
  if (count < static_cast<ssize_t>(room.size()) && !readiness.hung_up) readiness.readable = false;
  if (count <= 0) readiness.readable = false;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

std::size_t conversation::write_some(int fd, posix::source& readiness, bytes out, fault& end) {
  ssize_t count = 0;
  do count = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN) end = posix::stream_fault(errno);
  if (count < static_cast<ssize_t>(out.size())) readiness.writable = false;
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void conversation::lost(fault why, instant now) {
  bytes nothing;
  if (!secured_) {
    session_.lost(why, now);
    while (const auto what = session_.receive(nothing, now))
      if (const auto* end = std::get_if<mqtt::closed>(&*what)) note_end(*end);
    return;
  }
  secured_->lost(why, now);
  while (const auto what = secured_->receive(nothing, now))
    if (const auto* end = what->index() == 0 ? std::get_if<tls::closed>(&std::get<0>(*what)) : nullptr) note_end(*end);
}

// The first to say why is the one that knows.
void conversation::note_end(const mqtt::closed& what) {
  if (why_) return;
  ending_ = ending_of(what, session_.version());
  why_ = what.why ? what.why : make_fault(stream_error::aborted);
}

void conversation::note_end(const tls::closed& what) {
  if (why_) return;
  ending_ = tools::outcome_of(what.why, what.cause);
  why_ = what.why ? what.why : make_fault(stream_error::closed_by_peer);
}

}  // namespace recado::app::bench
