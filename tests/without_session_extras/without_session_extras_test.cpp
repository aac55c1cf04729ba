// The session of a build with RECADO_WITHOUT_SESSION_EXTRAS: it speaks both versions as ever, and refuses the extras.
#include <tests/support/mqtt_every_build.hpp>

namespace recado::mqtt::test {
namespace {

static_assert(!has_extras);

// No topic aliases are announced.
const sizes plain{.incoming_aliases = 0};

TEST(without_session_extras, refuses_them) {
  struct no_explainer final : explainer {
    properties explain(const outgoing_answer&) override { return {}; }
    void left_out(const outgoing_answer&, error) override {}
  } silent;
  subject who{{}};
  const auto tries = [&](connect_options options) { return error_of(who.machine.connect(options)); };
  EXPECT_EQ(tries({.request_response_information = true}), error::extra_not_built);
  EXPECT_EQ(tries({.request_problem_information = false}), error::extra_not_built);
  EXPECT_EQ(tries({.authentication_method = "M"}), error::extra_not_built);
  EXPECT_EQ(tries({.explainer = &silent}), error::extra_not_built);
  EXPECT_EQ(tries({.acknowledge = acknowledge_when::deferred}), error::extra_not_built);
  dialogue{plain}
      .connects()
      .does(refuses(error::extra_not_built,
                    [](session& s) { return error_of(s.publish({.topic = "t", .payload_from_source = 9})); }))
      .does(refuses(error::extra_not_built,
                    [](session& s) { return error_of(s.publish({.topic = "t", .topic_alias = 1})); }))
      .does(refuses(error::authentication_not_expected, [](session& s) { return error_of(s.authenticate("M", {})); }))
      .does(refuses(error::no_payload_wanted, [](session& s) { return error_of(s.supply({})); }))
      .check();
}

TEST(without_session_extras, publishes_and_receives_with_every_qos) {
  for (const version which : {version::v5_0, version::v3_1_1}) {
    dialogue talk{plain};
    exchanges_every_qos(talk.speaks(which).connects()).check();
  }
}

TEST(without_session_extras, names_each_topic_whole_though_it_has_room_for_aliases) {
  const auto long_topic = publishes(qos::at_most_once, "topic", "0");
  const octets whole = wire(message_of(qos::at_most_once, 0, "topic", "0"), version::v5_0);
  dialogue talk{sizes{.incoming_aliases = 0, .outgoing_aliases = 2}};
  talk.connects({}, announcing({{property::topic_alias_maximum, 2U}}))
      .does(long_topic)
      .sends(whole)
      .does(long_topic)
      .sends(whole)
      .check();
}

TEST(without_session_extras, a_long_message_still_comes_in_pieces) {
  const std::string text(40, 'x');
  dialogue{sizes{.receive = 20, .incoming_aliases = 0}}
      .connects()
      .hears(message_of(qos::at_least_once, 7, "t", text))
      .tells("begin t 40 qos 1")
      .tells("part 0 '" + text + "'")
      .tells("end")
      .sends(answer(puback, 7))
      .plain();
}

TEST(without_session_extras, goes_on_where_it_stopped) {
  dialogue talk{plain};
  goes_on_where_it_stopped(talk, coming_back, announcing({}, true)).check();
}

TEST(without_session_extras, a_server_that_uses_them_unasked_is_left) {
  static const property_value alias[] = {{property::topic_alias, 1U}};
  mqtt::publish named = message_of(qos::at_most_once, 0, "t", "x");
  named.properties = properties{alias};
  dialogue{plain}
      .connects()
      .hears(named)
      .sends(raw({0xe0, 1, 0x94}))
      .tells("closed: the topic alias is 0 or beyond the maximum")
      .plain();
  dialogue{plain}
      .connects()
      .hears(raw({0xf0, 0}))
      .sends(raw({0xe0, 1, 0x82}))
      .tells("closed: this packet may not be sent by this side")
      .plain();
}

}  // namespace
}  // namespace recado::mqtt::test
