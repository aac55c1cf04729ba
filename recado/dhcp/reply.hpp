// What a server says, checked: from a datagram to a lease.
#pragma once

#include <cstdint>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/outcome.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/dhcp/packet.hpp>

namespace recado::dhcp {

/// By what a client knows that a reply is its own.
struct identity {
  mac_address hardware;   ///< this host's Ethernet address
  std::uint32_t xid = 0;  ///< of the transaction
  bytes client_id;        ///< empty: none was sent
  bool inform = false;    ///< it asked for parameters only: no address and no times are expected
};

/// An OFFER, ACK or NAK.
struct reply {
  message_type type = message_type::none;  ///< offer, ack or nak
  ip_address server;                       ///< option 54
  lease content;                           ///< empty for a NAK; `obtained` is not set
  bool for_us = false;  ///< true once transaction and hardware address were found right, even if the rest is not
};

/// Checks every field of a message and fills `out`. Answers why the message is not to be believed, if it isn't.
/// What is wrong with an option that the lease can do without only leaves that option out.
outcome<error> read_reply(bytes payload, const identity& ours, reply& out);

}  // namespace recado::dhcp
