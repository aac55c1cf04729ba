// What a coming back must not leave behind: quotas, marks and messages that were never sent.
#include <recado/mqtt/property_rows_test.hpp>

namespace recado::mqtt::test {
namespace {

// [MQTT-4.3.3-9]: a refused message of QoS 2 is over, and counts towards Receive Maximum no more.
TEST(session_recovery, a_refused_message_gives_its_place_back) {
  online o{{.receive_maximum = 1, .acknowledge = acknowledge_when::deferred}};
  for (const std::uint16_t id : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}}) {
    const auto what = o.hear(test::wire(message_of(qos::exactly_once, id, "t", "")));
    ASSERT_TRUE(what);
    ASSERT_EQ(tell(*what), "message t '' qos 2 owed");
    ASSERT_TRUE(o.s.acknowledge(std::get<message_received>(*what).receipt, reason::quota_exceeded).has_value());
    EXPECT_EQ(all_sent(o.s), hex(raw({0x50, 3, 0, id, 0x97})));
  }
}

// §4.4: what the new connection doesn't allow and the server can't know of is given back at once; there is no PUBREL.
TEST(session_recovery, an_unsent_message_of_qos_2_that_is_not_allowed_any_more_is_given_back) {
  online o{{.clean_start = false}};
  ASSERT_TRUE(o.s.publish({.topic = "t", .qos = qos::exactly_once, .tag = 4}).has_value());
  o.s.lost(make_fault(stream_error::reset), {});
  ASSERT_TRUE(o.s.connect({.client_identifier = "id", .clean_start = false}).has_value());
  o.s.opened({});
  all_sent(o.s);
  EXPECT_EQ(tell(*o.hear(packet(0x20, "01 00", "24 01", ""))), "connected present");
  bytes nothing;
  const auto what = o.s.receive(nothing, {});
  ASSERT_TRUE(what);
  EXPECT_EQ(tell(*what), "acknowledged #1 tag 4 QoS not supported");
  EXPECT_EQ(all_sent(o.s), "");
  EXPECT_EQ(o.s.in_flight(), 0u);
}

TEST(session_recovery, a_long_message_whose_answer_came_first_holds_up_nothing) {
  online o{{.clean_start = false}};
  session& s = o.s;
  ASSERT_TRUE(s.publish({.topic = "t", .qos = qos::at_least_once, .payload_from_source = 2, .tag = 4}).has_value());
  all_sent(s);
  bytes nothing;
  ASSERT_TRUE(std::holds_alternative<wants_payload>(*s.receive(nothing, {})));
  ASSERT_TRUE(s.supply(as_bytes("xy")).has_value());
  all_sent(s);
  s.lost(make_fault(stream_error::reset), {});
  ASSERT_TRUE(s.connect({.client_identifier = "id", .clean_start = false}).has_value());
  s.opened({});
  all_sent(s);
  EXPECT_EQ(tell(*o.hear(packet(0x20, "01 00", "", ""))), "connected present");
  EXPECT_EQ(tell(*o.hear(test::wire(answer(puback, 1)))), "acknowledged #1 tag 4");
  EXPECT_EQ(error_of(s.publish({.topic = "u", .qos = qos::at_least_once})), error::none);
  EXPECT_EQ(all_sent(s), hex(test::wire(message_of(qos::at_least_once, 2, "u", ""))));
}

}  // namespace
}  // namespace recado::mqtt::test
