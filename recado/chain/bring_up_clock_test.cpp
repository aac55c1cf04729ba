// A clock that is wrong: what a device does when a certificate is refused for its dates.
#include <recado/chain/bring_up_for_tests.hpp>

namespace recado::chain {
namespace {

fault by_date(tls::verdict judged = tls::verdict::expired) {
  return make_fault(tls::error_of(judged), tls::pack_date(utc_time{std::chrono::days{20'000}}, true));
}

/// With one broker, which is tried again whatever it refused for.
policy stubborn() {
  policy how = usual();
  how.brokers = 1, how.retry_final = true;
  return how;
}

TEST(bring_up_clock, is_asked_for_again_after_a_certificate_was_refused_for_its_dates) {
  for (const auto judged : {tls::verdict::expired, tls::verdict::not_yet_valid, tls::verdict::crl_expired}) {
    dialogue d{stubborn()};
    d.climbs_to(rung::secure);
    EXPECT_TRUE(d.conductor.clock_was_set());
    d.undoes(rung::time_name, happening::failed(rung::secure, by_date(judged)));
    d.pauses();
    d.attempts(rung::time_name);
    d.attempts(rung::clock, 0, 0, happening::reached(rung::time_name));
    d.attempts(rung::name, 0, 0, happening::reached(rung::clock));
    EXPECT_TRUE(d.conductor.clock_was_set());
  }
}

// A real-time clock is trusted, too, and no time server may have answered at the start.
TEST(bring_up_clock, that_no_server_had_set_is_asked_for_again) {
  dialogue d{stubborn()};
  d.conductor.clock_is_plausible(true);
  d.climbs_to(rung::clock);
  d.undoes(rung::time_name, happening::failed(rung::clock, silent));
  d.attempts(rung::time_name, 1);
  d.undoes(rung::time_name, happening::failed(rung::time_name, silent));
  d.attempts(rung::name);
  d.climbs_from(rung::name, rung::secure);
  d.undoes(rung::time_name, happening::failed(rung::secure, by_date()));
  d.pauses();
  d.attempts(rung::time_name);
}

TEST(bring_up_clock, that_nobody_sets_again_is_as_good_as_it_was) {
  policy how = stubborn();
  how.time_servers = 1;
  dialogue d{how};
  d.climbs_to(rung::secure);
  d.undoes(rung::time_name, happening::failed(rung::secure, by_date()));
  d.pauses();
  d.attempts(rung::time_name);
  d.undoes(rung::time_name, happening::failed(rung::time_name, silent));
  d.attempts(rung::name);
}

TEST(bring_up_clock, is_doubted_for_one_round_and_by_any_broker_of_it) {
  policy how = stubborn();
  how.brokers = 2;
  dialogue d{how};
  d.climbs_to(rung::secure);
  d.undoes(rung::name, happening::failed(rung::secure, by_date()));
  d.attempts(rung::name, 1);
  d.undoes(rung::time_name, happening::failed(rung::name, silent));
  d.pauses();
  d.attempts(rung::time_name);
  d.climbs_from(rung::time_name, rung::name);
  d.undoes(rung::name, happening::failed(rung::name, silent));
  d.attempts(rung::name, 1);
  d.undoes(rung::name, happening::failed(rung::name, silent));
  d.pauses();
  d.attempts(rung::name);
}

TEST(bring_up_clock, is_left_alone_without_time_servers_and_for_other_reasons) {
  for (const bool servers : {false, true}) {
    policy how = stubborn();
    if (!servers) how.time_servers = 0;
    dialogue d{how};
    d.climbs_to(rung::secure);
    d.undoes(rung::name, happening::failed(rung::secure, servers ? by_date(tls::verdict::wrong_name) : by_date()));
    d.pauses();
    d.attempts(rung::name);
  }
}

TEST(bring_up_clock, is_asked_for_behind_dhcp_where_the_address_was_the_static_one) {
  dialogue d{stubborn()};
  d.climbs_to(rung::lease);
  d.undoes(rung::lease, happening::failed(rung::lease, silent));
  d.attempts(rung::lease, 1);
  d.climbs_from(rung::lease, rung::secure);
  d.undoes(rung::lease, happening::failed(rung::secure, by_date()));
  d.pauses();
  d.attempts(rung::lease);
  d.attempts(rung::time_name, 0, 0, happening::reached(rung::lease));
}

}  // namespace
}  // namespace recado::chain
