// Every fault of every layer as one line that a person can act on.
#pragma once

#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/core/text.hpp>

namespace recado::chain {

/// Who speaks, as people call it: "DHCP", "TLS", "connection".
std::string_view name_of(layer where);

/// The cause with what the detail knows, as half a sentence: "the connection was refused (errno 111)".
void describe_cause(const fault& what, text_sink& out);
/// What the user can do about it; may be empty.
std::string_view remedy_of(const fault& what);

/// One line without its end: "DNS: no server answered; check that …". `cause` replaces the words of the fault where
/// the layer knew more about this very case (TLS names the certificate).
void describe(const fault& what, text_sink& out, std::string_view cause = {});

}  // namespace recado::chain
