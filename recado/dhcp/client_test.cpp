// The life of a lease, in virtual time.
#include <recado/dhcp/client.hpp>

#include <recado/dhcp/dialogue_test.hpp>

namespace recado::dhcp::test {

namespace {

TEST(client, gets_an_address_in_four_datagrams) {
  // [RFC2131-4.4.1-b]
  // [RFC2131-3.1-a]
  dialogue d;
  d.opens();
  EXPECT_EQ(d.machine.state(), state::idle);
  EXPECT_EQ(d.machine.deadline(), never);
  d.starts();
  EXPECT_EQ(d.said(), "DISCOVER");
  EXPECT_TRUE(d.last().raw);
  EXPECT_EQ(d.last().source, ip_address::v4_any());
  EXPECT_EQ(d.last().peer, (endpoint{ip_address::v4_broadcast(), 67}));
  d.after(2s).hears({.type = offer});
  EXPECT_EQ(d.said(), "REQUEST");
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
  EXPECT_EQ(d.last().address(option::server_identifier), server_address);
  EXPECT_EQ(d.last().fields().xid, d.sent[0].fields().xid);    // RFC 2131 §4.4.1
  EXPECT_EQ(d.last().fields().secs, d.sent[0].fields().secs);  // the same section
  EXPECT_EQ(d.last().fields().ciaddr, ipv4::any);
  d.after(1s).hears({.type = ack});
  EXPECT_EQ(d.told(), "probe");
  EXPECT_EQ(std::get<probe_address>(d.events[0]).address, our_address);
  EXPECT_TRUE(d.machine.needs_raw());
  EXPECT_EQ(d.machine.held(), nullptr);
  d.after(6s);
  d.machine.address_is_free(d.now);
  d.turn();
  EXPECT_EQ(d.told(), "bound");
  const lease* granted = std::get<bound>(d.events[1]).granted;
  EXPECT_EQ(granted, d.machine.held());
  EXPECT_EQ(granted->address, our_address);
  EXPECT_EQ(granted->obtained, dialogue::begin + 2s);  // when REQUEST left (RFC 2131 §4.4.1)
  EXPECT_FALSE(d.machine.needs_raw());
  EXPECT_EQ(d.machine.source(), our_address);
  EXPECT_EQ(d.machine.deadline(), dialogue::begin + 2s + 1800s);
}

TEST(client, starts_when_the_link_comes_up) {
  dialogue d;
  d.starts();
  EXPECT_EQ(d.said(), "");
  EXPECT_EQ(d.machine.deadline(), never);
  d.opens();
  EXPECT_EQ(d.said(), "DISCOVER");
}

TEST(client, without_a_probe_is_bound_at_once) {
  options how = exact_options();
  how.probe = false;
  dialogue d{how};
  d.opens().starts().hears({.type = offer}).hears({.type = ack});
  EXPECT_EQ(d.told(), "bound");
}

// Options 58 and 59 in seconds; RFC 2131 §4.4.5.
TEST(client, renews_by_unicast_at_t1) {
  // [RFC2131-4.4.5-a]
  // [RFC2131-4.3.2-b]
  dialogue d;
  d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).told();
  d.said();
  d.after(3999ms);
  EXPECT_EQ(d.said(), "");
  d.after(1ms);
  EXPECT_EQ(d.said(), "REQUEST");
  EXPECT_EQ(d.machine.state(), state::renewing);
  const letter request = d.last();
  EXPECT_EQ(request.peer.address, server_address);
  EXPECT_EQ(request.source, our_address);
  EXPECT_FALSE(request.raw);
  EXPECT_EQ(request.fields().ciaddr, to_field(our_address));
  EXPECT_FALSE(request.option(option::requested_address));  // RFC 2131 §4.3.2: MUST NOT
  EXPECT_FALSE(request.option(option::server_identifier));
  EXPECT_NE(request.fields().xid, d.sent[0].fields().xid);
  d.hears({.type = ack, .lease_s = 20, .t1_s = 5, .t2_s = 8});
  EXPECT_EQ(d.told(), "renewed");
  EXPECT_EQ(d.machine.held()->expires(), dialogue::begin + 24s);
  d.after(5s);
  EXPECT_EQ(d.said(), "REQUEST");
}

TEST(client, rebinds_by_broadcast_at_t2_and_any_server_may_answer) {
  // [RFC2131-4.4.5-a]
  // [RFC2131-4.3.2-b]
  dialogue d;
  d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).told();
  d.said();
  d.after(8s);
  EXPECT_EQ(d.said(), "REQUEST REQUEST");
  EXPECT_EQ(d.machine.state(), state::rebinding);
  EXPECT_EQ(d.last().at, dialogue::begin + 8s);
  EXPECT_EQ(d.last().peer.address, ip_address::v4_broadcast());
  EXPECT_EQ(d.last().source, our_address);
  EXPECT_EQ(d.last().fields().ciaddr, to_field(our_address));
  d.hears({.type = ack, .server = other_server_address, .lease_s = 10});
  EXPECT_EQ(d.told(), "renewed");
  EXPECT_EQ(d.machine.held()->server, other_server_address);
}

TEST(client, loses_the_address_when_the_lease_ends) {
  // [RFC2131-4.4.5-c]
  dialogue d;
  d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).told();
  d.after(9999ms);
  EXPECT_EQ(d.told(), "");
  EXPECT_NE(d.machine.held(), nullptr);
  d.said();
  d.after(1ms);
  EXPECT_EQ(d.told(), lost_expired);
  EXPECT_EQ(d.machine.held(), nullptr);
  EXPECT_EQ(d.said(), "DISCOVER");
  EXPECT_TRUE(d.last().raw);
  EXPECT_EQ(d.last().address(option::requested_address), our_address);  // a wish, RFC 2131 §3.5
  d.binds();
  EXPECT_EQ(d.told(), "probe bound");
}

// RFC 2131 §4.4.5: half of the remaining time, not faster than a minute.
TEST(client, repeats_renewals_ever_faster_down_to_a_minute) {
  // [RFC2131-4.4.5-b]
  dialogue d;
  d.binds({.lease_s = 3600}).told();
  const std::size_t first = d.sent.size();
  d.after(3600s);
  std::vector<long> times;
  for (std::size_t i = first; i < d.sent.size() && d.sent[i].type() == message_type::request; ++i)
    times.push_back((d.sent[i].at - dialogue::begin) / 1s);
  // T1 1800: 1350 s remain until T2 3150, then 675 ...; rebinding: 450 s until the end.
  EXPECT_EQ(times, (std::vector<long>{1800, 2475, 2812, 2981, 3065, 3125, 3150, 3375, 3487, 3547}));
  EXPECT_EQ(d.told(), lost_expired);
}

TEST(client, never_renews_an_infinite_lease) {
  // [RFC2131-3.3-a]
  dialogue d;
  d.binds({.lease_s = 0xffffffff, .t1_s = 5, .t2_s = 6});
  EXPECT_EQ(d.machine.deadline(), never);
  EXPECT_EQ(d.machine.held()->lease_time, infinite);
  d.told();
  d.now = never - 1us;
  d.turn();
  EXPECT_EQ(d.told(), "");
}

TEST(client, stands_a_clock_far_in_the_future) {
  dialogue d;
  d.binds({.lease_s = 0xfffffffe}).told();
  d.now += std::chrono::hours{24 * 365 * 100};
  d.turn();
  EXPECT_EQ(d.told(), "");
  EXPECT_EQ(d.machine.state(), state::renewing);
  d.now += std::chrono::hours{24 * 365 * 100};
  d.turn();
  EXPECT_EQ(d.told(), lost_expired);

  dialogue end;
  end.opens().starts();
  end.now = never - 1s;
  end.turn();
  EXPECT_EQ(end.told(), "failed " + code(error::no_offer));
  end.machine.start(end.now);
  end.turn().hears({.type = offer});
  EXPECT_NE(end.machine.state(), state::bound);
}

// A silent server, exact times: 4, 8, 16, 32, 64, 64 ... s (RFC 2131 §4.1) until 40 attempts of 10 s are over.
TEST(client, gives_up_after_its_attempts) {
  // [RFC2131-4.1-b]
  dialogue d;
  d.opens().starts().after(399999ms);
  std::vector<long> times;
  for (const auto& letter : d.sent) times.push_back((letter.at - dialogue::begin) / 1s);
  EXPECT_EQ(times, (std::vector<long>{0, 4, 12, 28, 60, 124, 188, 252, 316, 380}));
  EXPECT_EQ(d.sent[3].fields().secs, 28);
  EXPECT_EQ(d.told(), "");
  d.after(1ms);
  EXPECT_EQ(d.told(), "failed " + code(error::no_offer));
  EXPECT_EQ(d.machine.state(), state::idle);
  EXPECT_EQ(d.machine.deadline(), never);
  d.said();
  d.after(24h);
  EXPECT_EQ(d.said(), "") << "it retried although it had given up";
}

// The original waited 50 times 250 ms, then used the static configuration.
TEST(client, waits_as_long_as_the_original_did) {
  options how;
  how.hardware = our_mac;
  dialogue d{how};
  d.opens().starts().after(12499999us);
  EXPECT_EQ(d.told(), "");
  d.after(1us);
  EXPECT_EQ(d.told(), "failed " + code(error::no_offer));
}

TEST(client, with_no_attempts_fails_at_once) {
  options how = exact_options();
  how.attempts = 0;
  dialogue d{how};
  d.opens().starts();
  EXPECT_EQ(d.told(), "failed " + code(error::no_attempts));
  EXPECT_EQ(d.said(), "");
}

// original defect 34: a static state that could not begin again, and no way back from a lost lease or link.
TEST(client, can_be_started_again_and_again) {
  dialogue d;
  d.opens().starts().after(400s);
  EXPECT_EQ(d.told(), "failed " + code(error::no_offer));
  for (int i = 0; i < 3; ++i) {
    d.starts().binds();
    EXPECT_EQ(d.told(), "probe bound");
    d.after(3600s);
    EXPECT_EQ(d.told(), lost_expired);
    d.loses_link().after(60s).opens().binds().told();
    d.machine.release(d.now);
    d.turn();
    EXPECT_EQ(d.last().type(), message_type::release);
    d.said();
  }
}

// RFC 2131 §4.1: one second to either side of each interval.
TEST(client, spreads_its_retries) {
  // [RFC2131-4.1-b]
  bool early = false, late = false;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    options how = exact_options();
    how.retry_jitter = 1s;
    dialogue d{how, seed};
    d.opens().starts().after(300s);
    const duration intervals[] = {4s, 8s, 16s, 32s, 64s};
    for (std::size_t i = 0; i < std::size(intervals); ++i) {
      const duration gap = d.sent[i + 1].at - d.sent[i].at;
      EXPECT_GE(gap, intervals[i] - 1s);
      EXPECT_LE(gap, intervals[i] + 1s);
      early = early || gap < intervals[i] - 900ms;
      late = late || gap > intervals[i] + 900ms;
    }
  }
  EXPECT_TRUE(early);
  EXPECT_TRUE(late);
}

TEST(client, waits_as_long_as_the_first_time_where_the_most_is_less) {
  options how = exact_options();
  how.retry_max = 1s;
  dialogue d{how};
  d.opens().starts().after(20s);
  ASSERT_GE(d.sent.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(d.sent[i].at - d.sent[i - 1].at, 4s);
}

TEST(client, has_nothing_to_send_any_more_when_its_patience_is_over) {
  dialogue d;
  d.machine.opened(d.now), d.machine.start(d.now);
  ASSERT_TRUE(d.machine.pending(d.now));
  d.now += 401s;
  datagram none;
  EXPECT_TRUE(d.machine.receive(none, d.now));
  EXPECT_FALSE(d.machine.pending(d.now));
}

// RFC 2131 §4.4.5: some fuzz, a sixteenth of T1 at most, so that a renewal is never much earlier or later than asked.
TEST(client, spreads_its_renewals_a_little) {
  bool early = false, late = false;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    options how = exact_options();
    how.retry_jitter = 1s;
    dialogue d{how, seed};
    d.binds({.lease_s = 16, .t1_s = 8, .t2_s = 14});
    const duration wait = d.machine.deadline() - d.now;
    EXPECT_GE(wait, 7500ms);
    EXPECT_LE(wait, 8500ms);
    early = early || wait < 7600ms;
    late = late || wait > 8400ms;
  }
  EXPECT_TRUE(early);
  EXPECT_TRUE(late);
}

TEST(client, has_a_new_transaction_for_each_exchange) {
  // [RFC2131-4.1-c]
  std::vector<std::uint32_t> seen;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    dialogue d{exact_options(), seed};
    d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).after(10s);
    for (std::size_t i : {0u, 2u, 3u, 4u}) seen.push_back(d.sent.at(i).fields().xid);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

TEST(client, delays_its_start_if_asked) {
  // [RFC2131-4.4.1-c]
  options how = exact_options();
  how.start_delay_max = 10s;
  dialogue d{how, 3};
  d.opens().starts();
  EXPECT_EQ(d.said(), "");
  EXPECT_EQ(d.machine.state(), state::waiting);
  d.after(10s);
  EXPECT_EQ(d.said().substr(0, 8), "DISCOVER");
}

TEST(client, says_who_it_is) {
  const auto id_with = [](auto change) {
    options how = exact_options();
    change(how);
    dialogue d{how};
    return d.opens().starts().last();
  };
  const octets given = hex("00 61 62 63");
  EXPECT_EQ(id_with([](options&) {}).option(option::client_identifier), hex("01 02 00 5e 10 00 01"));
  // RFC 4361 §6.1: type 255, IAID, DUID-LL.
  EXPECT_EQ(id_with([](options& how) { how.identity = client_identity::duid; }).option(option::client_identifier),
            hex("ff 00 00 00 01 00 03 00 01 02 00 5e 10 00 01"));
  EXPECT_EQ(id_with([&](options& how) {
              how.identity = client_identity::given, how.client_id = given;
            }).option(option::client_identifier),
            given);
  EXPECT_EQ(id_with([](options& how) { how.identity = client_identity::none; }).option(option::client_identifier),
            std::nullopt);
  const octets longest(100, std::byte{7});
  const letter full = id_with([&](options& how) {
    how.identity = client_identity::given, how.client_id = longest;
    how.host_name = "a-host-name-that-is-longer-than-the-sixty-three-characters-of-a-label";
    how.vendor_class = "a vendor class of more than thirty-two characters";
    how.remembered = our_address;
    how.reply_bytes_max = 1472;
  });
  EXPECT_EQ(full.option(option::client_identifier)->size(), client_id_bytes_max);
  EXPECT_EQ(full.option(option::host_name)->size(), 63u);
  EXPECT_EQ(full.option(option::vendor_class)->size(), vendor_class_bytes_max);
  EXPECT_EQ(full.option(option::message_size_max), hex("05 c0"));
}

TEST(client, asks_for_broadcast_replies_only_without_an_address) {
  // [RFC2131-4.1-d]
  options how = exact_options();
  how.broadcast_replies = true;
  dialogue d{how};
  d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).after(4s);
  EXPECT_EQ(d.sent[0].fields().flags, broadcast_flag);
  EXPECT_EQ(d.sent[1].fields().flags, broadcast_flag);
  EXPECT_EQ(d.sent[2].fields().flags, 0);
}

// RFC 2131 §4.4.6.
TEST(client, gives_its_address_back) {
  // [RFC2131-4.4.6-a]
  dialogue d;
  d.binds().told();
  d.machine.release(d.now);
  EXPECT_EQ(d.machine.source(), our_address);
  d.turn();
  EXPECT_EQ(d.last().type(), message_type::release);
  EXPECT_EQ(d.last().peer.address, server_address);
  EXPECT_EQ(d.last().source, our_address);
  EXPECT_EQ(d.machine.held(), nullptr);
  EXPECT_TRUE(d.machine.needs_raw());
  EXPECT_EQ(d.machine.deadline(), never);
  d.said();
  d.machine.release(d.now);
  d.after(24h);
  EXPECT_EQ(d.said() + d.told(), "");
  // What was given back is wished for, but not claimed.
  d.starts();
  EXPECT_EQ(d.said(), "DISCOVER");
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
}

TEST(client, has_nothing_to_give_back_before_it_is_granted) {
  dialogue d;
  d.opens().starts().said();
  d.machine.release(d.now);
  d.turn();
  EXPECT_EQ(d.said(), "");
  EXPECT_EQ(d.machine.state(), state::idle);
}

TEST(client, asks_for_parameters_of_a_static_address) {
  // [RFC2131-4.4.3-a]
  dialogue d;
  const lease own = static_lease(our_address, 24, server_address).value();
  EXPECT_EQ(d.machine.inform(own, d.now).error(), error::link_is_down);
  d.opens();
  ASSERT_TRUE(d.machine.inform(own, d.now));
  EXPECT_FALSE(d.machine.needs_raw());
  d.turn().after(4s);
  EXPECT_EQ(d.said(), "INFORM INFORM");
  EXPECT_EQ(d.last().fields().ciaddr, to_field(our_address));
  EXPECT_EQ(d.last().source, our_address);
  d.hears({.type = nak})
      .hears({.type = ack, .address = ip_address::v4_any(), .lease_s = 0, .more = hex("06 04 c0 00 02 35")});
  EXPECT_EQ(d.told(), "parameters");
  const lease& known = *std::get<parameters>(d.events[0]).known;
  EXPECT_EQ(known.address, our_address);
  EXPECT_EQ(known.prefix, 24);
  EXPECT_EQ(known.dns_servers.size(), 1u);
  EXPECT_EQ(gateway(known), server_address);
  EXPECT_EQ(known.lease_time, infinite);
  EXPECT_EQ(d.machine.deadline(), never);
  ASSERT_TRUE(d.machine.inform(own, d.now));
  d.turn().after(400s);
  EXPECT_EQ(d.told(), "failed " + code(error::no_parameters));
  ASSERT_TRUE(d.machine.inform(own, d.now));
  d.loses_link();
  EXPECT_EQ(d.told(), "failed " + code(error::no_parameters));
}

TEST(client, refuses_to_ask_for_a_strange_address) {
  dialogue d;
  d.opens();
  lease own = static_lease(our_address, 24, {}).value();
  own.prefix = 33;
  EXPECT_EQ(d.machine.inform(own, d.now).error(), error::bad_prefix);
  own.prefix = 24, own.address = ip_address::v4(224, 0, 0, 1);
  EXPECT_EQ(d.machine.inform(own, d.now).error(), error::no_such_host_address);
}

}  // namespace

}  // namespace recado::dhcp::test
