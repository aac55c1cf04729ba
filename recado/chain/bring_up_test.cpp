#include <recado/chain/bring_up_for_tests.hpp>

namespace recado::chain {
namespace {

TEST(bring_up, climbs_rung_by_rung) {
  dialogue d{usual()};
  d.attempts(rung::link);
  d.attempts(rung::lease, 0, 0, happening::reached(rung::link));
  d.attempts(rung::time_name, 0, 0, happening::reached(rung::lease));
  d.attempts(rung::clock, 0, 0, happening::reached(rung::time_name));
  d.attempts(rung::name, 0, 0, happening::reached(rung::clock));
  d.attempts(rung::stream, 0, 0, happening::reached(rung::name));
  d.attempts(rung::secure, 0, 0, happening::reached(rung::stream));
  d.attempts(rung::session, 0, 0, happening::reached(rung::secure));
  d.attempts(rung::online, 0, 0, happening::reached(rung::session));
  EXPECT_EQ(d.says(happening::reached(rung::online)).what, kind::wait);
  EXPECT_TRUE(d.conductor.is_online());
}

TEST(bring_up, leaves_out_what_the_configuration_does_without) {
  policy how = usual();
  how.secure = false, how.time_servers = 0;
  dialogue d{how};
  d.attempts(rung::link);
  d.attempts(rung::lease, 0, 0, happening::reached(rung::link));
  d.attempts(rung::name, 0, 0, happening::reached(rung::lease));
  d.attempts(rung::stream, 0, 0, happening::reached(rung::name));
  d.attempts(rung::session, 0, 0, happening::reached(rung::stream));
}

TEST(bring_up, without_dhcp_the_static_address_is_used_at_once) {
  policy how = usual();
  how.use_dhcp = false;
  dialogue d{how};
  d.attempts(rung::link);
  d.attempts(rung::lease, 1, 0, happening::reached(rung::link));
}

TEST(bring_up, after_dhcp_the_static_address) {
  dialogue d{usual()};
  d.climbs_to(rung::lease);
  d.undoes(rung::lease, happening::failed(rung::lease, silent));
  d.attempts(rung::lease, 1);
  d.attempts(rung::time_name, 0, 0, happening::reached(rung::lease));
}

TEST(bring_up, without_a_static_address_dhcp_is_asked_again_after_a_pause) {
  policy how = usual();
  how.has_static = false;
  dialogue d{how};
  d.climbs_to(rung::lease);
  d.undoes(rung::lease, happening::failed(rung::lease, silent));
  d.pauses();
  d.attempts(rung::lease, 0);
}

TEST(bring_up, when_nobody_answers_at_the_static_address_dhcp_is_asked_again) {
  policy how = usual();
  how.brokers = 1;
  dialogue d{how};
  d.climbs_to(rung::lease);
  d.undoes(rung::lease, happening::failed(rung::lease, silent));
  d.attempts(rung::lease, 1);
  d.climbs_from(rung::lease, rung::name);
  d.undoes(rung::lease, happening::failed(rung::name, silent));
  d.pauses();
  d.attempts(rung::lease, 0);
}

TEST(bring_up, time_servers_are_tried_in_order) {
  for (const rung fails : {rung::time_name, rung::clock}) {
    dialogue d{usual()};
    d.climbs_to(fails);
    d.undoes(rung::time_name, happening::failed(fails, silent));
    d.attempts(rung::time_name, 1);
    d.attempts(rung::clock, 1, 0, happening::reached(rung::time_name));
    d.attempts(rung::name, 0, 0, happening::reached(rung::clock));
  }
}

TEST(bring_up, without_any_time_tls_waits_unless_the_clock_is_plausible_or_it_may_go_on) {
  struct row {
    bool secure, plausible;
    no_time_policy on_no_time;
    bool goes_on;
  };
  const row table[] = {
      {true, false, no_time_policy::plausible, false},   {true, true, no_time_policy::plausible, true},
      {false, false, no_time_policy::plausible, true},   {true, true, no_time_policy::keep_trying, false},
      {false, true, no_time_policy::keep_trying, false}, {true, false, no_time_policy::go_on, true},
  };
  for (const row& each : table) {
    policy how = usual();
    how.time_servers = 1, how.secure = each.secure, how.on_no_time = each.on_no_time;
    dialogue d{how};
    d.conductor.clock_is_plausible(each.plausible);
    d.climbs_to(rung::clock);
    d.undoes(rung::time_name, happening::failed(rung::clock, silent));
    if (each.goes_on) {
      d.attempts(rung::name);
    } else {
      d.pauses();
      d.attempts(rung::time_name);
    }
  }
}

TEST(bring_up, an_unreachable_server_is_followed_by_its_next_address_then_the_next_broker_then_a_pause) {
  for (const rung fails : {rung::stream, rung::secure, rung::session, rung::online}) {
    dialogue d{usual()};
    d.climbs_to(rung::name);
    d.attempts(rung::stream, 0, 0, happening::reached(rung::name, 2));
    d.climbs_from(rung::stream, fails);
    d.undoes(rung::stream, happening::failed(fails, refused));
    d.attempts(rung::stream, 0, 1);
    d.climbs_from(rung::stream, fails);
    d.undoes(rung::name, happening::failed(fails, refused));
    d.attempts(rung::name, 1);
    d.attempts(rung::stream, 1, 0, happening::reached(rung::name));
    d.climbs_from(rung::stream, fails);
    d.undoes(rung::name, happening::failed(fails, refused));
    d.pauses();
    d.attempts(rung::name, 0);
    EXPECT_EQ(d.conductor.last_fault(), refused);
    EXPECT_EQ(d.conductor.rounds(), 1u);
  }
}

TEST(bring_up, a_name_that_cannot_be_resolved_is_followed_by_the_next_broker) {
  dialogue d{usual()};
  d.climbs_to(rung::name);
  d.undoes(rung::name, happening::failed(rung::name, silent));
  d.attempts(rung::name, 1);
}

TEST(bring_up, every_rung_with_a_patience_fails_by_itself_when_it_is_used_up) {
  for (const step& row : ladder()) {
    dialogue d{usual()};
    d.climbs_to(row.at);
    const instant until = d.says().until;
    if (row.patience == duration::max()) {
      EXPECT_EQ(until, never) << row.name;
      continue;
    }
    EXPECT_EQ(until, d.now + row.patience) << row.name;
    d.now = until - 1us;
    EXPECT_EQ(d.says().what, kind::wait) << row.name;
    d.now = until;
    EXPECT_EQ(d.says().what, kind::undo) << row.name;
    EXPECT_TRUE(is(d.conductor.last_fault(), error::no_answer_in_time)) << row.name;
    EXPECT_EQ(d.conductor.last_fault().detail, static_cast<std::uint32_t>(row.at));
  }
}

// original defects 34, 37: a link, a lease or a connection that is lost is not the end of the program
TEST(bring_up, a_lost_link_falls_to_the_link_from_every_rung) {
  for (const step& row : ladder()) {
    if (row.at == rung::link) continue;
    dialogue d{usual()};
    d.climbs_to(row.at);
    d.undoes(rung::link, happening::lost(rung::link, make_fault(stream_error::interface_down)));
    d.attempts(rung::link);
    d.attempts(rung::lease, 0, 0, happening::reached(rung::link));
  }
}

// original defect 34: DHCP could not begin again
TEST(bring_up, a_lost_lease_falls_to_the_lease_and_keeps_the_time) {
  dialogue d{usual()};
  d.comes_online();
  d.undoes(rung::lease, happening::lost(rung::lease, silent));
  d.attempts(rung::lease);
  d.attempts(rung::name, 0, 0, happening::reached(rung::lease));
}

// original defect 37: every failure was the end
TEST(bring_up, a_lost_connection_is_tried_again_after_a_pause_that_grows) {
  dialogue d{usual(), 0xef};
  d.comes_online();
  d.now += 1h;
  duration longest{};
  for (int i = 0; i < 6; ++i) {
    d.undoes(rung::name, happening::lost(rung::session, refused));
    const instant lost_at = d.now;
    d.pauses();
    longest = std::max(longest, d.now - lost_at);
    d.attempts(rung::name);
    d.climbs_from(rung::name, rung::online);
    EXPECT_EQ(d.says(happening::reached(rung::online)).what, kind::wait);
  }
  EXPECT_GT(longest, duration{1s}) << "a broker that throws us out at once isn't hammered";
}

TEST(bring_up, after_a_stable_time_online_the_series_of_failures_is_over) {
  dialogue d{usual(), 0xef};
  d.comes_online();
  for (int i = 0; i < 4; ++i) {
    d.now += 1min;
    const instant lost_at = d.now;
    d.undoes(rung::name, happening::lost(rung::stream, refused));
    d.pauses();
    EXPECT_LE(d.now - lost_at, duration{1s});
    EXPECT_EQ(d.conductor.rounds(), 1u);
    d.attempts(rung::name);
    d.climbs_from(rung::name, rung::online);
    d.says(happening::reached(rung::online));
  }
}

TEST(bring_up, what_comes_late_is_ignored) {
  dialogue d{usual()};
  d.climbs_to(rung::name);
  EXPECT_EQ(d.says(happening::failed(rung::clock, silent)).what, kind::wait);
  EXPECT_EQ(d.says(happening::reached(rung::stream)).what, kind::wait);
  EXPECT_EQ(d.says(happening::lost(rung::session, refused)).what, kind::wait);
  EXPECT_EQ(d.says(happening::lost(rung::name, refused)).what, kind::wait);
  EXPECT_EQ(d.conductor.at(), rung::name);
}

TEST(bring_up, gives_up_after_the_rounds_allowed_and_undoes_all) {
  policy how = usual();
  how.brokers = 1, how.rounds_max = 2;
  dialogue d{how};
  d.climbs_to(rung::name);
  d.undoes(rung::name, happening::failed(rung::name, silent));
  d.pauses();
  d.attempts(rung::name);
  d.undoes(rung::link, happening::failed(rung::name, silent));
  EXPECT_EQ(d.says().what, kind::end);
  EXPECT_EQ(d.says(happening::reached(rung::link)).what, kind::end);
  EXPECT_EQ(d.conductor.last_fault(), silent);
}

TEST(bring_up, stopping_says_goodbye_first_when_online) {
  dialogue d{usual()};
  d.comes_online();
  const want next = d.says(happening::stop());
  EXPECT_EQ(next.what, kind::farewell);
  EXPECT_EQ(d.says().what, kind::wait);
  d.undoes(rung::link, happening::farewell_said());
  EXPECT_EQ(d.says().what, kind::end);
}

TEST(bring_up, the_goodbye_has_a_bound) {
  for (const bool lost : {false, true}) {
    dialogue d{usual()};
    d.comes_online();
    const want next = d.says(happening::stop());
    EXPECT_EQ(next.until, d.now + policy{}.farewell);
    if (!lost) d.now = next.until;
    d.undoes(rung::link, lost ? happening::lost(rung::stream, refused) : happening{});
    EXPECT_EQ(d.says().what, kind::end);
  }
}

// original defect 36: the button ends the application at a defined place, whatever it is doing
TEST(bring_up, stopping_undoes_all_from_every_rung_and_every_pause) {
  for (const step& row : ladder()) {
    dialogue d{usual()};
    d.climbs_to(row.at);
    d.undoes(rung::link, happening::stop());
    EXPECT_EQ(d.says().what, kind::end);
  }
  policy how = usual();
  how.brokers = 1;
  dialogue d{how};
  d.climbs_to(rung::name);
  d.undoes(rung::name, happening::failed(rung::name, silent));
  EXPECT_EQ(d.says().what, kind::wait);
  d.undoes(rung::link, happening::stop());
}

// original defect 38: waiting for the cable is no busy loop
TEST(bring_up, waiting_for_the_link_has_no_deadline) {
  dialogue d{usual()};
  d.attempts(rung::link);
  EXPECT_EQ(d.says().until, never);
}

TEST(bring_up, the_ladder_is_printed_as_a_table) {
  char memory[2048];
  buffer_sink out{memory};
  print_ladder(out);
  EXPECT_FALSE(out.truncated());
  EXPECT_TRUE(out.view().starts_with(
      "rung       what                      patience  when it fails                           next round from\n"
      "link       network link              its own   waits for the cable                     link\n"
      "lease      network address           its own   the static address                      lease\n"
      "time name  name of the time server   30 s      the next time server                    time name\n"))
      << out.view();
  for (unsigned i = 0; i < rung_count; ++i) EXPECT_EQ(static_cast<unsigned>(ladder()[i].at), i);
}

}  // namespace
}  // namespace recado::chain
