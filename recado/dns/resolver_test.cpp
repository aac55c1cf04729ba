#include <gtest/gtest.h>

#include <set>

#include <recado/dns/messages_for_tests.hpp>
#include <recado/dns/resolver.hpp>

namespace recado::dns {
namespace {

using namespace std::chrono_literals;
using testing::good;
using testing::message_builder;

/// A datagram that left: the query, taken apart.
struct query_out {
  std::uint16_t port = 0;
  endpoint peer;
  std::uint16_t id = 0;
  std::string about;
  record_type type{};
  bool edns = false;
};

std::string text_of(const auto& value) {
  std::array<char, 1200> memory;
  buffer_sink out{memory};
  out << value;
  return std::string{out.view()};
}

class dns_resolver : public ::testing::Test {
 protected:
  void SetUp() override {
    dns.opened(now);
    serve({1});
  }
  static endpoint server(std::uint8_t number) { return {ip_address::v4(10, 0, 0, number), server_port}; }
  void serve(std::vector<std::uint8_t> numbers) {
    std::vector<endpoint> list;
    for (std::uint8_t number : numbers) list.push_back(server(number));
    dns.set_servers(list, now);
  }
  query_id resolve(std::string_view text, family wanted = family::v4) {
    const auto id = dns.resolve(text, wanted, now);
    EXPECT_TRUE(id) << text;
    turn();
    return id.value_or(query_id{});
  }
  /// What a driver does until nothing moves any more.
  void turn(datagram in = {}) {
    for (auto event = dns.receive(in, now); event; event = dns.receive(in, now)) take(*event);
    for (auto out = dns.pending(now); out; out = dns.pending(now)) {
      message_reader reader{out->payload};
      question_record asked;
      ASSERT_TRUE(reader.next(asked));
      sent.push_back({out->local_port, out->peer, reader.head().id, text_of(asked.about), asked.data.type,
                      reader.head().additionals == 1});
      EXPECT_TRUE(dns.expects(out->local_port));
      dns.sent(now);
    }
  }
  void take(const resolver::event& event) {
    if (const auto* done = std::get_if<resolved>(&event)) {
      std::string text;
      for (const ip_address& address : done->addresses) text += text_of(address) + " ";
      log.push_back(text + "ttl " + std::to_string(done->ttl.count()) + (done->more ? " more" : ""));
    } else if (const auto* wrong = std::get_if<failed>(&event)) {
      log.push_back(wrong->why.where == layer::dns ? std::string{words(static_cast<error>(wrong->why.code))}
                                                   : std::string{words(static_cast<stream_error>(wrong->why.code))});
      last_fault = wrong->why;
    } else {
      tcp = std::get<wants_tcp>(event);
      log.push_back("tcp " + text_of(tcp.server));
    }
  }
  void hear(const query_out& answered, bytes payload) {
    turn({.local_port = answered.port, .peer = answered.peer, .payload = payload, .received = now});
  }
  /// The beginning of an answer to a query that left.
  static message_builder reply(const query_out& to, unsigned flags = good) {
    return message_builder{}.head(to.id, flags).question(to.about, to.type);
  }
  void wait() {
    ASSERT_NE(dns.deadline(), never);
    now = std::max(now, dns.deadline());
    turn();
  }
  std::vector<std::string> taken() { return std::exchange(log, {}); }
  using strings = std::vector<std::string>;

  resolver_storage<2, 16, 512> memory;
  testing::seeded_entropy random;
  resolver dns{memory.view(), random};
  instant now{std::chrono::hours{1}};
  std::vector<query_out> sent;
  strings log;
  wants_tcp tcp;
  fault last_fault;
};

TEST_F(dns_resolver, asks_for_both_families_and_gives_ipv4_first) {
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

// Original defect 32: digits and dots of any length were taken for an address.
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

// Original defects 30 and 31: whatever arrived was the answer.
TEST_F(dns_resolver, ignores_what_does_not_match_and_keeps_waiting) {
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

TEST_F(dns_resolver, goes_round_the_servers_with_growing_patience_and_gives_up) {
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
  resolve("a.example");
  hear(sent[0], message_builder{}.head(sent[0].id, good | 1));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_FALSE(sent[1].edns);
  EXPECT_EQ(sent[1].peer, sent[0].peer);
  hear(sent[1], reply(sent[1], good | 1));
  EXPECT_TRUE(is(last_fault, error::format_error));
}

TEST_F(dns_resolver, follows_aliases_by_asking_again) {
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
  resolve("a.example");
  while (log.empty() && sent.size() < 100) {
    const query_out asked = sent.back();
    hear(asked, reply(asked).alias(asked.about, asked.about == "a.example." ? "b.example" : "a.example"));
  }
  EXPECT_EQ(sent.size(), aliases_max + 1);
  EXPECT_TRUE(is(last_fault, error::alias_loop));
}

TEST_F(dns_resolver, fetches_a_cut_answer_over_tcp) {
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

TEST_F(dns_resolver, identifiers_and_ports_look_unpredictable) {
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

}  // namespace
}  // namespace recado::dns
