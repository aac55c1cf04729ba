// What the device says when its outbox is full or small.
#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;

TEST(presence, dates_that_wait_leave_room_for_the_answers_to_commands) {
  simulation s;
  s.chosen.device.publish_s = 1;
  s.start();
  s.run(500ms);
  s.net.broker.acknowledges = false;
  s.run(2min);
  const std::size_t waiting = s.device->waiting();
  EXPECT_GT(waiting, 10u);
  EXPECT_TRUE(s.panel.said("was not published: the outbox is more than half full"));
  for (int i = 0; i < 10; ++i) s.net.broker.deliver("secret", i % 2 == 0 ? "LD1OFF" : "LD1ON");
  s.run(500ms);
  EXPECT_EQ(s.device->waiting(), waiting + 10);
  s.net.broker.acknowledges = true;
  s.net.broker.ended = true;
  s.run(1min);
  const auto said = s.payloads("public");
  EXPECT_EQ(std::ranges::count(said, "[LED 1 APAGADO]"), 5);
  EXPECT_EQ(std::ranges::count(said, "[LED 1 ENCENDIDO]"), 5);
}

// More than what is to be sent and the outbox hold.
TEST(presence, every_command_of_a_burst_is_answered) {
  for (const bool blocked : {false, true}) {
    simulation s;
    s.chosen.broker.qos = mqtt::qos::at_most_once;
    s.outbox_bytes = 512;
    s.start();
    s.run(500ms);
    s.net.broker.blocked = blocked;
    for (int i = 0; i < 1000; ++i) s.net.broker.deliver("secret", i % 2 == 0 ? "LD1ON" : "LD1OFF");
    s.run(1s);
    EXPECT_EQ(s.net.broker.available() > 0, blocked) << "nothing is heard that could not be answered";
    s.net.broker.blocked = false;
    s.run(1s);
    const auto said = s.payloads("public");
    EXPECT_EQ(std::ranges::count(said, "[LED 1 APAGADO]"), 500);
    EXPECT_EQ(std::ranges::count(said, "[LED 1 ENCENDIDO]"), 500);
    EXPECT_FALSE(s.panel.said("was not published"));
  }
}

// Who doesn't read either is given up all the same, after one and a half times the keep alive interval.
TEST(presence, a_broker_that_takes_nothing_is_lost_though_nothing_is_heard) {
  simulation s;
  s.outbox_bytes = 512;
  s.start();
  s.run(500ms);
  ASSERT_EQ(s.net.broker.attempts.size(), 1u);
  s.net.broker.blocked = true;
  for (int i = 0; i < 1000; ++i) s.net.broker.deliver("secret", i % 2 == 0 ? "LD1ON" : "LD1OFF");
  for (int i = 0; i < 10; ++i) s.run(1min);
  EXPECT_GT(s.net.broker.attempts.size(), 1u);
}

// However little fits: one date, and no hello beside it.
TEST(presence, what_waited_makes_room_for_the_hello) {
  simulation s;
  s.outbox_bytes = 100;
  s.start();
  s.run(11s);
  s.net.broker.ended = true;
  s.net.broker.refuses = 1000;
  s.run(1min);
  EXPECT_EQ(s.device->waiting(), 1u);
  s.net.broker.refuses = 0;
  s.run(2min);
  const auto said = s.payloads("public");
  EXPECT_EQ(std::ranges::count(said, "[PLACA CONECTADA]"), 2);
  EXPECT_FALSE(s.panel.said("\"[PLACA CONECTADA]\" was not published"));
}

}  // namespace
}  // namespace recado::device
