// A resolver, its driver and its servers in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <set>

#include <recado/dns/messages_test.hpp>
#include <recado/dns/resolver.hpp>

namespace recado::dns {

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

inline std::string text_of(const auto& value) {
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

}  // namespace recado::dns
