// The smallest firmware around a session: connects, subscribes, publishes with every QoS, receives and acknowledges.
// Linked for its size only (tools/session_size): the stream is two functions of a board that isn't there.
#include <recado/mqtt/session.hpp>

namespace mqtt = recado::mqtt;

// The board's part. Without definitions worth anything: the linker must not know that they do nothing.
extern "C" {
std::size_t board_receive(std::byte* to, std::size_t room);
std::size_t board_send(const std::byte* from, std::size_t count);
std::int64_t board_microseconds();
void board_message(const char* topic, std::size_t topic_size, const std::byte* payload, std::size_t size);
}

namespace {

mqtt::session_storage<> storage;
std::byte buffer[1024];

#if defined(RECADO_MQTT_ONLY_3_1_1)
constexpr auto version = mqtt::version::v3_1_1;
#else
constexpr auto version = mqtt::version::v5_0;
#endif

void on(mqtt::session& session, const mqtt::session::event& what) {
  if (std::holds_alternative<mqtt::connected>(what)) {
    const mqtt::subscription wanted[] = {{.filter = "board/commands/#", .qos = mqtt::qos::exactly_once}};
    (void)session.subscribe(wanted);
  } else if (const auto* one = std::get_if<mqtt::message_received>(&what)) {
    board_message(one->topic.data(), one->topic.size(), one->payload.data(), one->payload.size());
    (void)session.publish({.topic = "board/answers", .payload = one->payload, .qos = one->qos});
  }
}

}  // namespace

int main() {
  mqtt::session session{storage.get()};
  mqtt::connect_options options{.version = version, .client_identifier = "board", .clean_start = false};
  options.user_name = "board", options.password = recado::as_bytes("secret");
  options.will = mqtt::will{"board/state", recado::as_bytes("gone"), mqtt::qos::at_least_once, true, {}};
  if (!session.connect(options)) return 1;
  session.opened(recado::instant{});
  std::size_t size = 0;
  for (;;) {
    const recado::instant now{
        std::chrono::duration_cast<recado::duration>(std::chrono::microseconds{board_microseconds()})};
    size += board_receive(buffer + size, sizeof buffer - size);
    recado::bytes in{buffer, size};
    while (const auto what = session.receive(in, now)) {
      on(session, *what);
      if (mqtt::session::ends(*what)) return 0;
    }
    std::memmove(buffer, in.data(), in.size());
    size = in.size();
    const recado::bytes out = session.pending(now);
    session.sent(board_send(out.data(), out.size()));
  }
}
