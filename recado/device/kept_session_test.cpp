// The device whose session outlives its power.
#include <gmock/gmock.h>

#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;

class kept_device : public testing::Test {
 protected:
  kept_device() {
    s.keeps_session = true;
    s.start();
    s.run(1s);
  }
  /// What the broker hears of the next run, which comes online.
  const std::vector<int>& next_run() {
    s.net.broker.packets.clear();
    s.restart();
    s.run(5s);
    EXPECT_TRUE(s.device->conductor().is_online());
    return s.net.broker.packets;
  }

  simulation s;
};

TEST_F(kept_device, finds_its_session_again_without_subscribing) {
  EXPECT_THAT(next_run(), Not(Contains(8)));
  EXPECT_TRUE(s.panel.said("the session goes on"));
}

TEST_F(kept_device, subscribes_again_after_its_goodbye) {
  s.panel.press = true;
  s.run(1s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_THAT(next_run(), Contains(8));
}

// The broker has ended the subscription, and the power goes before the device can know.
TEST_F(kept_device, subscribes_again_after_a_goodbye_that_the_power_cut_short) {
  s.net.broker.loses_unsuback = true;
  s.panel.press = true;
  s.run(1s);
  EXPECT_THAT(s.net.broker.packets, Contains(10)) << "UNSUBSCRIBE";
  EXPECT_FALSE(s.device->ended());
  EXPECT_THAT(next_run(), Contains(8));
}

// The broker may have the subscription as it was wanted in between.
TEST_F(kept_device, subscribes_again_if_nobody_heard_that_the_subscription_was_changed) {
  s.chosen.broker.qos = mqtt::qos::at_most_once;
  s.net.broker.loses_suback = true;
  s.restart();
  s.run(5s);
  EXPECT_FALSE(s.device->conductor().is_online());
  s.chosen.broker.qos = mqtt::qos::at_least_once;
  s.net.broker.loses_suback = false;
  EXPECT_THAT(next_run(), Contains(8));
}

// However many messages are on their way and wait, the journal has places for as many as come at once.
TEST_F(kept_device, takes_commands_although_its_queue_is_full) {
  s.chosen.broker.qos = mqtt::qos::exactly_once;
  s.chosen.device.publish_s = 1;
  s.restart();
  s.net.broker.acknowledges = false;
  s.run(1min);
  EXPECT_TRUE(s.panel.said("was not published"));
  s.net.broker.packets.clear();
  for (int i = 1; i <= 8; ++i) s.net.broker.deliver("secret", "LD3OFF", i);
  s.run(1s);
  EXPECT_EQ(std::ranges::count(s.net.broker.packets, 5), 8) << "PUBREC";
  EXPECT_FALSE(s.panel.lit[2]);
  EXPECT_TRUE(s.device->conductor().is_online());
}

}  // namespace
}  // namespace recado::device
