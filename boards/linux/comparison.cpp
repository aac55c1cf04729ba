// TLS and plain, measured alternately: what disturbs the machine or the broker then disturbs both alike.
#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <recado/drive/posix/clock.hpp>

#include "one_device.hpp"
#include "undisturbed.hpp"

namespace recado::linux_board {
namespace {

/// The LEDs are the first device's.
class no_leds final : public device::leds {
 public:
  void set(unsigned, bool) override {}
};

std::string text_of(const endpoint& where) {
  std::array<char, 64> memory;
  buffer_sink text{memory};
  text << where;
  return std::string{text.view()};
}

/// The configuration of the measured connections; both topics are equally long.
struct variants {
  explicit variants(const device::configuration& chosen) : secure(chosen), plain(chosen) {
    secure_topic = std::string{chosen.broker.secret_topic} + "/tls";
    plain_topic = std::string{chosen.broker.secret_topic} + "/tcp";
    secure.broker.secret_topic = secure_topic, plain.broker.secret_topic = plain_topic;
    plain.tls.enabled = false;
    plain.network.mode = device::address_mode::as_is;  // the first device has configured it
    plain.ntp.enabled = false;
    plain.broker.session_expiry_s = 0;
  }
  /// The second device goes where the first one is, to the port without TLS, under a name of its own.
  void follow(endpoint broker, std::string_view id) {
    broker.port = device::broker_port(plain);
    server = text_of(broker), plain_id = std::string{id} + "-tcp";
    plain.broker.servers.clear(), plain.broker.servers.push_back(server);
    plain.broker.client_id = plain_id;
  }

  device::configuration secure, plain;
  std::string secure_topic, plain_topic, server, plain_id;
};

class comparing {
 public:
  comparing(const device::configuration& chosen, const run_choices& how)
      : how_(how), aside_(how), of_(chosen), panel_(*how.out, how.style, true) {
    aside_.storage /= "plain";
    aside_.set_system_clock = false;
    first_.emplace(loop_, panel_, of_.secure, how_);
  }

  run_result operator()(const device::test_plan& secure, const device::test_plan& plain) {
    if (const auto ready = open(secure); !ready) return {ready.error(), 0};
    const undisturbed measuring{panel_};
    advance(*first_, nullptr);
    if ((*first_)->ended()) return ended();
    of_.follow((*first_)->broker_address(), (*first_)->client_id());
    second_.emplace(loop_, panel_, of_.plain, aside_);
    how_.flush();
    panel_.line(device::console_level::info, "a second connection to the same broker, without TLS");
    if (const auto ready = second_->open(dark_, &plain); !ready) return {ready.error(), 0};
    begun_second_ = true;
    advance(*second_, &*first_);
    for (bool first_begins = true; go_on(); first_begins = !first_begins) {
      measure(first_begins ? *first_ : *second_);
      if (go_on()) measure(first_begins ? *second_ : *first_);
    }
    return ended();
  }

 private:
  std::expected<void, fault> open(const device::test_plan& plan) {
    if (const auto loaded = first_->load(); !loaded) return loaded;
    if (const auto opened = loop_.open(); !opened) return opened;
    if (const auto opened = signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}); !opened) return opened;
    panel_.open(loop_);
    return first_->open(panel_, &plan);
  }

  /// A cycle is lost with its connection, so one of them may have more to do than the other.
  bool go_on() {
    return !stop_ && (*first_)->resting() && (*second_)->resting() &&
           !((*first_)->all_measured() && (*second_)->all_measured());
  }

  void measure(one_device& which) {
    if (which->all_measured()) return;
    which->take_turn();
    advance(which, nullptr);
  }

  /// Until the device rests or has ended; `other` isn't forgotten meanwhile where that may take long.
  void advance(one_device& which, one_device* other) {
    for (;;) {
      instant until = which->step(posix::now());
      if (other != nullptr && !(*other)->ended()) until = std::min(until, (*other)->step(posix::now()));
      if (other != nullptr && (*other)->ended()) leave(which);
      how_.flush();
      if (which->ended() || (which->resting() && leaving_ != &which)) return;
      loop_.wait(until);
      while (const auto number = signals_.next()) {
        if (std::exchange(stop_, true)) at_once_ = true;
        if (at_once_) return;  // a second time: without a goodbye
        result_.signal = *number;
        if (&which != &*first_ || !begun_second_)
          leave(which);  // with the first one's lease the second would be cut off
      }
    }
  }

  void leave(one_device& which) {
    which->stop();
    leaving_ = &which;
  }

  /// Both say goodbye, the one with the address last.
  run_result ended() {
    for (one_device* each : {begun_second_ ? &*second_ : nullptr, &*first_}) {
      if (each == nullptr || at_once_) continue;
      if (!result_.failure) result_.failure = (*each)->failure();
      if ((*each)->ended()) continue;
      leave(*each), stop_ = true;
      advance(*each, nullptr);
    }
    return result_;
  }

  run_choices how_, aside_;
  variants of_;
  posix::loop loop_;
  posix::signals signals_;
  panel panel_;
  no_leds dark_;
  std::optional<one_device> first_, second_;
  bool begun_second_ = false;
  const one_device* leaving_ = nullptr;
  bool stop_ = false, at_once_ = false;
  run_result result_;
};

}  // namespace

run_result compare(const device::configuration& chosen, const run_choices& how, const device::test_plan& secure,
                   const device::test_plan& plain) {
  const auto all = std::make_unique<comparing>(chosen, how);
  return (*all)(secure, plain);
}

}  // namespace recado::linux_board
