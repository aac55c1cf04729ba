// The whole firmware on a PC, in virtual time: lwIP, Mbed TLS and the application over a cable in memory, from the
// start to the button. What an image holds is there once for the program, so each life is a process of its own.
#include "image.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>

#include "broker_on_a_wire_for_tests.hpp"

namespace recado::firmware {
namespace {

using namespace std::chrono_literals;
using namespace tls::tests;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// What a life begins with, and what happens in it.
struct plan {
  device::configuration chosen;
  std::string ca, certificate, key;
  bool test_mode = false;
  bool refuses = false, silent = false, cable = true, address_is_taken = false;
  std::size_t pulled_after = SIZE_MAX;  ///< messages; the cable is out for ten seconds then
  std::size_t pressed_after = 3;        ///< messages
  duration longest = 10min;
};

/// A device in the clear with a static address, which ends when nothing helps.
plan simple() {
  plan how;
  how.chosen.dhcp.attempts = 0, how.chosen.dhcp.static_address = "10.0.0.2",
  how.chosen.dhcp.static_gateway = "10.0.0.1";
  how.chosen.ntp.enabled = false, how.chosen.tls.enabled = false;
  how.chosen.broker.servers.push_back("10.0.0.1");
  how.chosen.broker.public_topic = "public", how.chosen.broker.secret_topic = "secret";
  how.chosen.device.console = device::console_level::debug, how.chosen.device.language = device::text_language::en;
  how.chosen.reconnect.rounds = 1;
  return how;
}

plan secured() {
  plan how = simple();
  how.chosen.tls.enabled = how.chosen.tls.client_authentication = true;
  how.chosen.tls.server_name = "broker.lab";
  how.ca = der(the_world().root.certificate.get());
  how.certificate = der(the_world().device.certificate.get()) + der(the_world().authority.certificate.get());
  how.key = key_der(the_world().device.key.get());
  return how;
}

/// The life. Its console is the process's standard error, and its end the process's.
class life {
 public:
  explicit life(plan how) : plan_(std::move(how)), broker_(wire_, plan_.chosen.tls.enabled) {
    current = this;
    wire_.up = plan_.cable;
    broker_.refuses = plan_.refuses, broker_.silent = plan_.silent;
    panel_.time = std::max(device::build_date(), day(2026, 11, 22)) + 24h;
  }

  [[noreturn]] void run() {
    image_configuration image{plan_.chosen, as_bytes(plan_.ca), as_bytes(plan_.certificate), as_bytes(plan_.key), {}};
    image.test_mode = plan_.test_mode;
    hardware on{panel_,
                panel_,
                panel_,
                watch_,
                store_,
                nullptr,
                wire_,
                random_,
                [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); },
                [] { return current->now_; },
                [] { current->in_turn(); },
                [](instant then) { current->wait_until(then); },
                [](const char* what) {
                  std::fprintf(stderr, "failed: %s\n", what);
                  std::_Exit(9);
                }};
    const fault why = firmware::run(image, on);
    std::fprintf(stderr, "LEDs %d%d%d, %zu messages, last %s, farewell %d, end %d\n", panel_.lit[0], panel_.lit[1],
                 panel_.lit[2], broker_.broker.messages.size(),
                 broker_.broker.messages.empty() ? "" : broker_.broker.messages.back().payload.c_str(),
                 !broker_.broker.packets.empty() && broker_.broker.packets.back() == 14, broker_.ended);
    std::_Exit(why ? 1 : 0);
  }

 private:
  void in_turn() {
    if (plan_.address_is_taken && !wire_.arp.empty()) {
      const arp_packet asked = wire_.arp.back();
      wire_.arp.clear();
      wire_.says_arp({arp_packet::operation::reply, lwip::hardware(9), asked.target, asked.sender_mac, asked.sender});
    }
    broker_.turn();
    const std::size_t count = broker_.broker.messages.size();
    if (count >= plan_.pulled_after && back_ == never) wire_.up = false, back_ = now_ + 10s;
    if (now_ >= back_) wire_.up = true;
    if (count >= plan_.pressed_after && !pressed_) panel_.press = pressed_ = true;
  }
  void wait_until(instant then) {
    if (!wire_.coming.empty() || !wire_.heard.empty()) return;
    now_ = std::max(now_, std::min(then, now_ + 1s));  // an interrupt of the cable's is as good as any
    if (now_ - begun_ < plan_.longest) return;
    std::fprintf(stderr, "it lives on\n");
    std::_Exit(2);
  }

  static life* current;
  plan plan_;
  lwip::wire_in_memory wire_;
  broker_on_a_wire broker_;
  device::simulated_panel panel_;
  device::counting_stopwatch watch_;
  device::memory_storage store_;
  device::seeded_entropy random_;
  instant begun_{1h}, now_ = begun_, back_ = never;
  bool pressed_ = false;
};
life* life::current = nullptr;

class image : public testing::Test {
 protected:
  image() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }  // each life with globals as they are at a reset
};

/// That a life ends with that status and that on its console.
#define EXPECT_LIFE(how, status, console) EXPECT_EXIT(life{how}.run(), testing::ExitedWithCode(status), console)

TEST_F(image, climbs_the_ladder_in_the_clear_and_says_goodbye) {
  EXPECT_LIFE(simple(), 0,
              AllOf(HasSubstr("  ok "), HasSubstr("10.0.0.2/24 (static)"), HasSubstr("10.0.0.1:1883"),
                    HasSubstr("subscribed to the secret topic"), HasSubstr("goodbye\r\n"), HasSubstr("ended\r\n"),
                    HasSubstr("farewell 1, end 1"), Not(HasSubstr("error:")), Not(HasSubstr("warning:"))));
}

TEST_F(image, climbs_it_with_tls_and_a_certificate_of_its_own) {
  EXPECT_LIFE(secured(), 0,
              AllOf(HasSubstr("TLS 1.3"), HasSubstr("subscribed to the secret topic"), HasSubstr("goodbye\r\n"),
                    HasSubstr("farewell 1, end 1"), HasSubstr(", refused 0"), Not(HasSubstr("error:"))));
}

/// A plan with a change.
template <class Change>
plan with(plan how, Change change) {
  change(how);
  return how;
}

TEST_F(image, comes_back_when_the_cable_was_out) {
  const plan how = with(secured(), [](plan& p) {
    p.pulled_after = 2, p.pressed_after = 6;
    p.chosen.reconnect.rounds = 0;
  });
  EXPECT_LIFE(
      how, 0,
      AllOf(HasSubstr(" lost network link"), HasSubstr("the network cable is out"), HasSubstr("farewell 1, end 1")));
}

TEST_F(image, tells_what_is_wrong_with_its_certificates_and_key) {
  const std::string other = key_der(the_world().stranger.key.get());
  const std::pair<plan, const char*> rows[] = {
      {with(secured(), [](plan& p) { p.ca = ""; }), "error: TLS: no CA is given"},
      {with(secured(), [](plan& p) { p.ca.pop_back(); }), "error: TLS: the CA file holds no certificate"},
      {with(secured(), [&](plan& p) { p.key = other; }), "error: TLS: the private key doesn't belong"},
      {with(secured(), [](plan& p) { p.key = ""; }),
       "error: TLS: a client certificate is given without its private key"},
  };
  for (const auto& [how, words] : rows) EXPECT_LIFE(how, 1, AllOf(HasSubstr(words), HasSubstr("LEDs 000")));
}

TEST_F(image, tells_why_the_broker_was_not_reached) {
  const std::pair<plan, const char*> rows[] = {
      {with(simple(), [](plan& p) { p.refuses = true; }), "the connection was refused"},
      {with(simple(), [](plan& p) { p.silent = true; }), "no answer came in time"},
      {with(simple(), [](plan& p) { p.address_is_taken = true; }), "another host uses that address"},
      {with(simple(), [](plan& p) { p.chosen.dhcp.static_address = "10.0.1.2"; }), "the gateway is not in the network"},
      {with(simple(), [](plan& p) { p.chosen.network.mode = device::address_mode::as_is; }), "doesn't support this"},
      {with(secured(), [](plan& p) { p.chosen.tls.server_name = "other.lab"; }), "other.lab"},
  };
  for (const auto& [how, words] : rows)
    EXPECT_LIFE(how, 1, AllOf(HasSubstr("  !! "), HasSubstr(words), HasSubstr("error: "), Not(HasSubstr("\r\nended"))));
}

TEST_F(image, waits_for_a_cable_as_long_as_it_takes) {
  EXPECT_LIFE(with(simple(), [](plan& p) { p.cable = false; }), 2,
              HasSubstr("waiting for the link: network interface: the network cable is out; plug the cable in"));
}

TEST_F(image, measures_as_if_the_button_were_held) {
  const plan how = with(simple(), [](plan& p) {
    p.test_mode = p.chosen.test.enabled = true, p.pressed_after = SIZE_MAX;
    p.chosen.test.bytes = 65536, p.chosen.test.cycles = 5;
  });
  EXPECT_LIFE(how, 0, AllOf(HasSubstr(" 1024 B  cycle    5"), HasSubstr(" 1024 B  write  min"), HasSubstr("end 1")));
}

}  // namespace
}  // namespace recado::firmware
