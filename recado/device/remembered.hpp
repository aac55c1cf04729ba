// What the device remembers over a reset: its lease, and the time when it was last sure of it.
//
// Two blocks of the storage are used in turn. Each holds one whole record with a sequence number and a CRC-32, so
// that power lost in the middle of a write leaves the older record, whole.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <recado/core/address.hpp>
#include <recado/core/instant.hpp>
#include <recado/device/board.hpp>
#include <recado/dhcp/lease.hpp>

namespace recado::device {

/// The device's memory over resets. Without a usable storage it remembers nothing, and says so by `works()`.
class remembered {
 public:
  /// Reads the newest whole record of the storage, which must outlive it.
  explicit remembered(device::storage& where);

  /// False if the storage is too small or fails.
  bool works() const { return works_; }
  /// The address of the last lease, for INIT-REBOOT (RFC 2131 §3.2); no address if there is none.
  ip_address address() const;
  /// The time that was kept last, in UTC; nothing if there is none.
  std::optional<utc_time> last_time() const { return time_; }

  /// Keeps a lease, with the time that was kept last. Failures show in `works`.
  void keep(const dhcp::lease& lease);
  /// Keeps a time that the device is sure of, with the lease.
  void keep(utc_time time);

 private:
  static constexpr std::size_t record_bytes = 512;
  bool load(std::size_t block);
  void save();

  device::storage& where_;
  std::array<std::byte, dhcp::lease_record_bytes_max> lease_;
  std::size_t lease_size_ = 0;
  std::optional<utc_time> time_;
  std::uint32_t sequence_ = 0;
  std::size_t newest_ = 1;
  bool works_ = false;
};

}  // namespace recado::device
