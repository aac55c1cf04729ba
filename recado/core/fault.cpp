#include <recado/core/fault.hpp>

namespace recado {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer:
      return "the peer closed the connection";
    case stream_error::reset:
      return "the peer reset the connection";
    case stream_error::refused:
      return "the connection was refused";
    case stream_error::unreachable:
      return "the host or network is unreachable";
    case stream_error::timed_out:
      return "no answer came in time";
    case stream_error::aborted:
      return "the connection was ended on this side";
    case stream_error::interface_down:
      return "the network interface is down";
    case stream_error::address_lost:
      return "the interface lost its address";
    case stream_error::other:
      return "the system reported an error";
  }
  return "unknown stream error";
}

constexpr const char* advice_of(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer:
      return "see the server's log for the reason";
    case stream_error::reset:
      return "check that the port speaks the expected protocol, and the server's log";
    case stream_error::refused:
      return "check the address and port, and that the server is running";
    case stream_error::unreachable:
      return "check the address, the routes and the cable";
    case stream_error::timed_out:
      return "check the address, the port and any firewall between";
    case stream_error::aborted:
      return "nothing to do";
    case stream_error::interface_down:
      return "check the cable and the interface";
    case stream_error::address_lost:
      return "wait for a new lease, or check the DHCP server";
    case stream_error::other:
      return "see the error number";
  }
  return "";
}

constexpr const char* cause_of(link_error error) {
  switch (error) {
    case link_error::not_permitted:
      return "the system doesn't allow this program to configure the network";
    case link_error::no_such_interface:
      return "there is no such network interface";
    case link_error::not_ethernet:
      return "the network interface has no Ethernet address";
    case link_error::no_carrier:
      return "the network cable is out";
    case link_error::no_route:
      return "the gateway is not on this interface's network";
    case link_error::port_in_use:
      return "another program uses that port";
    case link_error::address_in_use:
      return "another host uses that address";
    case link_error::not_supported:
      return "the system doesn't support this";
    case link_error::no_resources:
      return "the system is out of descriptors or memory";
    case link_error::other:
      return "the system reported an error";
  }
  return "unknown link error";
}

constexpr const char* advice_of(link_error error) {
  switch (error) {
    case link_error::not_permitted:
      return "run it as root, or give it CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE";
    case link_error::no_such_interface:
      return "check the name against `ip link`";
    case link_error::not_ethernet:
      return "choose an Ethernet interface, or a static configuration";
    case link_error::no_carrier:
      return "plug the cable in, or check the other end";
    case link_error::no_route:
      return "check address, mask and gateway against each other";
    case link_error::port_in_use:
      return "stop the other program, a DHCP client for example";
    case link_error::address_in_use:
      return "give one of the two another address";
    case link_error::not_supported:
      return "use another kernel or interface";
    case link_error::no_resources:
      return "raise the limit of open files (ulimit -n), or close something";
    case link_error::other:
      return "see the error number";
  }
  return "";
}

}  // namespace

std::string_view words(stream_error error) { return cause_of(error); }
std::string_view remedy(stream_error error) { return advice_of(error); }
std::string_view words(link_error error) { return cause_of(error); }
std::string_view remedy(link_error error) { return advice_of(error); }

}  // namespace recado
