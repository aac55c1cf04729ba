#include <recado/drive/posix/tcp_stream.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
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

ssize_t send_some(int fd, bytes data) {
  ssize_t count = 0;
  do count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  return count;
}

// A kernel without Multipath TCP refuses the protocol; a peer without it is spoken to in TCP by the kernel itself.
int open_socket(int family, bool multipath) {
  constexpr int kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int fd = multipath ? socket(family, kind, IPPROTO_MPTCP) : -1;
  return fd >= 0 ? fd : socket(family, kind, 0);
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
  next_attempt_ = now;
  if (candidates.empty()) why_ = make_fault(stream_error::unreachable);
  start_attempts(now);
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

void tcp_stream::note(fault why) {
  if (tells_more(why, why_)) why_ = why;
}

// Starts what is due: an attempt at once if none is under way, else one after each delay.
void tcp_stream::start_attempts(instant now) {
  const auto is_free = [](const attempt& one) { return !one.fd; };
  while (next_candidate_ != candidates_.size()) {
    const auto free = std::ranges::find_if(attempts_, is_free);
    const bool alone = std::ranges::all_of(attempts_, is_free);
    if (free == attempts_.end() || (!alone && now < next_attempt_)) break;
    if (const fault why = start(*free, next_candidate_++, now)) {
      note(why);
      drop(*free);
      continue;
    }
    next_attempt_ = options_.attempt_delay < never - now ? now + options_.attempt_delay : never;
  }
  if (std::ranges::all_of(attempts_, is_free)) return close(why_, now);
  deadline_ = next_candidate_ != candidates_.size() && std::ranges::any_of(attempts_, is_free) ? next_attempt_ : never;
  for (const attempt& one : attempts_)
    if (one.fd) deadline_ = std::min(deadline_, one.deadline);
}

fault tcp_stream::start(attempt& one, std::uint16_t candidate, instant now) {
  const endpoint& to = candidates_[candidate];
  const int family = to.address.is_v6() ? AF_INET6 : AF_INET;
  one.fd.reset(open_socket(family, options_.multipath));
  if (!one.fd) return link_fault(errno);
  if (!set_socket(one.fd.get(), options_) || !set_tcp(one.fd.get(), options_)) return link_fault(errno);
  if (options_.local) {
    const socket_address here{{options_.local, 0}};
    if (::bind(one.fd.get(), here.get(), here.length) != 0) return stream_fault(errno);
  }
  identity_ = {next_identity(), {}, to};
  one.candidate = candidate;
  one.in_place = std::ranges::none_of(attempts_, [&](const attempt& a) { return &a != &one && a.fd && a.in_place; });
  readiness_of(one) = {false, false, false, source_.owner};
  const socket_address address{to};
  // An interrupted connect goes on by itself, as one under way.
  if (::connect(one.fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS && errno != EINTR)
    return stream_fault(errno);
  if (const auto watched = loop_->watch(one.fd.get(), readiness_of(one), trigger::edge_both); !watched)
    return watched.error();
  one.deadline = now + options_.connect_timeout;
  return {};
}

void tcp_stream::drop(attempt& one) {
  if (!one.fd) return;
  loop_->forget(one.fd.get(), readiness_of(one));
  one.fd.reset();
}

void tcp_stream::drop_attempts() {
  for (attempt& one : attempts_) drop(one);
}

// The others end here: whatever their peers answer finds nobody.
void tcp_stream::win(attempt& one, instant now) {
  const source known = readiness_of(one);
  if (!one.in_place) loop_->forget(one.fd.get(), one.own);
  fd_ = std::move(one.fd);
  drop_attempts();
  source_ = known;
  source_.writable = true;
  identity_.peer = candidates_[one.candidate];
  if (!one.in_place)
    if (const auto watched = loop_->watch(fd_.get(), source_, trigger::edge_both); !watched)
      return close(watched.error(), now);
  become_open(now);
}

// True if an attempt came to its end without success, so that the next may begin at once.
bool tcp_stream::watch_attempts(instant now) {
  bool failed = false;
  for (attempt& one : attempts_) {
    if (!one.fd) continue;
    fault why;
    if (readiness_of(one).writable || readiness_of(one).hung_up) {
      const int error = pending_error(one.fd.get());
      if (error == 0) return win(one, now), false;
      why = stream_fault(error);
    } else if (now >= one.deadline) {
      why = make_fault(stream_error::timed_out, ETIMEDOUT);
    }
    if (!why) continue;
    note(why);
    drop(one);
    failed = true;
  }
  return failed;
}

void tcp_stream::advance(instant now) {
  if (phase_ != phase::connecting) return;
  if (fd_) return become_open(now);  // it was connected when it came
  if (watch_attempts(now)) next_attempt_ = now;
  if (phase_ == phase::connecting) start_attempts(now);
}

std::expected<void, fault> tcp_stream::connect_unix(loop& where, std::string_view path, const tcp_options& options,
                                                    instant now) {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::unexpected(stream_fault(ENAMETOOLONG));
  copy(as_bytes(path), std::as_writable_bytes(std::span{address.sun_path}));
  descriptor fd{socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return std::unexpected(link_fault(errno));
  int result = 0;
  do result = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  while (result != 0 && errno == EINTR);
  if (result != 0) return std::unexpected(stream_fault(errno));
  tcp_options without_interface = options;
  without_interface.interface = {};
  return adopt(where, fd.release(), without_interface, now);
}

void interleave_families(std::span<endpoint> candidates) {
  if (candidates.empty()) return;
  bool v6 = candidates.front().address.is_v6();
  for (auto at = candidates.begin(); at != candidates.end(); ++at, v6 = !v6) {
    const auto next = std::find_if(at, candidates.end(), [v6](const endpoint& e) { return e.address.is_v6() == v6; });
    if (next == candidates.end()) return;
    std::rotate(at, next, next + 1);
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
  const ssize_t count = send_some(fd_.get(), data);
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

// Whether there is room and what broke are the loop's thread's to note: it is told by the system meanwhile.
std::size_t tcp_stream::send_beside(bytes data) const {
  const ssize_t count = broken_ ? -1 : send_some(fd_.get(), data);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

std::expected<std::size_t, fault> tcp_stream::receive(mutable_bytes memory, instant now) {
  ssize_t count = 0;
  do count = ::recv(fd_.get(), memory.data(), memory.size(), 0);
  while (count < 0 && errno == EINTR);
  if (count == 0) return std::unexpected(broken_ ? broken_ : make_fault(stream_error::closed_by_peer));
  if (count < 0) {
    if (errno != EAGAIN && errno != EWOULDBLOCK) return std::unexpected(broken_ = stream_fault(errno));
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

std::expected<std::size_t, fault> tcp_stream::unacknowledged() const {
  if (broken_) return std::unexpected(broken_);
  if (const int error = pending_error(fd_.get()); error != 0) return std::unexpected(stream_fault(error));
  int left = 0;
  return ::ioctl(fd_.get(), TIOCOUTQ, &left) == 0 && left > 0 ? static_cast<std::size_t>(left) : std::size_t{0};
}

void tcp_stream::finish(instant now) {
  if (phase_ != phase::open) return;
  phase_ = phase::flushing;
  deadline_ = now + options_.linger;
}

void tcp_stream::shut_down_output(instant now) {
  if (::shutdown(fd_.get(), SHUT_WR) != 0) {  // the peer was faster: this isn't said after its FIN
    if (!broken_) broken_ = make_fault(stream_error::reset);
    return close(make_fault(stream_error::aborted), now);
  }
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
  drop_attempts();
  if (phase_ != phase::idle) phase_ = phase::closed;
  source_ = {false, false, false, source_.owner};
  deadline_ = never;
  why_ = why;
  if (was_open && tap_) tap_->stream_closed(identity_, why, now);
}

}  // namespace recado::posix
