// A model server with a session of its own, a stream that breaks, and limits that change with every connection: each
// seed is another story, and in each every message must arrive as its QoS promises.
#include <map>
#include <random>
#include <set>

#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

/// One side of the wire as the standard describes it, with no regard for speed.
class model_server {
 public:
  explicit model_server(version protocol, std::mt19937& random) : protocol_(protocol), random_(random) {}

  std::map<std::string, int> arrived;  // payloads of the client's messages
  std::vector<std::string> order;      // of the first arrivals of QoS 1
  std::size_t to_deliver = 0;          // messages for the client that are not published yet
  octets said;                         // to the client

  void stream_lost() { said.clear(), heard_.clear(), open_ = false; }
  bool idle() const { return to_deliver == 0 && outgoing_.empty(); }

  void hear(bytes data) {
    heard_.insert(heard_.end(), data.begin(), data.end());
    bytes rest = heard_;
    const decode_options how{.protocol = protocol_, .from = sender::client};
    for (;;) {
      fixed_header header;
      ASSERT_FALSE(read_header(rest, how, header)) << hex(rest);
      if (header.size == 0 || rest.size() < header.total()) break;
      any_packet any;
      const defect found = decode(header, rest.first(header.total()), how, any);
      ASSERT_FALSE(found) << words(found.code);
      on_packet(any);
      rest = rest.subspan(header.total());
    }
    heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }

  /// Publishes what the client's Receive Maximum allows.
  void publish_some() {
    while (open_ && to_deliver != 0 && outgoing_.size() < client_maximum_) {
      const std::uint16_t id = ++last_identifier_;
      outgoing_[id] = {random_() % 2 == 0 ? qos::at_least_once : qos::exactly_once, std::to_string(to_deliver--)};
      say(message_of(outgoing_[id].level, id, "in", outgoing_[id].text));
    }
  }

 private:
  struct sent_message {
    qos level{};
    std::string text{};
    bool received = false;
  };
  template <class P>
  void say(const P& what) {
    const octets data = wire(what, protocol_);
    said.insert(said.end(), data.begin(), data.end());
  }
  void on_packet(const any_packet& any) {
    if (const auto* p = std::get_if<mqtt::connect>(&any)) on_connect(*p);
    if (const auto* p = std::get_if<mqtt::publish>(&any)) on_publish(*p);
    if (const auto* p = std::get_if<acknowledgement>(&any)) on_acknowledgement(*p);
    if (std::holds_alternative<ping>(any)) said.push_back(std::byte{0xd0}), said.push_back(std::byte{0});
  }
  void on_connect(const mqtt::connect& what) {
    EXPECT_FALSE(open_) << "[MQTT-3.1.0-2]";
    open_ = true;
    unanswered_.clear();
    client_maximum_ = what.properties.number(property::receive_maximum, 65'535);
    if (protocol_ == version::v3_1_1) client_maximum_ = 4;
    maximum_ = 1 + random_() % 3;
    const property_value list[] = {{property::receive_maximum, static_cast<std::uint32_t>(maximum_)}};
    connack answer{.session_present = known_, .properties = {}};
    if (protocol_ == version::v5_0) answer.properties = properties{list};
    else maximum_ = 65'535;
    known_ = true;
    say(answer);
    for (auto& [id, one] : outgoing_) {
      if (one.received) say(mqtt::test::answer(pubrel, id));
      else say(message_of(one.level, id, "in", one.text, true));
    }
  }
  void on_publish(const mqtt::publish& what) {
    const std::string text{as_text(what.payload)};
    if (what.qos == qos::at_most_once) return;
    unanswered_.insert(what.packet_identifier);
    EXPECT_LE(unanswered_.size(), maximum_) << "[MQTT-3.3.4-7]";
    if (what.qos == qos::at_least_once) {
      if (++arrived[text] == 1) order.push_back(text);
    } else if (received_.insert(what.packet_identifier).second) {
      ++arrived[text];
    }
    owed_.push_back(answer(what.qos == qos::at_least_once ? puback : pubrec, what.packet_identifier));
    answer_some();
  }
  void on_acknowledgement(const acknowledgement& what) {
    if (what.type == pubrel) {
      received_.erase(what.packet_identifier);
      owed_.push_back(answer(pubcomp, what.packet_identifier));
      return answer_some();
    }
    if (what.type == pubrec) {
      outgoing_[what.packet_identifier].received = true;
      return say(answer(pubrel, what.packet_identifier));
    }
    outgoing_.erase(what.packet_identifier);
  }

 public:
  /// Some answers at once, some later.
  void answer_some(bool all = false) {
    while (!owed_.empty() && (all || random_() % 2 == 0)) {
      if (owed_.front().type != pubrec) unanswered_.erase(owed_.front().packet_identifier);
      say(owed_.front());
      owed_.pop_front();
    }
  }
  void forget_answers() { owed_.clear(); }

 private:
  version protocol_;
  std::mt19937& random_;
  octets heard_;
  bool open_ = false, known_ = false;
  std::size_t maximum_ = 1, client_maximum_ = 1;
  std::uint16_t last_identifier_ = 0;
  std::set<std::uint16_t> received_, unanswered_;
  std::deque<acknowledgement> owed_;
  std::map<std::uint16_t, sent_message> outgoing_;
};

class story {
 public:
  story(version protocol, unsigned seed) : random_(seed), server_(protocol, random_), protocol_(protocol) {
    server_.to_deliver = 30;
  }
  void play() {
    for (int step = 0; step < 20'000 && !over(); ++step) {
      if (!open_) connect();
      for (std::size_t i = random_() % 3; i-- != 0;) publish();
      server_.publish_some();
      turn();
      if (random_() % 16 == 0) server_.answer_some(true);
      if (random_() % 4 == 0) now_ += std::chrono::milliseconds{random_() % 3000};
      if (random_() % 40 == 0 && step < 15'000) lose();
    }
    EXPECT_TRUE(over()) << "comes to an end";
    for (const auto& [text, count] : server_.arrived)
      if (text[0] == '2') {
        EXPECT_EQ(count, 1) << text << ": exactly once";
      }
    EXPECT_EQ(server_.arrived.size(), messages_) << "nothing is lost";
    EXPECT_TRUE(std::is_sorted(server_.order.begin(), server_.order.end())) << "[MQTT-4.6.0-1]";
    EXPECT_EQ(who_.machine.in_flight(), 0u);
    EXPECT_EQ(told_.size(), 30u);
    for (const auto& [text, count] : told_) EXPECT_GE(count, 1) << text;
  }

 private:
  bool over() const { return published_ == messages_ && done_ == messages_ && server_.idle(); }
  void connect() {
    const connect_options options{.version = protocol_,
                                  .client_identifier = "c",
                                  .clean_start = false,
                                  .keep_alive_s = 5,
                                  .session_expiry_s = protocol_ == version::v5_0 ? 100U : 0U};
    ASSERT_TRUE(who_.machine.connect(options).has_value());
    who_.machine.opened(now_);
    open_ = true;
  }
  void lose() {
    inbox_.clear();
    server_.stream_lost();
    server_.forget_answers();
    who_.machine.lost(make_fault(stream_error::reset), now_);
    open_ = false;
  }
  void publish() {
    if (published_ == messages_ || !who_.machine.online()) return;
    const qos level = random_() % 2 == 0 ? qos::at_least_once : qos::exactly_once;
    char text[16];
    std::snprintf(text, sizeof text, "%d-%03u", static_cast<int>(level), static_cast<unsigned>(published_));
    const message what{.topic = "out", .payload = as_bytes(text), .qos = level};
    if (who_.machine.publish(what)) ++published_;
    else (void)who_.machine.publish({.topic = "zero", .payload = as_bytes("z")});
  }
  void turn() {
    inbox_.insert(inbox_.end(), server_.said.begin(), server_.said.end());
    server_.said.clear();
    for (int bound = 0; bound < 1000 && open_; ++bound) {
      bytes in = bytes{inbox_}.first(std::min<std::size_t>(inbox_.size(), 1 + random_() % 40));
      const std::size_t before = in.size();
      bool moved = false;
      while (auto what = who_.machine.receive(in, now_)) on_event(*what), moved = true;
      const std::size_t used = before - in.size();
      inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(used));
      const bytes out = who_.machine.pending(now_);
      const std::size_t count = std::min<std::size_t>(out.size(), 1 + random_() % 30);
      if (!out.empty()) {
        const octets copy{out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count)};
        who_.machine.sent(count);
        server_.hear(copy);
      }
      if (!moved && used == 0 && out.empty()) {
        EXPECT_GT(who_.machine.deadline(), now_) << "no busy loop";
        return;
      }
      if (random_() % 200 == 0) return;  // the wire has no room
    }
  }
  void on_event(const session_event& what) {
    if (std::holds_alternative<acknowledged>(what)) ++done_;
    if (const auto* m = std::get_if<message_received>(&what)) {
      const int count = ++told_[std::string{as_text(m->payload)}];
      if (m->qos == qos::exactly_once) {
        EXPECT_EQ(count, 1) << "told once";
      }
    }
    if (const auto* end = std::get_if<closed>(&what)) {
      ADD_FAILURE() << tell(*end);
      lose();
    }
  }

  static constexpr std::size_t messages_ = 60;
  std::mt19937 random_;
  model_server server_;
  version protocol_;
  subject who_{{.transmit = 400, .outgoing = 6, .received = 8, .owed = 2}};
  instant now_{};
  bool open_ = false;
  std::size_t published_ = 0, done_ = 0;
  std::map<std::string, int> told_;
  octets inbox_;
};

TEST(session_seeds, every_message_arrives_as_its_qos_promises) {  // [MQTT-3.3.4-7] [MQTT-4.4.0-1] [MQTT-4.6.0-1]
  for (const version protocol : {version::v5_0, version::v3_1_1})
    for (unsigned seed = 1; seed <= 100 && !testing::Test::HasFailure(); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      story{protocol, seed}.play();
    }
}

}  // namespace
}  // namespace recado::mqtt::test
