// Interfaces, DHCP and ARP on networks of their own, with the kernel and dnsmasq at the other end.
#include <functional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <recado/dhcp/client.hpp>
#include <recado/drive/posix/arp_probe.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/dhcp_socket.hpp>
#include <recado/drive/posix/drive_datagrams.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/drive/posix/network_interface.hpp>
#include <recado/drive/posix/udp_socket.hpp>
#include <tests/support/child_process.hpp>
#include <tests/support/net_namespace.hpp>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;
using test::net_namespace;

interface_name name_of(std::string_view text) {
  interface_name result;
  result.assign(text);
  return result;
}

const ip_address server_address = ip_address::v4(10, 77, 0, 1);
const ip_address board_address = ip_address::v4(10, 77, 0, 50);

interface_settings plain(const ip_address& address) {
  interface_settings result;
  result.address = address;
  result.prefix = 24;
  return result;
}

std::string first_line_with(const char* path, std::string_view what) {
  const descriptor fd{::open(path, O_RDONLY | O_CLOEXEC)};
  std::string all(65'536, '\0');
  all.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(fd.get(), all.data(), all.size()), 0)));
  const auto found = all.find(what);
  if (found == std::string::npos) return {};
  const auto begin = all.rfind('\n', found) + 1;
  return all.substr(begin, all.find('\n', found) - begin);
}

// A board and a server with a cable between them. The test stands in the board's network.
class network_test : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(loop_.open());
    test::join(board_net_, "board0", server_net_, "server0");
    in_board_.emplace(board_net_);
    in_server([&] {
      ASSERT_TRUE(server_.open(loop_, name_of("server0")));
      ASSERT_TRUE(server_.set_up(true));
      ASSERT_TRUE(server_.apply(plain(server_address)));
    });
    ASSERT_TRUE(board_.open(loop_, name_of("board0")));
  }
  void in_server(const std::function<void()>& action) {
    const net_namespace::inside here{server_net_};
    action();
  }
  void plug_in() {
    ASSERT_TRUE(board_.set_up(true));
    wait_for([&](const link_status& status) { return status.carrier; });
  }
  void wait_for(const std::function<bool(const link_status&)>& wanted) {
    const instant patience = now() + 10s;
    while (!wanted(board_.status())) {
      ASSERT_LT(now(), patience);
      loop_.wait(patience);
      board_.changed();
    }
  }

  loop loop_;
  net_namespace board_net_;
  net_namespace server_net_;
  std::optional<net_namespace::inside> in_board_;
  network_interface server_;
  network_interface board_;
  system_entropy random_;
  std::array<std::byte, 2'048> memory_{};
};

// The interface.

TEST_F(network_test, interfaces_are_listed_and_found) {
  std::array<link_status, 8> memory;
  const auto all = network_interface::list(memory);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_TRUE((*all)[0].loopback && (*all)[0].up);
  EXPECT_EQ((*all)[1].name.view(), "board0");
  EXPECT_TRUE((*all)[1].ethernet);
  EXPECT_EQ((*all)[1].mtu, 1'500u);
  EXPECT_NE((*all)[1].mac, mac_address{});
  network_interface first;
  ASSERT_TRUE(first.open(loop_, {}));
  EXPECT_EQ(first.status(), (*all)[1]);
  const auto none = network_interface{}.open(loop_, name_of("nosuch0"));
  ASSERT_FALSE(none);
  EXPECT_TRUE(is(none.error(), link_error::no_such_interface));
}

TEST_F(network_test, the_cable_in_and_out_is_told) {
  EXPECT_FALSE(board_.status().up);
  plug_in();
  EXPECT_FALSE(board_.changed());
  ASSERT_TRUE(server_.set_up(false));
  wait_for([](const link_status& status) { return !status.carrier; });
  EXPECT_TRUE(board_.status().up) << "switched on, but without a cable";
  ASSERT_TRUE(server_.set_up(true));
  wait_for([](const link_status& status) { return status.carrier; });
  ASSERT_TRUE(board_.set_up(false));
  wait_for([](const link_status& status) { return !status.up && !status.carrier; });
}

TEST_F(network_test, an_interface_that_is_taken_away_is_told) {
  plug_in();
  EXPECT_FALSE(board_.status().removed);
  in_server([] { ASSERT_EQ(std::system("ip link delete server0"), 0); });  // a cable has two ends
  wait_for([](const link_status& status) { return status.removed; });
}

TEST_F(network_test, settings_are_applied_and_taken_back_exactly) {
  plug_in();
  network_interface other;  // somebody else's address on the same interface stays
  ASSERT_TRUE(other.open(loop_, name_of("board0")));
  ASSERT_TRUE(other.apply(plain(ip_address::v4(10, 99, 0, 1))));
  const auto routes_before = first_line_with("/proc/net/route", "board0");

  auto settings = plain(board_address);
  settings.mtu = 1'400;
  settings.routes.push_back({ip_address::v4_any(), 0, server_address});
  settings.routes.push_back({ip_address::v4(10, 88, 0, 0), 16, server_address});
  ASSERT_TRUE(board_.apply(settings));
  EXPECT_TRUE(board_.applied());
  // /proc/net/route writes addresses as little-endian numbers: destination, gateway.
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00000000\t01004D0A").empty());
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t0000580A\t01004D0A").empty());
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00004D0A\t00000000").empty());
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.77.0.50").empty());
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.77.0.255").empty()) << "the broadcast address";
  wait_for([](const link_status& status) { return status.mtu == 1'400; });

  ASSERT_TRUE(board_.withdraw());
  EXPECT_TRUE(first_line_with("/proc/net/route", "01004D0A").empty());
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.77.0").empty());
  EXPECT_EQ(first_line_with("/proc/net/route", "board0"), routes_before);
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.99.0.1").empty());
  wait_for([](const link_status& status) { return status.mtu == 1'500; });
  EXPECT_TRUE(board_.withdraw()) << "twice does no harm";
}

TEST_F(network_test, what_a_killed_program_left_is_taken_away_and_nothing_else) {
  plug_in();
  network_interface killed;
  ASSERT_TRUE(killed.open(loop_, name_of("board0")));
  ASSERT_TRUE(killed.apply(plain(board_address)));
  ASSERT_TRUE(board_.apply(plain(ip_address::v4(10, 99, 0, 1))));
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.77.0.50").empty());
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.99.0.1").empty());
  server_.remove_leftovers();
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.77.0.50").empty()) << "it is on another interface";
  board_.remove_leftovers();
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.77.0.50").empty());
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.99.0.1").empty());
  EXPECT_TRUE(first_line_with("/proc/net/route", "board0").empty());
}

TEST_F(network_test, new_settings_replace_the_old_ones) {
  plug_in();
  auto settings = plain(board_address);
  settings.routes.push_back({ip_address::v4_any(), 0, server_address});
  ASSERT_TRUE(board_.apply(settings));
  ASSERT_TRUE(board_.apply(settings)) << "renewed, unchanged";
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00000000\t01004D0A").empty());
  settings.routes.clear();
  settings.routes.push_back({ip_address::v4_any(), 0, ip_address::v4(10, 77, 0, 2)});
  ASSERT_TRUE(board_.apply(settings));
  EXPECT_TRUE(first_line_with("/proc/net/route", "01004D0A").empty());
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00000000\t02004D0A").empty());
  ASSERT_TRUE(board_.apply(plain(ip_address::v4(10, 77, 0, 51))));
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.77.0.50").empty());
  EXPECT_FALSE(first_line_with("/proc/net/fib_trie", "10.77.0.51").empty());
}

TEST_F(network_test, settings_that_cannot_work_leave_nothing_behind) {
  plug_in();
  auto settings = plain(board_address);
  settings.routes.push_back({ip_address::v4_any(), 0, ip_address::v4(10, 66, 0, 1)});
  const auto result = board_.apply(settings);
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), link_error::no_route));
  EXPECT_FALSE(board_.applied());
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.77.0").empty());
}

TEST_F(network_test, an_mtu_that_the_interface_cannot_have_is_left_aside) {
  plug_in();
  auto settings = plain(board_address);
  settings.mtu = 20;
  EXPECT_TRUE(board_.apply(settings));
  board_.changed();
  EXPECT_EQ(board_.status().mtu, 1'500u);
}

TEST_F(network_test, what_the_user_may_not_change_is_told_in_words) {
  plug_in();
  // Without CAP_NET_ADMIN, in a process of its own.
  EXPECT_EXIT(
      {
        if (::unshare(CLONE_NEWUSER) != 0 && ::setuid(65'534) != 0) ::_exit(3);
        const auto result = board_.apply(plain(board_address));
        ::_exit(!result && is(result.error(), link_error::not_permitted) ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

TEST(settings, of_a_lease) {
  dhcp::lease lease;
  lease.address = board_address;
  lease.prefix = 24;
  lease.mtu = 1'400;
  lease.routers.push_back(server_address);
  lease.routers.push_back(ip_address::v4(10, 77, 0, 2));
  const auto settings = settings_of(lease);
  ASSERT_EQ(settings.routes.size(), 1u);
  EXPECT_EQ(settings.routes[0], (route{ip_address::v4_any(), 0, server_address}));
  EXPECT_EQ(settings.mtu, 1'400u);
  // RFC 3442: where classless routes are given the routers don't count.
  lease.routes.push_back({ip_address::v4(10, 88, 0, 0), 16, server_address});
  EXPECT_EQ(settings_of(lease).routes[0], (route{ip_address::v4(10, 88, 0, 0), 16, server_address}));
  EXPECT_EQ(settings_of(lease).routes.size(), 1u);
}

TEST_F(network_test, a_router_beyond_the_network_of_a_lease_is_on_the_link) {
  plug_in();
  dhcp::lease lease;
  lease.address = board_address;
  lease.routers.push_back(server_address);
  for (const int prefix : {32, 31, 24}) {
    lease.prefix = static_cast<std::uint8_t>(prefix);
    ASSERT_TRUE(board_.apply(settings_of(lease))) << prefix;
    EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00000000\t01004D0A").empty()) << prefix;
    EXPECT_EQ(first_line_with("/proc/net/route", "board0\t01004D0A\t00000000").empty(), prefix == 24) << prefix;
  }
  ASSERT_TRUE(board_.withdraw());
  EXPECT_TRUE(first_line_with("/proc/net/route", "board0").empty());
}

// ARP.

class arp_test : public network_test {
 protected:
  arp_probe::verdict ask(const ip_address& address) {
    probe_.start(address, now());
    const instant patience = now() + 10s;
    while (now() < patience) {
      if (const auto verdict = probe_.drive(now())) return *verdict;
      loop_.wait(std::min(probe_.deadline(), patience));
    }
    ADD_FAILURE() << "no verdict";
    return arp_probe::verdict::free;
  }
  arp_probe probe_;
};

TEST_F(arp_test, an_address_that_somebody_has_is_a_conflict_and_others_are_free) {
  plug_in();
  ASSERT_TRUE(probe_.open(loop_, name_of("board0"), random_, arp_timing::within(20ms)));
  EXPECT_EQ(ask(server_address), arp_probe::verdict::conflict);
  EXPECT_EQ(probe_.holder(), server_.status().mac);
  EXPECT_EQ(ask(ip_address::v4(10, 77, 0, 99)), arp_probe::verdict::free);
}

TEST_F(arp_test, an_announcement_is_heard_by_the_neighbours) {
  plug_in();
  ASSERT_TRUE(board_.apply(plain(board_address)));
  // The server knows a wrong address of ours until it is told the right one.
  in_server([&] {
    udp_socket socket;
    ASSERT_TRUE(socket.open(loop_, {}));
    ASSERT_TRUE(socket.send({0, {board_address, 9}, as_bytes("x")}, now()));
  });
  ASSERT_TRUE(probe_.open(loop_, name_of("board0"), random_, arp_timing::within(20ms)));
  probe_.announce(board_address, now());
  while (probe_.deadline() != never) {
    EXPECT_FALSE(probe_.drive(now()));
    loop_.wait(probe_.deadline() == never ? now() : probe_.deadline());
  }
  std::array<char, 24> text{};
  buffer_sink sink{text};
  sink << board_.status().mac;
  in_server([&] { EXPECT_NE(first_line_with("/proc/net/arp", "10.77.0.50").find(sink.view()), std::string::npos); });
}

TEST_F(arp_test, an_interface_without_ethernet_is_refused) {
  const auto result = probe_.open(loop_, name_of("lo"), random_);
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), link_error::not_ethernet));
}

// DHCP.

class dhcp_test : public network_test {
 protected:
  void start_dnsmasq(std::vector<std::string> more = {}) {
    in_server([&] {
      std::vector<std::string> command{"/usr/sbin/dnsmasq",
                                       "--no-daemon",
                                       "--conf-file=/dev/null",
                                       "--log-facility=-",
                                       "--port=0",
                                       "--interface=server0",
                                       "--bind-interfaces",
                                       "--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,600",
                                       "--leasefile-ro",
                                       "--no-ping",
                                       "--dhcp-authoritative",
                                       "--user=root",
                                       "--pid-file="};
      command.insert(command.end(), more.begin(), more.end());
      dnsmasq_.emplace(command);
      ASSERT_TRUE(dnsmasq_->says("DHCP, sockets bound")) << dnsmasq_->said();
    });
  }
  void open() {
    plug_in();
    ASSERT_TRUE(socket_.open(loop_, name_of("board0")));
    how_.hardware = board_.status().mac;
    how_.retry_first = 1s;
    client_.emplace(how_, random_);
    client_->opened(now());
    client_->start(now());
  }
  // Turns until `done`, `later` than it is.
  void turn_until(const std::function<bool()>& done, duration later = {}) {
    const instant patience = now() + 10s;
    while (!done()) {
      ASSERT_LT(now(), patience) << (dnsmasq_ ? dnsmasq_->said() : "");
      const auto result = drive(*client_, socket_, memory_, now() + later, [&](dhcp::client::event& event) {
        std::visit([&](auto& each) { hear(each); }, event);
      });
      if (done()) return;
      loop_.wait(std::min(result.deadline - later, patience));
    }
  }
  void hear(dhcp::probe_address& event) {
    probed_ = event.address;
    client_->address_is_free(now());
  }
  void hear(dhcp::bound& event) { take(*event.granted), ++bound_; }
  void hear(dhcp::renewed& event) { take(*event.granted), ++renewed_; }
  void hear(dhcp::lease_lost&) { ++lost_; }
  void hear(dhcp::failed&) { ++failed_; }
  void hear(dhcp::parameters&) {}
  void take(const dhcp::lease& lease) {
    EXPECT_TRUE(board_.apply(settings_of(lease)));
    EXPECT_TRUE(socket_.configured(lease.address));
    lease_ = lease;
  }

  std::optional<test::child_process> dnsmasq_;
  dhcp_socket socket_;
  dhcp::options how_;
  std::optional<dhcp::client> client_;
  ip_address probed_;
  dhcp::lease lease_;
  int bound_ = 0, renewed_ = 0, lost_ = 0, failed_ = 0;
};

TEST_F(dhcp_test, an_interface_without_an_address_gets_one_renews_it_and_gives_it_back) {
  start_dnsmasq({"--dhcp-option=option:router,10.77.0.1", "--dhcp-option=option:dns-server,10.77.0.1",
                 "--dhcp-option=option:mtu,1450"});
  open();
  turn_until([&] { return bound_ == 1; });
  EXPECT_EQ(probed_, lease_.address);
  EXPECT_EQ(lease_.server, server_address);
  EXPECT_EQ(lease_.prefix, 24);
  EXPECT_FALSE(first_line_with("/proc/net/route", "board0\t00000000\t01004D0A").empty());

  // Renewed by unicast from the address itself, half the lease time later (RFC 2131 §4.4.5).
  turn_until([&] { return renewed_ == 1; }, 301s);
  EXPECT_FALSE(client_->needs_raw());

  client_->release(now());
  drive(*client_, socket_, memory_, now(), [](auto&) {});
  EXPECT_TRUE(dnsmasq_->says("DHCPRELEASE(server0)")) << dnsmasq_->said();
  EXPECT_TRUE(board_.withdraw());
  EXPECT_TRUE(socket_.configured({}));
  EXPECT_TRUE(first_line_with("/proc/net/fib_trie", "10.77.0.5").empty());
}

TEST_F(dhcp_test, a_lease_is_asked_for_again_after_the_address_was_withdrawn) {
  start_dnsmasq();
  open();
  turn_until([&] { return bound_ == 1; });
  const auto first = lease_.address;
  ASSERT_TRUE(board_.withdraw());
  ASSERT_TRUE(socket_.configured({}));
  client_->lost(make_fault(stream_error::interface_down), now());
  client_->opened(now());
  turn_until([&] { return bound_ + renewed_ == 2; });
  EXPECT_EQ(lease_.address, first);
}

TEST_F(dhcp_test, the_kernel_does_not_answer_the_server_with_port_unreachable) {
  open();
  ASSERT_TRUE(board_.apply(plain(board_address)));
  ASSERT_TRUE(socket_.configured(board_address));
  in_server([&] {
    udp_socket server;
    ASSERT_TRUE(server.open(loop_, {}));
    ASSERT_TRUE(server.send({0, {board_address, 68}, as_bytes("not DHCP")}, now()));
    ASSERT_TRUE(server.send({0, {board_address, 69}, as_bytes("nobody")}, now()));
    const instant patience = now() + 10s;
    std::expected<std::optional<datagram>, fault> got;
    while (got && now() < patience) {
      loop_.wait(patience);
      got = server.receive(memory_, now());
    }
    ASSERT_FALSE(got);
    EXPECT_EQ(server.failed_peer().port, 69) << "and nothing about port 68 before it";
  });
}

TEST_F(dhcp_test, a_second_client_of_the_port_is_told) {
  open();
  dhcp_socket second;
  const auto result = second.open(loop_, name_of("board0"));
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), link_error::port_in_use));
}

TEST_F(dhcp_test, an_interface_that_does_not_exist_is_told) {
  dhcp_socket none;
  EXPECT_TRUE(is(none.open(loop_, name_of("nosuch0")).error(), link_error::no_such_interface));
}

}  // namespace
}  // namespace recado::posix
