// One device on this machine: the board put together, and the application on it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include <apps/tls_backend/backend.hpp>
#include <recado/drive/posix/entropy.hpp>

#include "network.hpp"
#include "panel.hpp"
#include "parts.hpp"
#include "runner.hpp"

namespace recado::linux_board {

/// All the memory of a device on a PC, where there is plenty.
class device_memory {
 public:
  device::application_memory view(std::uint32_t cycles, bool with_journal);

 private:
  static constexpr std::size_t buffer_bytes = 256 * 1024;
  static constexpr std::size_t flights_max = 256;

  std::vector<std::byte> receive_{buffer_bytes}, transmit_{buffer_bytes}, outbox_{buffer_bytes}, over_tcp_{66 * 1024};
  std::vector<std::byte> payload_{device::test_bytes_max};
  std::vector<mqtt::outgoing_flight> flights_{flights_max};
  std::vector<std::uint16_t> received_ = std::vector<std::uint16_t>(mqtt::received_bitmap_words);
  std::vector<mqtt::owed_acknowledgement> owed_{flights_max};
  std::vector<std::uint32_t> write_, read_;
  // of the journal: one entry for each message that can be received, and all the others
  static constexpr std::size_t index_entries = 1 << 17, scratch_bytes = 128 * 1024;
  std::vector<store::index_entry> index_;
  std::vector<std::byte> scratch_;
  std::vector<std::uint32_t> places_;
  dns::resolver_storage<> names_;
};

/// What the configuration says about TLS; `clock` and `sessions` are borrowed.
tls::client_options tls_options(const device::configuration& chosen, const run_choices& how, const wall_clock& clock,
                                tls::session_store& sessions);

/// Everything that one device has of its own. Loop and panel may be shared by several.
class one_device {
 public:
  one_device(posix::loop& loop, panel& shown, const device::configuration& chosen, const run_choices& how);
  /// Loads the certificates and the key. It may ask for a pass phrase, so it comes before the panel and the signals are
  /// opened: a terminal that gives keys one by one and holds Ctrl-C back is none to type it on.
  std::expected<void, fault> load();
  /// Opens all else that the configuration needs and begins; `plan` may be null. `lights` are the device's LEDs.
  std::expected<void, fault> open(device::leds& lights, const device::test_plan* plan);

  device::application& operator*() { return *device_; }
  device::application* operator->() { return &*device_; }
  const offset_clock& real_time_clock() const { return rtc_; }

 private:
  posix::loop& loop_;
  panel& panel_;
  const device::complete_configuration chosen_;
  const run_choices& how_;
  posix::system_entropy entropy_;
  posix_network network_;
  offset_clock rtc_;
  system_stopwatch stopwatch_;
  file_storage storage_;
  wall_clock clock_;
  session_memory sessions_;
  device_memory memory_;
  std::vector<std::byte> records_, plaintext_;
  app::tls_either_context context_;
  app::tls_either_filter filter_;
  device::secure_by<app::tls_either_filter> cipher_;
  std::optional<device::application> device_;
};

}  // namespace recado::linux_board
