// What went wrong, small and typed; the roof puts it in words (chain/words.hpp).
#pragma once

#include <cstdint>

#include <recado/core/phrase.hpp>

namespace recado {

/// False in a build with RECADO_WITHOUT_CAUSES defined (CMake: -DRECADO_CAUSES=OFF): faults are then told by their
/// numbers, "TLS: error 12", and the words for them aren't linked. 20 KB of a device's flash.
#if defined(RECADO_WITHOUT_CAUSES)
inline constexpr bool has_causes = false;
#else
inline constexpr bool has_causes = true;
#endif

/// Who speaks: the protocol or part whose error code a fault carries.
enum class layer : std::uint8_t { none, link, dhcp, dns, ntp, stream, tls, mqtt, store, application, transport };

/// One reason for ending or failing something: `code` is the value of the layer's own `error` enumeration.
/// `detail` is what that error needs to be said well (an alert, a reason code, an errno), else 0.
struct fault {
  layer where = layer::none;  ///< whose error it is
  std::uint16_t code = 0;     ///< the value of that layer's `error`
  std::uint32_t detail = 0;   ///< as that error says, else 0

  /// True if something went wrong.
  constexpr explicit operator bool() const { return where != layer::none; }
  /// Member by member.
  constexpr bool operator==(const fault&) const = default;
};

/// Makes a fault of any module's error: `layer_of(error)` is found beside the enumeration.
template <class Error>
constexpr fault make_fault(Error code, std::uint32_t detail = 0) {
  return {layer_of(code), static_cast<std::uint16_t>(code), detail};
}

/// True if `what` carries exactly this error.
template <class Error>
constexpr bool is(const fault& what, Error code) {
  return what.where == layer_of(code) && what.code == static_cast<std::uint16_t>(code);
}

/// What can happen to the stream or the datagrams below a machine, as drivers report it.
/// `detail` of the fault is the system's errno where there is one.
enum class stream_error : std::uint16_t {
  closed_by_peer = 1,  ///< end of file: the peer closed its side
  reset,               ///< the peer reset the connection
  refused,             ///< nobody listens on that port
  unreachable,         ///< no route, host or network unreachable
  timed_out,           ///< no answer within the time allowed
  aborted,             ///< ended on this side on purpose
  interface_down,      ///< the interface or the cable went away
  address_lost,        ///< this side's address is not valid any more
  other,               ///< see the errno
};
constexpr layer layer_of(stream_error) { return layer::stream; }

/// What happened, as the first half of a sentence: "the peer closed the connection".
phrase words(stream_error error);
/// What the user can do about it.
phrase remedy(stream_error error);

/// What can happen with interfaces, addresses and sockets before any stream exists, as drivers report it.
/// `detail` of the fault is the system's errno where there is one.
enum class link_error : std::uint16_t {
  not_permitted = 1,  ///< the system allows it only to an administrator
  no_such_interface,  ///< there is no interface of that name
  not_ethernet,       ///< the interface has no Ethernet addresses
  no_carrier,         ///< the cable is out
  no_route,           ///< the gateway cannot be reached by what is configured
  port_in_use,        ///< another program has that port
  address_in_use,     ///< another host has that address
  not_supported,      ///< the kernel was built without it
  no_resources,       ///< out of descriptors or memory
  other,              ///< see the errno
};
constexpr layer layer_of(link_error) { return layer::link; }

/// What happened, as half a sentence.
phrase words(link_error error);
/// What the user can do about it.
phrase remedy(link_error error);

}  // namespace recado
