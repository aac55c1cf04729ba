#include "one_device.hpp"

namespace recado::linux_board {

device::application_memory device_memory::view(std::uint32_t cycles, bool with_journal) {
  write_.resize(cycles), read_.resize(cycles);
  device::application_memory result;
  result.receive = receive_, result.outbox = outbox_, result.names_over_tcp = over_tcp_;
  result.session.transmit = transmit_, result.session.outgoing = flights_, result.session.received = received_;
  result.session.owed = owed_, result.session.receive_size = buffer_bytes;
  result.names = names_.view();
  result.test = {payload_, write_, read_};
  if (with_journal) index_.resize(index_entries), scratch_.resize(scratch_bytes), places_.resize(flights_max);
  result.journal = {index_, scratch_, places_};
  return result;
}

tls::client_options tls_options(const device::configuration& chosen, const run_choices& how, const wall_clock& clock,
                                tls::session_store& sessions) {
  tls::client_options options;
  const auto& tls = chosen.tls;
  if (!tls.psk.empty()) options.psk = {tls.psk_identity, as_bytes(tls.psk)};
  else if (tls.ca.empty()) options.system_store = true;
  else options.ca = tls::source::file(tls.ca);
  if (!tls.crl.empty()) options.crl = tls::source::file(tls.crl);
  if (tls.client_authentication) options.certificate = tls::source::file(tls.certificate);
  if (tls.client_authentication && !tls.key.empty()) options.key = tls::source::file(tls.key);
  options.pass_phrase = how.pass_phrase, options.ask = how.ask;
  options.report_chain = tls.debug_level >= 1;
  options.clock = &clock, options.keys = how.keys, options.sessions = &sessions;
  return options;
}

one_device::one_device(posix::loop& loop, panel& shown, const device::configuration& chosen, const run_choices& how)
    : loop_(loop),
      panel_(shown),
      chosen_(chosen),
      how_(how),
      network_(loop_, entropy_),
      rtc_(how.set_system_clock),
      records_(20 * 1024),
      plaintext_(256 * 1024),
      context_(how.tls_by),
      filter_(context_, {records_, plaintext_}),
      cipher_(filter_) {}

std::expected<void, fault> one_device::load() {
  if (!chosen_.tls.enabled) return {};
  const auto loaded = context_.load(tls_options(chosen_, how_, clock_, sessions_));
  if (!loaded) return std::unexpected{make_fault(loaded.error())};
  return {};
}

std::expected<void, fault> one_device::open(device::leds& lights, const device::test_plan* plan) {
  network_.observe(how_.observer);
  if (const auto opened = network_.open(chosen_); !opened) return opened;
  storage_.open(how_.storage);  // last: a device that can't begin leaves no folder behind
  const device::board board{lights,   panel_,   rtc_,     stopwatch_, panel_,
                            storage_, network_, entropy_, clock_,     how_.session};
  device_.emplace(chosen_, board, &cipher_, memory_.view(plan != nullptr ? plan->cycles : 0, how_.session != nullptr),
                  plan);
  return {};
}

}  // namespace recado::linux_board
