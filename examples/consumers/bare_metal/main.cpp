// A session on a board: static memory, the board's clock, and its way to send and receive bytes.
#include <algorithm>
#include <array>

#include <recado/mqtt/session.hpp>

using namespace recado;

namespace board {  // yours: a timer, and a modem or a TCP stack

volatile std::uint32_t microseconds;  // counted by a timer
volatile std::byte line;              // a register of a serial port
instant now() { return instant{duration{microseconds}}; }
std::size_t send(bytes data) {
  for (const std::byte each : data) line = each;
  return data.size();
}
std::size_t receive(mutable_bytes room) {
  if (!room.empty()) room[0] = line;
  return room.empty() ? 0 : 1;
}

}  // namespace board

int main() {
  static mqtt::session_storage<{.transmit = 512, .receive = 512, .outgoing = 4, .received = 4}> storage;
  static std::array<std::byte, 512> memory;
  static mqtt::session session{storage.get()};
  std::size_t held = 0;
  if (!session.connect({.client_identifier = "board"})) return 1;
  session.opened(board::now());
  for (;;) {
    bytes in{memory.data(), held};
    while (const auto what = session.receive(in, board::now())) {
      if (std::holds_alternative<mqtt::connected>(*what))
        (void)session.publish({.topic = "state", .payload = as_bytes("here"), .qos = mqtt::qos::exactly_once});
      if (std::holds_alternative<mqtt::closed>(*what)) return 0;
    }
    std::copy(in.begin(), in.end(), memory.begin());
    held = in.size();
    const bytes out = session.pending(board::now());
    session.sent(board::send(out));
    held += board::receive(mutable_bytes{memory}.subspan(held));
  }
}
