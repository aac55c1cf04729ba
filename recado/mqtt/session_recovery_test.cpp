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

/// Agrees to everything, until its disk is full.
class failing_journal final : public journal {
 public:
  error publishing(std::uint16_t, const message&, bytes) override { return error::none; }
  void released(std::uint16_t) override {}
  void finished(std::uint16_t) override {}
  void took(qos, std::uint16_t) override {}
  void completed(std::uint16_t) override {}
  void session_lost(lost_session) override {}
  fault commit() override { return why; }
  fault why;
};

TEST(session_recovery, a_journal_that_fails_ends_the_connection_and_nothing_leaves) {
  failing_journal kept;
  subject who{roomy};
  session& s = who.machine;
  s.keep_in(&kept);
  const auto connects = [&](const char* acknowledged) {
    EXPECT_TRUE(s.connect({.client_identifier = "id", .clean_start = false, .session_expiry_s = 100}).has_value());
    s.opened({});
    EXPECT_NE(all_sent(s), "");
    const octets answer = packet(0x20, acknowledged, "", "");
    bytes in = answer;
    return tell(*s.receive(in, {}));
  };
  EXPECT_EQ(connects("00 00"), "connected");
  const message one{.topic = "t", .payload = as_bytes("1"), .qos = qos::at_least_once};
  ASSERT_TRUE(s.publish(one).has_value());
  EXPECT_EQ(all_sent(s), hex(test::wire(message_of(qos::at_least_once, 1, "t", "1"))));
  kept.why = make_fault(link_error::no_resources);
  ASSERT_TRUE(s.publish(one).has_value());
  EXPECT_EQ(all_sent(s), "");
  bytes nothing;
  const auto end = s.receive(nothing, {});
  ASSERT_TRUE(end && std::holds_alternative<closed>(*end));
  EXPECT_EQ(std::get<closed>(*end).why, kept.why);
  EXPECT_EQ(all_sent(s), "") << "no farewell either";
  EXPECT_FALSE(s.receive(nothing, {})) << "it is said once";

  kept.why = {};
  s.lost(make_fault(stream_error::aborted), {});
  EXPECT_EQ(connects("01 00"), "connected present");
  EXPECT_EQ(all_sent(s), hex(test::wire(message_of(qos::at_least_once, 1, "t", "1", true))) +
                             hex(test::wire(message_of(qos::at_least_once, 2, "t", "1"))));
}

}  // namespace
}  // namespace recado::mqtt::test
