// The other host of the measuring image: ARP and one TCP connection at a time, made by hand, so that what comes back
// is the same in each run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/drive/arp_packet.hpp>

namespace recado::measure {

/// What answers at a port.
class service {
 public:
  /// Somebody has connected.
  virtual void begin() = 0;
  /// Takes what came, in order.
  virtual void hear(bytes what) = 0;
  /// Writes what it has to say now, as much as there is room for; how many bytes.
  virtual std::size_t say(mutable_bytes room) = 0;

 protected:
  ~service() = default;
};

/// The host. Nothing gets lost between it and the board, so it sends nothing twice.
class tcp_peer {
 public:
  /// A port that is open.
  struct port {
    std::uint16_t number;  ///< of TCP
    service* what;         ///< who answers there
  };
  /// The ports and their services must outlive it.
  tcp_peer(const mac_address& mac, const ip_address& address, std::span<const port> ports)
      : mac_(mac), address_(address), ports_(ports) {}

  /// Takes a frame of the board's.
  void receive(bytes frame);
  /// The next frame for the board, or nothing; it lives until the next call.
  bytes next_frame();

 private:
  static constexpr std::size_t frame_bytes_max = 1514, payload_bytes_max = 1460;

  struct segment {
    std::uint16_t from = 0, to = 0;
    std::uint32_t number = 0, acknowledged = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;
    bytes payload;
  };
  static std::optional<segment> parse(bytes packet);
  void on_segment(const segment& what);
  void begin(const segment& what);
  bytes make(std::uint8_t flags, bytes options, std::size_t payload_bytes);

  mac_address mac_;
  ip_address address_;
  std::span<const port> ports_;
  mac_address board_mac_;
  ip_address board_;
  std::optional<arp_packet> arp_answer_;
  service* service_ = nullptr;
  std::uint16_t own_port_ = 0, board_port_ = 0;
  std::uint32_t next_ = 0, acknowledged_ = 0, window_ = 0;  // of what this host sends
  std::uint32_t expected_ = 0;                              // from the board
  bool owes_beginning_ = false, owes_acknowledgement_ = false, board_ended_ = false;
  std::array<std::byte, frame_bytes_max> frame_{};
};

}  // namespace recado::measure
