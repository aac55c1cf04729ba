#include <recado/core/fault.hpp>

namespace recado {

std::string_view words(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer: return "the peer closed the connection";
    case stream_error::reset: return "the peer reset the connection";
    case stream_error::refused: return "the connection was refused";
    case stream_error::unreachable: return "the host or network is unreachable";
    case stream_error::timed_out: return "no answer came in time";
    case stream_error::aborted: return "the connection was ended on this side";
    case stream_error::interface_down: return "the network interface is down";
    case stream_error::address_lost: return "the interface lost its address";
    case stream_error::other: return "the system reported an error";
  }
  return "unknown stream error";
}

std::string_view remedy(stream_error error) {
  switch (error) {
    case stream_error::closed_by_peer: return "see the server's log for the reason";
    case stream_error::reset: return "check that the port speaks the expected protocol, and the server's log";
    case stream_error::refused: return "check the address and port, and that the server is running";
    case stream_error::unreachable: return "check the address, the routes and the cable";
    case stream_error::timed_out: return "check the address, the port and any firewall between";
    case stream_error::aborted: return "nothing to do";
    case stream_error::interface_down: return "check the cable and the interface";
    case stream_error::address_lost: return "wait for a new lease, or check the DHCP server";
    case stream_error::other: return "see the error number";
  }
  return "";
}

}  // namespace recado
