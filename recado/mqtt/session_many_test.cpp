// Answers and messages taken many at a time: the same comes of it as by `receive`, and what is unusual stays for that.
#include <array>
#include <random>

#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

constexpr sizes many_sizes{.transmit = 4096, .outgoing = 40, .received = 40};

octets pending_of(session& of, instant now) {
  octets all;
  for (bytes out = of.pending(now); !out.empty(); out = of.pending(now)) {
    all.insert(all.end(), out.begin(), out.end());
    of.sent(out.size());
  }
  return all;
}

std::vector<std::uint32_t> tags_by_receive(session& from, bytes& in, instant now) {
  std::vector<std::uint32_t> done;
  while (const auto what = from.receive(in, now)) {
    const auto* one = std::get_if<acknowledged>(&*what);
    EXPECT_NE(one, nullptr) << tell(*what);
    if (one != nullptr) done.push_back(one->tag);
  }
  return done;
}

std::vector<std::uint32_t> tags_at_once(session& from, bytes& in, instant now, std::size_t most) {
  std::vector<std::uint32_t> done, tags(most);
  while (const std::size_t count = from.receive_acknowledged(in, tags, now))
    done.insert(done.end(), tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(count));
  return done;
}

/// Two sessions that live the same, one of which hears its answers many at a time.
class twins {
 public:
  twins(version protocol, unsigned seed) : protocol_(protocol), random_(seed) {
    const connect_options options{.version = protocol, .client_identifier = "c", .keep_alive_s = 10};
    for (session* one : both()) {
      EXPECT_TRUE(one->connect(options).has_value());
      one->opened(now_);
      pending_of(*one, now_);
      const octets said = wire(connack{}, protocol);
      bytes in = said;
      EXPECT_TRUE(one->receive(in, now_).has_value());
    }
  }

  void live() {
    for (int step = 0; step < 400 && !::testing::Test::HasFailure(); ++step) {
      now_ += std::chrono::milliseconds{random_() % 100};
      for (auto i = random_() % 20; i-- != 0;) publish();
      exchange();
    }
    for (int step = 0; step < 3; ++step) exchange();
    EXPECT_EQ(who_.machine.in_flight(), 0u);
    EXPECT_GT(done_, 1000u);
  }

 private:
  std::array<session*, 2> both() { return {&who_.machine, &other_.machine}; }
  void publish() {
    const auto level = random_() % 2 == 0 ? qos::at_least_once : qos::exactly_once;
    const message what{.topic = "twins", .payload = as_bytes("payload"), .qos = level, .tag = next_};
    const auto first = who_.machine.publish(what), second = other_.machine.publish(what);
    ASSERT_EQ(first.has_value(), second.has_value());
    if (first) ++next_;
  }
  void exchange() {
    const octets out = pending_of(who_.machine, now_);
    ASSERT_EQ(hex(out), hex(pending_of(other_.machine, now_)));
    const octets answers = answers_to(out);
    bytes first = answers, second = answers;
    const auto one_by_one = tags_by_receive(who_.machine, first, now_);
    EXPECT_EQ(tags_at_once(other_.machine, second, now_, 1 + random_() % 7), one_by_one);
    EXPECT_TRUE(first.empty() && second.empty());
    EXPECT_EQ(who_.machine.deadline(), other_.machine.deadline());
    done_ += one_by_one.size();
  }
  octets answers_to(bytes out) {
    octets all;
    const decode_options how{.protocol = protocol_, .from = sender::client};
    for (fixed_header header; !out.empty(); out = out.subspan(header.total())) {
      any_packet any;
      EXPECT_FALSE(read_header(out, how, header));
      EXPECT_FALSE(decode(header, out.first(header.total()), how, any));
      octets said;
      if (const auto* one = std::get_if<mqtt::publish>(&any))
        said = wire(answer(one->qos == qos::at_least_once ? puback : pubrec, one->packet_identifier), protocol_);
      if (const auto* one = std::get_if<ack>(&any)) said = wire(answer(pubcomp, one->packet_identifier), protocol_);
      all.insert(all.end(), said.begin(), said.end());
    }
    return all;
  }

  version protocol_;
  std::mt19937 random_;
  subject who_{many_sizes}, other_{many_sizes};
  instant now_{};
  std::uint32_t next_ = 1;
  std::size_t done_ = 0;
};

TEST(session_many_answers, many_at_a_time_are_the_same_as_one_by_one) {
  for (const version protocol : {version::v5_0, version::v3_1_1})
    for (unsigned seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(seed);
      twins{protocol, seed}.live();
    }
}

/// A session with message 1 of QoS 1, tag 7, and message 2 of QoS 2, tag 8, on their way.
void begin(subject& who) {
  dialogue{many_sizes}.connects().play({}, who);
  publishes(qos::at_least_once, "t", "one", 7)(who.machine);
  publishes(qos::exactly_once, "t", "two", 8)(who.machine);
  pending_of(who.machine, {});
}

TEST(session_many_answers, what_says_more_than_success_is_left_for_receive) {
  const octets left[] = {
      wire(answer(puback, 1, reason::no_matching_subscribers)),
      raw({0x40, 3, 0, 1, 0}),
      wire(answer(pubrec, 2, reason::quota_exceeded)),
      wire(answer(puback, 3)),   // nobody waits for it
      wire(answer(puback, 2)),   // nor for that
      wire(answer(pubcomp, 2)),  // too early
      raw({0x40, 2, 0, 0}),
      raw({0x41, 2, 0, 1}),
      raw({0x40, 2, 0}),
      {},
      wire(message_of(qos::at_most_once, 0, "t", "text")),
  };
  for (const octets& one : left) {
    SCOPED_TRACE(hex(one));
    subject who{many_sizes};
    begin(who);
    std::array<std::uint32_t, 4> tags{};
    bytes in = one;
    EXPECT_EQ(who.machine.receive_acknowledged(in, tags, {}), 0u);
    EXPECT_EQ(in.size(), one.size());
    EXPECT_EQ(who.machine.in_flight(), 2u);
  }
}

TEST(session_many_answers, no_more_are_taken_than_tags_have_room) {
  subject who{many_sizes};
  dialogue{many_sizes}.connects().play({}, who);
  octets answers;
  for (std::uint16_t id = 1; id <= 5; ++id) {
    publishes(qos::at_least_once, "t", "text", 10U * id)(who.machine);
    const octets one = wire(answer(puback, id));
    answers.insert(answers.end(), one.begin(), one.end());
  }
  pending_of(who.machine, {});
  bytes in = answers;
  std::array<std::uint32_t, 3> tags{};
  EXPECT_EQ(who.machine.receive_acknowledged(in, {}, {}), 0u);
  EXPECT_EQ(who.machine.receive_acknowledged(in, tags, {}), 3u);
  EXPECT_EQ(tags, (std::array<std::uint32_t, 3>{10, 20, 30}));
  EXPECT_EQ(in.size(), 8u);
  EXPECT_EQ(who.machine.receive_acknowledged(in, tags, {}), 2u);
  EXPECT_EQ(tags, (std::array<std::uint32_t, 3>{40, 50, 30}));
}

TEST(session_many_answers, nothing_is_taken_while_an_event_is_due) {
  subject who{many_sizes};
  begin(who);
  ASSERT_TRUE(who.machine.disconnect().has_value());
  std::array<std::uint32_t, 3> tags{};
  const octets said = wire(answer(puback, 1));
  bytes in = said;
  EXPECT_EQ(who.machine.receive_acknowledged(in, tags, {}), 0u);
  EXPECT_EQ(in.size(), 4u);
}

TEST(session_many_answers, messages_wait_as_well_while_an_event_is_due) {
  if constexpr (!has_extras) return;
  subject who{many_sizes};
  dialogue{many_sizes}.connects().play({}, who);
  session& s = who.machine;
  ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 4}).has_value());
  pending_of(s, {});
  const octets said = wire(message_of(qos::at_most_once, 0, "t", "text"));
  bytes in = said;
  message_received made{};
  bool heard = false;
  const session::message_hearer hear = [](void* what) {
    *static_cast<bool*>(what) = true;
    return static_cast<message_received*>(nullptr);
  };
  s.receive_messages(in, {}, &made, hear, &heard);
  EXPECT_FALSE(heard);
  EXPECT_EQ(in.size(), said.size());
  bytes nothing;
  ASSERT_TRUE(s.receive(nothing, {}).has_value()) << "wants its payload";
  s.receive_messages(in, {}, &made, hear, &heard);
  EXPECT_TRUE(heard);
}

TEST(session_many_answers, a_message_from_a_source_is_told_by_itself) {
  if constexpr (!has_extras) return;
  subject who{many_sizes};
  dialogue{many_sizes}.connects().play({}, who);
  session& s = who.machine;
  ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 4, .tag = 9}).has_value());
  pending_of(s, {});
  bytes in;
  ASSERT_TRUE(s.receive(in, {}).has_value()) << "wants its payload";
  ASSERT_TRUE(s.supply(as_bytes("text")).has_value());
  pending_of(s, {});
  std::array<std::uint32_t, 3> tags{};
  const octets said = wire(answer(puback, 1));
  in = said;
  EXPECT_EQ(s.receive_acknowledged(in, tags, {}), 0u);
  const auto what = s.receive(in, {});
  ASSERT_TRUE(what.has_value());
  EXPECT_TRUE(std::holds_alternative<acknowledged>(*what));
}

/// Hears messages where they are made, in an array of a few, and then begins it again.
struct listener {
  explicit listener(std::size_t places) : most(places) {}
  std::size_t most;                      // so many, and no more
  std::array<message_received, 3> made;  // where
  std::vector<std::string> told{};
  message_received* place() { return told.size() == most ? nullptr : &made[told.size() % made.size()]; }

  static message_received* hear(void* self) {
    auto& us = *static_cast<listener*>(self);
    us.told.push_back(tell(session_event{us.made[us.told.size() % us.made.size()]}));
    return us.place();
  }
  void listen(session& from, bytes& in, instant now) { from.receive_messages(in, now, place(), hear, this); }
};

/// A server that publishes in one of two versions, whatever comes to its mind.
class publishing_server {
 public:
  publishing_server(version protocol, unsigned seed) : protocol_(protocol), random_(seed) {}

  octets says() {
    octets all;
    for (auto i = random_() % 12; i-- != 0;) add(all, one());
    return all;
  }
  /// PUBREL for what of QoS 2 is under way.
  octets releases() {
    octets all;
    for (const std::uint16_t id : open_) add(all, wire(answer(pubrel, id), protocol_));
    open_.clear();
    return all;
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  static void add(octets& to, const octets& what) { to.insert(to.end(), what.begin(), what.end()); }
  octets one() {
    const auto level = static_cast<qos>(random_() % 3);
    const bool again = level == qos::exactly_once && !open_.empty() && random_() % 4 == 0;
    const auto id = again ? open_.front() : level == qos::at_most_once ? std::uint16_t{0} : ++last_;
    if (level == qos::exactly_once && !again) open_.push_back(id);
    mqtt::publish out = message_of(level, id, topics_[random_() % 2], texts_[random_() % 3], again);
    out.retain = random_() % 5 == 0;
    if (protocol_ == version::v5_0 && random_() % 4 == 0) out.properties = keep({{"key", "value"}});
    return wire(out, protocol_);
  }

  static constexpr std::string_view topics_[] = {"a/topic/of/some/length", "t"};
  const std::string long_ = std::string(300, 'x');  // comes in pieces
  const std::string_view texts_[3] = {"", "payload", long_};
  version protocol_;
  std::mt19937 random_;
  std::uint16_t last_ = 0;
  std::vector<std::uint16_t> open_;
};

TEST(session_many_messages, at_a_time_are_the_same_as_one_by_one) {
  for (const version protocol : {version::v5_0, version::v3_1_1})
    for (unsigned seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(seed);
      publishing_server server{protocol, seed};
      subject who{many_sizes}, other{many_sizes};
      for (subject* each : {&who, &other})
        dialogue{many_sizes}.speaks(protocol).connects({.version = protocol}).play({}, *each);
      instant now{};
      octets inbox;
      std::size_t heard = 0, heard_at_once = 0;
      for (int step = 0; step < 300 && !::testing::Test::HasFailure(); ++step) {
        now += std::chrono::milliseconds{server.below(50)};
        const octets said = step % 4 == 3 ? server.releases() : server.says();
        inbox.insert(inbox.end(), said.begin(), said.end());
        bytes first = bytes{inbox}.first(inbox.size() - server.below(1 + std::min<std::size_t>(inbox.size(), 5)));
        bytes second = first;
        std::vector<std::string> one_by_one, at_once;
        while (const auto what = who.machine.receive(first, now)) one_by_one.push_back(tell(*what));
        for (bool more = true; more;) {
          listener many{server.below(4)};
          many.listen(other.machine, second, now);
          heard_at_once += many.told.size();
          at_once.insert(at_once.end(), many.told.begin(), many.told.end());
          const auto what = other.machine.receive(second, now);
          if (what) at_once.push_back(tell(*what));
          more = what.has_value();
        }
        EXPECT_EQ(at_once, one_by_one);
        EXPECT_EQ(first.size(), second.size());
        EXPECT_EQ(hex(pending_of(other.machine, now)), hex(pending_of(who.machine, now)));
        EXPECT_EQ(other.machine.deadline(), who.machine.deadline());
        inbox.erase(inbox.begin(), inbox.begin() + (first.data() - inbox.data()));
        heard += one_by_one.size();
      }
      EXPECT_GT(heard, 1000U);
      EXPECT_GT(heard_at_once, 200U);
    }
}

TEST(session_many_messages, no_more_are_made_than_there_are_places) {
  subject who{many_sizes};
  dialogue{many_sizes}.connects().play({}, who);
  const octets one = wire(message_of(qos::at_most_once, 0, "t", "text"));
  octets said;
  for (int i = 0; i < 5; ++i) said.insert(said.end(), one.begin(), one.end());
  bytes in = said;
  who.machine.receive_messages(in, {}, nullptr, listener::hear, nullptr);
  EXPECT_EQ(in.size(), said.size());
  listener two{2};
  two.listen(who.machine, in, {});
  EXPECT_EQ(two.told.size(), 2U);
  EXPECT_EQ(in.size(), 3 * one.size());
}

TEST(session_many_messages, nothing_is_taken_while_an_event_is_due) {
  subject who{many_sizes};
  dialogue{many_sizes}.connects().play({}, who);
  ASSERT_TRUE(who.machine.disconnect().has_value());
  const octets said = wire(message_of(qos::at_most_once, 0, "t", "text"));
  bytes in = said;
  listener many{3};
  many.listen(who.machine, in, {});
  EXPECT_TRUE(many.told.empty());
  EXPECT_EQ(in.size(), said.size());
}

/// Writes down what a session tells it.
class diary final : public journal {
 public:
  error publishing(std::uint16_t, const message&, bytes) override { return error::none; }
  void released(std::uint16_t) override {}
  void finished(std::uint16_t) override {}
  void took(qos level, std::uint16_t identifier) override {
    told += std::to_string(static_cast<int>(level)) + ":" + std::to_string(identifier) + " ";
  }
  void completed(std::uint16_t) override {}
  void session_lost(lost_session) override {}
  fault commit() override { return {}; }
  std::string told;
};

/// Adds one property to each answer.
class remark final : public explainer {
 public:
  properties explain(const outgoing_answer&) override { return keep({{"key", "value"}}); }
  void left_out(const outgoing_answer&, error) override {}
};

/// What may stand between a message and its PUBACK.
struct obstacle {
  const char* name;
  sizes room = many_sizes;
  connect_options options{};
  bool journal = false, long_message = false;
  std::optional<publish> first{};  // from the server, before the messages
};
std::vector<obstacle> obstacles() {
  static remark says;
  return {
      {.name = "none"},
      {.name = "acknowledged by the application",
       .room = {.transmit = 4096, .outgoing = 4, .received = 4, .owed = 8},
       .options = {.acknowledge = acknowledge_when::deferred}},
      {.name = "a journal", .journal = true},
      {.name = "an explainer", .options = {.explainer = &says}},
      {.name = "a message of this side on its way", .long_message = true},
      {.name = "a log with room for some", .room = {.transmit = 128, .owed = 4}},
      {.name = "a log without room", .room = {.transmit = 128, .owed = 0}},
      {.name = "Receive Maximum is reached",
       .options = {.receive_maximum = 1},
       .first = message_of(qos::exactly_once, 90, "t", "")},
      {.name = "the identifier of a message of QoS 2", .first = message_of(qos::exactly_once, 3, "t", "")},
      {.name = "an identifier that comes again", .first = message_of(qos::at_least_once, 3, "t", "")},
  };
}

/// All that comes of messages of QoS 1 behind an obstacle, heard by `receive` or many at a time.
std::string what_comes_of(const obstacle& one, version protocol, bool at_once) {
  octets said = one.first ? wire(*one.first, protocol) : octets{};
  for (std::uint16_t id = 1; id <= 80; ++id) {
    const octets next = wire(message_of(qos::at_least_once, id, "a/topic", "text"), protocol);
    said.insert(said.end(), next.begin(), next.end());
  }
  connect_options options = one.options;
  options.version = protocol;
  if (!is_v5(protocol)) options.receive_maximum = 0, options.explainer = nullptr;
  subject who{one.room};
  diary written;
  if (one.journal) who.machine.keep_in(&written);
  dialogue{one.room}.speaks(protocol).connects(options).play({}, who);
  if (one.long_message) {
    EXPECT_TRUE(who.machine.publish({.topic = "t", .payload_from_source = 4}).has_value());
    pending_of(who.machine, {});
  }
  std::string all;
  bytes in = said;
  for (int turn = 0; turn < 6; ++turn) {
    for (bool more = true; more;) {
      listener here{1000};
      if (at_once) here.listen(who.machine, in, {});
      for (const std::string& each : here.told) all += each + "\n";
      const auto what = who.machine.receive(in, {});
      if (what) all += tell(*what) + "\n";
      more = what.has_value();
    }
    const bytes out = who.machine.pending({});  // once: what is owed beside it may not leave in front of others later
    all += hex(out) + " and " + std::to_string(in.size()) + " left\n";
    who.machine.sent(out.size());
  }
  return all + written.told;
}

TEST(session_many_messages, what_stands_before_their_answers_is_heeded) {
  for (const obstacle& one : obstacles()) {
    const bool is_extra =
        one.long_message || one.options.explainer != nullptr || one.options.acknowledge == acknowledge_when::deferred;
    if ((is_extra && !has_extras) || (one.journal && !has_journal)) continue;
    for (const version protocol : {version::v5_0, version::v3_1_1}) {
      SCOPED_TRACE(std::string{one.name} + (is_v5(protocol) ? ", 5.0" : ", 3.1.1"));
      EXPECT_EQ(what_comes_of(one, protocol, true), what_comes_of(one, protocol, false));
    }
  }
}

}  // namespace
}  // namespace recado::mqtt::test
