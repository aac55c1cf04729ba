// Endpoints as the system writes them.
#pragma once

#include <recado/core/address.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

namespace recado::posix {

/// An endpoint in the form that bind, connect and sendto take.
struct socket_address {
  sockaddr_storage storage{};  ///< the system's form
  socklen_t length = 0;        ///< bytes of it

  explicit socket_address(const endpoint& where);  ///< Of an address and a port.
  /// For the system call; lives as long as this.
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The endpoint in a system's address; no address if it is of another family.
endpoint endpoint_of(const sockaddr_storage& storage);
/// The near and the far end of a socket; no address if there is none.
endpoint local_endpoint(int fd);
endpoint peer_endpoint(int fd);  ///< the far end

}  // namespace recado::posix
