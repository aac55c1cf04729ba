// A model server with a session of its own, a stream that breaks, and limits that change with every connection: each
// seed is another story, and in each every message must arrive as its QoS promises.
#include <tests/support/mqtt_model_server.hpp>

namespace recado::mqtt::test {
namespace {

class story {
 public:
  story(version protocol, unsigned seed)
      : random_(seed), server_(protocol, random_), protocol_(protocol), at_once_(seed % 2 == 0) {
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
      if (at_once_) done_ += who_.machine.receive_acknowledged(in, tags_, now_), hear_messages(in);
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
  void hear_messages(bytes& in) {
    const auto hear = [](void* self) {
      auto& us = *static_cast<story*>(self);
      us.on_event(us.made_);
      return us.random_() % 2 == 0 ? &us.made_ : nullptr;
    };
    who_.machine.receive_messages(in, now_, &made_, hear, this);
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
  bool at_once_;  // answers are heard many at a time
  std::array<std::uint32_t, 3> tags_{};
  message_received made_;
  subject who_{{.transmit = 400, .outgoing = 6, .received = 8, .owed = 2}};
  instant now_{};
  bool open_ = false;
  std::size_t published_ = 0, done_ = 0;
  std::map<std::string, int> told_;
  octets inbox_;
};

TEST(session_seeds, every_message_arrives_as_its_qos_promises) {  // [MQTT-3.3.4-7] [MQTT-4.4.0-1] [MQTT-4.6.0-1]
  for (const version protocol : {version::v5_0, version::v3_1_1})
    for (unsigned seed = 1; seed <= 100 && !::testing::Test::HasFailure(); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      story{protocol, seed}.play();
    }
}

}  // namespace
}  // namespace recado::mqtt::test
