// Requests to the kernel over rtnetlink, one at a time and without a heap.
#pragma once

#include <array>
#include <cstdint>
#include <expected>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/fault.hpp>
#include <recado/drive/posix/descriptor.hpp>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

namespace recado::posix {

/// A blocking socket for requests, with a bound on every wait.
std::expected<descriptor, fault> open_netlink();
/// A non-blocking one that hears of changes: RTMGRP_LINK and the like.
std::expected<descriptor, fault> open_netlink_events(std::uint32_t groups);

/// One request, built in place.
class netlink_request {
 public:
  /// A request of that type (RTM_…) with these flags besides NLM_F_REQUEST.
  netlink_request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(memory_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  netlink_request(const netlink_request&) = delete;
  netlink_request& operator=(const netlink_request&) = delete;

  /// The fixed part behind the header: ifinfomsg, ifaddrmsg, rtmsg.
  template <class T>
  T& body() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }
  /// Adds an attribute of one byte.
  void put(std::uint16_t type, std::uint8_t value) { mnl_attr_put_u8(header_, type, value); }
  /// Adds an attribute of four bytes in the host's order.
  void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(header_, type, value); }
  /// Adds an attribute with an IPv4 address.
  void put(std::uint16_t type, const ip_address& v4) { mnl_attr_put(header_, type, 4, v4.octets.data()); }

  /// Sends it and waits for the kernel's verdict.
  std::expected<void, fault> execute(int fd);
  /// Sends it as a question and hands every answer to `each`.
  std::expected<void, fault> ask(int fd, void (*each)(const nlmsghdr&, void*), void* context);

 private:
  std::expected<void, fault> converse(int fd, void (*each)(const nlmsghdr&, void*), void* context);

  alignas(nlmsghdr) std::array<char, 512> memory_{};
  nlmsghdr* header_;
};

}  // namespace recado::posix
