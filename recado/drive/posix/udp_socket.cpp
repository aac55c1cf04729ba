#include <recado/drive/posix/udp_socket.hpp>

#include <cerrno>
#include <cstring>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/socket_address.hpp>

#include <linux/errqueue.h>
#include <sys/socket.h>

namespace recado::posix {
namespace {

bool set(int fd, int level, int name, int value) { return setsockopt(fd, level, name, &value, sizeof value) == 0; }

bool configure(int fd, const udp_options& options, bool v6) {
  const auto name = options.interface.view();
  if (!name.empty() &&
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), static_cast<socklen_t>(name.size())) != 0)
    return false;
  if (options.broadcast && !set(fd, SOL_SOCKET, SO_BROADCAST, 1)) return false;
  set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);  // without it the time of reading serves
  if (!v6) return set(fd, IPPROTO_IP, IP_RECVERR, 1) && set(fd, IPPROTO_IP, IP_PKTINFO, 1);
  return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1) &&
         set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

// The control messages of one recvmsg.
struct received_message {
  alignas(cmsghdr) std::array<char, 256> control;
  sockaddr_storage name{};
  iovec vector{};
  msghdr header{};

  received_message(void* data, std::size_t size) : vector{data, size} {
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  template <class T>
  std::optional<T> find(int level, int type) {
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(&header, each))
      if (each->cmsg_level == level && each->cmsg_type == type) {
        T value;
        std::memcpy(&value, CMSG_DATA(each), sizeof value);
        return value;
      }
    return std::nullopt;
  }
  ip_address local_address() {
    if (const auto v4 = find<in_pktinfo>(IPPROTO_IP, IP_PKTINFO)) return ip_address::v4(ntohl(v4->ipi_addr.s_addr));
    ip_address result;
    if (const auto v6 = find<in6_pktinfo>(IPPROTO_IPV6, IPV6_PKTINFO)) {
      result.family = ip_address::kind::v6;
      std::memcpy(result.octets.data(), &v6->ipi6_addr, 16);
    }
    return result;
  }
};

// Which address the system sends from to this peer; only asked when somebody looks on.
ip_address source_address(const endpoint& to, const udp_options& options) {
  descriptor fd{socket(to.address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const socket_address address{to};
  if (!fd || !configure(fd.get(), options, to.address.is_v6())) return {};
  if (connect(fd.get(), address.get(), address.length) != 0) return {};
  return local_endpoint(fd.get()).address;
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS; }

}  // namespace

std::expected<void, fault> udp_socket::open(loop& where, const udp_options& options) {
  close();
  const bool v6 = options.family == ip_address::kind::v6;
  descriptor fd{socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd || !configure(fd.get(), options, v6)) return std::unexpected(link_fault(errno));
  ip_address any = ip_address::v4_any();
  if (v6) any = ip_address::v6({});
  const socket_address here{{any, options.local_port}};
  if (bind(fd.get(), here.get(), here.length) != 0) return std::unexpected(link_fault(errno));
  if (auto watched = where.watch(fd.get(), source_, trigger::level_read); !watched) return watched;
  fd_ = std::move(fd);
  loop_ = &where;
  options_ = options;
  options_.local_port = local_endpoint(fd_.get()).port;
  earlier_ = {};
  return {};
}

void udp_socket::close() {
  if (!fd_) return;
  loop_->forget(fd_.get(), source_);
  fd_.reset();
  source_ = {false, false, false, source_.owner};
}

std::expected<bool, fault> udp_socket::send(const datagram& out, instant now) {
  const socket_address to{out.peer};
  for (int attempt = 0;; ++attempt) {
    const auto count = sendto(fd_.get(), out.payload.data(), out.payload.size(), MSG_NOSIGNAL, to.get(), to.length);
    if (count >= 0) break;
    if (errno == EINTR) continue;
    if (would_block()) return false;
    const fault why = stream_fault(errno);
    // What is reported may be an ICMP error that an earlier datagram met, and then this one deserves another try.
    const auto queued = take_error();
    if (!queued || attempt > 4) {
      if (tap_) tap_->datagram_failed(out.peer, why, now);
      return std::unexpected(why);
    }
    earlier_ = *queued;
  }
  if (tap_) show(direction::out, {source_address(out.peer, options_), local_port()}, out.peer, out.payload, now);
  return true;
}

std::expected<std::optional<datagram>, fault> udp_socket::receive(mutable_bytes memory, instant now) {
  while (fd_ && (source_.readable || earlier_)) {
    if (earlier_) return std::unexpected(std::exchange(earlier_, {}));
    received_message message{memory.data(), memory.size()};
    const auto count = recvmsg(fd_.get(), &message.header, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const fault why = stream_fault(errno);
      const bool nothing_there = would_block();
      if (const auto queued = take_error()) return std::unexpected(*queued);
      if (nothing_there) return source_.readable = false, std::optional<datagram>{};
      return std::unexpected(why);
    }
    if (message.header.msg_flags & MSG_TRUNC) continue;  // part of a datagram is worth nothing
    const endpoint local{message.local_address(), local_port()};
    const auto stamp = message.find<timespec>(SOL_SOCKET, SO_TIMESTAMPNS);
    datagram in{local.port, endpoint_of(message.name), memory.first(static_cast<std::size_t>(count)), now};
    if (stamp) in.received = instant_of(*stamp, posix::now());
    if (in.payload.empty()) continue;  // says nothing, and would look as if only time had passed
    show(direction::in, local, in.peer, in.payload, in.received);
    return in;
  }
  return std::optional<datagram>{};
}

void udp_socket::discard() {
  std::array<std::byte, 1> byte;
  constexpr int datagrams_max = 256;
  for (int i = 0; i < datagrams_max && fd_ && source_.readable; ++i) {
    if (recv(fd_.get(), byte.data(), byte.size(), 0) >= 0 || errno == EINTR) continue;
    if (would_block() && !take_error()) source_.readable = false;
  }
}

void udp_socket::show(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) {
  if (tap_) tap_->datagram_seen(way, local, peer, payload, when);
}

// An ICMP error that came back, from the socket's error queue (IP_RECVERR): unconnected sockets learn only so of it.
std::optional<fault> udp_socket::take_error() {
  std::array<std::byte, 64> start_of_datagram;
  received_message message{start_of_datagram.data(), start_of_datagram.size()};
  if (recvmsg(fd_.get(), &message.header, MSG_ERRQUEUE) < 0) return std::nullopt;
  auto error = message.find<sock_extended_err>(IPPROTO_IP, IP_RECVERR);
  if (!error) error = message.find<sock_extended_err>(IPPROTO_IPV6, IPV6_RECVERR);
  if (!error) return std::nullopt;
  failed_peer_ = endpoint_of(message.name);
  const fault why = stream_fault(static_cast<int>(error->ee_errno));
  if (tap_) tap_->datagram_failed(failed_peer_, why, now());
  return why;
}

void udp_sockets::open(loop& where, const udp_options& options) {
  close();
  loop_ = &where;
  options_ = options;
}

void udp_sockets::close() {
  for (auto& each : entries_) each.socket.close();
}

std::expected<udp_socket*, fault> udp_sockets::socket_for(const datagram& out) {
  entry* place = &entries_[0];
  for (auto& each : entries_) {
    const auto& socket = each.socket;
    const bool fits = socket.is_open() && socket.family() == out.peer.address.family;
    if (fits && out.local_port != 0 && socket.local_port() == out.local_port) return &each.socket;
    if (!place->socket.is_open()) continue;
    if (!socket.is_open() || each.opened_as < place->opened_as) place = &each;
  }
  udp_options options = options_;
  options.family = out.peer.address.family;
  options.local_port = out.local_port;
  place->socket.observe(tap_);
  if (auto opened = place->socket.open(*loop_, options); !opened) return std::unexpected(opened.error());
  place->opened_as = ++opened_;
  return &place->socket;
}

std::expected<bool, fault> udp_sockets::send(const datagram& out, instant now) {
  const auto socket = socket_for(out);
  if (!socket) return std::unexpected(socket.error());
  return (*socket)->send(out, now);
}

std::expected<std::optional<datagram>, fault> udp_sockets::receive(mutable_bytes memory, instant now) {
  for (auto& each : entries_) {
    auto got = each.socket.receive(memory, now);
    if (!got) failed_peer_ = each.socket.failed_peer(), failed_port_ = each.socket.local_port();
    if (!got || *got) return got;
  }
  return std::optional<datagram>{};
}

}  // namespace recado::posix
