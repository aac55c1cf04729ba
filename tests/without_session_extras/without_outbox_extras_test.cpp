// The outbox of a build with RECADO_WITHOUT_SESSION_EXTRAS, as firmware has it: messages wait until they are sent.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include <recado/chain/outbox.hpp>

namespace recado::chain {
namespace {

using namespace std::chrono_literals;
const instant start{1h};

static_assert(!has_outbox_extras);

waiting_message message(std::string_view payload, mqtt::properties with = {}) {
  return {.topic = "t", .payload = as_bytes(payload), .qos = mqtt::qos::at_most_once, .properties = with};
}

TEST(without_outbox_extras, keeps_order_and_refuses_what_has_no_room) {
  struct nobody final : outbox_listener {
    void lost(const waiting_message&, outbox_loss) override { FAIL() << "nothing is lost"; }
  } listener;
  std::array<std::byte, 2 * (outbox::header_bytes + 2)> memory;
  outbox box{memory, {.when_full = outbox_policy::drop_oldest}, &listener};
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(box.push(message("1"), start));
    EXPECT_TRUE(box.push(message("2"), start));
    const auto third = box.push(message("3"), start);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error(), error::outbox_full);
    for (const char* expected : {"1", "2"}) {
      const auto next = box.front(start);
      ASSERT_TRUE(next);
      EXPECT_EQ(as_text(next->payload), expected);
      box.pop();
    }
    EXPECT_TRUE(box.empty());
  }
}

TEST(without_outbox_extras, leaves_an_expiry_to_the_broker) {
  std::array<std::byte, 128> memory;
  outbox box{memory};
  const mqtt::property_value list[] = {{mqtt::property::message_expiry_interval, 10u}};
  EXPECT_TRUE(box.push(message("1", mqtt::properties{list}), start));
  EXPECT_EQ(box.deadline(), never);
  box.expire(start + 1h);
  const auto next = box.front(start + 1h);
  ASSERT_TRUE(next);
  const auto left = next->properties.find(mqtt::property::message_expiry_interval);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->number, 10u);
}

}  // namespace
}  // namespace recado::chain
