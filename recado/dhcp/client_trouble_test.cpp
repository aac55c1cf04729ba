// What goes wrong: refusals, conflicts, lost links, and datagrams that are lost, late, doubled, cut or forged.
#include <recado/dhcp/client.hpp>

#include <recado/dhcp/dialogue_test.hpp>

namespace recado::dhcp::test {

namespace {

options remembering() {
  options how = exact_options();
  how.remembered = our_address;
  return how;
}

// INIT-REBOOT, RFC 2131 §3.2 and §4.4.2.

TEST(client_reboot, asks_for_the_remembered_address_in_two_datagrams) {
  // [RFC2131-4.3.2-a]
  // [RFC2131-3.2-a]
  dialogue d{remembering()};
  d.opens().starts();
  EXPECT_EQ(d.said(), "REQUEST");
  EXPECT_EQ(d.machine.state(), state::rebooting);
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
  EXPECT_FALSE(d.last().option(option::server_identifier));  // RFC 2131 §4.3.2: MUST NOT
  EXPECT_EQ(d.last().fields().ciaddr, ipv4::any);
  EXPECT_EQ(d.last().peer.address, ip_address::v4_broadcast());
  d.hears({.type = ack, .address = ip_address::v4(192, 0, 2, 8)});
  EXPECT_EQ(d.told(), "");  // another address than the one asked for
  EXPECT_EQ(d.machine.last_ignored(), error::bad_address);
  d.hears({.type = ack});
  EXPECT_EQ(d.told(), "probe");
  d.machine.address_is_free(d.now);
  EXPECT_EQ(d.turn().told(), "bound");
}

TEST(client_reboot, refused_begins_anew_at_once) {
  // [RFC2131-3.2-a]
  dialogue d{remembering()};
  d.opens().starts().hears({.type = nak});
  EXPECT_EQ(d.said(), "REQUEST DISCOVER");
  EXPECT_FALSE(d.last().option(option::requested_address));
  EXPECT_EQ(d.binds().told(), "probe bound");
}

TEST(client_reboot, unanswered_becomes_a_discover_with_a_wish) {
  // [RFC2131-4.4.2-a]
  dialogue d{remembering()};
  d.opens().starts().after(12s);
  EXPECT_EQ(d.said(), "REQUEST REQUEST DISCOVER");
  EXPECT_EQ(d.sent[1].at, dialogue::begin + 4s);
  EXPECT_EQ(d.sent[2].at, dialogue::begin + 12s);
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
  EXPECT_EQ(d.after(388s).told(), "failed " + code(error::no_offer));
}

// NAK in each state.

// The waits themselves, at compile time: a shift by a negative number would not compile.
static_assert(refusal_wait(0) == 0s && refusal_wait(1) == 0s && refusal_wait(2) == 1s && refusal_wait(3) == 2s);
static_assert(refusal_wait(7) == 32s && refusal_wait(8) == 64s && refusal_wait(9) == 64s && refusal_wait(255) == 64s);

TEST(client_refused, for_the_first_time_asks_anew_at_once) {
  dialogue d;
  d.opens().starts();
  d.hears({.type = offer}).said();
  d.hears({.type = nak});
  EXPECT_EQ(d.said(), "DISCOVER");
  EXPECT_EQ(d.machine.state(), state::selecting);
  d.hears({.type = offer}).said();
  d.hears({.type = nak});
  EXPECT_EQ(d.said(), "");
  EXPECT_EQ(d.machine.state(), state::waiting);
  EXPECT_EQ(d.after(999ms).said(), "");
  EXPECT_EQ(d.after(1ms).said(), "DISCOVER");
}

TEST(client_refused, when_requesting_waits_ever_longer) {
  // [RFC2131-3.1-e]
  dialogue d;
  d.opens().starts();
  std::vector<long> times;
  for (int i = 0; i < 6; ++i) {
    while (d.last().type() != message_type::discover) d.after(1s);
    times.push_back(d.elapsed() / 1s);
    d.hears({.type = offer}).hears({.type = nak});
  }
  EXPECT_EQ(times, (std::vector<long>{0, 0, 1, 3, 7, 15}));
  while (d.elapsed() < 400s) {
    d.after(1s);
    if (d.last().type() == message_type::discover && d.machine.state() == state::selecting)
      d.hears({.type = offer}).hears({.type = nak});
  }
  EXPECT_EQ(d.told(), "failed " + code(error::refused));
}

TEST(client_refused, when_renewing_or_rebinding_loses_the_address) {
  // [RFC2131-4.4.5-e]
  for (const auto wait : {4s, 8s}) {
    dialogue d;
    d.binds({.lease_s = 10, .t1_s = 4, .t2_s = 8}).told();
    d.after(wait).said();
    d.hears({.type = nak});
    EXPECT_EQ(d.told(), lost_refused);
    EXPECT_EQ(d.said(), "DISCOVER");
    EXPECT_EQ(d.binds().told(), "probe bound");
  }
}

TEST(client_refused, has_no_effect_when_selecting_probing_bound_or_from_another_server) {
  // [RFC2131-3.1-b]
  dialogue d;
  d.opens().starts().hears({.type = nak});
  EXPECT_EQ(d.machine.state(), state::selecting);
  d.hears({.type = offer}).hears({.type = nak, .server = other_server_address});
  EXPECT_EQ(d.machine.state(), state::requesting);
  EXPECT_EQ(d.machine.last_ignored(), error::other_server);
  d.hears({.type = ack}).hears({.type = nak});
  EXPECT_EQ(d.machine.state(), state::probing);
  d.machine.address_is_free(d.now);
  d.turn().hears({.type = nak});
  EXPECT_EQ(d.machine.state(), state::bound);
  d.after(1800s).hears({.type = nak, .server = other_server_address});
  EXPECT_EQ(d.machine.state(), state::renewing);
  EXPECT_EQ(d.told(), "probe bound");
}

// DECLINE, RFC 2131 §3.1 step 5.

TEST(client_conflict, declines_and_waits_ten_seconds) {
  // [RFC2131-3.1-c]
  dialogue d;
  d.opens().starts().hears({.type = offer}).hears({.type = ack}).after(3s).said();
  d.machine.conflict(d.now);
  d.turn();
  EXPECT_EQ(d.said(), "DECLINE");
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
  EXPECT_EQ(d.last().address(option::server_identifier), server_address);
  EXPECT_EQ(d.last().peer.address, ip_address::v4_broadcast());
  EXPECT_TRUE(d.last().raw);
  EXPECT_EQ(d.last().fields().ciaddr, ipv4::any);
  d.after(9999ms);
  EXPECT_EQ(d.said(), "");
  d.after(1ms);
  EXPECT_EQ(d.said(), "DISCOVER");
  EXPECT_FALSE(d.last().option(option::requested_address));
  EXPECT_EQ(d.told(), "probe");
}

TEST(client_conflict, when_bound_loses_the_address) {
  dialogue d;
  d.binds().told();
  d.said();
  d.machine.conflict(d.now);
  EXPECT_EQ(d.machine.deadline(), d.now);
  d.turn();
  EXPECT_EQ(d.told(), lost_conflict);
  EXPECT_EQ(d.said(), "DECLINE");
  EXPECT_EQ(d.machine.held(), nullptr);
}

TEST(client_conflict, gives_up_after_ten) {
  dialogue d;
  d.opens().starts();
  for (unsigned i = 0; i < conflicts_max; ++i) {
    EXPECT_EQ(d.told(), "");
    d.hears({.type = offer}).hears({.type = ack}).told();
    d.machine.conflict(d.now);
    d.turn();
    EXPECT_EQ(d.last().type(), message_type::decline);
    if (i + 1 < conflicts_max) d.after(10s);
  }
  EXPECT_EQ(d.told(), "failed " + code(error::address_conflict));
  d.said();
  EXPECT_EQ(d.after(24h).said(), "");
}

TEST(client_conflict, is_ignored_when_there_is_no_address) {
  dialogue d;
  d.opens().starts().said();
  d.machine.conflict(d.now);
  d.machine.address_is_free(d.now);
  EXPECT_EQ(d.turn().said() + d.told(), "");
}

// The probe may take longer than the lease.
TEST(client_conflict, a_lease_that_ends_while_it_is_probed_is_not_used) {
  dialogue d;
  d.opens().starts().hears({.type = offer, .lease_s = 5}).hears({.type = ack, .lease_s = 5}).after(5s);
  EXPECT_EQ(d.told(), "probe failed " + code(error::expired));
}

// Several servers.

TEST(client_offers, takes_the_first) {
  // [RFC2131-3.1-b]
  dialogue d;
  d.opens().starts().hears({.type = offer, .server = other_server_address}).hears({.type = offer});
  EXPECT_EQ(d.said(), "DISCOVER REQUEST");
  EXPECT_EQ(d.last().address(option::server_identifier), other_server_address);
  d.hears({.type = ack});
  EXPECT_EQ(d.told(), "");
  EXPECT_EQ(d.machine.last_ignored(), error::other_server);
  d.hears({.type = ack, .server = other_server_address});
  EXPECT_EQ(d.told(), "probe");
}

TEST(client_offers, waits_for_the_remembered_address_if_asked) {
  options how = remembering();
  how.offer_wait = 2s;
  how.reboot_attempts = 1;
  for (const bool comes : {true, false}) {
    dialogue d{how};
    d.opens().starts().after(4s).said();
    const answer first{.type = offer, .address = ip_address::v4(192, 0, 2, 99)};
    const answer second{.type = offer, .address = ip_address::v4(192, 0, 2, 98), .server = other_server_address};
    d.hears(first).hears(second);
    EXPECT_EQ(d.said(), "");
    if (comes) d.hears({.type = offer, .server = other_server_address});
    else d.after(2s);
    EXPECT_EQ(d.said(), "REQUEST");
    EXPECT_EQ(d.last().address(option::server_identifier), comes ? other_server_address : server_address);
    EXPECT_EQ(d.last().address(option::requested_address), comes ? our_address : first.address);
  }
}

// Loss, duplication, delay.

TEST(client_loss, of_any_one_datagram_only_delays) {
  for (std::size_t lost = 0; lost < 4; ++lost) {
    dialogue d;
    d.opens().starts();
    std::size_t answered = 0, said = 0;
    while (d.machine.state() != state::probing && d.elapsed() < 60s) {
      for (; said < d.sent.size(); ++said) {
        const auto type = d.sent[said].type() == message_type::discover ? offer : ack;
        if (answered++ != lost) d.hears(reply_to(d.sent[said], {.type = type}));
      }
      d.after(1s);
    }
    EXPECT_EQ(d.told(), "probe") << lost;
    EXPECT_LE(d.elapsed(), 10s);
  }
}

TEST(client_loss, of_every_ack_looks_for_another_server) {
  // [RFC2131-3.1-d]
  dialogue d;
  d.opens().starts().hears({.type = offer}).after(60s);
  EXPECT_EQ(d.said(), "DISCOVER REQUEST REQUEST REQUEST REQUEST DISCOVER");  // 0, 4, 12, 28, 60 s
  EXPECT_EQ(d.after(340s).told(), "failed " + code(error::no_acknowledgement));
}

TEST(client_duplicates, and_late_replies_change_nothing) {
  dialogue d;
  d.opens().starts();
  const octets first_offer = reply_to(d.last(), {.type = offer});
  d.hears(first_offer).hears(first_offer);
  EXPECT_EQ(d.said(), "DISCOVER REQUEST");
  const octets first_ack = reply_to(d.last(), {.type = ack});
  d.hears(first_ack).hears(first_ack).hears(first_offer);
  d.machine.address_is_free(d.now);
  d.turn().hears(first_ack).hears(first_offer);
  EXPECT_EQ(d.told(), "probe bound");
  d.after(1800s).hears(first_ack);  // of the old transaction: it doesn't prolong
  EXPECT_EQ(d.machine.state(), state::renewing);
  EXPECT_EQ(d.machine.last_ignored(), error::wrong_transaction);
}

TEST(client_duplicates, ack_before_offer_is_not_taken) {
  // [RFC2131-4.4.1-d]
  dialogue d;
  d.opens().starts().hears({.type = ack});
  EXPECT_EQ(d.told(), "");
  EXPECT_EQ(d.machine.last_ignored(), error::bad_message_type);
  EXPECT_EQ(d.hears({.type = offer}).hears({.type = ack}).told(), "probe");
}

TEST(client_forgery, for_another_port_or_while_down_is_not_read) {
  dialogue d;
  d.opens().starts();
  const octets payload = reply_to(d.last(), {.type = offer});
  datagram in{5353, {server_address, server_port}, payload, d.now};
  EXPECT_FALSE(d.machine.receive(in, d.now));
  EXPECT_TRUE(in.payload.empty());
  EXPECT_EQ(d.machine.last_ignored(), error::wrong_port);
  d.loses_link().hears(payload);
  EXPECT_EQ(d.said(), "DISCOVER");
}

TEST(client_forgery, that_cannot_be_used_is_told_at_the_end) {
  dialogue d;
  d.opens().starts().hears({.type = offer, .address = ip_address::v4(192, 0, 2, 255)}).after(400s);
  EXPECT_EQ(d.told(), "failed " + code(error::no_usable_offer));
  EXPECT_EQ(std::get<failed>(d.events.back()).why.detail, static_cast<std::uint32_t>(error::bad_address));
}

// Every prefix and every flipped bit of an OFFER, an ACK and a NAK, in the state that waits for it. A changed
// reply is refused or taken, but an address that is bound is always one that a host may have, and the machine
// always comes to rest with its next deadline ahead.
class damaged : public ::testing::TestWithParam<message_type> {
 protected:
  static dialogue& prepare(dialogue& d) {
    d.opens().starts();
    if (GetParam() != offer) d.hears({.type = offer});
    return d;
  }
  static void check(dialogue& d) {
    d.after(500s);
    for (const auto& event : d.events)
      if (auto* probe = std::get_if<probe_address>(&event)) {
        EXPECT_TRUE(is_host_address(probe->address));
      }
  }
};

TEST_P(damaged, cut_at_every_byte) {
  for (std::size_t length = 0;; ++length) {
    dialogue d;
    prepare(d);
    octets whole = reply_to(d.last(), {.type = GetParam()});
    while (whole.back() == std::byte{0}) whole.pop_back();
    if (length == whole.size()) break;
    const state before = d.machine.state();
    whole.resize(length);
    d.hears(octets(whole));
    EXPECT_EQ(d.machine.state(), before) << length;
    EXPECT_EQ(d.told(), "");
    EXPECT_EQ(d.machine.last_ignored(), length == 0 ? std::nullopt : std::optional{error::truncated});
  }
}

TEST_P(damaged, with_every_bit_flipped) {
  std::size_t bits = 1;
  for (std::size_t bit = 0; bit < bits; ++bit) {
    dialogue d;
    prepare(d);
    octets reply = reply_to(d.last(), {.type = GetParam(), .more = hex("79 08 18 0a 01 02 c0 00 02 01")});
    bits = reply.size() * 8;
    reply[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    d.hears(reply);
    check(d);
  }
}

INSTANTIATE_TEST_SUITE_P(rfc2131, damaged, ::testing::Values(offer, ack, nak),
                         [](const auto& type) { return std::string(words(type.param)); });

// The link.

TEST(client_link, that_returns_has_the_lease_verified) {
  // [RFC2131-3.7-a]
  dialogue d;
  d.binds().told();
  d.after(60s).loses_link().said();
  EXPECT_EQ(d.machine.held(), nullptr);
  d.after(60s).opens();
  EXPECT_EQ(d.said(), "REQUEST");
  EXPECT_EQ(d.machine.state(), state::rebooting);
  EXPECT_EQ(d.last().address(option::requested_address), our_address);
  d.hears({.type = ack});
  d.machine.address_is_free(d.now);
  EXPECT_EQ(d.turn().told(), "probe bound");
}

TEST(client_link, that_returns_elsewhere_loses_the_address) {
  // [RFC2131-3.7-a]
  dialogue d;
  d.binds().told();
  d.loses_link().opens().said();
  d.hears({.type = nak});
  EXPECT_EQ(d.told(), lost_refused);
  EXPECT_EQ(d.said(), "DISCOVER");
}

TEST(client_link, that_returns_to_silence_loses_the_address) {
  dialogue d;
  d.binds().told();
  d.loses_link().opens().said();
  d.after(12s);
  EXPECT_EQ(d.told(), "lost " + code(error::no_acknowledgement));
  EXPECT_EQ(d.said(), "REQUEST DISCOVER");
  EXPECT_EQ(d.after(400s).told(), "failed " + code(error::no_offer));
}

TEST(client_link, down_too_long_ends_the_lease) {
  dialogue d;
  d.binds().told();
  d.loses_link().after(3599s);
  EXPECT_EQ(d.told(), "");
  d.after(1s);
  EXPECT_EQ(d.told(), "lost " + code(error::expired));
  d.said();
  d.opens();
  EXPECT_EQ(d.said(), "DISCOVER");
}

TEST(client_link, lost_in_any_state_comes_back) {
  const auto at = [](int step) {
    dialogue d;
    d.opens().starts();
    if (step >= 1) d.hears({.type = offer});
    if (step >= 2) d.hears({.type = ack});
    if (step >= 3) d.machine.conflict(d.now), d.turn();
    d.told();
    d.loses_link();
    EXPECT_FALSE(d.machine.pending(d.now));
    EXPECT_EQ(d.after(1h).told(), "");
    d.opens();
    EXPECT_EQ(d.binds().told(), "probe bound") << step;
  };
  for (int step = 0; step < 4; ++step) at(step);
}

TEST(client_link, lost_just_before_bound_is_told_tells_nothing) {
  dialogue d;
  d.opens().starts().hears({.type = offer}).hears({.type = ack}).told();
  d.machine.address_is_free(d.now);
  d.loses_link();
  EXPECT_EQ(d.told(), "");
}

TEST(client_link, without_it_nothing_is_given_back) {
  dialogue d;
  d.binds().loses_link().said();
  d.machine.release(d.now);
  EXPECT_EQ(d.turn().said(), "");
  d.opens();
  EXPECT_EQ(d.said(), "");
}

// A socket without room: the message stays as it is until it left.
TEST(client_room, pending_stays_the_same_until_sent) {
  seeded_entropy random{1};
  client machine{exact_options(), random};
  instant now{1h};
  machine.opened(now), machine.start(now);
  const auto first = machine.pending(now);
  const octets copied(first->payload.begin(), first->payload.end());
  const auto again = machine.pending(now + 3s);
  EXPECT_EQ(again->payload.data(), first->payload.data());
  EXPECT_TRUE(equal(again->payload, copied));
  machine.sent(now + 3s);
  EXPECT_FALSE(machine.pending(now + 3s));
}

}  // namespace

}  // namespace recado::dhcp::test
