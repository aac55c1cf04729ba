#include <recado/drive/posix/netlink.hpp>

#include <cerrno>

#include <recado/drive/posix/faults.hpp>

#include <sys/socket.h>
#include <sys/time.h>

namespace recado::posix {
namespace {

constexpr timeval answer_patience{5, 0};

std::expected<descriptor, fault> open_socket(int flags, std::uint32_t groups) {
  descriptor fd{socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE)};
  sockaddr_nl here{};
  here.nl_family = AF_NETLINK;
  here.nl_groups = groups;
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return std::unexpected(link_fault(errno));
  return fd;
}

struct conversation {
  void (*each)(const nlmsghdr&, void*);
  void* context;
};

int hand_over(const nlmsghdr* message, void* data) {
  const auto* talk = static_cast<const conversation*>(data);
  if (talk->each) talk->each(*message, talk->context);
  return MNL_CB_OK;
}

}  // namespace

std::expected<descriptor, fault> open_netlink() {
  auto fd = open_socket(0, 0);
  if (fd) setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &answer_patience, sizeof answer_patience);
  return fd;
}

std::expected<descriptor, fault> open_netlink_events(std::uint32_t groups) {
  return open_socket(SOCK_NONBLOCK, groups);
}

std::expected<void, fault> netlink_request::execute(int fd) {
  header_->nlmsg_flags |= NLM_F_ACK;
  return converse(fd, nullptr, nullptr);
}

std::expected<void, fault> netlink_request::ask(int fd, void (*each)(const nlmsghdr&, void*), void* context) {
  return converse(fd, each, context);
}

std::expected<void, fault> netlink_request::converse(int fd, void (*each)(const nlmsghdr&, void*), void* context) {
  static constinit std::uint32_t sequence = 0;  // requests on one descriptor come from one thread
  const std::uint32_t ours = __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
  header_->nlmsg_seq = ours;
  if (send(fd, header_, header_->nlmsg_len, MSG_NOSIGNAL) < 0) return std::unexpected(link_fault(errno));
  conversation talk{each, context};
  alignas(nlmsghdr) std::array<char, 16'384> memory;
  for (;;) {
    const auto size = recv(fd, memory.data(), memory.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::unexpected(link_fault(errno));
    const auto result = mnl_cb_run(memory.data(), static_cast<std::size_t>(size), ours, 0, hand_over, &talk);
    if (result == MNL_CB_STOP) return {};  // the acknowledgement, or the end of a list
    if (result < 0 && errno != EPROTO && errno != ESRCH) return std::unexpected(link_fault(errno));
    if (result < 0 && errno == ESRCH) return std::unexpected(link_fault(ESRCH));
    // EPROTO: the late answer to an earlier request, which was given up
  }
}

}  // namespace recado::posix
