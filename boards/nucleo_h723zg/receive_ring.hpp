// The ring of descriptors through which the Ethernet DMA hands over the frames that came.
//
// A buffer is in one of three places: free, in a descriptor that belongs to the DMA, or lent to whoever reads the
// frame. A descriptor gets a buffer again only from those that are free, so a frame keeps its bytes until it is given
// back, however long that takes and however many frames come meanwhile (the original handed buffers back to the DMA
// before the stack had read them).
//
// The DMA stops at the descriptor that the tail register names, and reads a descriptor in several accesses. So the tail
// is always the descriptor that was made ready last: one that is being written is never within its reach. One ready
// descriptor waits as that guard; writing the tail also wakes a DMA that ran out of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace recado::nucleo_h723zg {

/// Bytes that the DMA may write to one buffer; longer frames than these don't exist on this network.
inline constexpr std::uint32_t frame_bytes_max = 1528;
/// From one descriptor to the next.
inline constexpr std::uint32_t descriptor_bytes = 16;

/// The ring for receiving.
class receive_ring {
 public:
  static constexpr unsigned descriptors_max = 8;  ///< at the most; 2 at least
  static constexpr unsigned buffers_max = 16;     ///< at the most; more than descriptors, so that some can be lent

  /// Where everything lies, as the DMA sees it.
  struct layout {
    std::uint32_t descriptors;    ///< address of the first descriptor; a multiple of 4
    unsigned descriptor_count;    ///< of the ring
    std::uint32_t buffers;        ///< address of the first byte that the DMA writes; a multiple of 4
    std::uint32_t buffer_stride;  ///< from there to that of the next one; a multiple of 4
    unsigned buffer_count;        ///< of them
  };
  /// A frame without its check sequence, lent until `give_back`.
  struct frame {
    unsigned buffer;     ///< which one
    std::uint32_t size;  ///< bytes in it
  };
  /// What happened so far.
  struct counts {
    std::uint32_t taken = 0;         ///< good frames
    std::uint32_t errors = 0;        ///< frames that the MAC found damaged
    std::uint32_t bad_checksum = 0;  ///< frames whose IP, UDP, TCP or ICMP checksum is wrong
    std::uint32_t in_pieces = 0;     ///< descriptors of frames too long for one buffer
  };

  explicit receive_ring(const layout& where) : where_(where), free_((1U << where.buffer_count) - 1) {}

  /// Builds the ring and tells the DMA, which must not be running. What is lent stays lent.
  void start();
  /// The next good frame, if one is there; those that aren't good are skipped.
  std::optional<frame> take();
  /// The bytes of that buffer aren't needed any more. A buffer that isn't lent is left alone.
  void give_back(unsigned buffer);
  /// How many buffers could still be lent with each descriptor keeping one.
  unsigned spare() const;
  /// So far.
  const counts& counted() const { return counts_; }

 private:
  enum class verdict : std::uint8_t { good, damaged, bad_checksum, in_pieces, nothing };
  std::uint32_t descriptor(unsigned slot) const { return where_.descriptors + slot * descriptor_bytes; }
  verdict judge(unsigned slot, std::uint32_t status) const;
  void count(verdict what);
  void refill();

  layout where_;
  std::uint32_t free_;      ///< a bit for each free buffer
  std::uint32_t lent_ = 0;  ///< a bit for each one that is lent
  std::array<std::uint8_t, descriptors_max> buffer_of_{};
  unsigned next_ = 0;   ///< the descriptor that the DMA fills next
  unsigned ready_ = 0;  ///< how many from there on belong to the DMA
  counts counts_;
};

}  // namespace recado::nucleo_h723zg
