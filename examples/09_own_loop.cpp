// 9. The bare session in a loop of one's own: no thread, no heap. Here the loop is epoll, by recado's driver; the
// socket's descriptor (`stream.fd()`) can as well be watched by any other loop that calls `drive` when it is ready.
//
//   09_own_loop 127.0.0.1 1883
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <variant>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/mqtt/session.hpp>

int main(int argc, char** argv) {
  using namespace recado;
  static mqtt::session_storage<{.transmit = 4096, .receive = 4096}> storage;
  static std::array<std::byte, 4096> incoming;
  mqtt::session session{storage.get()};
  const endpoint broker{parse_address(argc > 1 ? argv[1] : "127.0.0.1").value_or(ip_address{}),
                        static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 1883)};
  posix::loop loop;
  posix::tcp_stream stream;
  posix::receive_buffer buffer{incoming};
  if (!loop.open() || !session.connect({.client_identifier = "own-loop"}) ||
      !stream.connect(loop, {&broker, 1}, {}, posix::now()))
    return 1;

  const auto on_event = [&](mqtt::session_event& what) {
    if (std::holds_alternative<mqtt::connected>(what)) {
      const mqtt::subscription mine[] = {{.filter = "recado/loop"}};
      (void)session.subscribe(mine);
    }
    if (std::holds_alternative<mqtt::subscribed>(what))
      (void)session.publish({.topic = "recado/loop", .payload = as_bytes("round"), .qos = mqtt::qos::at_least_once});
    if (const auto* message = std::get_if<mqtt::message_received>(&what)) {
      std::printf("%.*s\n", static_cast<int>(message->payload.size()), as_text(message->payload).data());
      (void)session.disconnect();
    }
    return std::holds_alternative<mqtt::closed>(what) ? posix::flow::finish : posix::flow::go_on;
  };
  for (;;) {
    const posix::progress done = posix::drive(session, stream, buffer, posix::now(), on_event);
    if (done.ended) return 0;
    loop.wait(done.deadline);
  }
}
