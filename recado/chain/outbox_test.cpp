// The queue of messages that wait, against a model and against time.
#include <recado/chain/outbox.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;
using mqtt::qos;
const instant start{1h};

waiting_message message(std::string_view topic, std::string_view payload, qos level = qos::at_least_once) {
  return {.topic = topic, .payload = as_bytes(payload), .qos = level};
}

struct losses final : outbox_listener {
  void lost(const waiting_message& what, outbox_loss why) override {
    (why == outbox_loss::expired ? expired : crowded_out).emplace_back(as_text(what.payload));
  }
  std::vector<std::string> expired, crowded_out;
};
using texts = std::vector<std::string>;

texts all_of(const outbox& box, instant now = start) {
  texts result;
  box.for_each(now, [&](const waiting_message& one) { result.emplace_back(as_text(one.payload)); });
  return result;
}

TEST(outbox, keeps_order_and_content) {
  std::array<std::byte, 256> memory;
  outbox box{memory};
  const mqtt::property_value list[] = {
      {mqtt::property::content_type, std::string_view{"text/plain"}}, {"first", "1"}, {"second", "2"}};
  waiting_message rich = message("a", "one", qos::exactly_once);
  rich.tag = 77, rich.properties = mqtt::properties{list};
  EXPECT_TRUE(box.push(rich, start));
  EXPECT_TRUE(box.push({.topic = "b/c", .retain = true}, start));
  ASSERT_EQ(box.size(), 2u);
  EXPECT_EQ(box.bytes_held(), outbox::cost(rich) + outbox::header_bytes + 3);
  const auto first = box.front(start);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->topic, "a");
  EXPECT_EQ(as_text(first->payload), "one");
  EXPECT_EQ(first->qos, qos::exactly_once);
  EXPECT_EQ(first->tag, 77u);
  EXPECT_FALSE(first->retain);
  EXPECT_TRUE(first->properties == rich.properties) << "in their order";
  box.pop();
  const auto second = box.front(start);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->topic, "b/c");
  EXPECT_TRUE(second->payload.empty() && second->properties.empty());
  EXPECT_TRUE(second->retain);
  box.pop();
  EXPECT_FALSE(box.front(start));
  EXPECT_EQ(box.bytes_held(), 0u);
}

TEST(outbox, refuses_what_does_not_fit_and_loses_nothing) {
  std::array<std::byte, 72> memory;
  losses heard;
  outbox box{memory, {}, &heard};
  EXPECT_EQ(box.push(message("topic", std::string(72, 'x')), start).error(), error::message_too_long);
  EXPECT_TRUE(box.push(message("t", "0123456789"), start));
  EXPECT_TRUE(box.push(message("t", "9876543210", qos::at_most_once), start));
  EXPECT_EQ(box.push(message("t", "0123456789"), start).error(), error::outbox_full);
  EXPECT_EQ(all_of(box), (texts{"0123456789", "9876543210"}));
  box.pop();
  EXPECT_TRUE(box.push(message("t", "more"), start));
  EXPECT_EQ(all_of(box), (texts{"9876543210", "more"}));
  EXPECT_TRUE(heard.crowded_out.empty());
}

TEST(outbox, is_bounded_in_messages_too) {
  std::array<std::byte, 1000> memory;
  outbox box{memory, {.messages_max = 2}};
  EXPECT_TRUE(box.push(message("t", "1"), start));
  EXPECT_TRUE(box.push(message("t", "2"), start));
  EXPECT_EQ(box.push(message("t", "3"), start).error(), error::outbox_full);
  outbox none{memory, {.messages_max = 0}};
  EXPECT_EQ(none.push(message("t", "3"), start).error(), error::message_too_long);
}

TEST(outbox, drops_the_oldest_of_qos_0_only_if_that_helps) {
  std::array<std::byte, 1000> memory;
  losses heard;
  outbox box{memory, {.messages_max = 4, .when_full = outbox_policy::drop_oldest_qos_0}, &heard};
  EXPECT_TRUE(box.push(message("t", "kept 1"), start));
  EXPECT_TRUE(box.push(message("t", "light 1", qos::at_most_once), start));
  EXPECT_TRUE(box.push(message("t", "light 2", qos::at_most_once), start));
  EXPECT_TRUE(box.push(message("t", "kept 2"), start));
  EXPECT_TRUE(box.push(message("t", "kept 3"), start));
  EXPECT_EQ(heard.crowded_out, (texts{"light 1"}));
  EXPECT_TRUE(box.push(message("t", "light 3", qos::at_most_once), start));
  EXPECT_EQ(heard.crowded_out, (texts{"light 1", "light 2"}));
  EXPECT_EQ(all_of(box), (texts{"kept 1", "kept 2", "kept 3", "light 3"}));
  EXPECT_EQ(box.push(message("t", std::string(900, 'x')), start).error(), error::outbox_full);
  EXPECT_EQ(all_of(box).size(), 4u) << "nothing is dropped in vain";
  EXPECT_TRUE(box.push(message("t", "kept 4"), start));
  EXPECT_EQ(box.push(message("t", "kept 5"), start).error(), error::outbox_full);
}

TEST(outbox, drops_the_oldest_whatever_its_qos) {
  std::array<std::byte, 100> memory;
  losses heard;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &heard};
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(box.push(message("t", std::to_string(i), qos::exactly_once), start));
  EXPECT_EQ(all_of(box), (texts{"47", "48", "49"}));
  EXPECT_EQ(heard.crowded_out.size(), 47u);
  EXPECT_EQ(heard.crowded_out.back(), "46");
}

TEST(outbox, has_room_for_as_much_as_its_memory_to_the_last_byte) {
  std::array<std::byte, 1000> enough;
  outbox one{enough, {}, nullptr};
  ASSERT_TRUE(one.push(message("t", "message"), start));
  std::array<std::byte, 1000> all;
  for (const auto when_full : {outbox_policy::refuse, outbox_policy::drop_oldest}) {
    const mutable_bytes exact = mutable_bytes{all}.first(one.bytes_held());
    outbox box{exact, {.when_full = when_full}, nullptr};
    EXPECT_TRUE(box.push(message("t", "message"), start));
    EXPECT_EQ(box.push(message("t", "another"), start).has_value(), when_full == outbox_policy::drop_oldest);
    outbox tight{exact.first(exact.size() - 1), {.when_full = when_full}, nullptr};
    EXPECT_FALSE(tight.push(message("t", "message"), start));
  }
}

// MQTT 5.0 §3.3.2.3.3
TEST(outbox, counts_message_expiry_down) {
  std::array<std::byte, 1000> memory;
  losses heard;
  outbox box{memory, {}, &heard};
  const mqtt::property_value ten[] = {{mqtt::property::content_type, std::string_view{"x"}},
                                      {mqtt::property::message_expiry_interval, 10U},
                                      {"a", "b"}};
  const mqtt::property_value three[] = {{mqtt::property::message_expiry_interval, 3U}};
  waiting_message late = message("t", "ten"), soon = message("t", "three");
  late.properties = mqtt::properties{ten}, soon.properties = mqtt::properties{three};
  EXPECT_EQ(box.deadline(), never);
  EXPECT_TRUE(box.push(late, start));
  EXPECT_TRUE(box.push(soon, start));
  EXPECT_TRUE(box.push(message("t", "for ever"), start));
  EXPECT_EQ(box.deadline(), start + 3s);
  const auto left = [&](instant now) {
    return box.front(now)->properties.number(mqtt::property::message_expiry_interval, 99);
  };
  EXPECT_EQ(left(start), 10u);
  EXPECT_EQ(left(start + 1us), 10u) << "begun seconds count whole: never less than the sender meant";
  EXPECT_EQ(left(start + 4s), 6u);
  EXPECT_EQ(box.front(start)->properties.text(mqtt::property::content_type), "x");
  EXPECT_TRUE(heard.expired.empty());
  box.expire(start + 3s);
  EXPECT_EQ(heard.expired, (texts{"three"}));
  EXPECT_EQ(box.deadline(), start + 10s);
  EXPECT_EQ(left(start + 10s - 1us), 1u);
  EXPECT_EQ(as_text(box.front(start + 10s)->payload), "for ever");
  EXPECT_EQ(heard.expired, (texts{"three", "ten"}));
  EXPECT_EQ(box.size(), 1u);
}

TEST(outbox, expired_messages_make_room_before_any_other) {
  std::array<std::byte, 80> memory;
  losses heard;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &heard};
  const mqtt::property_value one[] = {{mqtt::property::message_expiry_interval, 1U}};
  waiting_message soon = message("t", "soon");
  soon.properties = mqtt::properties{one};
  EXPECT_TRUE(box.push(message("t", "old"), start));
  EXPECT_TRUE(box.push(soon, start));
  EXPECT_TRUE(box.push(message("t", "new"), start + 1s));
  EXPECT_EQ(heard.expired, (texts{"soon"}));
  EXPECT_TRUE(heard.crowded_out.empty());
  EXPECT_EQ(all_of(box), (texts{"old", "new"}));
}

TEST(outbox, agrees_with_a_model_for_a_long_time) {
  for (const auto policy : {outbox_policy::refuse, outbox_policy::drop_oldest_qos_0, outbox_policy::drop_oldest}) {
    std::array<std::byte, 400> memory;
    losses heard;
    outbox box{memory, {.messages_max = 9, .when_full = policy}, &heard};
    std::deque<std::string> model;
    std::uint32_t state = 1;
    for (int i = 0; i < 20000; ++i) {
      state = state * 1664525u + 1013904223u;
      if ((state >> 16) % 3 != 0) {
        const std::string text = std::to_string(i) + std::string(state >> 27, 'x');
        const auto level = static_cast<qos>((state >> 8) % 3);
        heard.crowded_out.clear();
        const bool taken = box.push(message("topic", text, level), start).has_value();
        for (const std::string& gone : heard.crowded_out) std::erase(model, gone);
        if (taken) model.push_back(text);
        ASSERT_TRUE(taken || heard.crowded_out.empty());
      } else if (!model.empty()) {
        ASSERT_EQ(as_text(box.front(start)->payload), model.front());
        box.pop(), model.pop_front();
      }
      ASSERT_EQ(all_of(box), (texts{model.begin(), model.end()}));
      ASSERT_EQ(box.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace recado::chain
