#include <recado/chain/outbox.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace recado::chain {
namespace {

waiting_message message(std::string_view topic, std::string_view payload, mqtt::qos qos = mqtt::qos::at_least_once) {
  return {topic, as_bytes(payload), qos, false};
}

TEST(outbox, keeps_order_and_content) {
  std::array<std::byte, 256> memory;
  outbox box{memory};
  EXPECT_TRUE(box.push(message("a", "one", mqtt::qos::exactly_once)));
  EXPECT_TRUE(box.push({"b/c", {}, mqtt::qos::at_most_once, true}));
  ASSERT_EQ(box.size(), 2u);
  EXPECT_EQ(box.front()->topic, "a");
  EXPECT_EQ(as_text(box.front()->payload), "one");
  EXPECT_EQ(box.front()->qos, mqtt::qos::exactly_once);
  EXPECT_FALSE(box.front()->retain);
  box.pop();
  EXPECT_EQ(box.front()->topic, "b/c");
  EXPECT_TRUE(box.front()->payload.empty());
  EXPECT_TRUE(box.front()->retain);
  box.pop();
  EXPECT_FALSE(box.front());
}

TEST(outbox, refuses_what_does_not_fit_and_loses_nothing) {
  std::array<std::byte, 40> memory;
  outbox box{memory};
  EXPECT_EQ(box.push(message("topic", std::string(40, 'x'))).error(), error::message_too_long);
  EXPECT_TRUE(box.push(message("t", "0123456789")));
  EXPECT_TRUE(box.push(message("t", "9876543210")));
  EXPECT_EQ(box.push(message("t", "0123456789")).error(), error::outbox_full);
  EXPECT_EQ(as_text(box.front()->payload), "0123456789");
  box.pop();
  EXPECT_TRUE(box.push(message("t", "more")));
  EXPECT_EQ(as_text(box.front()->payload), "9876543210");
}

TEST(outbox, agrees_with_a_model_for_a_long_time) {
  std::array<std::byte, 200> memory;
  outbox box{memory};
  std::deque<std::string> model;
  std::uint32_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525u + 1013904223u;
    if ((state >> 16) % 3 != 0) {
      const std::string text(state >> 27, static_cast<char>('a' + i % 26));
      if (box.push(message("topic", text))) model.push_back(text);
    } else if (!model.empty()) {
      ASSERT_EQ(as_text(box.front()->payload), model.front());
      box.pop(), model.pop_front();
    }
    ASSERT_EQ(box.size(), model.size());
  }
}

}  // namespace
}  // namespace recado::chain
