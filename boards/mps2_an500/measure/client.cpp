#include "client.hpp"

#include <algorithm>
#include <optional>

#include <boards/common/memory.hpp>

namespace recado::measure {
namespace {

constexpr std::uint32_t cycles = 12;
constexpr unsigned turns_max = 2000;

/// Keeps the cheapest cycle of each size, and how dear the dearest was.
class cheapest final : public device::test_log {
 public:
  explicit cheapest(connection_cost& out) : out_(out) {}
  /// Instructions for taking in what the next cycle's message came in.
  void took_in(std::uint32_t input) { input_ = input; }
  void cycle(std::uint32_t bytes, std::uint32_t number, const device::test_sample& sample) override {
    const auto size = std::ranges::find(message_sizes, bytes) - std::begin(message_sizes);
    message_cost& best = out_.messages[static_cast<std::size_t>(size)];
    if (number == 1 || sample.write() < best.write.write()) best.write = sample;
    if (number == 1 || sample.read() < best.read.read()) best.read = sample;
    if (number == 1 || input_ < best.input) best.input = input_;
    best.write_most = std::max(best.write_most, sample.write());
    best.read_most = std::max(best.read_most, sample.read());
  }
  void size_done(std::uint32_t, const device::summary&, const device::summary&) override {}

 private:
  connection_cost& out_;
  std::uint32_t input_ = 0;
};

/// One connection from its beginning to the last message.
class client {
 public:
  client(const device::configuration& chosen, const device::board& on, cable& wire, const destination& to,
         connection_cost& out)
      : on_(on),
        wire_(wire),
        to_(to),
        out_(out),
        log_(out),
        given_(memory_.view(false)),
        session_(given_.session),
        arrivals_(given_.receive),
        channel_(on, session_, to.cipher, arrivals_),
        test_(chosen, on, session_, channel_, {.sizes = message_sizes, .cycles = cycles, .log = &log_, .name = {}},
              given_.test) {}

  fault run() {
    mqtt::connect_options how;
    how.client_identifier = "recado-measured";
    if (const auto asked = session_.connect(how); !asked) return make_fault(asked.error());
    if (const auto begun = channel_.connect(to_.where, to_.name, script_time()); !begun) return begun.error();
    for (unsigned turn = 0; turn < turns_max && !test_.finished(); ++turn) {
      if (const fault why = step()) return why;
      let_time_pass();
    }
    const bool done = test_.finished();
    channel_.abandon(script_time());
    wire_.carry();
    return done ? fault{} : make_fault(stream_error::timed_out);
  }

 private:
  fault step() {
    wire_.carry();
    if (session_.online())
      if (const fault why = test_.step(script_time())) return why;
    wire_.carry();
    const std::uint64_t begun = on_.stopwatch.nanoseconds();
    auto happened = channel_.step(script_time());
    const auto took = static_cast<std::uint32_t>(on_.stopwatch.nanoseconds() - begun);
    const std::uint32_t input = wire_.taken_in();
    log_.took_in(input);
    // Its first step, in which the client makes its key, is the one that opens.
    const bool opens = happened && std::holds_alternative<device::channel::opened>(*happened);
    if (to_.cipher != nullptr && (opens || shaking_hands_)) out_.handshake += took + input;
    return happened ? on_event(*happened) : fault{};
  }

  fault on_event(const device::channel::event& happened) {
    if (std::holds_alternative<device::channel::opened>(happened)) {
      shaking_hands_ = true;
    } else if (const auto* tls = std::get_if<tls::event>(&happened)) {
      if (std::holds_alternative<tls::secured>(*tls)) shaking_hands_ = false;
      if (const auto* over = std::get_if<tls::closed>(tls)) return over->why;
    } else if (const auto* over = std::get_if<device::channel::ended>(&happened)) {
      return over->why;
    } else if (const auto* mqtt = std::get_if<mqtt::session_event>(&happened)) {
      if (std::holds_alternative<mqtt::connected>(*mqtt)) test_.start(script_time());
      if (const auto* message = std::get_if<mqtt::message_received>(mqtt)) test_.on_message(*message, script_time());
    }
    return {};
  }

  const device::board& on_;
  cable& wire_;
  destination to_;
  connection_cost& out_;
  cheapest log_;
  firmware::device_memory memory_;
  device::application_memory given_;
  mqtt::session session_;
  device::arrivals arrivals_;
  device::channel channel_;
  device::test_mode test_;
  bool shaking_hands_ = false;
};

std::optional<client> the_client;

}  // namespace

std::expected<connection_cost, fault> measure(const device::configuration& chosen, const device::board& on, cable& wire,
                                              const destination& to) {
  connection_cost result;
  the_client.emplace(chosen, on, wire, to, result);
  const fault why = the_client->run();
  the_client.reset();
  if (why) return std::unexpected{why};
  return result;
}

}  // namespace recado::measure
