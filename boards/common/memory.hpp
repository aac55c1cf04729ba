// The memory of the application on a board: sizes for messages of one KiB; with the preset `tiny` one of them is on its
// way at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <recado/device/application.hpp>

namespace recado::firmware {

/// All of it, as one object in the image's RAM.
class device_memory {
 public:
  /// The longest payload of the test mode, and its most cycles.
  static constexpr std::size_t test_bytes_max = 1024, cycles_max = 100;

  /// The application's view of it.
  device::application_memory view(bool with_journal) {
    device::application_memory result;
    result.receive = receive_;
    result.outbox = outbox_;
    result.session = session_.get();
    result.names = names_.view();
    result.names_over_tcp = over_tcp_;
    result.test = {mutable_bytes{outbox_}.first(test_bytes_max), either_.test.write, either_.test.read};
    if (with_journal) result.journal = {either_.journal.index, either_.journal.scratch, either_.journal.places};
    return result;
  }

 private:
  static constexpr std::size_t packet_bytes = 1280;
#if defined(RECADO_TINY)
  static constexpr std::size_t transmit_bytes = 1536;
#else
  static constexpr std::size_t transmit_bytes = 2304;
#endif
  static constexpr std::size_t over_tcp_bytes = device::has_dns_over_tcp ? 768 : 0;
  static constexpr mqtt::storage_sizes sizes{.transmit = transmit_bytes, .receive = packet_bytes};

  alignas(4) std::array<std::byte, packet_bytes> receive_;
  mqtt::session_storage<sizes> session_;
  /// Messages that wait; in test mode, where none does, the payload.
  alignas(4) std::array<std::byte, test_bytes_max> outbox_;
  std::array<std::byte, over_tcp_bytes> over_tcp_;
  dns::resolver_storage<1, device::addresses_max, 256> names_;
  /// The test mode has no journal.
  union either {
    struct {
      std::array<store::index_entry, 48> index;  // with a quarter free it holds the other records of a full house
      std::array<std::byte, 256> scratch;
      std::array<std::uint32_t, sizes.outgoing> places;
    } journal{};
    struct {
      std::array<std::uint32_t, cycles_max> write, read;
    } test;
  } either_;
};

}  // namespace recado::firmware
