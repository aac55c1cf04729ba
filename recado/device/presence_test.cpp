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
