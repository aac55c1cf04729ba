// The blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng), as bytes.
//
// A file is a row of blocks, each with its type, its length before and behind, and a body padded to four bytes. One
// Section Header and one Interface Description come first; packets refer to the interface by its number. Secrets
// stand in Decryption Secrets Blocks and serve the packets behind them. All numbers are little-endian here, which
// the Section Header announces.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>

namespace recado::capture {

/// §4.2 LINKTYPE_ETHERNET
inline constexpr std::uint16_t link_type_ethernet = 1;
/// §4.7: secrets in the NSS key log format.
inline constexpr std::uint32_t secrets_type_tls_key_log = 0x544c534b;

/// §4.1, with the name of the program that writes.
std::string section_header(std::string_view application);
/// §4.2: an Ethernet interface whose time stamps are microseconds.
std::string interface_description(std::string_view name);
/// §4.3: one whole Ethernet frame on interface 0, with a comment for the reader unless it is empty.
std::string enhanced_packet(bytes frame, utc_time when, std::string_view comment = {});
/// §4.7: key log lines, each with its line end.
std::string decryption_secrets(std::string_view key_log_lines);

}  // namespace recado::capture
