// What one answer says about one question: pure reading, no state.
#pragma once

#include <cstdint>
#include <span>

#include <recado/core/address.hpp>
#include <recado/dns/error.hpp>
#include <recado/dns/packet.hpp>

namespace recado::dns {

/// What to make of an answer.
enum class verdict : std::uint8_t {
  addresses,     ///< it holds addresses
  negative,      ///< there are none: `no_such_name` or `no_address`
  alias,         ///< the name is an alias of another, about which the answer doesn't tell
  cut,           ///< there is more than the message holds; some addresses may have been read
  without_edns,  ///< the server doesn't know EDNS0
  no,            ///< the server can't or won't say: the next one may
};

struct reading {
  verdict what{};
  error why{};
  std::uint32_t detail = 0;  ///< the response code, where it is the cause
  std::uint32_t ttl_s = 0;   ///< of all that led to the result; of a failure how long it may be remembered
  std::uint8_t aliases = 0;  ///< how many CNAMEs were followed
  std::size_t found = 0;     ///< addresses put into `room`
  bool more = false;         ///< there were more
};

/// True if `message` answers exactly this query (RFC 5452 §9.1): identifier, response, opcode, and the
/// question again. A server that understood nothing may leave the question out.
bool answers(bytes message, const query& asked);

/// Reads an answer for which `answers` is true: follows at most `aliases_left` CNAMEs inside it, puts the
/// addresses at the end of that chain into `room` and the name that is left to ask about into `alias`.
reading read_answer(bytes message, const query& asked, unsigned aliases_left, std::span<ip_address> room, name& alias);

}  // namespace recado::dns
