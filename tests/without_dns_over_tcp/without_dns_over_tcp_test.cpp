// A build with RECADO_WITHOUT_DNS_OVER_TCP: of an answer that is cut, what came is taken.
#include <recado/device/simulated_board_test.hpp>
#include <recado/dns/messages_test.hpp>

namespace recado::device {
namespace {

static_assert(!has_dns_over_tcp);

constexpr unsigned cut = 0x0200;

/// A network with a DNS server that cuts all its answers, behind so many addresses.
class cut_answers final : public network {
 public:
  mac_address hardware() const override { return {}; }
  bool link_is_up() override { return true; }
  std::expected<void, fault> apply(const dhcp::lease&) override { return {}; }
  void withdraw() override {}
  std::expected<dhcp::lease, fault> present() override { return dhcp::lease{}; }
  std::expected<void, fault> probe(const ip_address&, instant) override { return {}; }
  std::optional<bool> probed(instant) override { return std::nullopt; }
  void announce(const ip_address&, instant) override {}
  std::expected<bool, fault> send(service, const datagram& out, instant) override {
    dns::message_reader reader{out.payload};
    dns::question_record asked;
    EXPECT_TRUE(reader.next(asked));
    dns::testing::message_builder reply;
    reply.head(reader.head().id, dns::testing::good | cut).question("a.example", asked.data.type);
    if (asked.data.type == dns::record_type::a)
      for (int i = 0; i < addresses; ++i) reply.address("a.example", "192.0.2." + std::to_string(i + 1));
    const bytes content = reply;
    answer.assign(content.begin(), content.end());
    asked_from = out.local_port, asked_at = out.peer;
    ++questions;
    return true;
  }
  std::expected<std::optional<datagram>, fault> receive(service, mutable_bytes memory, instant now) override {
    if (answer.empty()) return std::optional<datagram>{};
    const std::size_t size = answer.size();
    copy(std::exchange(answer, {}), memory);
    return std::optional{
        datagram{.local_port = asked_from, .peer = asked_at, .payload = memory.first(size), .received = now}};
  }
  stream& session_stream() override { return wire; }
  stream& lookup_stream() override { return wire; }
  instant deadline() const override { return never; }

  int addresses = 0, questions = 0;
  broker_stream wire;

 private:
  std::vector<std::byte> answer;
  std::uint16_t asked_from = 0;
  endpoint asked_at;
};

class without_dns_over_tcp : public ::testing::Test {
 protected:
  std::optional<name_service::event> outcome() {
    names.network_up(now);
    const endpoint server{ip_address::v4(10, 0, 0, 1), 53};
    names.set_servers({&server, 1}, now);
    names.start("a.example", now);
    for (int turn = 0; turn < 100; ++turn) {
      if (auto happened = names.step(now)) return happened;
      now = std::max(now, names.deadline());
    }
    return std::nullopt;
  }

  simulated_panel panel;
  memory_storage store;
  counting_stopwatch watch;
  seeded_entropy random;
  wall_clock clock;
  cut_answers net;
  dns::resolver_storage<1, 8, 256> memory;
  std::vector<std::byte> datagrams = std::vector<std::byte>(2048);
  arrivals place{datagrams};
  const board on{panel, panel, panel, watch, panel, store, net, random, clock};
  name_service names{on, memory.view(), {}, place};
  instant now{std::chrono::hours{1}};
};

TEST_F(without_dns_over_tcp, the_addresses_that_came_are_taken) {
  net.addresses = 2;
  const auto happened = outcome();
  ASSERT_TRUE(happened && std::holds_alternative<name_service::found>(*happened));
  EXPECT_EQ(std::get<name_service::found>(*happened).addresses.size(), 2u);
  EXPECT_TRUE(net.wire.attempts.empty());
}

TEST_F(without_dns_over_tcp, none_is_said) {
  const auto happened = outcome();
  ASSERT_TRUE(happened && std::holds_alternative<name_service::failed>(*happened));
  EXPECT_EQ(std::get<name_service::failed>(*happened).why, make_fault(dns::error::tcp_failed));
  EXPECT_TRUE(net.wire.attempts.empty());
}

}  // namespace
}  // namespace recado::device
