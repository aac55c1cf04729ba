// Network namespaces for tests: networks of their own, joined by virtual cables, gone when the test ends.
//
// As root and as an ordinary user (in a user namespace). Where neither is allowed the tests fail, for a test that
// can't fail proves nothing.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/netlink.hpp>
#include <recado/drive/posix/network_interface.hpp>

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

namespace recado::test {

inline void write_file(const char* path, const std::string& text) {
  const posix::descriptor fd{::open(path, O_WRONLY | O_CLOEXEC)};
  if (!fd || ::write(fd.get(), text.data(), text.size()) < 0)
    throw std::runtime_error{std::string{path} + ": " + std::strerror(errno)};
}

/// Switches on an interface of the network in which the caller stands.
inline void switch_on(std::string_view name) {
  posix::loop loop;
  posix::network_interface which;
  posix::interface_name wanted;
  wanted.assign(name);
  if (!loop.open() || !which.open(loop, wanted) || !which.set_up(true)) throw std::runtime_error{"can't switch it on"};
}

/// Leaves the network of the machine for good. Must be called before the process has a second thread.
inline void leave_the_machines_network() {
  static bool done = false;
  if (done) return;
  const unsigned user = ::geteuid();
  const unsigned group = ::getegid();
  if (::unshare(CLONE_NEWNET) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
      throw std::runtime_error{std::string{"network namespaces are not allowed here: "} + std::strerror(errno)};
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
    write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  }
  switch_on("lo");
  done = true;
}

/// One network, with its loopback interface switched on.
class net_namespace {
 public:
  net_namespace() {
    leave_the_machines_network();
    const auto before = current();
    if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error{std::strerror(errno)};
    fd_ = current();
    switch_on("lo");
    ::setns(before.get(), CLONE_NEWNET);
  }
  int fd() const { return fd_.get(); }

  /// Sockets made while it exists belong to this network.
  class inside {
   public:
    explicit inside(const net_namespace& where) : before_(current()) {
      if (::setns(where.fd(), CLONE_NEWNET) != 0) throw std::runtime_error{std::strerror(errno)};
    }
    ~inside() { ::setns(before_.get(), CLONE_NEWNET); }

   private:
    posix::descriptor before_;
  };

 private:
  static posix::descriptor current() {
    return posix::descriptor{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  }
  posix::descriptor fd_;
};

/// A cable between two networks; both ends are switched off at first.
inline void join(const net_namespace& a, const char* name_a, const net_namespace& b, const char* name_b) {
  alignas(nlmsghdr) char memory[1024];
  nlmsghdr* message = mnl_nlmsg_put_header(memory);
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, name_a);
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(a.fd()));
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* other = mnl_attr_nest_start(message, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, name_b);
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(b.fd()));
  mnl_attr_nest_end(message, other);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  const net_namespace::inside here{a};
  const auto fd = posix::open_netlink();
  if (!fd || ::send(fd->get(), message, message->nlmsg_len, 0) < 0) throw std::runtime_error{"rtnetlink"};
  const auto size = ::recv(fd->get(), memory, sizeof memory, 0);
  if (size < 0 || mnl_cb_run(memory, static_cast<std::size_t>(size), 0, 0, nullptr, nullptr) < 0)
    throw std::runtime_error{std::string{"can't make a cable: "} + std::strerror(errno)};
}

}  // namespace recado::test
