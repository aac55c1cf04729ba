#include <recado/drive/posix/socket_address.hpp>

#include <cstring>

#include <arpa/inet.h>

namespace recado::posix {
namespace {

endpoint ask(int fd, int (*question)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (question(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return endpoint_of(storage);
}

}  // namespace

socket_address::socket_address(const endpoint& where) {
  if (where.address.is_v6()) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(where.port);
    v6.sin6_scope_id = where.address.scope;
    std::memcpy(&v6.sin6_addr, where.address.octets.data(), 16);
    length = sizeof v6;
    std::memcpy(&storage, &v6, sizeof v6);
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(where.port);
    std::memcpy(&v4.sin_addr, where.address.octets.data(), 4);
    length = sizeof v4;
    std::memcpy(&storage, &v4, sizeof v4);
  }
}

endpoint endpoint_of(const sockaddr_storage& storage) {
  endpoint result;
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    result.address = ip_address::v4(ntohl(v4.sin_addr.s_addr));
    result.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    std::array<std::byte, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, 16);
    result.address = ip_address::v6(octets);
    result.address.scope = v6.sin6_scope_id;
    result.port = ntohs(v6.sin6_port);
  }
  return result;
}

endpoint local_endpoint(int fd) { return ask(fd, &getsockname); }
endpoint peer_endpoint(int fd) { return ask(fd, &getpeername); }

}  // namespace recado::posix
