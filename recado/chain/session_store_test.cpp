// A session in a journal against a model server, with the power cut at every write: what was sent and received must be
// as its QoS promises, as if nothing had happened.
#include <recado/chain/session_store_for_tests.hpp>
#include <tests/support/mqtt_model_server.hpp>

namespace recado::chain {
namespace {

using mqtt::qos;
using mqtt::version;
using mqtt::test::model_server;
using mqtt::test::octets;
using mqtt::test::subject;
using store::testing::cut_stride;
using store::testing::failing_storage;
using store::testing::power_loss;
using testing::program;
using session_store_parts = testing::store_of_a_session;

/// A device that publishes and receives, and writes what it receives to a log that survives. Its note in the journal is
/// how many messages it has published, and how long the log was. With a queue it publishes whether it is connected or
/// not.
class device {
 public:
  device(version protocol, unsigned seed, const store::storage_geometry& shape, bool queue)
      : below(shape), random_(seed), server_(protocol, random_), protocol_(protocol), queue_(queue) {
    server_.to_deliver = messages_in;
    restart();
  }

  void play() {
    for (int step = 0; step < 20'000 && !over(); ++step) {
      if (below.dead()) crash();
      if (!open_ && (!queue_ || random_() % 4 == 0)) connect();
      for (std::size_t i = random_() % 3; i-- != 0;) publish();
      if (!open_ && now->kept.settle()) continue;
      while (queue_ && now->who.machine.online() && !now->box.empty())
        if (!*now->box.publish(now->who.machine, now_)) break;
      server_.publish_some();
      turn();
      acknowledge_some();
      if (random_() % 16 == 0) server_.answer_some(true);
      if (random_() % 4 == 0) now_ += std::chrono::milliseconds{random_() % 3000};
      if (random_() % 40 == 0 && step < 15'000) lose();
    }
  }
  void judge() const {
    EXPECT_TRUE(over()) << "comes to an end";
    EXPECT_EQ(server_.arrived.size(), messages_out) << "nothing is lost";
    for (const auto& [text, count] : server_.arrived)
      EXPECT_TRUE(text[0] != '2' || count == 1) << text << ": exactly once";
    EXPECT_TRUE(std::is_sorted(server_.order.begin(), server_.order.end())) << "[MQTT-4.6.0-1]";
    std::map<std::string, int> seen;
    for (const auto& each : log_) ++seen[each.text];
    EXPECT_EQ(seen.size(), messages_in) << "nothing is lost";
    for (const auto& each : log_)
      EXPECT_TRUE(each.level != qos::exactly_once || seen[each.text] == 1) << each.text << ": exactly once";
    EXPECT_EQ(now->kept.counts().messages + now->kept.counts().released + now->kept.counts().received, 0U);
    EXPECT_EQ(now->kept.counts().held, 0U);
    EXPECT_FALSE(below.misused());
  }
  void cut_in(std::uint64_t steps, power_loss how) { below.cut_in(steps), how_ = how; }
  int crashes() const { return crashes_; }

  static constexpr std::size_t messages_out = 14, messages_in = 8;
  failing_storage below;
  std::unique_ptr<program> now;

 private:
  struct line {
    std::string text;
    qos level;
  };
  bool over() const {
    return open_ && !below.dead() && published_ == messages_out && now->box.empty() &&
           now->who.machine.in_flight() == 0 && server_.idle() && now->who.machine.receiving() == 0;
  }
  void restart() {
    now = std::make_unique<program>(below);
    const auto found = now->records.mount();
    if (!found) {
      ASSERT_EQ(found.error(), store::error::empty);
      ASSERT_TRUE(now->records.format());
    } else {
      EXPECT_FALSE(found->damaged());
    }
    const auto restored = now->kept.restore(now->who.machine);
    ASSERT_TRUE(restored.has_value()) << words(restored.error());
    ASSERT_EQ(now->box.restore(now_).value_or(99), restored->held);
    published_ = now->kept.last_note().first;
    ASSERT_LE(now->kept.last_note().second, log_.size());
    log_.resize(now->kept.last_note().second);  // the rest will come again
  }
  void crash() {
    ++crashes_;
    std::mt19937_64 chance{random_()};
    below.power_up(how_, chance);
    lose();
    restart();
  }
  void connect() {
    const mqtt::connect_options options{.version = protocol_,
                                        .client_identifier = "c",
                                        .clean_start = false,
                                        .keep_alive_s = 5,
                                        .session_expiry_s = protocol_ == version::v5_0 ? 100U : 0U,
                                        .acknowledge = mqtt::acknowledge_when::deferred};
    ASSERT_TRUE(now->who.machine.connect(options).has_value());
    now->who.machine.opened(now_);
    open_ = true;
  }
  void lose() {
    inbox_.clear(), to_acknowledge_.clear();
    server_.stream_lost();
    server_.forget_answers();
    now->who.machine.lost(make_fault(stream_error::reset), now_);
    open_ = false;
  }
  void note() { now->kept.note({published_, log_.size()}); }
  void publish() {
    if (published_ == messages_out || (!queue_ && !now->who.machine.online())) return;
    const qos level = published_ % 2 == 0 ? qos::at_least_once : qos::exactly_once;
    char text[16];
    std::snprintf(text, sizeof text, "%d-%03u", static_cast<int>(level), static_cast<unsigned>(published_));
    now->kept.label(published_);
    ++published_;
    note();
    const bytes payload = as_bytes(text);
    const bool taken = queue_
                           ? now->box.push({.topic = "out", .payload = payload, .qos = level}, now_).has_value()
                           : now->who.machine.publish({.topic = "out", .payload = payload, .qos = level}).has_value();
    if (!taken) --published_;
  }
  void acknowledge_some() {
    while (!to_acknowledge_.empty() && open_ && random_() % 3 != 0) {
      const auto [receipt, what] = to_acknowledge_.front();
      to_acknowledge_.pop_front();
      log_.push_back(what);
      note();
      EXPECT_TRUE(now->who.machine.acknowledge(receipt).has_value());
    }
  }
  void turn() {
    inbox_.insert(inbox_.end(), server_.said.begin(), server_.said.end());
    server_.said.clear();
    for (int bound = 0; bound < 1000 && open_ && !below.dead(); ++bound) {
      bytes in = bytes{inbox_}.first(std::min<std::size_t>(inbox_.size(), 1 + random_() % 40));
      const std::size_t before = in.size();
      bool moved = false;
      while (auto what = now->who.machine.receive(in, now_)) on_event(*what), moved = true;
      const std::size_t used = before - in.size();
      inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(used));
      const bytes out = now->who.machine.pending(now_);
      const std::size_t count = std::min<std::size_t>(out.size(), 1 + random_() % 30);
      if (!out.empty()) {
        const octets copy{out.begin(), out.begin() + static_cast<std::ptrdiff_t>(count)};
        now->who.machine.sent(count);
        server_.hear(copy);
      }
      if (!moved && used == 0 && out.empty()) return;
    }
  }
  void on_event(const mqtt::session_event& what) {
    if (const auto* m = std::get_if<mqtt::message_received>(&what))
      to_acknowledge_.emplace_back(m->receipt, line{std::string{as_text(m->payload)}, m->qos});
    const auto* end = std::get_if<mqtt::closed>(&what);
    EXPECT_TRUE(end == nullptr || (below.dead() && end->why == make_fault(store::error::failed)))
        << mqtt::test::tell(what);
  }

  std::mt19937 random_;
  model_server server_;
  version protocol_;
  bool queue_;
  power_loss how_ = power_loss::torn;
  instant now_{};
  bool open_ = false;
  std::uint64_t published_ = 0;
  int crashes_ = 0;
  std::vector<line> log_;
  std::deque<std::pair<mqtt::receipt, line>> to_acknowledge_;
  octets inbox_;
};

constexpr store::storage_geometry roomy{2048, 4, 16, std::byte{0xff}};
constexpr store::storage_geometry tight{1024, 3, 32, std::byte{0xff}};
constexpr store::storage_geometry paged{1024, 4, 1, std::byte{0xff}, 64};

class session_store_lives : public ::testing::TestWithParam<bool> {};

TEST_P(session_store_lives, the_power_goes_at_every_write) {
  int crashes = 0;
  for (const auto& shape : {roomy, tight, paged}) {
    for (const power_loss how : store::testing::power_losses) {
      device whole{version::v5_0, 1, shape, GetParam()};
      const std::uint64_t begun = whole.below.steps();
      whole.play();
      whole.judge();
      const std::uint64_t steps = whole.below.steps() - begun;
      for (auto at = first_cut(how); at < steps && !::testing::Test::HasFailure(); at += cut_stride) {
        SCOPED_TRACE("cut in step " + std::to_string(at) + " of way " + std::to_string(static_cast<int>(how)));
        device one{version::v5_0, 1, shape, GetParam()};
        one.cut_in(at, how);
        one.play();
        one.judge();
        crashes += one.crashes();
      }
    }
  }
  RecordProperty("crashes", crashes);
  EXPECT_GT(crashes, static_cast<int>(300 / cut_stride));
}

TEST_P(session_store_lives, the_power_goes_again_and_again) {
  for (const version protocol : {version::v5_0, version::v3_1_1}) {
    for (unsigned seed = 1; seed <= 60 && !::testing::Test::HasFailure(); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      device one{protocol, seed, seed % 3 == 0 ? roomy : seed % 3 == 1 ? tight : paged, GetParam()};
      std::mt19937 chance{seed};
      for (int crash = 0; crash < 10; ++crash) {
        one.cut_in(chance() % 150, store::testing::power_losses[chance() % std::size(store::testing::power_losses)]);
        one.play();
      }
      one.play();
      one.judge();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(each, session_store_lives, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "through_the_queue" : "at_once"; });

// What was acknowledged in one turn costs one sync, however much it is; and none before something is to be sent.
TEST(session_store_syncs, a_hundred_acknowledgements_share_one) {
  constexpr std::uint16_t many = 100;
  failing_storage below{{16'384, 4, 4, std::byte{0xff}}};
  std::vector<store::index_entry> index(5 * many);
  std::vector<std::uint32_t> places(6);
  std::array<std::byte, 128> scratch{};
  store::journal records{below, index, scratch};
  session_store kept{records, places};
  subject who{{.transmit = 1000, .outgoing = 6, .received = many, .owed = many}};
  ASSERT_TRUE(records.format());
  ASSERT_TRUE(kept.restore(who.machine));
  const instant now{};
  ASSERT_TRUE(who.machine.connect({.version = version::v5_0,
                                   .client_identifier = "c",
                                   .clean_start = false,
                                   .session_expiry_s = 100,
                                   .acknowledge = mqtt::acknowledge_when::deferred}));
  who.machine.opened(now);
  who.machine.sent(who.machine.pending(now).size());
  octets heard = mqtt::test::wire(mqtt::connack{});
  for (std::uint16_t each = 1; each <= many; ++each) {
    const octets one = mqtt::test::wire(mqtt::test::message_of(qos::exactly_once, each, "in", "text"));
    heard.insert(heard.end(), one.begin(), one.end());
  }
  std::vector<mqtt::receipt> owed;
  bytes in = heard;
  while (auto what = who.machine.receive(in, now))
    if (const auto* message = std::get_if<mqtt::message_received>(&*what)) owed.push_back(message->receipt);
  ASSERT_EQ(owed.size(), many);
  EXPECT_TRUE(who.machine.pending(now).empty());
  const std::uint64_t before = records.counts().syncs;
  for (const mqtt::receipt& each : owed) ASSERT_TRUE(who.machine.acknowledge(each));
  EXPECT_EQ(records.counts().syncs, before);
  const std::size_t answers = who.machine.pending(now).size();
  EXPECT_EQ(answers, many * 4U) << "a PUBREC for each";
  EXPECT_EQ(records.counts().syncs, before + 1);
  who.machine.sent(answers);
  EXPECT_TRUE(who.machine.pending(now).empty());
  EXPECT_EQ(records.counts().syncs, before + 1);
}

TEST_F(session_store_parts, the_server_is_remembered) {
  EXPECT_FALSE(now.kept.facts(space));
  const session_facts facts{version::v3_1_1, 6, 3600, "a-client-identifier-of-more-than-32-bytes"};
  ASSERT_TRUE(now.kept.remember(facts));
  const std::uint64_t written = now.records.sequence();
  ASSERT_TRUE(now.kept.remember(facts));
  EXPECT_EQ(now.records.sequence(), written) << "nothing new, nothing written";
  const auto found = now.kept.facts(space);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->client_identifier, facts.client_identifier);
  EXPECT_EQ(found->session_expiry_s, 3600U);
  EXPECT_EQ(found->places, 6);
  EXPECT_EQ(found->version, version::v3_1_1);
}

TEST_F(session_store_parts, another_identifier_with_the_same_beginning_is_another_one) {
  const session_facts longer{version::v5_0, 6, 3600, "0123456789abcdef0123456789abcdef-and-more"};
  session_facts shorter = longer;
  shorter.client_identifier = shorter.client_identifier.substr(0, 32);
  ASSERT_TRUE(now.kept.remember(longer));
  ASSERT_TRUE(now.kept.remember(shorter));
  EXPECT_EQ(now.kept.facts(space)->client_identifier, shorter.client_identifier);
  ASSERT_TRUE(now.kept.remember(longer));
  EXPECT_EQ(now.kept.facts(space)->client_identifier, longer.client_identifier);
}

TEST_F(session_store_parts, of_many_servers_whose_session_it_is_and_who_was_left_last_are_remembered) {
  const std::uint32_t known[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  ASSERT_TRUE(now.kept.remember_places(known));
  std::array<std::uint32_t, 10> memory{};
  session_places places{memory};
  now.kept.restore_places(places);
  const auto& kept = places.known();
  EXPECT_EQ(std::vector(kept.begin(), kept.end()), (std::vector<std::uint32_t>{1, 4, 5, 6, 7, 8, 9, 10}));
}

// Their order is the order in which PUBRELs are sent again.
TEST_F(session_store_parts, what_is_released_behind_a_restart_comes_last) {
  const auto released = [](program& of, std::uint16_t identifier) {
    mqtt::publish sent;
    sent.qos = qos::exactly_once, sent.topic = "a", sent.packet_identifier = identifier;
    const octets packet = mqtt::test::wire(sent, version::v5_0);
    const mqtt::message what{.topic = "a", .qos = qos::exactly_once, .tag = identifier};
    EXPECT_EQ(of.kept.publishing(identifier, what, packet), mqtt::error::none);
    of.kept.released(identifier);
    EXPECT_FALSE(of.kept.commit());
  };
  released(now, 1), released(now, 2);
  program next{below};
  ASSERT_TRUE(next.records.mount());
  ASSERT_TRUE(next.kept.restore(next.who.machine));
  released(next, 3);
  std::vector<std::uint32_t> tags;
  for (std::uint32_t from = 0; const auto one = next.kept.next_released(from);) tags.push_back(one->tag);
  EXPECT_EQ(tags, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST_F(session_store_parts, every_option_of_a_subscription_is_remembered) {
  for (const auto handling : {mqtt::retain_handling::send_at_subscribe, mqtt::retain_handling::send_if_new,
                              mqtt::retain_handling::do_not_send})
    for (const bool set : {false, true}) {
      const mqtt::subscription what{.filter = "a",
                                    .qos = qos::at_most_once,
                                    .no_local = set,
                                    .retain_as_published = !set,
                                    .retain_handling = handling};
      ASSERT_TRUE(now.kept.subscribed(what, 268'435'455));
      const auto kept = now.kept.next_subscription(0, space);
      ASSERT_TRUE(kept);
      EXPECT_EQ(kept->what.qos, what.qos);
      EXPECT_EQ(kept->what.no_local, what.no_local);
      EXPECT_EQ(kept->what.retain_as_published, what.retain_as_published);
      EXPECT_EQ(kept->what.retain_handling, what.retain_handling);
      EXPECT_EQ(kept->identifier, 268'435'455U);
    }
}

TEST_F(session_store_parts, subscriptions_are_remembered_by_their_filter) {
  ASSERT_TRUE(now.kept.subscribed({.filter = "a/+", .qos = qos::at_least_once}, 7));
  ASSERT_TRUE(now.kept.subscribed({.filter = "b", .qos = qos::exactly_once, .no_local = true}, 0));
  ASSERT_TRUE(now.kept.subscribed({.filter = "a/+", .qos = qos::exactly_once}, 8));
  EXPECT_EQ(now.kept.counts().subscriptions, 2U);
  const auto first = now.kept.next_subscription(0, space);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->what.filter, "a/+");
  EXPECT_EQ(first->what.qos, qos::exactly_once);
  EXPECT_EQ(first->identifier, 8U);
  const auto second = now.kept.next_subscription(first->number + 1, space);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->what.no_local);
  ASSERT_TRUE(now.kept.unsubscribed("a/+"));
  ASSERT_TRUE(now.kept.unsubscribed("never"));
  EXPECT_EQ(now.kept.counts().subscriptions, 1U);
}

// A kill before they are made again would else leave a journal that says they are there.
TEST_F(session_store_parts, subscriptions_go_with_the_server_s_session) {
  ASSERT_TRUE(now.kept.subscribed({.filter = "a/+", .qos = qos::at_least_once}, 7));
  now.kept.took(qos::exactly_once, 9);
  now.kept.session_lost(mqtt::lost_session::publish_again);
  EXPECT_FALSE(now.kept.commit());
  EXPECT_EQ(now.kept.counts().subscriptions, 0U);
  EXPECT_EQ(now.kept.counts().received, 0U);
}

// Nothing is written for a client that only publishes, nor twice for a server that is silent again and again.
TEST_F(session_store_parts, a_connect_without_an_answer_is_remembered_where_something_depends_on_it) {
  const std::uint64_t written = now.records.sequence();
  now.kept.unanswered(1);
  now.kept.certain(true);
  EXPECT_EQ(now.records.sequence(), written);
  ASSERT_TRUE(now.kept.subscribed({.filter = "a/+"}, 7));
  const std::size_t before = now.records.records();
  for (const std::uint8_t count : std::to_array<std::uint8_t>({1, 2, 3, 3, 3})) now.kept.unanswered(count);
  EXPECT_EQ(now.records.records(), before + 1);
  EXPECT_EQ(now.records.sequence(), written + 1 + 3);
  now.kept.certain(true);
  EXPECT_EQ(now.records.records(), before);
  EXPECT_EQ(now.kept.counts().subscriptions, 1U);
  now.kept.unanswered(1);
  now.kept.certain(false);
  EXPECT_EQ(now.records.records(), before - 1) << "subscriptions are to be made again, also after a loss of power";
  now.kept.took(qos::exactly_once, 9);
  now.kept.unanswered(1);
  now.kept.session_lost(mqtt::lost_session::publish_again);
  EXPECT_EQ(now.records.records(), 0U);
  EXPECT_FALSE(now.kept.commit());
}

TEST_F(session_store_parts, a_held_message_leaves_the_queue_as_it_is_published) {
  const bytes pieces[] = {as_bytes("a/b"), as_bytes("a payload")};
  held_message what{.label = 0, .tag = 5, .qos = qos::at_least_once, .retain = true, .topic = 3, .payload = 9};
  now.kept.label(99);
  const auto first = now.kept.hold(what, pieces);
  now.kept.label(100);
  const auto second = now.kept.hold(what, pieces);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(now.records.synced());
  EXPECT_FALSE(now.kept.settle());
  EXPECT_TRUE(now.records.synced());
  EXPECT_EQ(now.kept.read_held(*first, space).value_or(0), 12U);
  EXPECT_EQ(as_text(bytes{space}.first(12)), "a/ba payload");
  const auto head = now.kept.head_of_held(*first);
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->label == 99 && head->tag == 5 && head->qos == qos::at_least_once && head->retain);
  EXPECT_TRUE(head->topic == 3 && head->properties == 0 && head->payload == 9);
  now.kept.take_held(*first);
  ASSERT_EQ(now.kept.publishing(3, {.topic = "t", .qos = qos::exactly_once, .tag = 5}, as_bytes("packet")),
            mqtt::error::none);
  EXPECT_EQ(now.kept.counts().held, 1U);
  std::uint32_t from = 0;
  const auto message = now.kept.next_message(from);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->label, 99U);
  EXPECT_EQ(message->tag, 5U);
  EXPECT_EQ(message->size, 6U);
}

// The server has the message and waits for PUBREL: what damage took of it here must not end that.
TEST_F(session_store_parts, an_exchange_goes_on_whose_message_was_damaged) {
  const std::string text(40, 'x');
  ASSERT_EQ(now.kept.publishing(3, {.topic = "t", .qos = qos::exactly_once}, as_bytes(text)), mqtt::error::none);
  const auto found = std::ranges::search(below.image(), as_bytes(text));
  ASSERT_FALSE(found.empty());
  *found.begin() ^= std::byte{1};
  const bytes other[] = {as_bytes(text)};
  while (now.records.counts().erased_sectors < 12) ASSERT_TRUE(now.records.put({9, 0}, other));
  EXPECT_EQ(now.records.lost_later(), 1U);
  EXPECT_EQ(now.kept.counts().messages, 0U);
  now.kept.released(3);
  EXPECT_FALSE(now.kept.commit());
  EXPECT_EQ(now.kept.counts().released, 1U);
  now.kept.finished(3);
  EXPECT_FALSE(now.kept.commit());
  EXPECT_EQ(now.kept.counts().released, 0U);
}

TEST_F(session_store_parts, a_full_journal_refuses_and_a_failed_one_ends_the_session) {
  const std::string text(100, 'x');
  mqtt::error refused{};
  std::uint16_t identifier = 0;
  while (refused == mqtt::error::none)
    refused = now.kept.publishing(++identifier, {.topic = "t", .qos = qos::exactly_once}, as_bytes(text));
  EXPECT_EQ(refused, mqtt::error::not_kept);
  EXPECT_EQ(now.kept.why(), store::error::full);
  EXPECT_FALSE(now.kept.commit()) << "what is in it stays";
  for (std::uint16_t each = 1; each < 6; ++each) now.kept.took(qos::exactly_once, each);
  EXPECT_FALSE(now.kept.commit()) << "room is left for what is received";
  below.cut_in(0);
  now.kept.took(qos::exactly_once, 99);
  EXPECT_EQ(now.kept.commit(), make_fault(store::error::failed));
}

}  // namespace
}  // namespace recado::chain
