#include <recado/drive/posix/faults.hpp>

#include <cerrno>

namespace recado::posix {
namespace {

stream_error stream_error_of(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return stream_error::refused;
    case ECONNRESET:
    case EPIPE:
      return stream_error::reset;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EACCES:
    case EPERM:
      return stream_error::unreachable;
    case ETIMEDOUT:
      return stream_error::timed_out;
    case ECONNABORTED:
      return stream_error::aborted;
    case ENODEV:
      return stream_error::interface_down;
    case EADDRNOTAVAIL:
      return stream_error::address_lost;
    default:
      return stream_error::other;
  }
}

link_error link_error_of(int error_number) {
  switch (error_number) {
    case EPERM:
    case EACCES:
      return link_error::not_permitted;
    case ENODEV:
    case ENXIO:
      return link_error::no_such_interface;
    case ENETDOWN:
      return link_error::no_carrier;
    case ENETUNREACH:
    case EHOSTUNREACH:
      return link_error::no_route;
    case EADDRINUSE:
      return link_error::port_in_use;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
      return link_error::not_supported;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return link_error::no_resources;
    default:
      return link_error::other;
  }
}

}  // namespace

fault stream_fault(int error_number) {
  return make_fault(stream_error_of(error_number), static_cast<std::uint32_t>(error_number));
}

fault link_fault(int error_number) {
  return make_fault(link_error_of(error_number), static_cast<std::uint32_t>(error_number));
}

}  // namespace recado::posix
