// What can go wrong while a name is looked up.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>

namespace recado::dns {

/// The first group is returned by commands, the second arrives in `failed` and `tcp_exchange::closed`.
enum class error : std::uint16_t {
  name_empty = 1,     ///< no name, or a label without characters
  label_too_long,     ///< a label of more than 63 octets
  name_too_long,      ///< more than 255 octets on the wire
  name_character,     ///< a space, a control character or a backslash
  name_like_address,  ///< ends in a numeric label, but is no IPv4 address
  no_server,          ///< no DNS server is set
  too_many_lookups,   ///< the caller's memory holds no further lookup
  no_room,            ///< the caller's memory is too small for the message

  no_such_name = 20,  ///< NXDOMAIN
  no_address,         ///< the name exists, but has no address of the family asked for
  server_failure,     ///< SERVFAIL of every server
  refused,            ///< REFUSED by every server
  not_implemented,    ///< NOTIMP
  format_error,       ///< FORMERR, also without EDNS0
  other_code,         ///< any other response code (the detail)
  no_recursion,       ///< the server only refers to other servers
  malformed_answer,   ///< the answer breaks off or contradicts itself
  alias_loop,         ///< more CNAMEs than are followed
  time_out,           ///< no server answered
  unreachable,        ///< no server could be reached at all
  tcp_failed,         ///< the answer is only to be had over TCP, and that failed
  answer_too_long,    ///< longer than the memory given to the exchange over TCP
  cancelled,          ///< `cancel` was called
};
constexpr layer layer_of(error) { return layer::dns; }

/// The cause, as half a sentence.
phrase words(error code);
/// What to do about it.
phrase remedy(error code);

}  // namespace recado::dns
