// All packets of MQTT 5.0 and 3.1.1, and what can be done with them: size, encode, decode, print.
//
// Each packet describes its fields once, in `fields`; four walkers (codec.hpp) do the rest. What a struct
// refers to is borrowed: on the way in the bytes of the received packet, which it points into; on the way
// out the caller's memory. Encoding goes straight into the buffer that goes to the wire.
//
//   fixed_header header;
//   if (defect d = read_header(in, options, header)) ...        // close with answer_to(d.code)
//   if (header.size == 0 || in.size() < header.total()) ...     // incomplete: wait for more
//   publish message;
//   if (defect d = decode(header, in.first(header.total()), options, message)) ...
#pragma once

#include <expected>
#include <variant>

#include <recado/core/bytes.hpp>
#include <recado/core/text.hpp>
#include <recado/mqtt/error.hpp>
#include <recado/mqtt/limits.hpp>
#include <recado/mqtt/packet_acknowledge.hpp>
#include <recado/mqtt/packet_connect.hpp>
#include <recado/mqtt/packet_publish.hpp>
#include <recado/mqtt/packet_subscribe.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::mqtt {

/// How received bytes are to be understood.
struct decode_options {
  version protocol = version::v5_0;  ///< of the connection; a CONNECT brings its own
  sender from = sender::server;      ///< who sent them
  /// True leaves out the checks of the characters in strings (UTF-8, U+0000, wildcards in topics) for a
  /// caller who trusts its broker: what was broken then reaches the application as it is. Lengths, flags,
  /// identifiers and properties are always checked; nothing is ever read past its end.
  bool trusted = false;
  std::uint32_t packet_bytes_max = mqtt::packet_bytes_max;  ///< a longer packet is `packet_too_large`
};

/// The fixed header of a packet (2.1).
struct fixed_header {
  packet_type type{};           ///< which packet it is
  std::uint8_t flags = 0;       ///< the low four bits of the first byte, as the packet must have them
  std::uint8_t size = 0;        ///< of the fixed header itself: 2 to 5, or 0 while it is incomplete
  std::uint32_t remaining = 0;  ///< Remaining Length

  /// The length of the whole packet in bytes.
  constexpr std::uint32_t total() const { return size + remaining; }
};

/// Reads the fixed header at the front of `in`: type and flags are checked against version and sender
/// [MQTT-2.1.3-1], Remaining Length against four bytes, minimal form (5.0: [MQTT-1.5.5-1]) and
/// `packet_bytes_max`. While too few bytes are there, `header.size` is 0 and there is no defect.
defect read_header(bytes in, const decode_options& options, fixed_header& header);

/// Decodes one packet in place. `packet` starts with its first byte and holds `header.total()` bytes; more are
/// ignored. A PUBLISH may be shorter as long as everything before its payload is there (`payload_rest` says
/// what is missing); what is too short is `error::incomplete`, which is no fault of the peer.
/// P: connect, connack, publish, acknowledgement, subscribe, subscribe_acknowledgement, unsubscribe, ping,
/// disconnect or auth; its type must be `header.type` (as `P::is(header.type)` says).
template <class P>
defect decode(const fixed_header& header, bytes packet, const decode_options& options, P& result);

/// The short way for what arrives most, P being publish or acknowledgement: if a whole P stands at the front of
/// `in`, well, without properties and shorter than 16 KiB, decodes it and returns its length. Else returns 0, and
/// `result` is undefined: `read_header` and `decode` say what is there. The checks are the same.
template <class P>
std::size_t take(bytes in, const decode_options& options, P& result);

/// How many bytes the packet takes on the wire, `payload_rest` of a PUBLISH included. Strings must be at most
/// `string_bytes_max` long.
template <class P>
std::size_t size(const P& packet, version protocol);

/// Writes the packet to the front of `out` and returns how many bytes that took (`payload_rest` not included).
/// Errors: `no_room` (nothing was written), `string_too_long`, `message_too_large`. What a caller must not
/// send is not checked here: see topic.hpp for topics and filters.
template <class P>
std::expected<std::size_t, error> encode(const P& packet, version protocol, mutable_bytes out);

/// How packets are printed.
struct print_options {
  version protocol = version::v5_0;    ///< of the connection: what fields there are
  bool show_secrets = false;           ///< password and authentication data; else only their length
  bool one_line = true;                ///< else one field a line, indented by two spaces
  std::size_t payload_bytes_max = 64;  ///< of a payload; the rest is counted
};

/// Prints `PUBLISH qos 1, topic name "a/b", packet identifier 10, payload "hello"`.
template <class P>
void print(const P& packet, const print_options& options, text_sink& out);

/// Any packet, for tools.
using any_packet = std::variant<connect, connack, publish, acknowledgement, subscribe, subscribe_acknowledgement,
                                unsubscribe, ping, disconnect, auth>;
/// The same for any packet: `result` becomes one of the type that the header says.
defect decode(const fixed_header& header, bytes data, const decode_options& options, any_packet& result);
/// How many bytes it takes on the wire.
std::size_t size(const any_packet& any, version protocol);
/// Writes it to the front of `out`; errors as above.
std::expected<std::size_t, error> encode(const any_packet& any, version protocol, mutable_bytes out);
/// Prints it as above.
void print(const any_packet& any, const print_options& options, text_sink& out);

/// True unless the payload is announced as UTF-8 (Payload Format Indicator 1) and isn't (3.3.2.3.2): then the
/// receiver may answer `reason::payload_format_invalid`. Decoding leaves it to the caller, as a payload may
/// arrive in pieces.
bool payload_is_as_announced(const publish& message);

}  // namespace recado::mqtt
