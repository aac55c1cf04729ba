#include <recado/drive/posix/udp_socket.hpp>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_datagrams.hpp>
#include <tests/support/sockets.hpp>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;

constexpr ip_address here = ip_address::v4(127, 0, 0, 1);

static_assert(datagram_port<udp_socket> && datagram_port<udp_sockets>);

class udp_test : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(loop_.open()); }

  // Waits until something arrives; a fault is one too.
  template <class Port>
  std::expected<std::optional<datagram>, fault> next(Port& port) {
    const instant patience = now() + 10s;
    for (;;) {
      auto got = port.receive(memory_, now());
      if (!got || *got || now() > patience) return got;
      loop_.wait(patience);
    }
  }

  loop loop_;
  std::array<std::byte, 2'048> memory_{};
};

TEST_F(udp_test, a_datagram_goes_and_comes_with_its_peer_ports_and_time) {
  udp_socket a;
  udp_socket b;
  ASSERT_TRUE(a.open(loop_, {}) && b.open(loop_, {}));
  const instant before = now();
  ASSERT_EQ(a.send({0, {here, b.local_port()}, as_bytes("hello")}, now()), true);
  const auto got = next(b);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(as_text((*got)->payload), "hello");
  EXPECT_EQ((*got)->peer, (endpoint{here, a.local_port()}));
  EXPECT_EQ((*got)->local_port, b.local_port());
  EXPECT_GE((*got)->received, before - 1ms);
  EXPECT_LE((*got)->received, now());
}

TEST_F(udp_test, the_time_of_arrival_is_the_kernels_not_that_of_reading) {
  udp_socket a;
  udp_socket b;
  ASSERT_TRUE(a.open(loop_, {}) && b.open(loop_, {}));
  // The kernel begins to take stamps some time after the first socket asked for them.
  bool stamped = false;
  for (int attempt = 0; attempt < 500 && !stamped; ++attempt) {
    ASSERT_TRUE(a.send({0, {here, b.local_port()}, as_bytes("x")}, now()));
    const instant sent = now();
    loop_.wait(never);
    while (now() < sent + 5ms) loop_.wait(sent);
    const auto got = next(b);
    ASSERT_TRUE(got && *got);
    stamped = (*got)->received < sent + 4ms;
  }
  EXPECT_TRUE(stamped);
}

TEST_F(udp_test, ipv6_as_well) {
  udp_socket a;
  udp_socket b;
  const udp_options v6{.family = ip_address::kind::v6};
  ASSERT_TRUE(a.open(loop_, v6) && b.open(loop_, v6));
  ip_address loopback = ip_address::v6({});
  loopback.octets[15] = std::byte{1};
  ASSERT_EQ(a.send({0, {loopback, b.local_port()}, as_bytes("six")}, now()), true);
  const auto got = next(b);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->peer, (endpoint{loopback, a.local_port()}));
}

TEST_F(udp_test, an_icmp_error_comes_back_with_the_peer_that_it_is_about) {
  udp_socket a;
  udp_socket gone;
  ASSERT_TRUE(a.open(loop_, {}) && gone.open(loop_, {}));
  const endpoint nobody{here, gone.local_port()};
  gone.close();
  ASSERT_EQ(a.send({0, nobody, as_bytes("anybody?")}, now()), true);
  const auto got = next(a);
  ASSERT_FALSE(got);
  EXPECT_TRUE(is(got.error(), stream_error::refused));
  EXPECT_EQ(a.failed_peer(), nobody);
}

TEST_F(udp_test, an_icmp_error_does_not_keep_the_next_datagram_from_leaving) {
  udp_socket a;
  udp_socket b;
  udp_socket gone;
  ASSERT_TRUE(a.open(loop_, {}) && b.open(loop_, {}) && gone.open(loop_, {}));
  const endpoint nobody{here, gone.local_port()};
  gone.close();
  ASSERT_EQ(a.send({0, nobody, as_bytes("1")}, now()), true);
  ASSERT_EQ(a.send({0, {here, b.local_port()}, as_bytes("2")}, now()), true);
  EXPECT_TRUE(next(b).value().has_value());
  EXPECT_FALSE(next(a)) << "the error is still told";
}

TEST_F(udp_test, a_datagram_that_does_not_fit_and_an_empty_one_are_dropped) {
  udp_socket a;
  udp_socket b;
  ASSERT_TRUE(a.open(loop_, {}) && b.open(loop_, {}));
  const std::string large(3'000, 'x');
  for (std::string_view text : {std::string_view{large}, std::string_view{}, std::string_view{"fits"}})
    ASSERT_EQ(a.send({0, {here, b.local_port()}, as_bytes(text)}, now()), true);
  EXPECT_EQ(as_text(next(b).value()->payload), "fits");
}

TEST_F(udp_test, a_port_that_is_taken_is_told) {
  udp_socket a;
  udp_socket b;
  ASSERT_TRUE(a.open(loop_, {}));
  const auto opened = b.open(loop_, {.local_port = a.local_port()});
  ASSERT_FALSE(opened);
  EXPECT_TRUE(is(opened.error(), link_error::port_in_use));
}

TEST_F(udp_test, sockets_open_at_the_ports_asked_for_and_close_the_oldest) {
  udp_socket server;
  udp_sockets many;
  ASSERT_TRUE(server.open(loop_, {}));
  many.open(loop_, {});
  const endpoint to{here, server.local_port()};
  std::vector<std::uint16_t> seen;
  for (std::size_t i = 0; i < 2 * udp_sockets::sockets_max; ++i) {
    ASSERT_EQ(many.send({0, to, as_bytes("x")}, now()), true);
    seen.push_back(next(server).value()->peer.port);
  }
  ASSERT_EQ(many.send({seen.back(), to, as_bytes("again")}, now()), true);
  EXPECT_EQ(next(server).value()->peer.port, seen.back());
  ASSERT_EQ(server.send({0, {here, seen.back()}, as_bytes("answer")}, now()), true);
  const auto answer = next(many);
  EXPECT_EQ(answer.value()->local_port, seen.back());
  many.retire([](std::uint16_t) { return false; });
  ASSERT_EQ(server.send({0, {here, seen.back()}, as_bytes("too late")}, now()), true);
  EXPECT_TRUE(is(next(server).error(), stream_error::refused));
}

TEST_F(udp_test, sockets_have_the_options_that_were_given_once) {
  udp_socket server;
  ASSERT_TRUE(server.open(loop_, {}));
  const endpoint all{ip_address::v4(127, 255, 255, 255), server.local_port()};
  udp_sockets many;
  many.open(loop_, {});
  EXPECT_FALSE(many.send({0, all, as_bytes("x")}, now())) << "RFC 919: not without being asked to";
  many.open(loop_, {.broadcast = true});
  ASSERT_EQ(many.send({0, all, as_bytes("to all")}, now()), true);
  const auto got = next(server);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(as_text((*got)->payload), "to all");
}

// Asks a question of a server until it is answered; the n-th answer is an event.
class asker {
 public:
  struct event {
    std::string answer;
    fault why;
  };
  explicit asker(std::vector<endpoint> servers) : servers_(std::move(servers)) {}
  std::uint16_t port = 0;
  int taken = 0;
  int sent_count = 0;

  void opened(instant) {}
  void lost(fault, instant) {}
  std::optional<event> receive(datagram& in, instant) {
    if (failed_) return event{{}, std::exchange(failed_, {})};
    if (in.payload.empty()) return std::nullopt;
    return event{std::string{as_text(std::exchange(in.payload, {}))}, {}};
  }
  std::optional<datagram> pending(instant) {
    if (next_ == servers_.size()) return std::nullopt;
    return datagram{port, servers_[next_], as_bytes("question")};
  }
  void sent(instant) { ++next_, ++sent_count; }
  instant deadline() const { return failed_ ? instant{} : never; }
  void undeliverable(std::uint16_t, const endpoint&, fault why, instant) { failed_ = why; }
  void port_taken(instant) { ++taken, port = 0; }
  bool expects(std::uint16_t) const { return true; }

 private:
  std::vector<endpoint> servers_;
  std::size_t next_ = 0;
  fault failed_;
};
static_assert(datagram_machine<asker>);

TEST_F(udp_test, a_machine_asks_and_hears_the_answer) {
  udp_socket server;
  ASSERT_TRUE(server.open(loop_, {}));
  udp_sockets many;
  many.open(loop_, {});
  asker machine{{{here, server.local_port()}}};
  std::string answer;
  const auto on_event = [&](asker::event& event) { answer = event.answer; };
  drive(machine, many, memory_, now(), on_event);
  const auto question = next(server);
  ASSERT_EQ(server.send({0, question.value()->peer, as_bytes("42")}, now()), true);
  while (answer.empty()) {
    loop_.wait(now() + 10s);
    drive(machine, many, memory_, now(), on_event);
  }
  EXPECT_EQ(answer, "42");
  EXPECT_EQ(machine.sent_count, 1);
}

// original defects 28 and 43: the results of the calls for datagrams were not looked at
TEST_F(udp_test, a_taken_port_and_an_unreachable_server_are_told_to_the_machine) {
  udp_socket taken;
  ASSERT_TRUE(taken.open(loop_, {}));
  udp_sockets many;
  many.open(loop_, {});
  asker machine{{{here, 0}}};  // port 0 can't be sent to
  machine.port = taken.local_port();
  fault told;
  fault last;
  drive(
      machine, many, memory_, now(), [&](asker::event& event) { told = event.why; }, &last);
  EXPECT_EQ(machine.taken, 1);
  EXPECT_EQ(told.where, layer::stream);
  EXPECT_EQ(told, last);
}

}  // namespace
}  // namespace recado::posix
