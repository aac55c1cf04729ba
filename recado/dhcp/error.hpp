// What can go wrong in DHCP: why there is no address, why an answer was not believed, misuse.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>

namespace recado::dhcp {

/// What the client and its helpers can fail with.
enum class error : std::uint16_t {
  // Why there is no address (or not any more). `detail` of the fault: the `error` of the last answer that was
  // for us but not usable, or 0.
  no_offer = 1,        ///< nobody answered DISCOVER
  no_usable_offer,     ///< answers came, but none that could be used; see the detail
  no_acknowledgement,  ///< a server offered an address, but did not answer REQUEST
  refused,             ///< the server answered REQUEST with NAK
  expired,             ///< nobody renewed the lease before it ended
  address_conflict,    ///< another host has the address
  no_parameters,       ///< nobody answered INFORM
  no_attempts,         ///< `options::attempts` is 0: the static configuration is to be used at once

  // Why an answer is not believed. It is ignored, and this is told by `client::last_ignored`.
  truncated,             ///< it ends before its fields or options do, or has no END option
  not_a_reply,           ///< op is not BOOTREPLY
  wrong_hardware,        ///< htype, hlen or chaddr are not ours
  wrong_transaction,     ///< xid is not ours
  wrong_client,          ///< it repeats another client's identifier (RFC 6842)
  bad_cookie,            ///< BOOTP without DHCP
  bad_option,            ///< an option's length does not fit its kind
  bad_message_type,      ///< option 53 is missing or makes no sense in this state
  no_server_identifier,  ///< option 54 is missing or no host's address
  other_server,          ///< from another server than the chosen one
  bad_address,           ///< the offered address is no host's address, or not the one that was asked for
  bad_netmask,           ///< option 1 has holes or is empty
  bad_lease_time,        ///< option 51 is missing or too short
  wrong_port,            ///< not for the DHCP client's port

  // Misuse of a command, or of stored bytes.
  no_such_host_address,  ///< the address cannot be a host's
  bad_prefix,            ///< the length of the prefix is not 1 to 32
  gateway_not_on_link,   ///< the gateway is not in the network of the address
  no_room,               ///< the memory given is too small
  record_damaged,        ///< the stored lease is incomplete or its check fails
  record_version,        ///< the stored lease was written by another version
  link_is_down,          ///< the command needs `opened` first
};
constexpr layer layer_of(error) { return layer::dhcp; }

/// What happened, as half a sentence: "no DHCP server answered".
phrase words(error what);
/// What the user can do about it.
phrase remedy(error what);

}  // namespace recado::dhcp
