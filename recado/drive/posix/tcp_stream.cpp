#include <recado/drive/posix/tcp_stream.hpp>

#include <atomic>
#include <cerrno>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace recado::posix {
namespace {

std::uint32_t next_identity() {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

bool set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value) == 0; }

int seconds_of(duration time) { return static_cast<int>((time.count() + 999'999) / 1'000'000); }

bool set_keep_alive(int fd, const tcp_options& options) {
  if (options.keep_alive_idle == duration::zero()) return true;
  return set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds_of(options.keep_alive_idle)) &&
         set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds_of(options.keep_alive_interval)) &&
         set(fd, IPPROTO_TCP, TCP_KEEPCNT, options.keep_alive_probes);
}

bool set_tcp(int fd, const tcp_options& options) {
  if (options.no_delay && !set(fd, IPPROTO_TCP, TCP_NODELAY, 1)) return false;
  const auto user_timeout_ms = static_cast<int>(options.user_timeout.count() / 1'000);
  if (user_timeout_ms != 0 && !set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms)) return false;
  return set_keep_alive(fd, options);
}

bool set_socket(int fd, const tcp_options& options) {
  const auto name = options.interface.view();
  if (!name.empty() &&
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), static_cast<socklen_t>(name.size())) != 0)
    return false;
  if (options.send_buffer != 0 && !set(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer)) return false;
  return options.receive_buffer == 0 || set(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer);
}

int pending_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

// "Nobody listens there" tells more than "no route" for an address of the other family that was tried as well.
bool tells_more(const fault& later, const fault& earlier) { return !earlier || !is(later, stream_error::unreachable); }

}  // namespace

std::expected<void, fault> tcp_stream::connect(loop& where, std::span<const endpoint> candidates,
                                               const tcp_options& options, instant now) {
  close();
  loop_ = &where;
  options_ = options;
  candidates_ = candidates;
  next_candidate_ = 0;
  why_ = {};
  broken_ = {};
  phase_ = phase::connecting;
  attempt_next(candidates.empty() ? make_fault(stream_error::unreachable) : fault{}, now);
  if (phase_ == phase::closed) return std::unexpected(why_);
  return {};
}

std::expected<void, fault> tcp_stream::adopt(loop& where, int fd, const tcp_options& options, instant now) {
  close();
  loop_ = &where;
  options_ = options;
  candidates_ = {};
  next_candidate_ = 0;
  why_ = {};
  broken_ = {};
  fd_.reset(fd);
  source_ = {false, true, false, source_.owner};
  identity_ = {next_identity(), {}, peer_endpoint(fd)};
  phase_ = phase::connecting;
  deadline_ = now;
  const int flags = fcntl(fd, F_GETFL);
  const bool made = fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && set_socket(fd, options) &&
                    (identity_.peer.port == 0 || set_tcp(fd, options));  // a socketpair knows nothing of TCP
  if (const auto watched = made ? where.watch(fd, source_, trigger::edge_both) : std::unexpected(link_fault(errno));
      !watched) {
    close(watched.error(), now);
    return watched;
  }
  return {};
}

// Starts attempts until one is under way; `why` is what became of the one before.
void tcp_stream::attempt_next(fault why, instant now) {
  for (;;) {
    if (why && tells_more(why, why_)) why_ = why;
    if (next_candidate_ == candidates_.size()) return close(why_, now);
    why = start_attempt(candidates_[next_candidate_++], now);
    if (!why) return;
  }
}

fault tcp_stream::start_attempt(const endpoint& to, instant now) {
  forget();
  const int family = to.address.is_v6() ? AF_INET6 : AF_INET;
  fd_.reset(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return link_fault(errno);
  if (!set_socket(fd_.get(), options_) || !set_tcp(fd_.get(), options_)) return link_fault(errno);
  identity_ = {next_identity(), {}, to};
  source_ = {false, false, false, source_.owner};
  const socket_address address{to};
  // An interrupted connect goes on by itself, as one under way.
  if (::connect(fd_.get(), address.get(), address.length) != 0 && errno != EINPROGRESS && errno != EINTR)
    return stream_fault(errno);
  if (const auto watched = loop_->watch(fd_.get(), source_, trigger::edge_both); !watched) return watched.error();
  deadline_ = now + options_.connect_timeout;
  return {};
}

void tcp_stream::advance(instant now) {
  if (phase_ != phase::connecting) return;
  if (source_.writable || source_.hung_up) {
    const int error = pending_error(fd_.get());
    if (error == 0) return become_open(now);
    attempt_next(stream_fault(error), now);
  } else if (now >= deadline_) {
    attempt_next(make_fault(stream_error::timed_out, ETIMEDOUT), now);
  }
}

void tcp_stream::become_open(instant now) {
  phase_ = phase::open;
  deadline_ = never;
  why_ = {};
  identity_.local = local_endpoint(fd_.get());
  if (tap_) tap_->stream_opened(identity_, now);
}

std::expected<std::size_t, fault> tcp_stream::send(bytes data, instant now) {
  if (broken_) return std::unexpected(broken_);
  ssize_t count = 0;
  do count = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    broken_ = stream_fault(errno);
    source_.readable = true;  // the peer may have said why before it left
    return std::unexpected(broken_);
  }
  const auto taken = count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
  if (taken < data.size()) source_.writable = false;
  if (tap_ && taken != 0) tap_->stream_bytes(identity_, direction::out, content::wire, data.first(taken), now);
  return taken;
}

std::expected<std::size_t, fault> tcp_stream::receive(mutable_bytes memory, instant now) {
  ssize_t count = 0;
  do count = ::recv(fd_.get(), memory.data(), memory.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count == 0) return std::unexpected(broken_ ? broken_ : make_fault(stream_error::closed_by_peer));
  if (count < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) return std::unexpected(stream_fault(errno));
    if (broken_) return std::unexpected(broken_);
    source_.readable = false;
    return 0;
  }
  const auto taken = static_cast<std::size_t>(count);
  // A short read has emptied the socket: the next bytes come with an edge. Not so the end, whose edge is gone.
  if (taken < memory.size() && !source_.hung_up && !broken_) source_.readable = false;
  if (tap_) tap_->stream_bytes(identity_, direction::in, content::wire, memory.first(taken), now);
  return taken;
}

void tcp_stream::finish(instant now) {
  if (phase_ != phase::open) return;
  phase_ = phase::flushing;
  deadline_ = now + options_.linger;
}

void tcp_stream::shut_down_output(instant now) {
  if (::shutdown(fd_.get(), SHUT_WR) != 0) return close(make_fault(stream_error::aborted), now);  // the peer was faster
  phase_ = phase::draining;
  source_.readable = true;
}

void tcp_stream::forget() {
  if (!fd_) return;
  loop_->forget(fd_.get(), source_);
  fd_.reset();
}

void tcp_stream::close(fault why) { close(why, posix::now()); }

void tcp_stream::close(fault why, instant now) {
  const bool was_open = phase_ == phase::open || phase_ == phase::flushing || phase_ == phase::draining;
  forget();
  if (phase_ != phase::idle) phase_ = phase::closed;
  source_ = {false, false, false, source_.owner};
  deadline_ = never;
  why_ = why;
  if (was_open && tap_) tap_->stream_closed(identity_, why, now);
}

}  // namespace recado::posix
