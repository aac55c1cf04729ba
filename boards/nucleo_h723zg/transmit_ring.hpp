// The ring of descriptors through which the Ethernet DMA is given the frames to send, each with a buffer of its own.
//
// The tail register names the descriptor behind the last one that is ready, where the DMA stops. If all were ready, the
// tail would be the descriptor that the DMA is at, and it would stop there with a full ring; so one always stays empty.
#pragma once

#include <cstdint>
#include <optional>

#include <recado/core/bytes.hpp>

namespace recado::nucleo_h723zg {

/// What of a frame's checksums the MAC puts in.
enum class checksums : std::uint8_t {
  none,    ///< not IPv4
  header,  ///< only that of IPv4's header: fragments, and protocols whose checksum the stack has made
  all,     ///< also that of UDP or TCP with its pseudo header, which must be 0 in the frame
};
/// What is to be put into a frame that begins so; 34 bytes of it are enough.
checksums checksums_for(bytes frame);

/// The ring for sending.
class transmit_ring {
 public:
  /// Where everything lies, as the DMA sees it.
  struct layout {
    std::uint32_t descriptors;    ///< address of the first descriptor; a multiple of 4
    unsigned count;               ///< descriptors, and buffers; 2 at least
    std::uint32_t buffers;        ///< address of the first buffer
    std::uint32_t buffer_stride;  ///< from there to the next one
  };
  /// What happened so far.
  struct counts {
    std::uint32_t sent = 0;    ///< frames that left
    std::uint32_t failed = 0;  ///< frames that the MAC gave up: collisions, no carrier, memory too slow
    std::uint32_t full = 0;    ///< times that there was no room
  };

  explicit transmit_ring(const layout& where) : where_(where) {}

  /// Builds an empty ring and tells the DMA, which must not be running. What was on its way is given up.
  void start();
  /// The number of a buffer that may be filled now, or nothing.
  std::optional<unsigned> room();
  /// Sends what was filled into the buffer that `room` named: `size` bytes.
  void send(std::uint32_t size, checksums which);
  /// Frames on their way.
  unsigned in_flight() const { return in_flight_; }
  /// So far.
  const counts& counted() const { return counts_; }
  /// Sees what has left.
  void reap();

 private:
  std::uint32_t descriptor(unsigned slot) const;

  layout where_;
  unsigned next_ = 0;       ///< the descriptor that is filled next
  unsigned in_flight_ = 0;  ///< how many before that belong to the DMA
  counts counts_;
};

}  // namespace recado::nucleo_h723zg
