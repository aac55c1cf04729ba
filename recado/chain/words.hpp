// Every fault of every layer as one line that a person can act on.
#pragma once

#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/core/text.hpp>
#include <recado/mqtt/reason.hpp>

namespace recado::chain {

/// False in a build with RECADO_WITHOUT_REMEDIES defined (CMake: -DRECADO_REMEDIES=OFF): lines then end with the cause,
/// and no advice is linked but that of TLS events. Some 7 KB of a device's flash.
#if defined(RECADO_WITHOUT_REMEDIES)
inline constexpr bool has_remedies = false;
#else
inline constexpr bool has_remedies = true;
#endif

/// Who speaks, as people call it: "DHCP", "TLS", "connection".
std::string_view name_of(layer where);

/// The cause with what the detail knows, as half a sentence: "the connection was refused (errno 111)".
void describe_cause(const fault& what, text_sink& out);
/// An MQTT reason code by its name, or in a build without causes as a number.
void describe_reason(mqtt::reason code, text_sink& out);
/// What the user can do about it; may be empty.
phrase remedy_of(const fault& what);

/// One line without its end: "DNS: no server answered; check that …". `cause` replaces the words of the fault where
/// the layer knew more about this very case (TLS names the certificate).
void describe(const fault& what, text_sink& out, std::string_view cause = {});

}  // namespace recado::chain
