#include <sim/ledger.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace recado::sim {
namespace {

// What fills payloads: as many letters as no power of two divides, again and again.
constexpr std::uint32_t letters = 23;
constexpr std::size_t filling_bytes = letters * 64;
constexpr auto filling = [] {
  std::array<std::byte, letters + filling_bytes> made{};
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<std::byte>('a' + i % letters);
  return made;
}();

// The filling of message `number` from `offset` on, at most so many bytes.
bytes filling_at(std::uint32_t number, std::uint32_t offset, std::size_t size) {
  const std::size_t from = (std::uint64_t{number} + offset) % letters;
  return bytes{filling}.subspan(from, std::min(size, filling_bytes));
}

}  // namespace

void fill_payload(std::uint32_t number, std::uint32_t offset, mutable_bytes out) {
  for (; !out.empty() && offset < payload_min; out = out.subspan(1))
    out[0] = static_cast<std::byte>(number >> (8 * offset++));
  while (!out.empty()) {
    const bytes part = filling_at(number, offset, out.size());
    copy(part, out);
    out = out.subspan(part.size()), offset += static_cast<std::uint32_t>(part.size());
  }
}

std::uint32_t number_in(bytes payload) {
  if (payload.size() < payload_min) return UINT32_MAX;
  std::uint32_t number = 0;
  for (unsigned i = 0; i < payload_min; ++i) number |= std::to_integer<std::uint32_t>(payload[i]) << (8 * i);
  std::uint32_t offset = payload_min;
  for (bytes left = payload.subspan(payload_min); !left.empty();) {
    const bytes part = filling_at(number, offset, left.size());
    if (std::memcmp(left.data(), part.data(), part.size()) != 0) return UINT32_MAX;
    left = left.subspan(part.size()), offset += static_cast<std::uint32_t>(part.size());
  }
  return number;
}

std::uint32_t ledger::make_up(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool from_source) {
  up_message one;
  one.level = level, one.topic = topic, one.size = size, one.from_source = from_source;
  up.push_back(one);
  return static_cast<std::uint32_t>(up.size() - 1);
}

void ledger::accepted(std::uint32_t number) {
  up_message& one = up[number];
  one.accepted = true;
  one.sequence = ++up_made_[one.topic][static_cast<unsigned>(one.level)];
  if (one.level != mqtt::qos::at_most_once) ++open_up;
  ++world_.count.published;
}

void ledger::arrived(std::uint32_t number) {
  if (number >= up.size()) return world_.violate("the broker got a message that nobody published");
  up_message& one = up[number];
  if (!one.accepted) return world_.violate("the broker got message %u, which was never accepted", number);
  ++one.arrivals, one.orphan = false;
  if (one.level == mqtt::qos::exactly_once && one.arrivals > one.arrivals_max)
    return world_.violate("QoS 2 message %u arrived %u times", number, one.arrivals);
  if (one.level == mqtt::qos::at_most_once && one.arrivals > 1)
    return world_.violate("QoS 0 message %u arrived %u times", number, one.arrivals);
  if (one.arrivals != 1 || one.unordered) return;
  std::uint32_t& last = up_arrived_[one.topic][static_cast<unsigned>(one.level)];
  if (one.sequence <= last)
    return world_.violate("order [MQTT-4.6.0-1]: message %u of topic %u and QoS %u is number %u and came after %u",
                          number, one.topic, static_cast<unsigned>(one.level), one.sequence, last);
  last = one.sequence;
}

void ledger::ended(std::uint32_t number, const mqtt::acknowledged& how) {
  up_message& one = up[number];
  if (one.over) return world_.violate("message %u ended twice", number);
  one.over = true;
  --open_up;
  if (how.qos != one.level) world_.violate("message %u ended with another QoS", number);
  if (how.outcome != mqtt::outcome::answered || is_failure(how.reason)) return;
  one.acknowledged = true;
  if (one.arrivals == 0) world_.violate("message %u was acknowledged, but never arrived", number);
}

void ledger::given_up(std::uint32_t number) {
  up_message& one = up[number];
  if (!one.over && one.level != mqtt::qos::at_most_once) --open_up;
  one.over = true;
}

void ledger::server_forgot() {
  for (up_message& one : up)
    if (one.arrivals != 0 && !one.over) one.arrivals_max = static_cast<std::uint8_t>(one.arrivals + 1);
}

void ledger::device_forgot() {
  for (up_message& one : up) {
    if (!one.accepted || one.over || one.level == mqtt::qos::at_most_once) continue;
    one.excused = one.over = true;
    --open_up;
  }
}

void ledger::device_remembers() {
  for (std::size_t i = 0; i < up.size(); ++i) {
    up_message& one = up[i];
    const bool stored = std::exchange(one.stored, false);
    if (!one.accepted || one.level == mqtt::qos::at_most_once || stored != one.over) continue;
    one.over = !stored;
    if (stored) ++open_up;  // the application was told its end, but the journal was not in time
    else --open_up;
    one.acknowledged = one.acknowledged && !stored;
    if (stored && one.arrivals == 0) one.unordered = true;  // it was dropped, and others went before it
    if (!stored && one.durable && one.arrivals == 0 && !one.unordered)
      world_.violate("message %zu was in the journal, and is lost", i);
    if (!stored && one.durable && one.orphan)
      world_.violate("message %zu was lost with the server's session, and the application is never told", i);
    one.excused = !stored;
  }
}

void ledger::untaken(std::uint32_t number) {
  down_message& one = down[number];
  one.taken = one.rejected = false;
  if (one.done) world_.violate("message %u was acknowledged to the broker, and the journal forgot it", number);
}

std::uint32_t ledger::make_down(mqtt::qos level, std::uint8_t topic, std::uint32_t size, bool retain) {
  down_message one;
  one.retain = retain;
  one.level = level, one.topic = topic, one.size = size;
  one.sequence = ++down_made_[topic][static_cast<unsigned>(level)];
  down.push_back(one);
  if (level != mqtt::qos::at_most_once) ++open_down;
  return static_cast<std::uint32_t>(down.size() - 1);
}

void ledger::told(std::uint32_t number, mqtt::qos level, std::uint8_t topic, bool retain, bool taken) {
  if (number >= down.size()) return world_.violate("the device was told a message that nobody sent");
  down_message& one = down[number];
  if (level != one.level || topic != one.topic || retain != one.retain)
    return world_.violate("message %u was told as another one", number);
  const bool again = std::exchange(one.again, false);
  if (level == mqtt::qos::exactly_once && one.taken && !one.rejected && !again)
    return world_.violate("QoS 2 message %u was told twice", number);
  if (level == mqtt::qos::at_most_once && one.told) return world_.violate("QoS 0 message %u was told twice", number);
  one.taken = one.taken || taken;
  if (one.told) return;
  one.told = true;
  ++world_.count.delivered;
  std::uint32_t& last = down_told_[topic][static_cast<unsigned>(level)];
  if (one.sequence <= last)
    return world_.violate("order [MQTT-4.6.0-1]: message %u of topic %u and QoS %u is number %u, told after %u", number,
                          topic, static_cast<unsigned>(level), one.sequence, last);
  last = one.sequence;
}

void ledger::answered(std::uint32_t number) {
  down_message& one = down[number];
  if (!one.done && !one.forgotten && one.level != mqtt::qos::at_most_once) --open_down;
  one.done = true, one.again = false;
  if (!one.taken) world_.violate("message %u was acknowledged to the broker, but not by the application", number);
}

void ledger::forgotten(std::uint32_t number) {
  down_message& one = down[number];
  if (!one.done && !one.forgotten && one.level != mqtt::qos::at_most_once) --open_down;
  one.forgotten = true;
}

bool ledger::complete() const { return open_up == 0 && open_down == 0; }

void ledger::report_missing() {
  for (std::size_t i = 0; i < up.size(); ++i)
    if (up[i].accepted && !up[i].over && up[i].level != mqtt::qos::at_most_once)
      world_.note("message %zu up, QoS %u: arrived %u times, not acknowledged", i, static_cast<unsigned>(up[i].level),
                  up[i].arrivals);
  for (std::size_t i = 0; i < down.size(); ++i)
    if (!down[i].done && !down[i].forgotten && down[i].level != mqtt::qos::at_most_once)
      world_.note("message %zu down, QoS %u: %s", i, static_cast<unsigned>(down[i].level),
                  down[i].told ? "told, not acknowledged" : "not told");
}

}  // namespace recado::sim
