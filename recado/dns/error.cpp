#include <recado/dns/error.hpp>

namespace recado::dns {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(error code) {
  switch (code) {
    case error::name_empty:
      return "the host name is empty or has an empty label"_packed;
    case error::label_too_long:
      return "a label of the host name is longer than 63 octets"_packed;
    case error::name_too_long:
      return "the host name is longer than 255 octets"_packed;
    case error::name_character:
      return "the host name has a space, a control character or a backslash"_packed;
    case error::name_like_address:
      return "the host name looks like an IPv4 address, but isn't one"_packed;
    case error::no_server:
      return "no DNS server is known"_packed;
    case error::too_many_lookups:
      return "too many names are being looked up at once"_packed;
    case error::no_room:
      return "the memory given for a DNS message is too small"_packed;
    case error::no_such_name:
      return "no such name exists (NXDOMAIN)"_packed;
    case error::no_address:
      return "the name exists, but has no address of the kind wanted"_packed;
    case error::server_failure:
      return "the DNS servers failed to find out (SERVFAIL)"_packed;
    case error::refused:
      return "the DNS servers refuse to answer (REFUSED)"_packed;
    case error::not_implemented:
      return "the DNS servers don't know such questions (NOTIMP)"_packed;
    case error::format_error:
      return "the DNS servers don't understand the question (FORMERR)"_packed;
    case error::other_code:
      return "the DNS servers answered with an unusual response code"_packed;
    case error::no_recursion:
      return "the DNS server only refers to other servers"_packed;
    case error::malformed_answer:
      return "the answer of the DNS server is malformed"_packed;
    case error::alias_loop:
      return "the aliases (CNAME) of the name lead too far or in a circle"_packed;
    case error::time_out:
      return "no DNS server answered in time"_packed;
    case error::unreachable:
      return "no DNS server can be reached"_packed;
    case error::tcp_failed:
      return "the long answer could not be fetched over TCP"_packed;
    case error::answer_too_long:
      return "the answer of the DNS server is longer than the memory for it"_packed;
    case error::cancelled:
      return "the lookup was cancelled"_packed;
  }
  return "an unknown DNS error"_packed;
}

constexpr const char* advice_of(error code) {
  switch (code) {
    case error::name_empty:
    case error::label_too_long:
    case error::name_too_long:
    case error::name_character:
    case error::name_like_address:
      return "correct the host name"_packed;
    case error::no_server:
      return "name a DNS server, or let DHCP give one"_packed;
    case error::too_many_lookups:
      return "wait for one to end, or give the resolver memory for more"_packed;
    case error::no_room:
      return "give it more memory"_packed;
    case error::no_such_name:
      return "check the spelling of the host name, and that this DNS server knows its domain"_packed;
    case error::no_address:
      return "ask for the other kind of address, or add an A or AAAA record"_packed;
    case error::server_failure:
      return "try again later, or name another DNS server"_packed;
    case error::refused:
      return "name a DNS server that serves this network"_packed;
    case error::not_implemented:
    case error::format_error:
    case error::other_code:
    case error::malformed_answer:
      return "name another DNS server"_packed;
    case error::no_recursion:
      return "name a DNS server that looks names up for its clients (a recursive one)"_packed;
    case error::alias_loop:
      return "correct the CNAME records of the name"_packed;
    case error::time_out:
      return "check the DNS server's address, the network, and that UDP port 53 is let through"_packed;
    case error::unreachable:
      return "check the DNS server's address and the routes to it"_packed;
    case error::tcp_failed:
      return "let TCP port 53 through, or name another DNS server"_packed;
    case error::answer_too_long:
      return "give the resolver more memory for answers"_packed;
    case error::cancelled:
      return "look the name up again"_packed;
  }
  return "report this"_packed;
}

}  // namespace

phrase words(error code) { return phrase{cause_of(code)}; }
phrase remedy(error code) { return phrase{advice_of(code)}; }

}  // namespace recado::dns
