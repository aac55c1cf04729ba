// What a message can't cost less than: its record through the cipher alone, and its bytes through lwIP alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cable.hpp"

namespace recado::measure {

/// The ciphers of records.
enum class aead : std::uint8_t { none, chacha20_poly1305, aes_128_gcm, aes_256_gcm };

/// Both directions of one record, in instructions.
struct record_cost {
  std::uint32_t seal = 0, open = 0;
};
/// A record with that much plaintext and associated data, in bytes; nothing is counted of what is done once for a key.
record_cost record_alone(aead which, std::size_t plaintext, std::size_t associated, device::stopwatch& counter);

/// Both directions of one segment, in instructions.
struct segment_cost {
  std::uint32_t out = 0;   ///< `tcp_write` and `tcp_output`, down to the controller
  std::uint32_t in = 0;    ///< from the controller to lwIP's callback
  std::uint32_t take = 0;  ///< copying out of lwIP's buffers, and saying that there is room again
};
/// So many bytes, 2 to 1460, by the raw interface to the peer's `listener` and from its `speaker`.
segment_cost segment_alone(std::size_t size, const endpoint& listener, const endpoint& speaker, cable& wire,
                           device::stopwatch& counter);

}  // namespace recado::measure
