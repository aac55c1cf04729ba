// lwIP's sockets, apart: its headers have the same names for the same things as the system's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench::lwip_sockets {

/// Starts lwIP on the tap `name` with the address `own`, and connects; -1 if that fails. Blocks until then.
int connect(const std::string& name, const std::string& own, const std::string& host, std::uint16_t port);
/// How many bytes were taken or came, 0 if there is no room or nothing now, -1 if the stream is gone.
long send(int fd, const void* data, std::size_t size);
long receive(int fd, void* data, std::size_t room);
/// Nothing more will be sent.
void finish(int fd);
/// Until there are bytes (or room, if `writing`), or so many milliseconds are over.
void wait(int fd, bool writing, int milliseconds);

}  // namespace bench::lwip_sockets
