// The queue of messages that wait, in a session's journal: kept, restored, and what happens when that is full.
#include <recado/chain/session_store_for_tests.hpp>

namespace recado::chain {
namespace {

using mqtt::qos;
using store::testing::power_loss;
using testing::program;
using session_store_queue = testing::store_of_a_session;

TEST_F(session_store_queue, the_outbox_waits_in_it_and_comes_back_in_order) {
  const instant begun{std::chrono::hours{1}};
  const mqtt::property_value expiry[] = {{mqtt::property::message_expiry_interval, 100U}};
  EXPECT_TRUE(now.box.push({.topic = "a", .payload = as_bytes("1"), .qos = qos::exactly_once, .tag = 7}, begun));
  EXPECT_TRUE(now.box.push({.topic = "b", .payload = as_bytes("of QoS 0")}, begun));
  EXPECT_TRUE(now.box.push({.topic = "c", .qos = qos::at_least_once, .retain = true}, begun));
  EXPECT_TRUE(now.box.push({.topic = "d", .qos = qos::at_least_once, .properties = mqtt::properties{expiry}}, begun));
  EXPECT_EQ(now.kept.counts().held, 3U) << "what promises nothing isn't kept";
  EXPECT_FALSE(now.kept.settle());
  std::mt19937_64 chance{1};
  below.power_up(power_loss::reordered, chance);
  program later{below};
  ASSERT_TRUE(later.records.mount());
  ASSERT_TRUE(later.kept.restore(later.who.machine));
  EXPECT_EQ(later.box.restore(begun).value_or(0), 3U);
  const auto first = later.box.front(begun);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->topic == "a" && as_text(first->payload) == "1" && first->qos == qos::exactly_once);
  EXPECT_EQ(first->tag, 7U);
  later.box.pop();
  EXPECT_TRUE(later.box.front(begun)->retain);
  later.box.pop();
  const auto last = later.box.front(begun + std::chrono::seconds{40});
  EXPECT_EQ(last->properties.number(mqtt::property::message_expiry_interval, 0U), 60U);
  later.box.expire(begun + std::chrono::seconds{100});
  EXPECT_TRUE(later.box.empty());
  EXPECT_EQ(later.kept.counts().held, 0U) << "what is given up leaves the store, too";
}

TEST_F(session_store_queue, a_queue_leaves_room_for_what_follows_from_it) {
  const std::string text(60, 'x');
  std::expected<void, chain::error> done{};
  std::vector<std::byte> memory(1 << 16);
  outbox box{memory};
  box.keep_in(&now.kept);
  std::size_t count = 0;
  for (; done; count += done ? 1U : 0U)
    done = box.push({.topic = "t", .payload = as_bytes(text), .qos = qos::at_least_once}, instant{});
  EXPECT_EQ(done.error(), chain::error::outbox_full);
  EXPECT_GT(count, 8U);
  EXPECT_EQ(box.size(), count);
  EXPECT_EQ(now.kept.counts().held, count);
  for (std::uint16_t each = 1; each <= 6; ++each) {  // the fullest queue can be published
    now.kept.take_held(*now.kept.next_held(0));
    EXPECT_EQ(now.kept.publishing(each, {.topic = "t", .qos = qos::at_least_once}, as_bytes(text)), mqtt::error::none);
    box.pop();
    now.kept.took(qos::exactly_once, static_cast<std::uint16_t>(100 + each));
    EXPECT_FALSE(now.kept.commit());
  }
  while (!box.empty()) box.pop();
  below.cut_in(0);
  EXPECT_EQ(box.push({.topic = "t", .qos = qos::at_least_once}, instant{}).error(), chain::error::not_kept);
}

using namespace std::chrono_literals;

/// A message that waits for 100 s at most, in a queue that outlives the power.
class session_store_expiry : public session_store_queue {
 protected:
  static constexpr utc_time day{std::chrono::hours{24 * 20'000}};
  static constexpr instant start{std::chrono::hours{5}};

  void push(instant at) {
    const mqtt::property_value expiry[] = {{mqtt::property::message_expiry_interval, 100U}};
    now.box.keep_in(&now.kept, &clock);
    ASSERT_TRUE(now.box.push(
        {.topic = "t", .payload = as_bytes("m"), .qos = qos::at_least_once, .properties = mqtt::properties{expiry}},
        at));
    ASSERT_FALSE(now.kept.settle());
  }
  /// The power goes, and comes back at an instant that has nothing to do with the ones before.
  void restart(instant at, bool trusted, duration waited) {
    ASSERT_FALSE((later ? later->kept : now.kept).settle());
    std::mt19937_64 chance{1};
    below.power_up(power_loss::torn, chance);
    clock = {};
    clock.set(trusted ? day + waited : day - 24h, at, trusted);
    later.emplace(below);
    ASSERT_TRUE(later->records.mount());
    ASSERT_TRUE(later->kept.restore(later->who.machine));
    later->box.keep_in(&later->kept, &clock);
    ASSERT_EQ(later->box.restore(at).value_or(0), 1U);
  }
  /// What a receiver would be told; 0 if there is no message.
  std::uint32_t left(instant at) {
    const auto first = (later ? later->box : now.box).front(at);
    return first ? first->properties.number(mqtt::property::message_expiry_interval, 0U) : 0U;
  }
  wall_clock clock;
  std::optional<program> later;
};

TEST_F(session_store_expiry, counts_on_while_there_is_no_power) {
  clock.set(day, start);
  push(start);
  EXPECT_EQ(left(start + 10s), 90U);
  restart(instant{}, true, 30s);
  EXPECT_EQ(left(instant{} + 1ms), 70U);
  EXPECT_EQ(left(instant{} + 60s), 10U);
  restart(instant{} + 1h, true, 99s);
  EXPECT_EQ(left(instant{} + 1h), 1U);
  later->box.expire(later->box.deadline());
  EXPECT_EQ(later->box.deadline(), instant{} + 1h + 1s);
  restart(instant{}, true, 100s);
  EXPECT_EQ(left(instant{}), 0U);
  EXPECT_EQ(later->kept.counts().held, 0U) << "and it leaves the store";
}

TEST_F(session_store_expiry, a_clock_that_was_set_back_counts_nothing) {
  clock.set(day, start);
  push(start);
  restart(instant{}, true, -1h);
  EXPECT_EQ(left(instant{}), 100U);
  EXPECT_EQ(left(instant{} + 40s), 60U);
}

// A board before NTP: from the restart on, until it knows the time.
TEST_F(session_store_expiry, waits_for_a_clock_that_is_not_trusted_yet) {
  clock.set(day, start);
  push(start);
  restart(instant{}, false, 0s);
  EXPECT_EQ(left(instant{} + 5s), 95U) << "never longer than its interval from the restart";
  clock.set(day + 40s, instant{} + 10s);
  EXPECT_EQ(left(instant{} + 10s), 60U) << "30 s without power and 10 s since";
  restart(instant{} + 3s, true, 70s);
  EXPECT_EQ(left(instant{} + 3s), 30U);
}

TEST_F(session_store_expiry, what_came_before_the_time_was_known_counts_from_then) {
  push(start);
  clock.set(day, start + 20s);
  EXPECT_EQ(left(start + 20s), 80U);
  restart(instant{}, true, 30s);
  EXPECT_EQ(left(instant{}), 50U);
}

TEST_F(session_store_expiry, begins_anew_with_each_start_that_never_knew_the_time) {
  push(start);
  EXPECT_EQ(left(start + 60s), 40U);
  restart(instant{}, false, 0s);
  EXPECT_EQ(left(instant{}), 100U);
  clock.set(day, instant{} + 10s);
  EXPECT_EQ(left(instant{} + 10s), 90U);
  restart(instant{}, true, 20s);
  EXPECT_EQ(left(instant{}), 70U) << "but not any more once it did";
  EXPECT_EQ(left(instant{} + 70s), 0U);
}

TEST_F(session_store_expiry, seconds_that_are_left) {
  EXPECT_EQ(seconds_left(10, {}, day), 10U);
  EXPECT_EQ(seconds_left(10, day, day - 5s), 10U);
  EXPECT_EQ(seconds_left(10, day, day), 10U);
  EXPECT_EQ(seconds_left(10, day, day + 1us), 10U);
  EXPECT_EQ(seconds_left(10, day, day + 9s + 999'999us), 1U);
  EXPECT_EQ(seconds_left(10, day, day + 10s), 0U);
  EXPECT_EQ(seconds_left(10, day, day + 100'000h), 0U);
  EXPECT_EQ(seconds_left(0xffff'ffffU, day, day + 1s), 0xffff'fffeU);
}

struct crowded final : outbox_listener {
  void lost(const waiting_message& what, outbox_loss why) override {
    EXPECT_EQ(why, outbox_loss::crowded_out);
    payloads.emplace_back(as_text(what.payload));
  }
  std::vector<std::string> payloads;
};

// The memory has room, the journal hasn't: the policy holds for both.
TEST_F(session_store_queue, the_oldest_of_the_queue_make_room_in_a_full_journal) {
  std::vector<std::byte> memory(1 << 16);
  crowded heard;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &heard};
  box.keep_in(&now.kept);
  const auto text = [](std::size_t number) { return std::to_string(number) + std::string(60, 'x'); };
  std::size_t pushed = 0;
  for (; heard.payloads.size() < 30; ++pushed)
    ASSERT_TRUE(box.push({.topic = "t", .payload = as_bytes(text(pushed)), .qos = qos::at_least_once}, instant{}));
  for (std::size_t i = 0; i < heard.payloads.size(); ++i) EXPECT_EQ(heard.payloads[i], text(i));
  EXPECT_EQ(now.kept.counts().held, box.size());
  EXPECT_EQ(box.size() + heard.payloads.size(), pushed);
  const std::string large(400, 'y');  // more than the oldest one takes
  ASSERT_TRUE(box.push({.topic = "t", .payload = as_bytes(large), .qos = qos::at_least_once}, instant{}));
  EXPECT_GT(heard.payloads.size(), 31U);
  for (std::size_t next = heard.payloads.size(); next < pushed; ++next, box.pop())
    EXPECT_EQ(as_text(box.front(instant{})->payload), text(next));
  EXPECT_EQ(as_text(box.front(instant{})->payload), large);
}

// What is on its way fills the journal: to drop all that waits would not be enough, so nothing is dropped.
TEST_F(session_store_queue, nothing_makes_room_where_that_is_not_enough) {
  std::vector<std::byte> memory(1 << 16);
  crowded heard;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &heard};
  box.keep_in(&now.kept);
  ASSERT_TRUE(box.push({.topic = "t", .payload = as_bytes("first"), .qos = qos::at_least_once}, instant{}));
  const std::string text(300, 'x');
  std::uint16_t identifier = 0;
  while (now.kept.publishing(++identifier, {.topic = "t", .qos = qos::at_least_once}, as_bytes(text)) ==
         mqtt::error::none) {
  }
  const std::string too_long(600, 'x');
  const auto never = box.push({.topic = "t", .payload = as_bytes(too_long), .qos = qos::at_least_once}, instant{});
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error(), error::message_too_long);
  const auto refused = box.push({.topic = "t", .payload = as_bytes(text), .qos = qos::at_least_once}, instant{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), error::outbox_full);
  EXPECT_TRUE(heard.payloads.empty());
  EXPECT_EQ(now.kept.counts().held, 1U);
}

// Its record is longer then than while it waits.
TEST_F(session_store_queue, what_was_taken_can_be_published_however_long_it_is) {
  std::size_t size = 0;
  for (;; ++size) {
    const std::string text(size, 'x');
    const bytes content[] = {as_bytes("t"), as_bytes(text)};
    const auto number =
        now.kept.hold({.qos = qos::at_least_once, .topic = 1, .payload = static_cast<std::uint32_t>(size)}, content);
    if (!number) break;
    now.kept.take_held(*number);
    const mqtt::test::octets packet = mqtt::test::wire(mqtt::test::message_of(qos::at_least_once, 1, "t", text));
    ASSERT_EQ(now.kept.publishing(1, {.topic = "t", .qos = qos::at_least_once}, packet), mqtt::error::none) << size;
    now.kept.finished(1);
  }
  EXPECT_GT(size, 400U);
}

// What is held must be the message that was given, also where the queue ran empty meanwhile.
TEST_F(session_store_queue, the_last_of_the_queue_makes_room_for_a_long_one) {
  std::vector<std::byte> memory(1 << 16);
  crowded heard;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &heard};
  box.keep_in(&now.kept);
  const std::string room(400, 'r');
  while (now.records.has_room(room.size(), false, now.records.live_bytes_max() / 4 + 400)) {
    const bytes pieces[] = {as_bytes(room)};
    ASSERT_TRUE(now.records.put({9, static_cast<std::uint32_t>(now.records.records())}, pieces));
  }
  const std::string first(300, 'f'), second(320, 's');
  ASSERT_TRUE(box.push({.topic = "t", .payload = as_bytes(first), .qos = qos::at_least_once}, instant{}));
  now.kept.note({2, 0});
  ASSERT_TRUE(box.push({.topic = "u", .payload = as_bytes(second), .qos = qos::at_least_once}, instant{}));
  ASSERT_EQ(heard.payloads, std::vector<std::string>{first});
  EXPECT_EQ(now.kept.last_note().first, 2U) << "the note goes with the message that found room";
  EXPECT_EQ(as_text(box.front(instant{})->payload), second);
  std::vector<std::byte> there(400);
  const auto number = now.kept.next_held(0);
  ASSERT_TRUE(number);
  EXPECT_EQ(now.kept.read_held(*number, there).value_or(0), 1 + second.size());
  EXPECT_EQ(as_text(bytes{there}.first(1 + second.size())), "u" + second);
}

}  // namespace
}  // namespace recado::chain
