// What the TLS filter tells, whichever back end it is.
#pragma once

#include <string_view>
#include <variant>

#include <recado/core/fault.hpp>
#include <recado/tls/certificate.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls {

/// One certificate of the server's chain, the authority first and the server's own last. They come when
/// `client_options::report_chain` asks for them, before `secured` or `closed`.
struct certificate_seen {
  const certificate* seen;  ///< until the next `receive`
  circumstances checked;    ///< against what it was judged
};

/// The handshake is done: `write` and `plaintext` work from now on. With TLS 1.3 the server may still
/// refuse the client certificate; it says so in `closed` (RFC 8446 §4.4.2.4).
struct secured {
  version negotiated;      ///< of TLS
  std::string_view suite;  ///< the IANA name: "TLS_AES_256_GCM_SHA384"
  std::string_view group;  ///< key exchange: "x25519"; empty if there was none or it isn't known
  std::string_view alpn;   ///< the protocol that the server chose, or empty if it has no ALPN
  bool resumed;            ///< a kept session was used: no certificates were sent
  bool by_psk;             ///< both sides proved a pre-shared key instead of certificates
  bool verified;           ///< the server's chain and name were verified now, or when the session began
};

/// The end, told once. The farewell is pending by then.
struct closed {
  fault why;               ///< of layer `tls`, or what `lost` was told
  std::string_view cause;  ///< the cause with all particulars, for one line: "the server's certificate expired on …"
};

using event = std::variant<certificate_seen, secured, closed>;  ///< what a filter's `receive` answers

/// "cause; remedy" in one line.
void print(const closed& what, text_sink& out);
/// "TLS 1.3, TLS_AES_256_GCM_SHA384, x25519, ALPN mqtt, resumed".
void print(const secured& what, text_sink& out);

}  // namespace recado::tls
