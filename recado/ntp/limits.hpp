// The bounds of the NTP client, by name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace recado::ntp {

inline constexpr std::uint16_t server_port = 123;  ///< RFC 5905 §7.2
inline constexpr std::size_t packet_octets = 48;   ///< without extension fields and MAC (RFC 5905 §7.3)
inline constexpr std::uint8_t version = 4;         ///< of the queries
inline constexpr std::uint8_t version_min = 3;     ///< answers in this version are understood too

inline constexpr std::size_t servers_max = 6;    ///< more are left out
inline constexpr unsigned samples_max = 8;       ///< the most that are asked for
inline constexpr unsigned samples_default = 3;   ///< asked for, where nobody chose
inline constexpr unsigned losses_max = 3;        ///< queries without answer before the next server is asked
inline constexpr std::uint16_t port_min = 1024;  ///< local ports are drawn from here on (RFC 9109)

/// Between two queries to the same server: public servers limit the rate to one in two seconds, and RFC 5905
/// §A.5.7.2 sends the packets of a burst that far apart.
inline constexpr std::chrono::milliseconds spacing_ms{2000};
inline constexpr std::chrono::milliseconds answer_ms_max{2000};  ///< a later answer is none
/// How long a server that said RATE is left alone at least (RFC 5905 §7.4; RFC 4330 §10).
inline constexpr std::chrono::seconds rate_s_min{64};

inline constexpr unsigned stratum_max = 15;  ///< 16 is "unsynchronised" (RFC 5905 §7.3, figure 11)
/// The farthest that a server may be from its reference clock: half the root delay plus the root dispersion.
/// RFC 5905 §A.1.1 allows daemons 1 s (MAXDIST); for a clock that is only set, 3 s are enough to check dates by.
inline constexpr std::chrono::milliseconds root_distance_ms_max{3000};
/// A delay may come out below zero by the grain of the two clocks, and counts as zero then.
inline constexpr std::chrono::milliseconds delay_below_zero_ms_max{20};

}  // namespace recado::ntp
