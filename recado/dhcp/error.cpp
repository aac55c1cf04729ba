#include <recado/dhcp/error.hpp>

namespace recado::dhcp {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(error what) {
  switch (what) {
    case error::no_offer:
      return "no DHCP server answered"_packed;
    case error::no_usable_offer:
      return "no DHCP server's answer could be used"_packed;
    case error::no_acknowledgement:
      return "the DHCP server stopped answering"_packed;
    case error::refused:
      return "the DHCP server refused the address"_packed;
    case error::expired:
      return "the lease of the address expired"_packed;
    case error::address_conflict:
      return "another host uses the address"_packed;
    case error::no_parameters:
      return "no DHCP server told the network's parameters"_packed;
    case error::no_attempts:
      return "DHCP is switched off by 0 attempts"_packed;
    case error::truncated:
      return "a DHCP message was cut short"_packed;
    case error::not_a_reply:
      return "a DHCP message was not a reply"_packed;
    case error::wrong_hardware:
      return "a DHCP reply was for another hardware address"_packed;
    case error::wrong_transaction:
      return "a DHCP reply was for another transaction"_packed;
    case error::wrong_client:
      return "a DHCP reply was for another client identifier"_packed;
    case error::bad_cookie:
      return "a BOOTP reply was not DHCP"_packed;
    case error::bad_option:
      return "a DHCP option had a wrong length"_packed;
    case error::bad_message_type:
      return "a DHCP message of that type was not expected"_packed;
    case error::no_server_identifier:
      return "a DHCP reply did not say from which server it was"_packed;
    case error::other_server:
      return "a DHCP reply came from another server"_packed;
    case error::bad_address:
      return "a DHCP reply gave an address that cannot be used"_packed;
    case error::bad_netmask:
      return "a DHCP reply gave a netmask that cannot be used"_packed;
    case error::bad_lease_time:
      return "a DHCP reply gave no usable lease time"_packed;
    case error::wrong_port:
      return "a datagram was not for the DHCP client's port"_packed;
    case error::no_such_host_address:
      return "the address cannot be a host's"_packed;
    case error::bad_prefix:
      return "the length of the network's prefix is not 1 to 32"_packed;
    case error::gateway_not_on_link:
      return "the gateway is not in the network of the address"_packed;
    case error::no_room:
      return "the memory given is too small"_packed;
    case error::record_damaged:
      return "the stored lease is damaged"_packed;
    case error::record_version:
      return "the stored lease has an unknown version"_packed;
    case error::link_is_down:
      return "the network interface is down"_packed;
  }
  return "unknown DHCP error"_packed;
}

constexpr const char* advice_of(error what) {
  switch (what) {
    case error::no_offer:
      return "check the cable and that a DHCP server serves this network, or give a static address"_packed;
    case error::no_usable_offer:
    case error::bad_option:
    case error::bad_address:
    case error::bad_netmask:
    case error::bad_lease_time:
    case error::no_server_identifier:
      return "check the DHCP server's configuration, or give a static address"_packed;
    case error::no_acknowledgement:
      return "check the DHCP server, or give a static address"_packed;
    case error::refused:
      return "check the address range of the DHCP server; a new address is asked for"_packed;
    case error::expired:
      return "check the DHCP server; a new address is asked for"_packed;
    case error::address_conflict:
      return "find the other host, or take its address out of the server's range"_packed;
    case error::no_parameters:
      return "configure the DNS and NTP servers by hand"_packed;
    case error::no_attempts:
      return "give a static address, or allow attempts"_packed;
    case error::truncated:
    case error::not_a_reply:
    case error::wrong_hardware:
    case error::wrong_transaction:
    case error::wrong_client:
    case error::bad_cookie:
    case error::bad_message_type:
    case error::other_server:
    case error::wrong_port:
      return "nothing to do: it was ignored"_packed;
    case error::no_such_host_address:
      return "give an address that a host may have, such as 192.168.1.10"_packed;
    case error::bad_prefix:
      return "give a netmask such as 255.255.255.0"_packed;
    case error::gateway_not_on_link:
      return "correct the gateway, the address or the netmask"_packed;
    case error::no_room:
      return "give lease_record_bytes_max bytes"_packed;
    case error::record_damaged:
    case error::record_version:
      return "nothing to do: a new lease is asked for"_packed;
    case error::link_is_down:
      return "check the cable and the interface"_packed;
  }
  return ""_packed;
}

}  // namespace

phrase words(error what) { return phrase{cause_of(what)}; }
phrase remedy(error what) { return phrase{advice_of(what)}; }

}  // namespace recado::dhcp
