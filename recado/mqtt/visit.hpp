// How the session reaches the fields of a packet: one function for each packet and direction, which the walkers of
// codec.hpp do the rest for. For the sources of this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace recado::mqtt {

class encode_walker;
class decode_walker;
struct fixed_header;

/// Tells the walker a packet's first byte and leads it through the fields.
using encode_fields = void (*)(const void* one, encode_walker& walk);
/// Makes the packet there as the header says and leads the walker through the fields.
using decode_fields = void (*)(void* result, const fixed_header& header, decode_walker& walk);

/// Where any one of some packets is read to.
template <class... Packets>
struct room_for {
  /// For `decode_fields`.
  alignas(Packets...) std::byte data[std::max({sizeof(Packets)...})];
  /// What was read, which must be a P.
  template <class P>
  P& as() {
    static_assert((std::is_same_v<P, Packets> || ...));
    return *std::launder(reinterpret_cast<P*>(data));
  }
};

/// `encode_fields` of a P.
template <class P>
void visit_to_encode(const void* one, encode_walker& walk);
/// `decode_fields` of a P.
template <class P>
void visit_to_decode(void* result, const fixed_header& header, decode_walker& walk);

}  // namespace recado::mqtt
