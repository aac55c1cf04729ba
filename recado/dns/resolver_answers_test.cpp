#include <recado/dns/dialogue_test.hpp>

namespace recado::dns {
namespace {

TEST_F(dns_resolver, fetches_a_cut_answer_over_tcp) {
  // [RFC1035-4.2.1-a]
  const query_id id = resolve("a.example");
  hear(sent[0], reply(sent[0], good | 0x0200).address("a.example", "192.0.2.1"));
  EXPECT_EQ(taken(), strings{"tcp 10.0.0.1:53"});
  EXPECT_EQ(tcp.id, id);
  EXPECT_EQ(tcp.type, record_type::a);
  EXPECT_TRUE(*tcp.what.about == testing::name_of("a.example"));
  EXPECT_EQ(dns.deadline(), now + tcp_ms_max);
  message_builder answer = message_builder{}.head(tcp.what.id, good).question("a.example", record_type::a);
  answer.address("a.example", "192.0.2.1").address("a.example", "192.0.2.2");
  dns.answered_over_tcp(id, record_type::a, answer, now);
  turn();
  EXPECT_EQ(taken(), strings{"192.0.2.1 192.0.2.2 ttl 300"});
}

TEST_F(dns_resolver, a_cut_answer_is_better_than_none_but_is_not_remembered) {
  // [RFC2181-9-a]
  for (const bool silent : {false, true}) {
    const query_id id = resolve("a.example");
    hear(sent.back(), reply(sent.back(), good | 0x0200).address("a.example", "192.0.2.1"));
    EXPECT_EQ(taken(), strings{"tcp 10.0.0.1:53"});
    if (silent) wait();
    else dns.tcp_failed(id, record_type::a, make_fault(stream_error::refused), now);
    turn();
    EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 0 more"});
  }
}

TEST_F(dns_resolver, goes_to_the_next_server_when_tcp_fails) {
  serve({1, 2});
  const query_id id = resolve("a.example");
  hear(sent[0], reply(sent[0], good | 0x0200));
  dns.tcp_failed(id, record_type::a, make_fault(stream_error::refused, 111), now);
  turn();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].peer, server(2));
  hear(sent[1], reply(sent[1], good | 0x0200));
  EXPECT_EQ(taken(), (strings{"tcp 10.0.0.1:53", "tcp 10.0.0.2:53"}));
  dns.answered_over_tcp(id, record_type::a, message_builder{}.head(tcp.what.id, good), now);
  turn();
  EXPECT_TRUE(is(last_fault, error::malformed_answer));
  // A second answer over TCP, or one for another lookup, finds nobody.
  dns.answered_over_tcp(id, record_type::a, message_builder{}.head(tcp.what.id, good), now);
  dns.tcp_failed({999}, record_type::a, {}, now);
  turn();
  EXPECT_EQ(taken().size(), 1u);
}

TEST_F(dns_resolver, tells_why_tcp_failed) {
  for (const fault& why : {make_fault(stream_error::refused, 111), make_fault(error::malformed_answer)}) {
    const query_id id = resolve("a.example");
    hear(sent.back(), reply(sent.back(), good | 0x0200));
    dns.tcp_failed(id, record_type::a, why, now);
    turn();
    const bool own = why.where == layer::dns;
    EXPECT_TRUE(is(last_fault, own ? error::malformed_answer : error::tcp_failed));
    EXPECT_EQ(last_fault.detail, own ? 0u : 111u);
  }
}

TEST_F(dns_resolver, an_answer_that_is_cut_over_tcp_too_is_malformed) {
  const query_id id = resolve("a.example");
  hear(sent[0], reply(sent[0], good | 0x0200).address("a.example", "192.0.2.1"));
  message_builder answer = message_builder{}.head(tcp.what.id, good | 0x0200).question("a.example", record_type::a);
  answer.address("a.example", "192.0.2.1").address("a.example", "192.0.2.2");
  dns.answered_over_tcp(id, record_type::a, answer, now);
  turn();
  EXPECT_EQ(log.back(), "192.0.2.1 192.0.2.2 ttl 0 more");
}

TEST_F(dns_resolver, both_families_over_tcp_at_once) {
  const query_id id = resolve("a.example", family::any);
  hear(sent[0], reply(sent[0], good | 0x0200));
  const wants_tcp first = tcp;
  hear(sent[1], reply(sent[1], good | 0x0200));
  const wants_tcp second = tcp;
  EXPECT_EQ(first.type, record_type::a);
  EXPECT_EQ(second.type, record_type::aaaa);
  taken();
  dns.answered_over_tcp(id, second.type,
                        message_builder{}
                            .head(second.what.id, good)
                            .question("a.example", second.type)
                            .address("a.example", "2001:db8::1"),
                        now);
  dns.answered_over_tcp(
      id, first.type,
      message_builder{}.head(first.what.id, good).question("a.example", first.type).address("a.example", "192.0.2.1"),
      now);
  turn();
  EXPECT_EQ(taken(), strings{"192.0.2.1 2001:db8::1 ttl 300"});
}

TEST_F(dns_resolver, remembers_answers_and_failures_for_their_time_to_live) {
  resolve("a.example");
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1", 60));
  resolve("none.example");
  hear(sent[1], reply(sent[1], good | 3).soa("example", 30, 30));
  taken();
  now += 20s;
  resolve("A.Example.");
  resolve("none.example");
  EXPECT_EQ(taken(), (strings{"192.0.2.1 ttl 40", "no such name exists (NXDOMAIN)"}));
  EXPECT_EQ(sent.size(), 2u);
  now += 10s;
  resolve("none.example");
  EXPECT_EQ(sent.size(), 3u);
  now += 30s;
  resolve("a.example");
  EXPECT_EQ(sent.size(), 5u);  // with a retry of the other
}

TEST_F(dns_resolver, does_not_remember_ttl_0_and_cuts_endless_lives) {
  resolve("a.example");
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1", 0));
  resolve("a.example");
  EXPECT_EQ(sent.size(), 2u);
  hear(sent[1], reply(sent[1]).address("a.example", "192.0.2.1", 0x7fffffff));
  EXPECT_EQ(taken(), (strings{"192.0.2.1 ttl 0", "192.0.2.1 ttl 86400"}));
}

TEST_F(dns_resolver, one_family_does_not_wait_long_for_the_other) {
  resolve("a.example", family::any);
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1"));
  EXPECT_EQ(dns.deadline(), now + other_family_ms_max);
  wait();
  EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 300"});
}

TEST_F(dns_resolver, one_family_is_enough) {
  resolve("a.example", family::any);
  hear(sent[0], reply(sent[0]));
  EXPECT_EQ(taken(), strings{});
  hear(sent[1], reply(sent[1]).address("a.example", "2001:db8::1"));
  EXPECT_EQ(taken(), strings{"2001:db8::1 ttl 300"});
}

TEST_F(dns_resolver, of_two_failures_the_one_that_says_more_is_told) {
  const std::tuple<unsigned, unsigned, error> rows[] = {{0, 0, error::no_address},     {3, 3, error::no_such_name},
                                                        {0, 2, error::server_failure}, {2, 0, error::server_failure},
                                                        {0, 3, error::no_address},     {3, 0, error::no_such_name}};
  for (const auto& [a, aaaa, why] : rows) {
    sent.clear();
    resolve("a.example", family::any);
    hear(sent[0], reply(sent[0], good | a));
    hear(sent[1], reply(sent[1], good | aaaa));
    EXPECT_TRUE(is(last_fault, why)) << a << ' ' << aaaa;
  }
}

TEST_F(dns_resolver, gives_as_many_addresses_as_its_memory_holds) {
  resolve("a.example");  // 8 addresses for each of 2 lookups
  message_builder answer = reply(sent[0]);
  for (int i = 0; i < 60; ++i) answer.address("a.example", "192.0.2." + std::to_string(i));
  hear(sent[0], answer);
  EXPECT_EQ(taken(),
            strings{"192.0.2.0 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 ttl 300 more"});
  resolve("a.example");
  EXPECT_EQ(sent.size(), 2u);  // half an answer isn't remembered
}

TEST_F(dns_resolver, all_of_60_addresses_with_the_memory_for_them) {
  resolver_storage<1, 64, 0> large;
  resolver machine{large.view(), random};
  machine.opened(now);
  const std::array list{server(1)};
  machine.set_servers(list, now);
  ASSERT_TRUE(machine.resolve("a.example", family::v4, now));
  const auto out = machine.pending(now);
  message_builder answer = message_builder{}.head(message_reader{out->payload}.head().id, good);
  answer.question("a.example", record_type::a);
  machine.sent(now);
  for (int i = 0; i < 60; ++i) answer.address("a.example", "192.0.2." + std::to_string(i));
  datagram in{out->local_port, out->peer, answer, now};
  const auto event = machine.receive(in, now);
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<resolved>(*event).addresses.size(), 60u);
  EXPECT_FALSE(std::get<resolved>(*event).more);
}

TEST_F(dns_resolver, without_memory_for_addresses_it_says_so) {
  resolver_storage<1, 0, 0> none;
  resolver machine{none.view(), random};
  ASSERT_TRUE(machine.resolve("192.0.2.1", family::v4, now));
  datagram nothing;
  const auto event = machine.receive(nothing, now);
  ASSERT_TRUE(event);
  EXPECT_TRUE(is(std::get<failed>(*event).why, error::no_room));
}

TEST_F(dns_resolver, starts_again_when_the_servers_change) {
  resolve("a.example");
  serve({1});  // the same: nothing happens
  turn();
  EXPECT_EQ(sent.size(), 1u);
  serve({2, 3});
  turn();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].peer, server(2));
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.66"));
  EXPECT_EQ(taken(), strings{});
  dns.set_servers({}, now);
  turn();
  EXPECT_TRUE(is(last_fault, error::no_server));
}

TEST_F(dns_resolver, asks_new_servers_from_the_first_on_and_with_edns) {
  serve({1, 2});
  resolve("a.example");
  hear(sent[0], message_builder{}.head(sent[0].id, 0x8181));  // FORMERR: it doesn't know EDNS
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_FALSE(sent[1].edns);
  wait();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[2].peer, server(2));
  serve({3, 4});
  turn();
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_EQ(sent[3].peer, server(3));
  EXPECT_TRUE(sent[3].edns);
}

TEST_F(dns_resolver, forgets_what_other_servers_said) {
  resolve("a.example");
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1"));
  serve({2});
  resolve("a.example");
  EXPECT_EQ(sent.size(), 2u);
}

TEST_F(dns_resolver, ends_everything_when_the_network_is_lost) {
  resolve("a.example", family::any);
  hear(sent[0], reply(sent[0]).address("a.example", "192.0.2.1"));
  resolve("b.example");
  dns.lost(make_fault(stream_error::interface_down), now);
  EXPECT_LE(dns.deadline(), now);
  turn();
  EXPECT_EQ(taken(), strings(2, std::string{words(stream_error::interface_down)})) << "both lookups, once each";
  EXPECT_EQ(dns.deadline(), never);
  resolve("c.example");
  EXPECT_EQ(sent.size(), 3u);  // nothing leaves before the network is there again
  dns.opened(now);
  turn();
  EXPECT_EQ(sent.size(), 4u);
}

TEST_F(dns_resolver, no_lookup_takes_for_ever_even_if_nothing_can_be_sent) {
  dns.lost({}, now);
  ASSERT_TRUE(dns.resolve("a.example", family::any, now));
  EXPECT_EQ(dns.deadline(), now + lookup_ms_max);
  wait();
  EXPECT_TRUE(is(last_fault, error::time_out));
  EXPECT_EQ(dns.deadline(), never);
}

TEST_F(dns_resolver, cancels) {
  const query_id a = resolve("a.example", family::any);
  const query_id b = resolve("b.example");
  EXPECT_NE(a, b);
  dns.cancel(a, now);
  dns.cancel({12345}, now);
  turn();
  EXPECT_EQ(taken(), strings{"the lookup was cancelled"});
  hear(sent[2], reply(sent[2]).address("b.example", "192.0.2.2"));
  EXPECT_EQ(taken(), strings{"192.0.2.2 ttl 300"});
}

TEST_F(dns_resolver, offers_another_port_when_one_is_taken) {
  ASSERT_TRUE(dns.resolve("a.example", family::v4, now));
  const std::uint16_t first = dns.pending(now)->local_port;
  EXPECT_EQ(dns.pending(now)->local_port, first);
  dns.port_taken(now);
  const auto out = dns.pending(now);
  EXPECT_NE(out->local_port, first);
  EXPECT_FALSE(dns.expects(first));
  EXPECT_TRUE(dns.expects(out->local_port));
}

TEST_F(dns_resolver, leaves_the_ports_to_the_driver_if_asked) {
  dns.let_driver_choose_ports(true);
  resolve("a.example");
  EXPECT_EQ(sent[0].port, 0u);
  query_out answered = sent[0];
  answered.port = 40000;
  hear(answered, reply(sent[0]).address("a.example", "192.0.2.1"));
  EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 300"});
}

// original defect 32: identifiers came from rand()
TEST_F(dns_resolver, identifiers_and_ports_look_unpredictable) {
  // [RFC5452-9.2-a]
  std::set<std::uint16_t> ids, ports;
  for (int i = 0; i < 200; ++i) {
    const query_id id = resolve("a.example");
    ids.insert(sent.back().id), ports.insert(sent.back().port);
    dns.cancel(id, now);
    turn();
  }
  EXPECT_GT(ids.size(), 190u);
  EXPECT_GT(ports.size(), 190u);
}

TEST_F(dns_resolver, the_bytes_of_pending_stay_until_they_are_sent) {
  ASSERT_TRUE(dns.resolve("a.example", family::v4, now));
  const auto out = dns.pending(now);
  const std::vector<std::byte> before(out->payload.begin(), out->payload.end());
  ASSERT_TRUE(dns.resolve("b.example", family::v4, now));
  datagram nothing;
  EXPECT_FALSE(dns.receive(nothing, now));
  const auto again = dns.pending(now);
  EXPECT_EQ(again->payload.data(), out->payload.data());
  EXPECT_TRUE(equal(again->payload, before));
}

TEST_F(dns_resolver, a_failure_over_tcp_outweighs_a_cut_answer) {
  const query_id id = resolve("a.example");
  hear(sent[0], reply(sent[0], good | 0x0200).address("a.example", "192.0.2.1"));
  dns.answered_over_tcp(
      id, record_type::a,
      message_builder{}.head(tcp.what.id, good | 3).question("a.example", record_type::a).soa("example", 30, 30), now);
  turn();
  EXPECT_EQ(taken(), (strings{"tcp 10.0.0.1:53", "no such name exists (NXDOMAIN)"}));
}

TEST_F(dns_resolver, an_alias_is_asked_about_with_all_the_patience_of_a_name) {
  resolve("a.example");
  for (unsigned i = 1; i < rounds_max; ++i) wait();
  ASSERT_EQ(sent.size(), rounds_max);
  hear(sent.back(), reply(sent.back()).alias("a.example", "b.other"));
  ASSERT_EQ(sent.size(), rounds_max + 1u);
  for (unsigned i = 1; i < rounds_max; ++i) wait();
  EXPECT_EQ(sent.size(), 2u * rounds_max);
  hear(sent.back(), reply(sent.back()).address("b.other", "192.0.2.1"));
  EXPECT_EQ(taken(), strings{"192.0.2.1 ttl 300"});
}

}  // namespace
}  // namespace recado::dns
