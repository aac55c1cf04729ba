#include <recado/drive/posix/dhcp_socket.hpp>

#include <array>
#include <cerrno>
#include <cstring>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/faults.hpp>
#include <recado/drive/posix/ip_packet.hpp>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

namespace recado::posix {
namespace {

constexpr std::size_t packet_bytes_max = 1'600;

// UDP to one port, no fragments: the kernel then wakes nobody for the rest of the traffic. Offsets in the IP packet.
bool attach_filter(int fd, std::uint16_t port) {
  std::array<sock_filter, 9> code{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

sockaddr_ll link_address(int index) {
  sockaddr_ll result{};
  result.sll_family = AF_PACKET;
  result.sll_protocol = htons(ETH_P_IP);
  result.sll_ifindex = index;
  return result;
}

template <class T>
std::optional<T> find(msghdr& header, int level, int type) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != level || each->cmsg_type != type) continue;
    T data;
    std::memcpy(&data, CMSG_DATA(each), sizeof data);
    return data;
  }
  return std::nullopt;
}

checksum checksum_state(msghdr& header) {
  const auto data = find<tpacket_auxdata>(header, SOL_PACKET, PACKET_AUXDATA);
  return data && (data->tp_status & TP_STATUS_CSUMNOTREADY) ? checksum::unfinished : checksum::complete;
}

}  // namespace

std::expected<void, fault> dhcp_socket::open(loop& where, const interface_name& interface, std::uint16_t client_port) {
  close();
  loop_ = &where;
  interface_ = interface;
  port_ = client_port;
  std::array<char, IFNAMSIZ> name{};
  std::memcpy(name.data(), interface.view().data(), interface.size());
  index_ = static_cast<int>(if_nametoindex(name.data()));
  if (index_ == 0) return std::unexpected(link_fault(ENODEV));
  udp_options options;
  options.local_port = client_port;
  options.interface = interface;
  options.broadcast = true;
  if (auto opened = udp_.open(where, options); !opened) return opened;
  return open_packet_socket();
}

std::expected<void, fault> dhcp_socket::open_packet_socket() {
  // Protocol 0 receives nothing: the filter is there before the first packet.
  descriptor fd{socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int yes = 1;
  const sockaddr_ll here = link_address(index_);
  if (!fd || !attach_filter(fd.get(), port_) ||
      setsockopt(fd.get(), SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) != 0 ||
      setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) != 0 ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return std::unexpected(link_fault(errno));
  if (auto watched = loop_->watch(fd.get(), packet_source_, trigger::level_read); !watched) return watched;
  packet_ = std::move(fd);
  return {};
}

void dhcp_socket::close_packet_socket() {
  if (!packet_) return;
  loop_->forget(packet_.get(), packet_source_);
  packet_.reset();
}

void dhcp_socket::close() {
  close_packet_socket();
  udp_.close();
  address_ = {};
  raw_source_ = ip_address::v4_any();
  last_sender_ = {};
}

std::expected<void, fault> dhcp_socket::configured(const ip_address& address) {
  address_ = address.v4_value() == 0 ? ip_address{} : address;
  if (address_) close_packet_socket();
  else if (!packet_) return open_packet_socket();
  return {};
}

std::expected<bool, fault> dhcp_socket::send(const datagram& out, instant now) {
  if (address_) return udp_.send(out, now);
  std::array<std::byte, packet_bytes_max> memory;
  const endpoint source{raw_source_, port_};
  const bytes packet = make_udp_packet({source, out.peer, out.payload}, memory);
  if (packet.empty()) return std::unexpected(stream_fault(EMSGSIZE));
  sockaddr_ll to = link_address(index_);
  to.sll_halen = ETH_ALEN;
  const bool to_all = out.peer.address == ip_address::v4_broadcast() || last_sender_ == mac_address{};
  if (to_all) std::memset(to.sll_addr, 0xff, ETH_ALEN);
  else std::memcpy(to.sll_addr, last_sender_.octets.data(), ETH_ALEN);
  const auto count =
      sendto(packet_.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  if (count < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)) return false;
  if (count < 0) {
    const fault why = stream_fault(errno);
    if (tap_) tap_->datagram_failed(out.peer, why, now);
    return std::unexpected(why);
  }
  if (tap_) tap_->datagram_seen(direction::out, source, out.peer, out.payload, now);
  return true;
}

std::expected<std::optional<datagram>, fault> dhcp_socket::receive(mutable_bytes memory, instant now) {
  // While the packet socket hears everything, what the other one may have heard too would only be heard twice.
  while (packet_) {
    udp_.discard();
    if (!packet_source_.readable) return std::optional<datagram>{};
    auto got = receive_raw(memory, now);
    if (!got || *got || !packet_source_.readable) return got;
  }
  return udp_.receive(memory, now);
}

std::expected<std::optional<datagram>, fault> dhcp_socket::receive_raw(mutable_bytes memory, instant now) {
  sockaddr_ll from{};
  alignas(cmsghdr) std::array<char, 256> control;
  iovec vector{memory.data(), memory.size()};
  msghdr header{};
  header.msg_name = &from, header.msg_namelen = sizeof from;
  header.msg_iov = &vector, header.msg_iovlen = 1;
  header.msg_control = control.data(), header.msg_controllen = control.size();
  const auto count = recvmsg(packet_.get(), &header, 0);
  if (count < 0) {
    if (errno == EINTR) return std::optional<datagram>{};
    packet_source_.readable = false;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<datagram>{};
    return std::unexpected(link_fault(errno));
  }
  if (header.msg_flags & MSG_TRUNC || from.sll_pkttype == PACKET_OUTGOING) return std::optional<datagram>{};
  const auto packet = read_udp_packet(memory.first(static_cast<std::size_t>(count)), checksum_state(header));
  if (!packet || packet->destination.port != port_ || packet->payload.empty()) return std::optional<datagram>{};
  if (from.sll_halen == ETH_ALEN) std::memcpy(last_sender_.octets.data(), from.sll_addr, ETH_ALEN);
  const auto stamp = find<timespec>(header, SOL_SOCKET, SO_TIMESTAMPNS);
  const instant arrived = stamp ? instant_of(*stamp, posix::now()) : now;
  if (tap_) tap_->datagram_seen(direction::in, packet->destination, packet->source, packet->payload, arrived);
  return datagram{port_, packet->source, packet->payload, arrived};
}

}  // namespace recado::posix
