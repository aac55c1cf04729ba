// Brokers of which each has a session of its own, and one that nobody here remembers.
#include <gmock/gmock.h>

#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const endpoint first{ip_address::v4(10, 0, 0, 1), 1883}, second{ip_address::v4(10, 0, 0, 2), 1883};

class two_brokers : public testing::TestWithParam<protocol> {
 protected:
  two_brokers() {
    s.chosen.broker.version = GetParam();
    s.chosen.broker.servers.push_back("10.0.0.2");
    s.net.broker.apart = true;
  }
  /// The broker that the device is at goes away, and so does whoever it asks next.
  void moves(int refusals) {
    s.net.broker.refuses = refusals;
    s.net.broker.ended = true;
    s.net.broker.connects.clear();
    s.run(1min);
    EXPECT_TRUE(s.device->conductor().is_online());
  }
  bool is_v5() const { return GetParam() == protocol::v5_0; }

  simulation s;
};

// Its session is older than what is known here [MQTT-3.2.2-4]. With 3.1.1 a session that lasts follows the clean one.
TEST_P(two_brokers, who_is_asked_again_behind_another_one_is_to_forget_the_session) {
  s.start();
  s.run(1s);
  moves(1);
  EXPECT_EQ(s.net.broker.connects.back().broker, second);
  moves(0);
  if (is_v5()) EXPECT_THAT(s.net.broker.connects, ElementsAre(heard_connect{first, true}));
  else EXPECT_THAT(s.net.broker.connects, ElementsAre(heard_connect{first, true}, heard_connect{first, false}));
  moves(0);
  EXPECT_EQ(s.net.broker.connects, (std::vector<heard_connect>{{first, false}})) << "it has the session again";
}

TEST_P(two_brokers, that_is_known_over_a_loss_of_power) {
  s.keeps_session = true;
  s.start();
  s.run(1s);
  moves(1);
  EXPECT_EQ(s.net.broker.connects.back().broker, second);
  s.net.broker.connects.clear();
  s.restart();
  s.run(1min);
  ASSERT_FALSE(s.net.broker.connects.empty());
  EXPECT_EQ(s.net.broker.connects.front(), (heard_connect{first, true}));
}

INSTANTIATE_TEST_SUITE_P(each, two_brokers, testing::Values(protocol::v5_0, protocol::v3_1_1),
                         [](const auto& of) { return of.param == protocol::v5_0 ? "v5_0" : "v3_1_1"; });

// What an earlier run had in flight is not known, so its identifiers would swallow new messages. The broker is told
// goodbye each time, so that it publishes no will.
TEST(device_session, of_an_earlier_run_that_nobody_remembers_is_not_resumed) {
  simulation s;
  s.chosen.broker.version = protocol::v3_1_1;
  s.chosen.broker.qos = mqtt::qos::exactly_once;
  s.net.broker.session_known = true;
  s.start();
  s.run(1s);
  EXPECT_TRUE(s.device->conductor().is_online());
  EXPECT_THAT(s.net.broker.packets, ElementsAre(1, 14, 1, 14, 1, 8, 3, 6));
}

// Nothing else has identifiers that outlive a connection there, and commands may wait in it.
TEST(device_session, of_an_earlier_run_is_resumed_where_nothing_is_of_qos_2) {
  simulation s;
  s.chosen.broker.version = protocol::v3_1_1;
  s.net.broker.session_known = true;
  s.start();
  s.run(1s);
  EXPECT_THAT(s.net.broker.packets, ElementsAre(1, 8, 3));
}

// A broker that always has it is taken as it is.
TEST(device_session, that_a_broker_does_not_end_costs_two_connections) {
  simulation s;
  s.chosen.broker.version = protocol::v3_1_1;
  s.chosen.broker.qos = mqtt::qos::exactly_once;
  s.net.broker.session_known = s.net.broker.ends_none = true;
  s.start();
  s.run(1s);
  EXPECT_TRUE(s.device->conductor().is_online());
  EXPECT_THAT(s.net.broker.packets, ElementsAre(1, 14, 1, 14, 1, 8, 3, 6));
}

// Whether the message behind its PUBREL went on, the new session can't say.
TEST(device_session, that_the_broker_loses_with_a_message_is_told) {
  simulation s;
  s.chosen.broker.qos = mqtt::qos::exactly_once;
  s.net.broker.completes = false;
  s.start();
  s.run(1s);
  s.net.broker.session_known = false;
  s.net.broker.ended = true;
  s.run(1min);
  EXPECT_TRUE(s.device->conductor().is_online());
  EXPECT_TRUE(s.panel.said("the broker lost a message with its session"));
  EXPECT_FALSE(s.panel.said("refused"));
}

}  // namespace
}  // namespace recado::device
