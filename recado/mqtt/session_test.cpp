// Every exchange of a session as a dialogue, in both versions, cut and fragmented everywhere.
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

class both_versions : public ::testing::TestWithParam<version> {
 protected:
  dialogue talk(const sizes& s = {}) {
    dialogue out{s};
    out.speaks(GetParam());
    return out;
  }
  bool v5() const { return GetParam() == version::v5_0; }
};
INSTANTIATE_TEST_SUITE_P(mqtt, both_versions, ::testing::Values(version::v5_0, version::v3_1_1),
                         [](const auto& which) { return which.param == version::v5_0 ? "v5_0" : "v3_1_1"; });

TEST_P(both_versions, connects_and_says_goodbye) {  // [MQTT-3.1.0-1] [MQTT-3.14.4-1]
  // [MQTT-3.1.4-5] [MQTT311-3.1.0-1] [MQTT311-3.1.4-4]
  talk()
      .connects()
      .does([](session& s) { EXPECT_TRUE(s.disconnect().has_value()); })
      .sends(raw({0xe0, 0}))
      .tells("closed")
      .check();
}

TEST_P(both_versions, publishes_with_qos_0) {
  // [MQTT-4.3.1-1] [MQTT311-4.3.1-1]
  talk()
      .connects()
      .does(publishes(qos::at_most_once, "a/b", "hello"))
      .sends(message_of(qos::at_most_once, 0, "a/b", "hello"))
      .check();
}

TEST_P(both_versions, publishes_with_qos_1) {  // [MQTT-4.3.2-1] to [MQTT-4.3.2-3]
  // [MQTT-4.3.2-2] [MQTT311-4.3.2-1]
  talk()
      .connects()
      .does(publishes(qos::at_least_once, "a", "1", 7))
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 7")
      .check();
}

TEST_P(both_versions, publishes_with_qos_2) {  // [MQTT-4.3.3-1] to [MQTT-4.3.3-6]
  // [MQTT-2.2.1-5] [MQTT-4.3.3-2] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT311-2.3.1-6] [MQTT311-4.3.3-1]
  talk()
      .connects()
      .does(publishes(qos::exactly_once, "a", "2", 9))
      .sends(message_of(qos::exactly_once, 1, "a", "2"))
      .hears(answer(pubrec, 1))
      .sends(answer(pubrel, 1))
      .hears(answer(pubcomp, 1))
      .tells("acknowledged #1 tag 9")
      .check();
}

TEST_P(both_versions, publishes_many_at_once) {
  talk()
      .connects()
      .does([](session& s) {
        publishes(qos::at_least_once, "a", "1")(s);
        publishes(qos::exactly_once, "b", "2")(s);
        publishes(qos::at_most_once, "c", "3")(s);
        publishes(qos::exactly_once, "d", "4")(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "b", "2"))
      .sends(message_of(qos::at_most_once, 0, "c", "3"))
      .sends(message_of(qos::exactly_once, 3, "d", "4"))
      .hears(answer(pubrec, 2))
      .hears(answer(pubrec, 3))
      .hears(answer(puback, 1))
      .sends(answer(pubrel, 2))
      .sends(answer(pubrel, 3))
      .tells("acknowledged #1 tag 0")
      .hears(answer(pubcomp, 3))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #3 tag 0")
      .tells("acknowledged #2 tag 0")
      .check();
}

TEST_P(both_versions, subscribes_and_unsubscribes) {  // original defects 2, 11
  const subscription filters[] = {{.filter = "a/+", .qos = qos::exactly_once},
                                  {.filter = "b", .qos = qos::at_most_once}};
  static const std::string_view names[] = {"a/+", "b"};
  mqtt::subscribe sub;
  sub.packet_identifier = 1, sub.subscriptions = filters;
  mqtt::unsubscribe unsub;
  unsub.packet_identifier = 2, unsub.filters = names;
  const octets granted = raw({2, 0x80}), ended = v5() ? raw({0, 0x11}) : raw({});
  talk()
      .connects()
      .does([&](session& s) { EXPECT_TRUE(s.subscribe(filters).has_value()); })
      .sends(sub)
      .hears(subscribe_acknowledgement{.packet_identifier = 1, .properties = {}, .reason_codes = granted})
      .tells("subscribed #1 2 128")
      .does([&](session& s) { EXPECT_TRUE(s.unsubscribe(names).has_value()); })
      .sends(unsub)
      .hears(subscribe_acknowledgement{
          .type = packet_type::unsuback, .packet_identifier = 2, .properties = {}, .reason_codes = ended})
      .tells(v5() ? "unsubscribed #2 0 17" : "unsubscribed #2")
      .check();
}

TEST_P(both_versions, receives_with_every_qos) {  // original defects 4, 5, 13; [MQTT-4.3.2-4] [MQTT-4.3.3-8]
  // [MQTT-2.2.1-5] [MQTT-3.3.4-1] [MQTT-4.3.3-11] [MQTT-4.5.0-2] [MQTT311-2.3.1-6] [MQTT311-3.3.4-1]
  // [MQTT311-4.3.2-2] [MQTT311-4.3.3-2] [MQTT311-4.5.0-2]
  octets together = wire(message_of(qos::at_most_once, 0, "t", "zero"), GetParam());
  for (const auto& more : {wire(message_of(qos::at_least_once, 77, "t", "one"), GetParam()),
                           wire(message_of(qos::exactly_once, 78, "t", ""), GetParam())})
    together.insert(together.end(), more.begin(), more.end());
  talk()
      .connects()
      .hears(together)
      .tells("message t 'zero' qos 0")
      .tells("message t 'one' qos 1")
      .tells("message t '' qos 2")
      .sends(answer(puback, 77))
      .sends(answer(pubrec, 78))
      .hears(answer(pubrel, 78))
      .sends(answer(pubcomp, 78))
      .check();
}

TEST_P(both_versions, a_duplicate_of_qos_2_is_told_once) {  // [MQTT-4.3.3-10]
  // [MQTT-4.3.3-12] [MQTT311-4.3.3-2]
  talk()
      .connects()
      .hears(message_of(qos::exactly_once, 5, "t", "x"))
      .tells("message t 'x' qos 2")
      .sends(answer(pubrec, 5))
      .hears(message_of(qos::exactly_once, 5, "t", "x", true))
      .sends(answer(pubrec, 5))
      .hears(answer(pubrel, 5))
      .sends(answer(pubcomp, 5))
      .hears(message_of(qos::exactly_once, 5, "t", "y"))
      .tells("message t 'y' qos 2")
      .sends(answer(pubrec, 5))
      .once()
      .check();
}

// original defect 41: keep alive went by the last read
TEST_P(both_versions, keep_alive_to_the_microsecond) {  // [MQTT-3.1.2-20]
  // [MQTT-3.12.4-a]
  // [MQTT-3.1.2-22] [MQTT-3.12.4-1] [MQTT311-3.1.2-23] [MQTT311-3.1.2-24] [MQTT311-3.12.4-1]
  talk()
      .connects({.keep_alive_s = 20})
      .after(20s - 1us)
      .after(1us)
      .sends(raw({0xc0, 0}))
      .hears(raw({0xd0, 0}))
      .after(10s)
      .does(publishes(qos::at_most_once, "a", "b"))
      .sends(message_of(qos::at_most_once, 0, "a", "b"))
      .after(20s - 1us)
      .after(1us)
      .sends(raw({0xc0, 0}))
      .after(10s - 1us)
      .after(1us)
      .tells("closed: the server does not answer PINGREQ")
      .once()
      .check();
}

}  // namespace
}  // namespace recado::mqtt::test
