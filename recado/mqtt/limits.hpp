// The limits of MQTT, and those that recado sets itself, by name.
#pragma once

#include <cstddef>
#include <cstdint>

namespace recado::mqtt {

/// The largest Remaining Length: four bytes of seven bits (MQTT 5.0 §2.1.4, 3.1.1 §2.2.3).
inline constexpr std::uint32_t remaining_length_max = 268'435'455;
/// The largest variable byte integer anywhere (§1.5.5); also the largest subscription identifier.
inline constexpr std::uint32_t variable_byte_integer_max = remaining_length_max;
/// First byte and up to four bytes of Remaining Length.
inline constexpr std::size_t fixed_header_bytes_max = 5;
/// The largest packet as it stands on the wire.
inline constexpr std::uint32_t packet_bytes_max = remaining_length_max + fixed_header_bytes_max;
/// The longest UTF-8 string or binary data (§1.5.4, §1.5.6; [MQTT-4.7.3-3]).
inline constexpr std::size_t string_bytes_max = 65'535;
/// The largest PUBACK, PUBREC, PUBREL or PUBCOMP without properties.
inline constexpr std::size_t acknowledgement_bytes_max = 5;
/// The same where it says nothing but success.
inline constexpr std::size_t acknowledgement_bytes_min = 4;
/// Packet identifiers are 1 to this (§2.2.1).
inline constexpr std::uint16_t packet_identifier_max = 65'535;
/// What Receive Maximum means when it is absent (§3.1.2.11.3, §3.2.2.3.3).
inline constexpr std::uint16_t receive_maximum_default = 65'535;
/// Session Expiry Interval: the session never expires (§3.1.2.11.2).
inline constexpr std::uint32_t session_expiry_never_s = 0xffff'ffff;

}  // namespace recado::mqtt
