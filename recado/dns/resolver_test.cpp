#include <recado/dns/dialogue_test.hpp>

namespace recado::dns {
namespace {

TEST_F(dns_resolver, asks_for_both_families_and_gives_ipv4_first) {
  // [RFC3596-2.5-a]
  resolve("a.example", family::any);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].type, record_type::a);
  EXPECT_EQ(sent[1].type, record_type::aaaa);
  EXPECT_NE(sent[0].port, sent[1].port);
  EXPECT_NE(sent[0].id, sent[1].id);
  EXPECT_TRUE(sent[0].edns);
  hear(sent[1], reply(sent[1]).address("a.example", "2001:db8::2", 70).address("a.example", "2001:db8::1", 70));
  EXPECT_EQ(taken(), strings{});
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.9", 60).address("a.example", "192.0.2.1", 80));
  EXPECT_EQ(taken(), strings{"192.0.2.9 192.0.2.1 2001:db8::2 2001:db8::1 ttl 60"});
  EXPECT_EQ(dns.deadline(), never);
  EXPECT_FALSE(dns.expects(sent[0].port));
}

TEST_F(dns_resolver, passes_addresses_and_localhost_through_without_asking) {
  // [RFC6761-6.3-a]
  dns.set_servers({}, now);
  resolve("192.0.2.7", family::any);
  resolve("2001:db8::7", family::any);
  resolve("192.0.2.7", family::v6);
  resolve("localhost", family::any);
  resolve("a.LocalHost.", family::v6);
  EXPECT_EQ(taken(), (strings{"192.0.2.7 ttl 86400", "2001:db8::7 ttl 86400",
                              "the name exists, but has no address of the kind wanted", "127.0.0.1 ::1 ttl 86400",
                              "::1 ttl 86400"}));
  EXPECT_TRUE(sent.empty());
}

TEST_F(dns_resolver, an_event_that_is_due_shows_in_the_deadline) {
  ASSERT_TRUE(dns.resolve("192.0.2.7", family::v4, now));
  EXPECT_LE(dns.deadline(), now);
}

// original defect 32: digits and dots of any length were taken for an address.
TEST_F(dns_resolver, refuses_names_before_asking) {
  const std::pair<const char*, error> rows[] = {{"", error::name_empty},
                                                {"a b", error::name_character},
                                                {"1.2.3.4.5", error::name_like_address},
                                                {"256.1.1.1", error::name_like_address},
                                                {"11111111111.22222222222.33333333333", error::name_like_address},
                                                {"01.2.3.4", error::name_like_address}};
  for (const auto& [text, why] : rows) EXPECT_EQ(dns.resolve(text, family::any, now).error(), why) << text;
  dns.set_servers({}, now);
  EXPECT_EQ(dns.resolve("a.example", family::any, now).error(), error::no_server);
}

TEST_F(dns_resolver, says_when_its_memory_is_full) {
  resolve("a.example");
  resolve("b.example");
  EXPECT_EQ(dns.resolve("c.example", family::v4, now).error(), error::too_many_lookups);
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1"));
  resolve("c.example");
  hear(sent[2], reply(sent[2]).address("c.example", "192.0.2.3"));
  hear(sent[1], reply(sent[1]).address("b.example", "192.0.2.2"));
  EXPECT_EQ(taken(), (strings{"192.0.2.1 ttl 300", "192.0.2.3 ttl 300", "192.0.2.2 ttl 300"}));
}

TEST_F(dns_resolver, takes_a_new_lookup_in_the_middle_of_an_event) {
  resolve("a.example"), resolve("b.example");
  const auto answer = reply(sent[0]).address("a.example", "192.0.2.1");
  datagram in{sent[0].port, sent[0].peer, answer, now};
  ASSERT_TRUE(dns.receive(in, now));
  EXPECT_TRUE(dns.resolve("c.example", family::v4, now));
}

// original defects 30 and 31: whatever arrived was the answer.
TEST_F(dns_resolver, ignores_what_does_not_match_and_keeps_waiting) {
  // [RFC5452-9.1-a]
  resolve("a.example");
  const query_out asked = sent[0];
  const auto answer = reply(asked).address("a.example", "192.0.2.66");
  const auto right = reply(asked).address("a.example", "192.0.2.1");
  const instant deadline = dns.deadline();
  query_out wrong = asked;
  wrong.port = static_cast<std::uint16_t>(asked.port + 1);
  hear(wrong, answer);
  wrong = asked, wrong.peer.port = 54;
  hear(wrong, answer);
  wrong = asked, wrong.peer.address = ip_address::v4(10, 0, 0, 2);
  hear(wrong, answer);
  wrong = asked, wrong.id = static_cast<std::uint16_t>(asked.id ^ 1);
  hear(asked, reply(wrong).address("a.example", "192.0.2.66"));
  wrong = asked, wrong.about = "b.example";
  hear(asked, reply(wrong).address("b.example", "192.0.2.66"));
  wrong = asked, wrong.type = record_type::aaaa;
  hear(asked, reply(wrong).address("a.example", "2001:db8::66"));
  hear(asked, reply(asked, 0x0100).address("a.example", "192.0.2.66"));
  EXPECT_EQ(taken(), strings{});
  EXPECT_EQ(dns.deadline(), deadline);
  hear(asked, right);
  hear(asked, answer);  // too late
  EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 300"});
}

TEST_F(dns_resolver, every_forged_octet_and_every_cut_delays_at_most) {
  const std::vector<std::byte> whole = [&] {
    resolve("a.example");
    return reply(sent[0]).address("a.example", "192.0.2.1").octets();
  }();
  const std::size_t question_end = reply(sent[0]).octets().size();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (bool cut : {false, true}) {
      testing::seeded_entropy same_random;
      resolver_storage<1, 4, 0> own;
      resolver machine{own.view(), same_random};
      machine.opened(now);
      const std::array list{server(1)};
      machine.set_servers(list, now);
      ASSERT_TRUE(machine.resolve("a.example", family::v4, now));
      ASSERT_TRUE(machine.pending(now));
      machine.sent(now);
      std::vector<std::byte> forged = whole;
      if (cut) forged.resize(i);
      else forged[i] ^= std::byte{0xff};
      datagram in{sent[0].port, sent[0].peer, forged, now};
      const auto event = machine.receive(in, now);
      EXPECT_TRUE(in.payload.empty());
      const bool believed = event && std::holds_alternative<resolved>(*event);
      EXPECT_FALSE(believed && (cut || i < question_end)) << i;
    }
  }
}

// original defect 30: one question, and no other if it or its answer is lost
TEST_F(dns_resolver, goes_round_the_servers_with_growing_patience_and_gives_up) {
  // [RFC1035-4.2.1-b]
  serve({1, 2});
  resolve("a.example");
  const instant begin = now;
  while (taken().empty() && sent.size() < 100) wait();
  ASSERT_EQ(sent.size(), 2 * rounds_max);
  std::set<std::pair<unsigned, unsigned>> keys;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].peer, server(static_cast<std::uint8_t>(1 + i % 2)));
    keys.insert({sent[i].id, sent[i].port});
    EXPECT_GE(sent[i].port, port_min);
  }
  EXPECT_EQ(keys.size(), sent.size());  // each attempt has its own
  EXPECT_EQ(now - begin, 2 * (1s + 2s + 4s));
  EXPECT_TRUE(is(last_fault, error::time_out));
  EXPECT_EQ(dns.deadline(), never);
}

TEST_F(dns_resolver, survives_the_loss_of_any_datagram) {
  // [RFC1035-4.2.1-b]
  serve({1, 2});
  for (unsigned lost = 0; lost < 2 * rounds_max; ++lost) {
    sent.clear();
    dns.forget();
    resolve("a.example");
    for (unsigned i = 0; i < lost; ++i) wait();
    hear(sent.back(), reply(sent.back()).address("a.example", "192.0.2.1"));
    EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 300"}) << lost;
  }
}

TEST_F(dns_resolver, late_duplicate_and_reordered_answers_change_nothing) {
  resolve("a.example");
  resolve("b.example");
  const auto a = reply(sent[0]).address("a.example", "192.0.2.1"), b = reply(sent[1]).address("b.example", "192.0.2.2");
  hear(sent[1], b);
  hear(sent[1], b);
  hear(sent[0], a);
  hear(sent[1], b);
  hear(sent[0], a);
  EXPECT_EQ(taken(), (strings{"192.0.2.2 ttl 300", "192.0.2.1 ttl 300"}));
  dns.forget();
  resolve("a.example");
  wait();
  ASSERT_EQ(sent.size(), 4u);
  hear(sent[2], reply(sent[2]).address("a.example", "192.0.2.3"));  // to the first attempt, which is over
  EXPECT_EQ(taken(), strings{});
  hear(sent[3], reply(sent[3]).address("a.example", "192.0.2.4"));
  EXPECT_EQ(taken(), strings{"192.0.2.4 ttl 300"});
}

TEST_F(dns_resolver, tells_failures_apart) {
  // [RFC1035-4.1.1-b]
  const std::tuple<unsigned, error> rows[] = {{2, error::server_failure}, {5, error::refused}, {9, error::other_code}};
  for (const auto& [code, why] : rows) {
    sent.clear();
    resolve("a.example");
    hear(sent[0], reply(sent[0], good | code));
    EXPECT_TRUE(is(last_fault, why)) << code;
    EXPECT_EQ(sent.size(), 1u);  // the only server said no
    EXPECT_EQ(last_fault.detail, code);
  }
  resolve("a.example");
  hear(sent.back(), reply(sent.back(), good | 3));
  EXPECT_TRUE(is(last_fault, error::no_such_name));
  resolve("b.example");
  hear(sent.back(), reply(sent.back()));
  EXPECT_TRUE(is(last_fault, error::no_address));
}

TEST_F(dns_resolver, asks_the_next_server_at_once_when_one_says_no) {
  serve({1, 2, 3});
  resolve("a.example");
  hear(sent[0], reply(sent[0], good | 5));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].peer, server(2));
  auto broken = reply(sent[1]).address("a.example", "192.0.2.1").octets();
  broken.pop_back();
  hear(sent[1], broken);
  ASSERT_EQ(sent.size(), 3u);
  dns.undeliverable(sent[2].port, sent[2].peer, make_fault(stream_error::refused, 111), now);
  turn();
  EXPECT_EQ(sent.size(), 3u);  // a whole round said no
  EXPECT_EQ(taken().size(), 1u);
  EXPECT_TRUE(is(last_fault, error::unreachable));
  EXPECT_EQ(last_fault.detail, 111u);
}

TEST_F(dns_resolver, what_a_server_said_explains_more_than_the_silence_of_another) {
  serve({1, 2});
  resolve("a.example");
  while (log.empty()) {
    if (sent.back().peer == server(1)) hear(sent.back(), reply(sent.back(), good | 2));
    else wait();
  }
  EXPECT_EQ(sent.size(), 2 * rounds_max);
  EXPECT_TRUE(is(last_fault, error::server_failure));
}

TEST_F(dns_resolver, asks_again_without_edns) {
  // [RFC6891-7-a]
  resolve("a.example");
  hear(sent[0], message_builder{}.head(sent[0].id, good | 1));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_FALSE(sent[1].edns);
  EXPECT_EQ(sent[1].peer, sent[0].peer);
  hear(sent[1], reply(sent[1], good | 1));
  EXPECT_TRUE(is(last_fault, error::format_error));
}

TEST_F(dns_resolver, follows_aliases_by_asking_again) {
  // [RFC1035-5.3.3-a]
  resolve("a.example");
  hear(sent[0], reply(sent[0]).alias("a.example", "b.example", 60).alias("b.example", "c.other", 20));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].about, "c.other.");
  hear(sent[1], reply(sent[1]).address("c.other", "192.0.2.3", 40));
  EXPECT_EQ(taken(), strings{"192.0.2.3 ttl 20"});
  resolve("a.example");  // remembered under the name that was asked for
  EXPECT_EQ(taken(), strings{"192.0.2.3 ttl 20"});
  EXPECT_EQ(sent.size(), 2u);
}

TEST_F(dns_resolver, gives_up_on_aliases_that_lead_in_a_circle_from_answer_to_answer) {
  // [RFC1035-5.3.3-a]
  resolve("a.example");
  while (log.empty() && sent.size() < 100) {
    const query_out asked = sent.back();
    hear(asked, reply(asked).alias(asked.about, asked.about == "a.example." ? "b.example" : "a.example"));
  }
  EXPECT_EQ(sent.size(), aliases_max + 1);
  EXPECT_TRUE(is(last_fault, error::alias_loop));
}

}  // namespace
}  // namespace recado::dns
