// What the user decides about TLS, whichever back end does it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/tls/limits.hpp>

namespace recado::tls {

/// False in a build with RECADO_WITHOUT_TLS_CHOICES defined for everything that includes these headers, as firmware is:
/// what no configuration of a device can choose is a constant then, what it is by default.
#if defined(RECADO_WITHOUT_TLS_CHOICES)
inline constexpr bool has_choices = false;
/// Of a member that is a constant then.
#define RECADO_TLS_CHOICE static constexpr
#else
inline constexpr bool has_choices = true;
/// Of a member that is a constant then.
#define RECADO_TLS_CHOICE
#endif

/// The two versions that recado speaks, with their numbers on the wire.
enum class version : std::uint16_t { v1_2 = 0x0303, v1_3 = 0x0304 };
std::string_view words(version which);  ///< "TLS 1.3"

/// Where a certificate, key or CRL comes from: a file, or memory. PEM and DER are told apart by content.
/// Both empty: not given. A path wins over memory; back ends without files take memory only.
struct source {
  std::string_view path;  ///< empty: memory
  /// PEM or DER
  bytes data;
  /// `data` stays where it is for good: a back end may use it there instead of copying it.
  bool stays = false;

  /// A file by its path.
  static constexpr source file(std::string_view path) { return {path, {}}; }
  /// Bytes.
  static constexpr source memory(bytes data) { return {{}, data}; }
  /// Bytes of the program itself.
  static constexpr source constant(bytes data) { return {{}, data, true}; }
  /// True if there is one.
  constexpr bool given() const { return !path.empty() || !data.empty(); }
};

/// How much of the server is verified. Anything but `chain_and_name` gives up what TLS is for.
enum class peer_check : std::uint8_t {
  chain_and_name,            ///< the chain up to a trusted authority, and the host name or address
  chain_but_not_its_name,    ///< any server with a certificate of a trusted authority
  nothing_anyone_may_answer  ///< no verification at all
};

/// Gives the pass phrase of an encrypted private key, for example from a terminal.
class pass_phrase_source {
 public:
  /// Fills `out` and returns the length; 0 means that there is none. What is in `out` is wiped after use.
  virtual std::size_t ask(std::span<char> out) = 0;

 protected:
  ~pass_phrase_source() = default;
};

/// Takes the secrets of each connection as lines of the NSS key log format, without the line end.
/// Who has them can read everything that was sent.
class key_log {
 public:
  /// One line.
  virtual void line(std::string_view text) = 0;

 protected:
  ~key_log() = default;
};

/// Keeps what is needed to resume a session with a server (RFC 8446 §4.6.1, RFC 5077). The bytes are a
/// secret of the same worth as the connection's keys, and mean something only to the back end that made
/// them; what it can't use (other options, another certificate, damaged) it ignores.
class session_store {
 public:
  /// Replaces what is kept for `host`. Called while connected, as often as the server sends a ticket.
  virtual void keep(std::string_view host, bytes session) = 0;
  /// What is kept for `host`, or nothing; it must live until the next call.
  virtual bytes find(std::string_view host) = 0;
  /// Forgets what is kept for `host`: it was used (a ticket is used once, RFC 8446 §C.4) or is of no use.
  virtual void forget(std::string_view host) = 0;

 protected:
  ~session_store() = default;
};

/// A key that both sides know from elsewhere (RFC 4279, RFC 8446 §4.2.11).
struct pre_shared_key {
  std::string_view identity;  ///< 1 to 128 bytes, sent in the clear
  bytes key;                  ///< 14 to 64 bytes; the raw key, not hexadecimal
  /// True if there is one.
  constexpr bool given() const { return !identity.empty() || !key.empty(); }
};

/// Everything about a client's TLS. Texts and bytes are only borrowed while the options are loaded; the
/// objects that are pointed to must outlive the context.
struct client_options {
  RECADO_TLS_CHOICE version lowest = version::v1_2;                 ///< the oldest that is accepted
  RECADO_TLS_CHOICE version highest = version::v1_3;                ///< the newest that is offered
  RECADO_TLS_CHOICE peer_check check = peer_check::chain_and_name;  ///< how much of the server is verified
  source ca;                                                        ///< one or more trusted certificates
  RECADO_TLS_CHOICE std::string_view ca_path{};  ///< folders of them, ':' between, named as by `openssl rehash`
  RECADO_TLS_CHOICE bool system_store = false;   ///< trust what the operating system trusts, too
  source crl;  ///< one or more CRLs; if given, that of the server's issuer must be there
  RECADO_TLS_CHOICE bool crl_for_whole_chain = false;  ///< that of every authority must be there
  source certificate;                                  ///< the client's own, with any intermediates behind it
  source key;                    ///< its private key; if not given, looked for in the certificate's file
  std::uint32_t opaque_key = 0;  ///< instead of `key`: a key in PSA by its identifier, which signs unread; 0: none
  RECADO_TLS_CHOICE bytes pass_phrase{};                ///< of the private key; if empty, `ask` is asked
  RECADO_TLS_CHOICE pass_phrase_source* ask = nullptr;  ///< nullptr: nobody
  pre_shared_key psk;                                   ///< instead of certificates
  /// Offered protocols, best first, separated by commas; empty: no ALPN.
  RECADO_TLS_CHOICE std::string_view alpn = "mqtt";
  RECADO_TLS_CHOICE bool server_name = true;  ///< send the host name (SNI, RFC 6066 §3); never sent for an address
  /// TLS 1.2, in OpenSSL's words; empty: those with forward secrecy and AEAD.
  RECADO_TLS_CHOICE std::string_view ciphers{};
  RECADO_TLS_CHOICE std::string_view suites{};  ///< TLS 1.3, separated by colons; empty: the back end's
  bool report_chain = false;                    ///< tell each certificate of the server as an event
  RECADO_TLS_CHOICE duration handshake_patience = tls::handshake_patience;  ///< from `opened` to `secured`
  const wall_clock* clock = nullptr;  ///< dates are checked against it; needed unless nothing is verified
  key_log* keys = nullptr;            ///< nullptr: secrets go nowhere
  session_store* sessions = nullptr;  ///< if given, sessions are resumed
};

}  // namespace recado::tls
