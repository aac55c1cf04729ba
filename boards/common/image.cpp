#include "image.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <recado/chain/words.hpp>
#include <recado/device/application.hpp>
#include <recado/drive/lwip/clock.hpp>

#include "memory.hpp"
#include "network.hpp"
#include "secure_channel.hpp"
#include "text_console.hpp"

namespace recado::firmware {
namespace {

device_memory memory;
lwip_network network;
wall_clock civil_clock;
secure_channel secured;
std::optional<text_console> console;
std::optional<device::application> application;

/// The button as the image wants it: held, if it is made for the test mode.
class image_button final : public device::button {
 public:
  image_button(device::button& own, bool held) : own_(own), held_(held) {}
  bool pressed() override { return own_.pressed(); }
  bool held_at_start() override { return held_ || own_.held_at_start(); }

 private:
  device::button& own_;
  bool held_;
};
std::optional<image_button> button;

std::array<std::uint32_t, 1> test_sizes;

std::optional<device::test_plan> plan_of(const image_configuration& image) {
  const auto& chosen = image.chosen;
  if (!chosen.test.enabled) return std::nullopt;
  device::test_plan plan;
  test_sizes[0] = std::min<std::uint32_t>(chosen.test.bytes, device_memory::test_bytes_max);
  plan.sizes = test_sizes;
  if (!image.test_sizes.empty()) plan.sizes = image.test_sizes;
  plan.cycles = std::min<std::uint32_t>(chosen.test.cycles, device_memory::cycles_max);
  return plan;
}

fault loop(const hardware& on) {
  while (!application->ended()) {
    const bool more = network.poll();
    lwip::run_timers();
    const instant until = application->step(on.now());
    on.in_turn();
    if (!more && !application->ended()) on.sleep_until(std::min(until, lwip::timers_due(on.now())));
  }
  return application->failure();
}

// What is said, read and made once stays apart: it would lie on the stack of the whole run.
[[gnu::noinline]] fault open_tls(const image_configuration& image, const hardware& on) {
  if (!image.chosen.tls.enabled) return {};
  const auto ready = secured.open(image, on.random, civil_clock, on.session_chip, *console);
  return ready ? fault{} : ready.error();
}

[[gnu::noinline]] void make_application(const image_configuration& image, const hardware& on,
                                        const device::test_plan* plan) {
  const device::board board{on.leds,    *button, on.real_time_clock, on.stopwatch, *console,
                            on.storage, network, on.random,          civil_clock,  on.session_storage};
  application.emplace(image.chosen, board, &secured.cipher(), memory.view(on.session_storage != nullptr), plan);
}

/// What was used at most of all that can run out.
[[gnu::noinline]] void say_memory(const hardware& on) {
  char room[240];
  buffer_sink line{room};
  line << "memory: stack ", line.number(on.stack_used != nullptr ? on.stack_used() : 0);
  const auto& tls = tls::mbedtls::memory_usage();
  line << ", TLS ", line.number(tls.high_water) << " of ", line.number(tls.size);
  lwip::describe_memory(line);
  console->line(device::console_level::debug, line.view());
}

[[gnu::noinline]] void say_end(fault why) {
  if (!why) return console->line(device::console_level::info, "ended");
  char room[320];
  buffer_sink line{room};
  chain::describe(why, line);
  console->line(device::console_level::error, line.view());
}

}  // namespace

fault run(const image_configuration& image, const hardware& on) {
  console.emplace(on.write, image.chosen.device.console, on.effort_spent);
  lwip::start(on.now, on.random, on.failed);
  network.open(on.ethernet, on.random);
  button.emplace(on.button, image.test_mode);
  const auto plan = plan_of(image);
  fault why = open_tls(image, on);
  if (!why) {
    make_application(image, on, plan ? &*plan : nullptr);
    why = loop(on);
  }
  say_memory(on);
  say_end(why);
  return why;
}

}  // namespace recado::firmware
