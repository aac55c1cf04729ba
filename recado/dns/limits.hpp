// The bounds of the DNS machine, by name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace recado::dns {

inline constexpr std::uint16_t server_port = 53;  ///< RFC 1035 §4.2

inline constexpr std::size_t label_octets_max = 63;  ///< RFC 1035 §2.3.4
inline constexpr std::size_t name_octets_max = 255;  ///< on the wire, with lengths and root (RFC 1035 §2.3.4)
inline constexpr std::size_t header_octets = 12;     ///< RFC 1035 §4.1.1
/// A query: header, name, type, class and the OPT record of EDNS0.
inline constexpr std::size_t query_octets_max = header_octets + name_octets_max + 4 + 11;
/// What a server may send in one datagram: passes every path without fragments (RFC 6891 §6.2.5, DNS flag day 2020).
inline constexpr std::uint16_t datagram_octets_max = 1232;
inline constexpr std::size_t tcp_message_octets_max = 65535;  ///< RFC 1035 §4.2.2

inline constexpr std::size_t servers_max = 6;    ///< more are left out
inline constexpr unsigned rounds_max = 3;        ///< how often each server is asked before giving up
inline constexpr unsigned aliases_max = 12;      ///< CNAMEs followed for one question, asking again included
inline constexpr std::uint16_t port_min = 1024;  ///< local ports are drawn from here on (RFC 5452 §9.2)

/// How long the first round waits for each answer; every further round waits twice as long.
inline constexpr std::chrono::milliseconds answer_ms_first{1000};
inline constexpr std::chrono::milliseconds tcp_ms_max{5000};  ///< connecting, asking and hearing over TCP
/// Once one family has addresses, how much longer the other is waited for (RFC 8305 §3 in spirit).
inline constexpr std::chrono::milliseconds other_family_ms_max{500};
/// No lookup takes longer, whatever happens (also when nothing can be sent).
inline constexpr std::chrono::milliseconds lookup_ms_max{45000};

inline constexpr std::uint32_t ttl_s_max = 86400;           ///< longer lives are cut to this
inline constexpr std::uint32_t negative_ttl_s_max = 10800;  ///< RFC 2308 §5

}  // namespace recado::dns
