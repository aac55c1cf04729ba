// How the session reaches the fields of a packet: one function for each packet and direction, which the walkers of
// codec.hpp do the rest for. For the sources of this folder.
#pragma once

namespace recado::mqtt {

class encode_walker;
class decode_walker;
struct fixed_header;

/// Tells the walker a packet's first byte and leads it through the fields.
using encode_fields = void (*)(const void* one, encode_walker& walk);
/// Begins the packet anew as the header says and leads the walker through the fields.
using decode_fields = void (*)(void* result, const fixed_header& header, decode_walker& walk);

/// `encode_fields` of a P.
template <class P>
void visit_to_encode(const void* one, encode_walker& walk);
/// `decode_fields` of a P.
template <class P>
void visit_to_decode(void* result, const fixed_header& header, decode_walker& walk);

}  // namespace recado::mqtt
