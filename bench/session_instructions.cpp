// What one message costs a session, in instructions: MQTT 5.0, a topic of 20 bytes and a payload of 100 bytes, sent or
// received in batches as a driver does. tools/instructions runs it under callgrind, which counts what stands below the
// functions `measured_…`; what the server says is made outside of them.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <recado/mqtt/session.hpp>

namespace mqtt = recado::mqtt;
using recado::bytes;

namespace {

constexpr std::size_t batch_max = 10'000;
constexpr std::string_view topic = "sensors/room/0042/is";
const std::byte payload[100]{};
constexpr mqtt::storage_sizes sizes{.transmit = 200 * batch_max,
                                    .receive = 1024,
                                    .outgoing = batch_max,
                                    .received = mqtt::received_bitmap_words,
                                    .owed = 8};

/// What the server says next.
class answers {
 public:
  void say(mqtt::packet_type type, std::uint16_t identifier) {
    const unsigned flags = type == mqtt::packet_type::pubrel ? 2 : 0;
    for (const unsigned b :
         {static_cast<unsigned>(type) << 4 | flags, 2U, unsigned{identifier} >> 8U, identifier & 255U})
      said_.push_back(static_cast<std::byte>(b));
  }
  void publish(mqtt::qos level, std::uint16_t identifier) {
    mqtt::publish one;
    one.qos = level, one.packet_identifier = identifier, one.topic = topic, one.payload = payload;
    std::byte packet[200];
    const auto size = mqtt::encode(one, mqtt::version::v5_0, recado::mutable_bytes{packet});
    said_.insert(said_.end(), packet, packet + size.value_or(0));
  }
  bytes said() const { return said_; }
  void clear() { said_.clear(); }

 private:
  std::vector<std::byte> said_;
};

}  // namespace

extern "C" {

__attribute__((noinline)) std::size_t measured_publish(mqtt::session* session, const mqtt::message* message,
                                                       std::size_t count, std::uint16_t* identifiers) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto token = session->publish(*message);
    if (!token) break;
    identifiers[i] = token->packet_identifier, ++done;
  }
  return done;
}

__attribute__((noinline)) std::size_t measured_send(mqtt::session* session) {
  std::size_t count = 0;
  for (bytes out = session->pending({}); !out.empty(); out = session->pending({})) {
    count += out.size();
    session->sent(out.size());
  }
  return count;
}

__attribute__((noinline)) std::size_t measured_receive(mqtt::session* session, bytes in) {
  std::size_t events = 0;
  while (const auto what = session->receive(in, {})) ++events;
  return in.empty() ? events : 0;
}

// The same by the calls that take many at a time.
__attribute__((noinline)) std::size_t measured_receive_many(mqtt::session* session, bytes in) {
  struct hearer {
    mqtt::message_received place;
    std::size_t count = 0;
    static mqtt::message_received* hear(void* self) {
      ++static_cast<hearer*>(self)->count;
      return &static_cast<hearer*>(self)->place;
    }
  } messages;
  std::uint32_t tags[batch_max / 100];
  std::size_t events = 0;
  while (const std::size_t done = session->receive_acknowledged(in, tags, {})) events += done;
  session->receive_messages(in, {}, &messages.place, hearer::hear, &messages);
  return in.empty() ? events + messages.count : 0;
}
}

namespace {

std::uint16_t identifiers[batch_max];
auto receive = measured_receive;  // or by the many

/// Publishes a batch and hears all of its answers; how many messages are done.
std::size_t publish_batch(mqtt::session& session, answers& server, mqtt::qos level, std::size_t batch) {
  const mqtt::message message{.topic = topic, .payload = payload, .qos = level};
  const std::size_t published = measured_publish(&session, &message, batch, identifiers);
  measured_send(&session);
  if (level == mqtt::qos::at_most_once) return published;
  std::size_t done = 0;
  const auto all_say = [&](mqtt::packet_type type) {
    server.clear();
    for (std::size_t i = 0; i < published; ++i) server.say(type, identifiers[i]);
    done = receive(&session, server.said());
    measured_send(&session);
  };
  if (level == mqtt::qos::at_least_once) return all_say(mqtt::packet_type::puback), done;
  all_say(mqtt::packet_type::pubrec);
  all_say(mqtt::packet_type::pubcomp);
  return done;
}

/// Receives a batch and acknowledges it; how many messages came.
std::size_t receive_batch(mqtt::session& session, answers& server, mqtt::qos level, std::size_t batch) {
  server.clear();
  for (std::size_t i = 0; i < batch; ++i)
    server.publish(level, static_cast<std::uint16_t>(level == mqtt::qos::at_most_once ? 0 : i + 1));
  const std::size_t received = receive(&session, server.said());
  measured_send(&session);
  if (level != mqtt::qos::exactly_once) return received;
  server.clear();
  for (std::size_t i = 0; i < batch; ++i) server.say(mqtt::packet_type::pubrel, static_cast<std::uint16_t>(i + 1));
  receive(&session, server.said());
  measured_send(&session);
  return received;
}

bool connect(mqtt::session& session) {
  if (!session.connect({.client_identifier = "bench"})) return false;
  session.opened({});
  session.sent(session.pending({}).size());
  constexpr std::byte connack[]{std::byte{0x20}, std::byte{3}, std::byte{0}, std::byte{0}, std::byte{0}};
  bytes in{connack};
  return session.receive(in, {}) && session.online();
}

mqtt::session_storage<sizes> storage;

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const unsigned level = argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : 3;
  const std::size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 10'000;
  const std::size_t batch = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 100;
  const bool many = argc > 5 && std::string_view{argv[5]} == "many";
  if ((argc > 5 && !many) || (what != "publish" && what != "receive") || level > 2 || batch == 0 || batch > batch_max ||
      count % batch != 0)
    return std::fprintf(stderr,
                        "usage: session_instructions publish|receive QOS [COUNT [BATCH [many]]], of at most %zu\n",
                        batch_max),
           2;
  if (many) receive = measured_receive_many;
  mqtt::session session{storage.get()};
  if (!connect(session)) return std::fprintf(stderr, "session_instructions: does not connect\n"), 1;
  answers server;
  std::size_t done = 0;
  const auto qos = static_cast<mqtt::qos>(level);
  for (std::size_t i = 0; i < count; i += batch)
    done += what == "publish" ? publish_batch(session, server, qos, batch) : receive_batch(session, server, qos, batch);
  std::printf("%s QoS %u: %zu messages\n", argv[1], level, done);
  return done == count ? 0 : 1;
}
