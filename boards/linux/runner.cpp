#include "runner.hpp"

#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/tls/openssl/filter.hpp>

#include "network.hpp"
#include "parts.hpp"
#include "undisturbed.hpp"

namespace recado::linux_board {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t flights_max = 256;

/// All the memory of a device on a PC, where there is plenty.
struct memory {
  std::vector<std::byte> receive{buffer_bytes}, transmit{buffer_bytes}, outbox{buffer_bytes}, over_tcp{66 * 1024};
  std::vector<std::byte> records{20 * 1024}, plaintext{buffer_bytes}, payload{device::test_bytes_max};
  std::vector<mqtt::outgoing_flight> flights{flights_max};
  std::vector<std::uint16_t> received = std::vector<std::uint16_t>(mqtt::received_bitmap_words);
  std::vector<mqtt::owed_acknowledgement> owed{flights_max};
  std::vector<std::uint32_t> write, read;
  dns::resolver_storage<> names;

  device::application_memory view(std::uint32_t cycles) {
    write.resize(cycles), read.resize(cycles);
    device::application_memory result;
    result.receive = receive, result.outbox = outbox, result.names_over_tcp = over_tcp;
    result.session.transmit = transmit, result.session.outgoing = flights, result.session.received = received;
    result.session.owed = owed, result.session.receive_size = buffer_bytes;
    result.names = names.view();
    result.test = {payload, write, read};
    return result;
  }
};

tls::client_options tls_options(const device::configuration& chosen, const run_choices& how, const wall_clock& clock,
                                tls::session_store& sessions) {
  tls::client_options options;
  const auto& tls = chosen.tls;
  if (tls.ca.empty()) options.system_store = true;
  else options.ca = tls::source::file(tls.ca);
  if (!tls.crl.empty()) options.crl = tls::source::file(tls.crl);
  if (tls.client_authentication) options.certificate = tls::source::file(tls.certificate);
  if (tls.client_authentication && !tls.key.empty()) options.key = tls::source::file(tls.key);
  options.pass_phrase = how.pass_phrase, options.ask = how.ask;
  options.report_chain = tls.debug_level >= 1;
  options.clock = &clock, options.keys = how.keys, options.sessions = &sessions;
  return options;
}

/// Everything that lives as long as one run.
class running {
 public:
  running(const device::configuration& chosen, const run_choices& how)
      : chosen_(chosen),
        how_(how),
        panel_(*how.out, how.style, how.button_held),
        network_(loop_, entropy_),
        rtc_(how.set_system_clock),
        filter_(context_, {memory_.records, memory_.plaintext}),
        cipher_(filter_) {}

  run_result operator()(const device::test_plan* plan) {
    if (const auto ready = open(); !ready) return {ready.error(), 0};
    device::board board{panel_, panel_, rtc_, stopwatch_, panel_, storage_, network_, entropy_, clock_};
    const std::uint32_t cycles = plan != nullptr ? plan->cycles : 0;
    device::application device{chosen_, board, &cipher_, memory_.view(cycles), plan};
    std::optional<undisturbed> measuring;
    if (plan != nullptr && !measuring.emplace().allowed())
      panel_.line(device::console_level::warning,
                  "no right to real-time priority: the times include the turns of other programs");
    run_result result;
    while (!device.ended()) {
      const instant until = device.step(posix::now());
      how_.flush();
      if (device.ended()) break;
      loop_.wait(until);
      while (const auto number = signals_.next()) {
        if (result.signal != 0) return result;  // a second time: at once, without a goodbye
        result.signal = *number;
        device.stop();
      }
    }
    result.failure = device.failure();
    if (const fault why = rtc_.why_not_set()) say_clock(why);
    return result;
  }

 private:
  std::expected<void, fault> open() {
    if (const auto opened = loop_.open(); !opened) return opened;
    if (const auto opened = signals_.open(loop_, {SIGINT, SIGTERM, SIGHUP}); !opened) return opened;
    panel_.open(loop_);
    network_.observe(how_.observer);
    if (const auto opened = network_.open(chosen_); !opened) return opened;
    storage_.open(how_.storage);
    if (!chosen_.tls.enabled) return {};
    const auto loaded = context_.load(tls_options(chosen_, how_, clock_, sessions_));
    if (!loaded) return std::unexpected{make_fault(loaded.error())};
    return {};
  }

  void say_clock(fault why) {
    panel_.line(device::console_level::warning,
                why.where == layer::link ? words(link_error::not_permitted) : "the system's clock could not be set");
  }

  const device::configuration& chosen_;
  const run_choices& how_;
  posix::loop loop_;
  posix::signals signals_;
  posix::system_entropy entropy_;
  panel panel_;
  posix_network network_;
  offset_clock rtc_;
  system_stopwatch stopwatch_;
  file_storage storage_;
  wall_clock clock_;
  session_memory sessions_;
  memory memory_;
  tls::openssl::context context_;
  tls::openssl::filter filter_;
  device::secure_by<tls::openssl::filter> cipher_;
};

}  // namespace

std::expected<void, fault> check_tls(const device::configuration& chosen, const run_choices& how) {
  if (!chosen.tls.enabled) return {};
  const wall_clock clock;
  session_memory sessions;
  tls::openssl::context context;
  const auto loaded = context.load(tls_options(chosen, how, clock, sessions));
  if (!loaded) return std::unexpected{make_fault(loaded.error())};
  return {};
}

run_result run(const device::configuration& chosen, const run_choices& how, const device::test_plan* plan) {
  const auto all = std::make_unique<running>(chosen, how);
  return (*all)(plan);
}

}  // namespace recado::linux_board
