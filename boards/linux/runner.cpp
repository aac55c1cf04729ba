#include "runner.hpp"

#include <csignal>
#include <memory>
#include <optional>

#include <recado/drive/posix/clock.hpp>

#include "one_device.hpp"
#include "undisturbed.hpp"

namespace recado::linux_board {
namespace {

/// Everything that lives as long as one run.
class running {
 public:
  running(const device::configuration& chosen, const run_choices& how)
      : how_(how), panel_(*how.out, how.style, how.button_held), device_(loop_, panel_, chosen, how) {}

  run_result operator()(const device::test_plan* plan) {
    if (const auto ready = open(plan); !ready) return {ready.error(), 0};
    std::optional<undisturbed> measuring;
    if (plan != nullptr) measuring.emplace(panel_);
    run_result result;
    while (!device_->ended()) {
      const instant until = device_->step(posix::now());
      how_.flush();
      if (device_->ended()) break;
      loop_.wait(until);
      while (const auto number = signals_.next()) {
        if (result.signal != 0) return result;  // a second time: at once, without a goodbye
        result.signal = *number;
        device_->stop();
      }
    }
    result.failure = device_->failure();
    if (const fault why = device_.real_time_clock().why_not_set()) say_clock(why);
    return result;
  }

 private:
  std::expected<void, fault> open(const device::test_plan* plan) {
    if (const auto loaded = device_.load(); !loaded) return loaded;
    if (const auto opened = loop_.open(); !opened) return opened;
    if (const auto opened = signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}); !opened) return opened;
    panel_.open(loop_);
    return device_.open(panel_, plan);
  }

  void say_clock(fault why) {
    panel_.line(device::console_level::warning,
                is(why, link_error::not_permitted)
                    ? "the system's clock was not set: that is not allowed; run it as root, or give it CAP_SYS_TIME"
                    : "the system's clock could not be set; the device's own is right all the same");
  }

  const run_choices& how_;
  posix::loop loop_;
  posix::signals signals_;
  panel panel_;
  one_device device_;
};

}  // namespace

std::expected<void, fault> check_tls(const device::configuration& chosen, const run_choices& how) {
  if (!chosen.tls.enabled) return {};
  const wall_clock clock;
  session_memory sessions;
  app::tls_either_context context{how.tls_by};
  const auto loaded = context.load(tls_options(chosen, how, clock, sessions));
  if (!loaded) return std::unexpected{make_fault(loaded.error())};
  return {};
}

run_result run(const device::configuration& chosen, const run_choices& how, const device::test_plan* plan) {
  const auto all = std::make_unique<running>(chosen, how);
  return (*all)(plan);
}

}  // namespace recado::linux_board
