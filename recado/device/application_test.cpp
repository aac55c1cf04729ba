#include <gmock/gmock.h>

#include <recado/device/simulated_board_test.hpp>

namespace recado::device {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TEST(application, comes_online_subscribes_and_says_so) {
  simulation s;
  s.start();
  EXPECT_TRUE(s.panel.lit[0]) << "LED 1 after the start";
  s.run(1s);
  EXPECT_THAT(s.panel.rungs, ElementsAre("reached link", "reached lease", "reached name", "reached stream",
                                         "reached session", "reached online"));
  EXPECT_TRUE(s.panel.lit[1] && s.panel.lit[2]);
  EXPECT_THAT(s.payloads("public"), ElementsAre("[PLACA CONECTADA]"));
  EXPECT_EQ(s.net.broker.attempts.front(), (endpoint{ip_address::v4(10, 0, 0, 1), 1883}));
}

// original defect 39: only the secret topic commands, by exact match, and nothing else makes it publish
TEST(application, obeys_exact_commands_of_the_secret_topic_only) {
  simulation s;
  s.chosen.device.publish_s = 0;
  s.start();
  s.run(1s);
  for (const char* wrong : {"LD0ON", "LD4ON", "LD1", "LD1ONN", "LD1on", " LD1ON", "LD1OFFX", "", "LD1O"})
    s.net.broker.deliver("secret", wrong);
  s.net.broker.deliver("public", "LD1OFF");
  s.net.broker.deliver("secret/more", "LD1OFF");
  s.run(1s);
  EXPECT_TRUE(s.panel.lit[0]);
  EXPECT_THAT(s.payloads("public"), ElementsAre("[PLACA CONECTADA]"));
  s.net.broker.deliver("secret", "LD1OFF");
  s.net.broker.deliver("secret", "LD3ON");
  s.run(1s);
  EXPECT_FALSE(s.panel.lit[0]);
  EXPECT_THAT(s.payloads("public"), ElementsAre("[PLACA CONECTADA]", "[LED 1 APAGADO]", "[LED 3 ENCENDIDO]"));
}

// original defect 19: what comes on the secret topic isn't shown
TEST(application, the_secret_topic_is_not_printed) {
  simulation s;
  s.start();
  s.run(1s);
  s.net.broker.deliver("secret", "hidden words");
  s.run(1s);
  EXPECT_FALSE(s.panel.said("hidden"));
  EXPECT_TRUE(s.panel.said("is no command"));
}

TEST(application, texts_can_be_chosen_and_replaced_one_by_one) {
  simulation s;
  s.chosen.device.publish_s = 0;
  s.chosen.device.language = text_language::en;
  s.chosen.texts.led_on = "lamp {} lit";
  s.start();
  s.run(1s);
  s.net.broker.deliver("secret", "LD2ON");
  s.net.broker.deliver("secret", "LD2OFF");
  s.run(1s);
  EXPECT_THAT(s.payloads("public"), ElementsAre("[BOARD CONNECTED]", "lamp 2 lit", "[LED 2 OFF]"));
}

// original defect 44: the date is right in every month and year, in the time zone that was chosen
TEST(application, publishes_date_and_time_periodically) {
  simulation s;
  s.chosen.ntp.time_zone = "CET-1CEST,M3.5.0,M10.5.0/3";
  civil_time january;
  january.year = 2031, january.month = 1, january.day = 31, january.hour = 23, january.minute = 30;
  s.panel.time = from_civil(january);
  s.start();
  s.run(21s);
  EXPECT_THAT(s.payloads("public"),
              ElementsAre("[PLACA CONECTADA]", "Sat 01-02-2031 - 00:30:10", "Sat 01-02-2031 - 00:30:20"));
}

// original defects 36, 23: the button ends it in order
TEST(application, the_button_says_goodbye_in_order) {
  simulation s;
  s.start();
  s.run(1s);
  s.net.broker.packets.clear();
  s.panel.press = true;
  s.run(1s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_FALSE(s.device->failure());
  EXPECT_THAT(s.net.broker.packets, ElementsAre(10, 3, 14)) << "UNSUBSCRIBE, PUBLISH, DISCONNECT";
  EXPECT_EQ(s.payloads("public").back(), "[PLACA DESCONECTADA]");
}

TEST(application, the_goodbye_ends_although_the_broker_is_silent) {
  simulation s;
  s.start();
  s.run(1s);
  s.net.broker.mute = true;
  s.device->stop();
  s.run(4s);
  EXPECT_FALSE(s.device->ended());
  s.run(2s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_FALSE(s.device->failure());
}

TEST(application, the_button_ends_it_before_it_is_online) {
  simulation s;
  s.net.cable = false;
  s.start();
  s.run(1min);
  EXPECT_TRUE(s.panel.said("waiting for the link: network interface: the network cable is out"));
  s.panel.press = true;
  s.run(1s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_FALSE(s.device->failure());
}

// original defects 34, 37: it comes back by itself, and what was to be said meanwhile isn't lost
TEST(application, a_broker_that_goes_away_costs_no_message) {
  for (const mqtt::qos qos : {mqtt::qos::at_least_once, mqtt::qos::exactly_once}) {
    simulation s;
    s.chosen.broker.qos = qos;
    s.chosen.reconnect.first_ms = 8000, s.chosen.reconnect.longest_ms = 8000;
    s.start();
    s.run(11s);
    s.net.broker.ended = true;
    s.net.broker.refuses = 6;
    s.run(2min);
    EXPECT_TRUE(s.device->conductor().is_online());
    const auto said = s.payloads("public");
    std::vector<std::string> dates;
    for (const std::string& each : said)
      if (!each.starts_with('[')) dates.push_back(each);
    EXPECT_EQ(dates.size(), 13u) << "one every ten seconds, whether online or not";
    EXPECT_TRUE(std::ranges::is_sorted(dates));
    EXPECT_GE(s.net.broker.attempts.size(), 8u);
  }
}

// Messages that are on their way again take all the places, and SUBSCRIBE waits for their answers.
TEST(application, full_places_do_not_keep_it_from_subscribing_again) {
  for (const mqtt::qos qos : {mqtt::qos::at_least_once, mqtt::qos::exactly_once}) {
    simulation s;
    s.chosen.broker.qos = qos;
    s.chosen.device.publish_s = 1;
    s.start();
    s.run(1s);
    s.net.broker.acknowledges = false;
    s.run(30s);
    s.net.broker.session_known = false, s.net.broker.acknowledges = true;
    s.net.broker.packets.clear();
    s.net.broker.ended = true;
    s.run(1min);
    EXPECT_TRUE(s.device->conductor().is_online());
    EXPECT_EQ(std::ranges::count(s.net.broker.packets, 8), 1);
    EXPECT_EQ(std::ranges::count(s.net.broker.packets, 1), 1) << "at the first attempt";
  }
}

TEST(application, a_session_that_the_broker_kept_is_resumed_without_subscribing_again) {
  simulation s;
  s.start();
  s.run(1s);
  s.net.broker.packets.clear();
  s.net.broker.ended = true;
  s.run(5s);
  EXPECT_TRUE(s.device->conductor().is_online());
  EXPECT_THAT(s.net.broker.packets, Contains(1));
  EXPECT_THAT(s.net.broker.packets, Not(Contains(8)));
  EXPECT_TRUE(s.panel.said("session resumed"));
}

TEST(application, pulling_the_cable_falls_to_the_link_and_comes_back) {
  simulation s;
  s.start();
  s.run(1s);
  s.net.cable = false;
  s.run(1s);
  EXPECT_THAT(s.panel.rungs.back(), "lost link");
  EXPECT_FALSE(s.panel.lit[1] || s.panel.lit[2]);
  s.run(1h);
  EXPECT_FALSE(s.panel.said("waiting for the link")) << "its loss was told";
  s.net.cable = true;
  s.run(1s);
  EXPECT_TRUE(s.device->conductor().is_online());
}

// original defect 35: the interface was taken down and up before every socket
TEST(application, new_connections_leave_the_interface_alone) {
  simulation s;
  s.chosen.network.mode = address_mode::dhcp;
  s.chosen.dhcp.attempts = 0;
  s.start();
  s.run(1s);
  for (std::size_t connections = 1; connections <= 5; ++connections) {
    EXPECT_EQ(s.net.broker.attempts.size(), connections);
    EXPECT_EQ(s.net.applied.size(), 1u);
    EXPECT_EQ(s.net.withdrawn, 0);
    s.net.broker.ended = true;
    s.run(2min);
    EXPECT_TRUE(s.device->conductor().is_online());
  }
  s.net.cable = false;
  s.run(1s);
  EXPECT_EQ(s.net.withdrawn, 1) << "it is the loss of the link that does";
}

TEST(application, brokers_are_tried_in_order) {
  simulation s;
  s.chosen.broker.servers.push_back("10.0.0.2:1999");
  s.net.broker.refuses = 1;
  s.start();
  s.run(1s);
  ASSERT_EQ(s.net.broker.attempts.size(), 2u);
  EXPECT_EQ(s.net.broker.attempts[1], (endpoint{ip_address::v4(10, 0, 0, 2), 1999}));
  EXPECT_TRUE(s.panel.said("the connection was refused"));
  EXPECT_TRUE(s.device->conductor().is_online());
}

TEST(application, gives_up_after_the_rounds_allowed_and_says_why) {
  simulation s;
  s.chosen.reconnect.rounds = 3;
  s.net.broker.refuses = 1000;
  s.start();
  s.run(10min);
  EXPECT_TRUE(s.device->ended());
  EXPECT_TRUE(is(s.device->failure(), stream_error::refused));
  EXPECT_EQ(s.net.broker.attempts.size(), 3u);
}

TEST(application, a_refused_subscription_is_said_and_the_end_unless_asked_otherwise) {
  for (const bool again : {false, true}) {
    simulation s;
    s.chosen.reconnect.retry_final = again;
    s.net.broker.suback = 0x87;
    s.start();
    s.run(1s);
    EXPECT_FALSE(s.device->conductor().is_online());
    EXPECT_TRUE(s.panel.said("the broker refused the subscription: Not authorized"));
    EXPECT_EQ(s.device->ended(), !again);
  }
}

/// CONNACK of MQTT 5.0 with a reason code and a Server Reference.
std::string refusal(unsigned code, const std::string& reference) {
  const std::string property =
      reference.empty() ? "" : std::string{'\x1c', '\0', static_cast<char>(reference.size())} + reference;
  return std::string{'\x20', static_cast<char>(3 + property.size()), '\0', static_cast<char>(code),
                     static_cast<char>(property.size())} +
         property;
}

TEST(application, a_final_reason_is_not_tried_again_unless_asked) {
  for (const bool again : {false, true}) {
    simulation s;
    s.chosen.reconnect.retry_final = again;
    s.net.broker.instead_of_connack = refusal(0x86, ""), s.net.broker.hangs_up = true;
    s.start();
    s.run(10min);
    EXPECT_EQ(s.device->ended(), !again);
    EXPECT_EQ(s.net.broker.attempts.size() > 1, again);
    EXPECT_EQ(is(s.device->failure(), mqtt::error::refused), !again);
  }
}

TEST(application, a_server_reference_is_followed) {
  struct row {
    std::uint32_t references;
    std::string text;
    std::vector<endpoint> then;
  };
  const auto at = [](unsigned last, std::uint16_t port) {
    return endpoint{ip_address::v4(10, 0, 0, std::uint8_t(last)), port};
  };
  const row table[] = {
      {4, "10.0.0.7:1999", {at(7, 1999)}},
      {4, "10.0.0.7", {at(7, 1883)}},
      {4, "nonsense:0 10.0.0.8:1 10.0.0.7", {at(8, 1)}},
      {0, "10.0.0.7", {}},
      {4, "nonsense:0", {}},
  };
  for (const row& each : table) {
    simulation s;
    s.chosen.reconnect.references = each.references, s.chosen.reconnect.rounds = 1;
    s.net.broker.instead_of_connack = refusal(0x9c, each.text), s.net.broker.refers_once = true;
    s.start();
    s.run(1s);
    std::vector<endpoint> expected{at(1, 1883)};
    expected.insert(expected.end(), each.then.begin(), each.then.end());
    EXPECT_EQ(s.net.broker.attempts, expected) << each.text;
    EXPECT_EQ(s.device->conductor().is_online(), !each.then.empty()) << each.text;
    EXPECT_TRUE(s.panel.said("it names another server: \"" + each.text + '"')) << each.text;
  }
}

// original defect 41: the keep alive goes by the time since the last packet, and a dead broker is noticed
TEST(application, a_broker_that_says_nothing_any_more_is_left) {
  simulation s;
  s.chosen.device.publish_s = 0;
  s.start();
  s.run(1s);
  s.net.broker.mute = true;
  s.run(80s);
  EXPECT_TRUE(s.panel.said("PINGREQ"));
  s.net.broker.mute = false;
  s.run(2min);
  EXPECT_TRUE(s.device->conductor().is_online());
}

TEST(application, dhcp_without_an_answer_leads_to_the_static_address) {
  simulation s;
  s.chosen.network.mode = address_mode::dhcp;
  s.chosen.dhcp.attempts = 4, s.chosen.dhcp.static_address = "192.168.1.10";
  s.start();
  s.run(900ms);
  EXPECT_TRUE(s.net.applied.empty());
  s.run(10s);
  EXPECT_GE(s.net.sent[service::dhcp], 1);
  EXPECT_THAT(s.net.applied, ElementsAre(ip_address::v4(192, 168, 1, 10)));
  EXPECT_THAT(s.panel.rungs, Contains("failed lease"));
  EXPECT_TRUE(s.device->conductor().is_online());
}

TEST(application, no_attempts_use_the_static_address_at_once) {
  simulation s;
  s.chosen.network.mode = address_mode::dhcp;
  s.chosen.dhcp.attempts = 0;
  s.start();
  s.run(10ms);
  EXPECT_EQ(s.net.sent[service::dhcp], 0);
  EXPECT_EQ(s.net.applied.size(), 1u);
}

TEST(application, a_static_address_that_another_host_has_is_not_used) {
  simulation s;
  s.chosen.network.mode = address_mode::dhcp;
  s.chosen.dhcp.attempts = 0;
  s.net.free = false;
  s.start();
  s.run(1s);
  EXPECT_TRUE(s.net.applied.empty());
  EXPECT_THAT(s.panel.rungs, Contains("failed lease"));
}

// A rung whose time is over fails like any other: with a line that says so.
TEST(application, a_silent_broker_is_said_and_given_up) {
  simulation s;
  s.chosen.reconnect.rounds = 1;
  s.net.broker.mute = true;
  s.start();
  s.run(60s);
  EXPECT_TRUE(s.device->ended());
  EXPECT_TRUE(is(s.device->failure(), chain::error::no_answer_in_time));
  EXPECT_THAT(s.panel.rungs, Contains("failed session"));
  EXPECT_THAT(s.panel.details,
              Contains(testing::HasSubstr("nothing happened within the time allowed: MQTT; check the server")));
}

TEST(application, tls_on_the_other_side_only_is_recognised) {
  struct row {
    std::string answer;
    bool hangs_up;
    fault expected;
  };
  const row table[] = {
      {std::string{"\x15\x03\x01\x00\x02\x02\x46", 7}, false, make_fault(chain::error::speaks_tls)},
      {std::string{"\x16\x03\x03\x00\x7a", 5}, false, make_fault(chain::error::speaks_tls)},
      {"", true, make_fault(chain::error::closed_before_answer)},
  };
  for (const row& each : table)
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}}) {
      simulation s;
      s.chosen.reconnect.rounds = 1;
      s.net.broker.instead_of_connack = each.answer, s.net.broker.hangs_up = each.hangs_up;
      s.net.broker.piece = piece;
      s.start();
      s.run(60s);
      EXPECT_TRUE(s.device->ended());
      EXPECT_EQ(s.device->failure(), each.expected) << each.answer.size() << ' ' << piece;
    }
}

// original defect 27: a clock that nobody set isn't trusted, and none is earlier than the program
TEST(application, a_clock_older_than_the_program_is_not_believed) {
  simulation s;
  s.panel.time = utc_time{};
  s.start();
  s.run(1s);
  EXPECT_FALSE(s.clock.trusted());
  EXPECT_GE(s.clock.at(s.now), build_date());
}

}  // namespace
}  // namespace recado::device
