// What the DHCP client bounds, and by how much.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <recado/core/instant.hpp>

namespace recado::dhcp {

/// UDP ports (RFC 2131 §4.1).
inline constexpr std::uint16_t client_port = 68;
inline constexpr std::uint16_t server_port = 67;  ///< where servers and relays listen

/// The fixed part of a message: BOOTP's fields and the magic cookie (RFC 2131 §2).
inline constexpr std::size_t header_bytes = 240;
/// BOOTP relays may drop what is shorter (RFC 1542 §2.1).
inline constexpr std::size_t message_bytes_min = 300;
/// The longest message that this client sends.
inline constexpr std::size_t message_bytes_max = 480;
/// What every client must accept, as option 57 counts it (RFC 2132 §9.10).
inline constexpr std::uint16_t reply_bytes_min = 576;
/// The longest value of an option that was split over several (RFC 3396).
inline constexpr std::size_t joined_option_bytes_max = 512;

/// How much of a lease is kept; what the server says beyond that is left out.
inline constexpr std::size_t routers_max = 2;
inline constexpr std::size_t routes_max = 8;            ///< classless static routes
inline constexpr std::size_t dns_servers_max = 3;       ///< DNS servers
inline constexpr std::size_t ntp_servers_max = 3;       ///< time servers
inline constexpr std::size_t host_name_bytes_max = 64;  ///< bytes of option 12
inline constexpr std::size_t domain_bytes_max = 128;    ///< bytes of option 15

/// What this client says about itself.
inline constexpr std::size_t client_id_bytes_min = 2;      ///< RFC 2132 §9.14
inline constexpr std::size_t client_id_bytes_max = 64;     ///< bytes of option 61
inline constexpr std::size_t vendor_class_bytes_max = 32;  ///< bytes of option 60

/// No host has to take less (RFC 791 §3.1); a smaller MTU in option 26 is not believed.
inline constexpr std::uint16_t mtu_bytes_min = 576;
/// A lease that ends sooner cannot be used.
inline constexpr std::uint32_t lease_time_s_min = 2;
/// Renewals are not repeated faster (RFC 2131 §4.4.5).
inline constexpr duration renewal_interval_min = std::chrono::seconds{60};
/// After DECLINE at least this long until the next DISCOVER (RFC 2131 §3.1 step 5).
inline constexpr duration decline_wait = std::chrono::seconds{10};
/// So many addresses in use are found before the client gives up (RFC 5227 §1.1, MAX_CONFLICTS).
inline constexpr unsigned conflicts_max = 10;
/// The wait after the second NAK in a row; it doubles with each further one.
inline constexpr duration refusal_wait_first = std::chrono::seconds{1};
inline constexpr unsigned refusal_doublings_max = 6;  ///< then it stays
/// The wait after so many NAKs in a row: none after the first, then 1, 2, 4 … 64 s.
constexpr duration refusal_wait(unsigned refusals) {
  if (refusals < 2) return {};
  const unsigned doublings = refusals - 2;
  return refusal_wait_first * (1u << (doublings < refusal_doublings_max ? doublings : refusal_doublings_max));
}

/// How a driver probes and announces an address (RFC 5227 §1.1).
inline constexpr duration probe_wait_max = std::chrono::seconds{1};      ///< random delay before the first probe
inline constexpr unsigned probe_count = 3;                               ///< ARP probes sent
inline constexpr duration probe_interval_min = std::chrono::seconds{1};  ///< between two probes
inline constexpr duration probe_interval_max = std::chrono::seconds{2};  ///< between two probes
inline constexpr duration announce_wait = std::chrono::seconds{2};       ///< after the last probe, before it is free
inline constexpr unsigned announce_count = 2;                            ///< ARP announcements once it is bound
inline constexpr duration announce_interval = std::chrono::seconds{2};   ///< between two announcements

/// The longest serialised lease.
inline constexpr std::size_t lease_record_bytes_max = 384;

}  // namespace recado::dhcp
