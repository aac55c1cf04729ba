#include <recado/core/fault.hpp>

namespace recado {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer:
      return "the peer closed the connection"_packed;
    case stream_error::reset:
      return "the peer reset the connection"_packed;
    case stream_error::refused:
      return "the connection was refused"_packed;
    case stream_error::unreachable:
      return "the host or network is unreachable"_packed;
    case stream_error::timed_out:
      return "no answer came in time"_packed;
    case stream_error::aborted:
      return "the connection was ended on this side"_packed;
    case stream_error::interface_down:
      return "the network interface is down"_packed;
    case stream_error::address_lost:
      return "the interface lost its address"_packed;
    case stream_error::other:
      return "the system reported an error"_packed;
  }
  return "unknown stream error"_packed;
}

constexpr const char* advice_of(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer:
      return "see the server's log for the reason"_packed;
    case stream_error::reset:
      return "check that the port speaks the expected protocol, and the server's log"_packed;
    case stream_error::refused:
      return "check the address and port, and that the server is running"_packed;
    case stream_error::unreachable:
      return "check the address, the routes and the cable"_packed;
    case stream_error::timed_out:
      return "check the address, the port and any firewall between"_packed;
    case stream_error::aborted:
      return "nothing to do"_packed;
    case stream_error::interface_down:
      return "check the cable and the interface"_packed;
    case stream_error::address_lost:
      return "wait for a new lease, or check the DHCP server"_packed;
    case stream_error::other:
      return "see the error number"_packed;
  }
  return ""_packed;
}

constexpr const char* cause_of(link_error error) {
  switch (error) {
    case link_error::not_permitted:
      return "the system doesn't allow this program to configure the network"_packed;
    case link_error::no_such_interface:
      return "there is no such network interface"_packed;
    case link_error::not_ethernet:
      return "the network interface has no Ethernet address"_packed;
    case link_error::no_carrier:
      return "the network cable is out"_packed;
    case link_error::no_route:
      return "the gateway is not on this interface's network"_packed;
    case link_error::port_in_use:
      return "another program uses that port"_packed;
    case link_error::address_in_use:
      return "another host uses that address"_packed;
    case link_error::not_supported:
      return "the system doesn't support this"_packed;
    case link_error::no_resources:
      return "the system is out of descriptors or memory"_packed;
    case link_error::other:
      return "the system reported an error"_packed;
  }
  return "unknown link error"_packed;
}

constexpr const char* advice_of(link_error error) {
  switch (error) {
    case link_error::not_permitted:
      return "run it as root, or give it CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE"_packed;
    case link_error::no_such_interface:
      return "check the name against `ip link`"_packed;
    case link_error::not_ethernet:
      return "choose an Ethernet interface, or a static configuration"_packed;
    case link_error::no_carrier:
      return "plug the cable in, or check the other end"_packed;
    case link_error::no_route:
      return "check address, mask and gateway against each other"_packed;
    case link_error::port_in_use:
      return "stop the other program, a DHCP client for example"_packed;
    case link_error::address_in_use:
      return "give one of the two another address"_packed;
    case link_error::not_supported:
      return "use another kernel or interface"_packed;
    case link_error::no_resources:
      return "raise the limit of open files (ulimit -n), or close something"_packed;
    case link_error::other:
      return "see the error number"_packed;
  }
  return ""_packed;
}

}  // namespace

phrase words(stream_error error) { return phrase{cause_of(error)}; }
phrase remedy(stream_error error) { return phrase{advice_of(error)}; }
phrase words(link_error error) { return phrase{cause_of(error)}; }
phrase remedy(link_error error) { return phrase{advice_of(error)}; }

}  // namespace recado
