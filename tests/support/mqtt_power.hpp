// A dialogue with the session in a journal, and the power cut at every step of its storage: what a new session finds
// there must agree with what has left by then. For mqtt_dialogue.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <recado/chain/session_store.hpp>
#include <recado/store/failing_storage_for_tests.hpp>
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {

/// What the server may know of the client, from what has left and arrived.
struct promises {
  std::map<std::uint16_t, qos> published{};  ///< PUBLISH has left, and its last answer has not come
  std::set<std::uint16_t> released{};        ///< of them PUBREL has left: the message may not be sent again
  std::set<std::uint16_t> received{};        ///< PUBREC has left, and PUBREL has not come
  std::set<std::uint16_t> forgotten{};       ///< PUBCOMP has left: the identifier is a new message's
  std::vector<std::uint16_t> order{};        ///< of the first PUBLISH of each that is in `published`

  static promises of(const wire_log& log, std::size_t count, version protocol) {
    promises made;
    std::vector<std::byte> half[2];
    version spoken = protocol;
    for (std::size_t i = 0; i < count; ++i) {
      const wire_log::piece& one = log.pieces[i];
      std::vector<std::byte>& data = half[one.to_server ? 1 : 0];
      data.insert(data.end(), one.data.begin(), one.data.end());
      bytes rest = data;
      const decode_options how{.protocol = spoken, .from = one.to_server ? sender::client : sender::server};
      fixed_header header;
      while (!read_header(rest, how, header) && header.size != 0 && rest.size() >= header.total()) {
        any_packet any;
        if (!decode(header, rest.first(header.total()), how, any)) made.take(any, one.to_server);
        rest = rest.subspan(header.total());
      }
      data.erase(data.begin(), data.end() - static_cast<std::ptrdiff_t>(rest.size()));
    }
    return made;
  }

 private:
  void take(const any_packet& any, bool to_server) {
    if (const auto* answer = std::get_if<acknowledgement>(&any)) return take(*answer, to_server);
    if (const auto* welcome = std::get_if<connack>(&any); welcome != nullptr && !welcome->session_present) *this = {};
    const auto* message = std::get_if<mqtt::publish>(&any);
    if (message == nullptr || message->qos == qos::at_most_once) return;
    if (!to_server) return (void)forgotten.erase(message->packet_identifier);
    if (published.emplace(message->packet_identifier, message->qos).second) order.push_back(message->packet_identifier);
  }
  void take(const acknowledgement& answer, bool to_server) {
    const std::uint16_t identifier = answer.packet_identifier;
    const bool refused = is_failure(answer.reason);
    if (to_server) {
      if (answer.type == packet_type::pubrel) released.insert(identifier);
      if (answer.type == packet_type::pubrec && !refused) received.insert(identifier);
      if (answer.type == packet_type::pubcomp) forgotten.insert(identifier), received.erase(identifier);
      return;
    }
    if (answer.type == packet_type::pubrel) received.erase(identifier);
    const bool last = answer.type == packet_type::puback || answer.type == packet_type::pubcomp;
    if (!last && !(answer.type == packet_type::pubrec && refused)) return;
    published.erase(identifier), released.erase(identifier), std::erase(order, identifier);
  }
};

/// A storage that keeps what each cut of the power would have left of it.
class cut_storage final : public store::storage {
 public:
  explicit cut_storage(const wire_log& log) : log_(&log) {}
  struct cut {
    store::testing::failing_storage left;  ///< with the power back
    std::size_t pieces = 0;                ///< of the wire's log when it went
  };
  std::vector<cut> cuts{};
  bool recording = false;

  store::storage_geometry geometry() const override { return below_.geometry(); }
  bool read(std::uint32_t address, mutable_bytes into) override { return below_.read(address, into); }
  bool program(std::uint32_t address, bytes what) override {
    const std::size_t words = what.size() / below_.geometry().program_bytes;
    for (std::size_t word = 0; recording && word < words; ++word)
      keep(word, [&](auto& copy) { (void)copy.program(address, what); });
    return below_.program(address, what);
  }
  bool erase(std::uint32_t sector) override {
    if (recording) keep(0, [&](auto& copy) { (void)copy.erase(sector); });
    return below_.erase(sector);
  }
  bool sync() override {
    if (recording) keep(0, [](auto& copy) { (void)copy.sync(); });
    return below_.sync();
  }
  bool misused() const { return below_.misused(); }

 private:
  template <class Write>
  void keep(std::size_t steps, Write&& write) {
    using enum store::testing::power_loss;
    for (const auto how : {torn, reordered, garbage}) {
      store::testing::failing_storage copy = below_;
      copy.cut_in(steps);
      write(copy);
      copy.power_up(how, random_);
      cuts.push_back({std::move(copy), log_->pieces.size()});
    }
  }

  store::testing::failing_storage below_{{.sector_bytes = 2048, .sectors = 4, .program_bytes = 8}};
  const wire_log* log_;
  std::mt19937_64 random_{1};
};

/// A session in a journal, as a program has it.
struct kept_subject {
  kept_subject(store::storage& below, const sizes& s)
      : index(64), places(s.outgoing), records(below, index, scratch), kept(records, places), who(s) {}
  std::vector<store::index_entry> index;
  std::vector<std::uint32_t> places;
  std::array<std::byte, 128> scratch{};
  store::journal records;
  chain::session_store kept;
  subject who;
};

/// What was found after a cut, against what the server may know.
inline void judge(kept_subject& now, const promises& made) {
  std::map<std::uint16_t, bool> found;  // true: PUBREL is to be sent
  std::vector<std::uint16_t> order;
  for (std::uint32_t from = 0;;) {
    const auto one = now.kept.next_message(from);
    if (!one) break;
    found[one->identifier] = false, order.push_back(one->identifier);
  }
  for (std::uint32_t from = 0;;) {
    const auto one = now.kept.next_released(from);
    if (!one) break;
    found[one->identifier] = true;
  }
  for (const auto& [identifier, level] : made.published)
    EXPECT_TRUE(found.contains(identifier)) << "message " << identifier << " has left, and is lost";
  for (const std::uint16_t identifier : made.released)
    EXPECT_TRUE(!found.contains(identifier) || found[identifier]) << identifier << " would be sent after its PUBREL";
  std::vector<std::uint16_t> expected = made.order;
  std::erase_if(expected, [&](std::uint16_t one) { return std::ranges::find(order, one) == order.end(); });
  std::erase_if(order, [&](std::uint16_t one) { return std::ranges::find(expected, one) == expected.end(); });
  EXPECT_EQ(order, expected) << "[MQTT-4.6.0-1]";
  std::set<std::uint16_t> received;
  for (std::uint32_t from = 1; from <= 65'535;) {
    const auto one = now.kept.next_received(static_cast<std::uint16_t>(from));
    if (!one) break;
    received.insert(*one), from = *one + 1U;
  }
  for (const std::uint16_t identifier : made.received)
    EXPECT_TRUE(received.contains(identifier)) << identifier << " was answered, and would be told again";
  for (const std::uint16_t identifier : made.forgotten)
    EXPECT_FALSE(received.contains(identifier)) << "the next message " << identifier << " would be taken for the last";
}

}  // namespace recado::mqtt::test
