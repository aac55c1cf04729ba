// The answer to CONNECT was never heard: is the session that the server has the old one, or one that began then?
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

const sizes wide{.received = received_bitmap_words, .incoming_aliases = 0};

/// A dialogue that connects without saying what CONNACK leads to.
class doubtful : public dialogue {
 public:
  using dialogue::dialogue;
  doubtful& asks(bool clean_start = false) {
    static const property_value list[] = {{property::session_expiry_interval, 100U}};
    connect_options options = coming_back;
    options.version = protocol(), options.clean_start = clean_start;
    if (protocol() == version::v3_1_1) options.session_expiry_s = 0;
    mqtt::connect said;
    said.protocol = protocol(), said.clean_start = clean_start, said.client_identifier = "c";
    if (protocol() == version::v5_0) said.properties = properties{std::span<const property_value>{list}};
    does([options](session& s) { EXPECT_TRUE(s.connect(options).has_value()); });
    opens().sends(said);
    return *this;
  }
  doubtful& welcomed(bool present = true) {
    hears(connack{.session_present = present, .properties = {}});
    return *this;
  }
  /// A session that has received a message of QoS 2 and waits for PUBREL, and a CONNECT that nobody answered.
  doubtful& left_behind() {
    asks().welcomed(false).tells("connected");
    hears(message_of(qos::exactly_once, 9, "t", "old")).tells("message t 'old' qos 2").sends(answer(pubrec, 9)).loses();
    asks().loses();
    return *this;
  }
};

TEST(session_doubt, without_anything_received_only_subscriptions_may_be_gone) {
  for (const version protocol : {version::v3_1_1, version::v5_0}) {
    doubtful d{wide};
    d.speaks(protocol);
    d.asks().welcomed(false).tells("connected").loses();
    d.asks().loses();
    d.asks().welcomed().tells("connected present in doubt").loses();
    d.asks().welcomed().tells("connected present").plain();
  }
}

TEST(session_doubt, a_new_session_forgets_what_the_old_one_had_received) {  // [MQTT-4.3.3-4]
  for (const version protocol : {version::v3_1_1, version::v5_0}) {
    doubtful d{wide};
    d.speaks(protocol);
    d.left_behind().asks().welcomed().sends(answer(pubrec, 9));
    const bool v5 = protocol == version::v5_0;
    d.hears(answer(pubrel, 9, v5 ? reason::packet_identifier_not_found : reason::success));
    d.sends(answer(pubcomp, 9)).tells("connected present in doubt");
    d.hears(message_of(qos::exactly_once, 9, "t", "new"))
        .tells("message t 'new' qos 2")
        .sends(answer(pubrec, 9))
        .plain();
  }
}

TEST(session_doubt, the_old_session_goes_on) {  // [MQTT-4.3.3-10]
  doubtful d{wide};
  d.left_behind().asks().welcomed().sends(answer(pubrec, 9));
  d.hears(message_of(qos::exactly_once, 9, "t", "old", true)).tells("connected present").sends(answer(pubrec, 9));
  d.hears(answer(pubrel, 9)).sends(answer(pubcomp, 9));
  d.hears(message_of(qos::exactly_once, 9, "t", "new")).tells("message t 'new' qos 2").sends(answer(pubrec, 9)).plain();
}

TEST(session_doubt, any_message_is_the_old_session_s) {
  doubtful d{wide};
  d.left_behind().asks().welcomed().sends(answer(pubrec, 9));
  d.hears(message_of(qos::at_most_once, 0, "t", "x")).tells("connected present").tells("message t 'x' qos 0").plain();
}

TEST(session_doubt, it_lasts_until_it_is_over) {
  doubtful d{wide};
  d.left_behind().asks().welcomed().sends(answer(pubrec, 9)).loses();
  d.asks().welcomed().sends(answer(pubrec, 9)).loses();
  // Asked still, but not waited for.
  d.asks().welcomed().sends(answer(pubrec, 9)).tells("connected present in doubt").loses();
  d.asks().welcomed().sends(answer(pubrec, 9)).tells("connected present in doubt");
  d.hears(answer(pubrel, 9)).sends(answer(pubcomp, 9)).loses();
  d.asks().welcomed().tells("connected present in doubt").loses();
  d.asks().welcomed().tells("connected present").plain();
}

// A server may take them in any order: the session that begins with a late one is resumed later.
TEST(session_doubt, each_connect_without_an_answer_casts_it_once) {
  for (const version protocol : {version::v3_1_1, version::v5_0}) {
    doubtful d{wide};
    d.speaks(protocol);
    d.asks().loses();
    d.asks().loses();
    d.asks().welcomed(false).tells("connected").loses();
    d.asks().welcomed().tells("connected present in doubt").loses();
    d.asks().welcomed().tells("connected present in doubt").loses();
    d.asks().welcomed().tells("connected present").plain();
  }
}

TEST(session_doubt, who_took_the_session_over_may_have_begun_another) {
  doubtful d{wide};
  d.asks().welcomed(false).tells("connected");
  d.hears(disconnect{.reason = reason::session_taken_over, .properties = {}})
      .tells("closed: the server ended the connection: Session taken over");
  d.loses();
  d.asks().welcomed().tells("connected present in doubt").loses();
  d.asks().welcomed().tells("connected present").plain();
}

TEST(session_doubt, a_clean_session_ends_with_its_connection) {  // [MQTT311-3.1.2-6]
  doubtful old{wide};
  old.speaks(version::v3_1_1);
  old.asks(true).welcomed(false).tells("connected").loses();
  old.asks().welcomed().tells("connected present in doubt").plain();
  doubtful young{wide};
  young.asks(true).welcomed(false).tells("connected").loses();
  young.asks().welcomed().tells("connected present").plain();  // 5.0: its Session Expiry Interval decides
}

TEST(session_doubt, it_lasts_no_longer_than_connack_may_take) {  // a server that keeps silent, against [MQTT-4.3.3-4]
  doubtful d{wide};
  d.left_behind().asks().welcomed().sends(answer(pubrec, 9)).after(29s);
  d.does([](session& s) { EXPECT_EQ(s.deadline(), instant{} + 30s); });
  d.after(1s).tells("connected present in doubt").loses();
  d.asks().welcomed().tells("connected present").plain();
}

TEST(session_doubt, there_is_none_where_the_server_says_that_it_has_nothing_or_refuses) {
  doubtful lost{wide};
  lost.left_behind().asks().welcomed(false).tells("connected");
  lost.hears(message_of(qos::exactly_once, 9, "t", "new"))
      .tells("message t 'new' qos 2")
      .sends(answer(pubrec, 9))
      .plain();
  doubtful refused{wide};
  refused.asks().welcomed(false).tells("connected").loses();
  refused.asks()
      .hears(connack{.reason = reason::server_busy, .properties = {}})
      .tells("closed: the server refused the connection: Server busy");
  refused.loses();
  refused.asks().welcomed().tells("connected present").plain();
}

TEST(session_doubt, an_earlier_run_may_have_left_it) {
  doubtful d{wide};
  d.does([](session& s) {
    EXPECT_TRUE(s.restore_received(3));
    EXPECT_TRUE(s.restore_received(70));
    s.restore_unanswered(1);
  });
  d.asks().welcomed().sends(answer(pubrec, 3)).sends(answer(pubrec, 70));
  d.hears(answer(pubrel, 70)).sends(answer(pubcomp, 70));
  d.hears(answer(pubrel, 3)).sends(answer(pubcomp, 3)).tells("connected present in doubt").plain();
}

}  // namespace
}  // namespace recado::mqtt::test
