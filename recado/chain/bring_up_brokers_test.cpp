// Which broker the conductor tries: final reasons, Server References.
#include <recado/chain/bring_up_for_tests.hpp>

namespace recado::chain {
namespace {

TEST(bring_up, a_final_reason_leaves_the_broker_out) {
  dialogue d{usual()};
  d.climbs_to(rung::name);
  d.attempts(rung::stream, 0, 0, happening::reached(rung::name, 3));
  d.climbs_from(rung::stream, rung::session);
  d.undoes(rung::name, happening::failed(rung::session, no_rights));  // not the other addresses, too
  d.attempts(rung::name, 1);
  d.climbs_from(rung::name, rung::stream);
  d.undoes(rung::name, happening::failed(rung::stream, refused));
  d.pauses();
  d.attempts(rung::name, 1);  // the first one is not asked again
  EXPECT_EQ(d.conductor.rounds(), 1u);
  EXPECT_TRUE(d.conductor.is_online() == false && d.conductor.ending() == false);
}

TEST(bring_up, it_is_over_when_all_have_given_a_final_reason) {
  const fault certificate = make_fault(tls::error_of(tls::verdict::wrong_name));
  for (const fault& last : {no_rights, certificate}) {
    dialogue d{usual()};
    d.climbs_to(rung::session);
    d.undoes(rung::name, happening::failed(rung::session, no_rights));
    d.attempts(rung::name, 1);
    d.climbs_from(rung::name, rung::secure);
    d.ends(happening::failed(rung::secure, last));
    EXPECT_EQ(d.conductor.last_fault(), last);
  }
}

TEST(bring_up, the_last_one_may_also_say_it_while_it_is_online) {
  policy how = usual();
  how.brokers = 1;
  for (const rung at : {rung::session, rung::online}) {
    dialogue d{how};
    d.comes_online();
    d.now += 1h;
    d.ends(happening::lost(at, by_server(mqtt::reason::session_taken_over, mqtt::error::disconnected)));
  }
  dialogue d{how};
  d.climbs_to(rung::online);
  const auto code = static_cast<std::uint32_t>(mqtt::reason::not_authorized);
  d.ends(happening::failed(rung::online, make_fault(error::subscription_refused, code)));
}

TEST(bring_up, a_loss_of_the_link_does_not_make_it_forget_who_refused) {
  dialogue d{usual()};
  d.climbs_to(rung::session);
  d.undoes(rung::name, happening::failed(rung::session, no_rights));
  d.attempts(rung::name, 1);
  d.undoes(rung::link, happening::lost(rung::link, refused));
  d.attempts(rung::link);
  d.attempts(rung::lease, 0, 0, happening::reached(rung::link));
  d.attempts(rung::name, 1, 0, happening::reached(rung::lease));
}

TEST(bring_up, final_reasons_are_tried_again_if_that_is_asked_for) {
  policy how = usual();
  how.brokers = 1, how.retry_final = true;
  dialogue d{how};
  d.climbs_to(rung::session);
  d.undoes(rung::name, happening::failed(rung::session, no_rights));
  d.pauses();
  d.attempts(rung::name);
}

TEST(bring_up, dates_judged_by_a_guessed_clock_are_not_final) {
  const utc_time when{std::chrono::days{20'000}};
  for (const bool trusted : {false, true}) {
    policy how = usual();
    how.brokers = 1;
    dialogue d{how};
    d.climbs_to(rung::secure);
    const fault why = make_fault(tls::error_of(tls::verdict::not_yet_valid), tls::pack_date(when, trusted));
    d.undoes(trusted ? rung::link : rung::time_name, happening::failed(rung::secure, why));
    EXPECT_EQ(d.conductor.ending(), trusted);
  }
}

TEST(bring_up, follows_a_server_reference_without_a_pause) {
  struct row {
    mqtt::reason code;
    bool for_good;
  };
  const row table[] = {{mqtt::reason::use_another_server, false}, {mqtt::reason::server_moved, true}};
  for (const auto& [code, for_good] : table) {
    dialogue d{usual()};
    d.climbs_to(rung::session);
    d.undoes(rung::name, happening::failed(rung::session, by_server(code), 2));
    d.attempts_named(0);
    d.climbs_from(rung::name, rung::stream);
    d.undoes(rung::name, happening::failed(rung::stream, refused));
    d.attempts_named(1);
    d.climbs_from(rung::name, rung::online);
    EXPECT_EQ(d.says(happening::reached(rung::online)).what, kind::wait);
    d.undoes(rung::name, happening::lost(rung::stream, refused));
    d.pauses();
    if (for_good) d.attempts_named(0);
    else d.attempts(rung::name);
  }
}

TEST(bring_up, follows_a_reference_that_ends_a_connection) {
  dialogue d{usual()};
  d.comes_online();
  const fault why = by_server(mqtt::reason::use_another_server, mqtt::error::disconnected);
  d.undoes(rung::name, happening::lost(rung::session, why, 1));
  d.attempts_named(0);
  EXPECT_EQ(d.conductor.rounds(), 0u);
}

TEST(bring_up, is_not_sent_in_circles) {
  policy how = usual();
  how.brokers = 1, how.references_max = 2;
  dialogue d{how};
  const happening elsewhere = happening::failed(rung::session, by_server(mqtt::reason::use_another_server), 1);
  d.climbs_to(rung::session);
  for (int i = 0; i < 2; ++i) {
    d.undoes(rung::name, elsewhere);
    d.attempts_named(0);
    d.climbs_from(rung::name, rung::session);
  }
  d.undoes(rung::name, elsewhere);
  d.attempts(rung::name);  // those of the list come behind those that were named
  d.climbs_from(rung::name, rung::session);
  d.undoes(rung::name, elsewhere);
  d.pauses();
  EXPECT_EQ(d.conductor.rounds(), 1u);
}

TEST(bring_up, a_new_climb_forgets_who_was_named_for_now) {
  dialogue d{usual()};
  d.climbs_to(rung::session);
  d.undoes(rung::name, happening::failed(rung::session, by_server(mqtt::reason::use_another_server), 1));
  d.attempts_named(0);
  d.undoes(rung::lease, happening::lost(rung::lease, refused));
  d.attempts(rung::lease);
  d.attempts(rung::name, 0, 0, happening::reached(rung::lease));
}

}  // namespace
}  // namespace recado::chain
