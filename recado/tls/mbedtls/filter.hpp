// The TLS filter on Mbed TLS 3.6.
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include <recado/tls/error.hpp>
#include <recado/tls/event.hpp>
#include <recado/tls/mbedtls/connection.hpp>
#include <recado/tls/mbedtls/context.hpp>
#include <recado/tls/options.hpp>
#include <recado/wire/machine.hpp>

namespace recado::tls::mbedtls {

/// TLS as a client: ciphertext below, plaintext above (`stream_filter`). One filter serves one connection
/// after another: `set_peer` and `opened` begin each anew. `write` encrypts at once and `receive` decrypts
/// at once. After `secured` neither takes memory from the pool. The filter stays where it is: it can't be moved.
///
/// `lost` makes a later `receive` answer `closed`, after what had arrived before was read: hand over what
/// is left in `in` as long as it is used up. `closed` is never answered by the call that decrypted the last
/// plaintext, but by the next; `deadline()` is in the past until then.
class filter {
 public:
  using event = tls::event;  ///< what `receive` answers

  /// What the filter works in, given by the caller and used until the filter's end.
  struct memory {
    mutable_bytes outgoing;   ///< records on their way, at least `outgoing_bytes_min`
    mutable_bytes plaintext;  ///< received and not consumed, at least `plaintext_bytes_min`
  };

  /// `shared` must outlive the filter.
  filter(context& shared, const memory& given);
  filter(const filter&) = delete;
  filter& operator=(const filter&) = delete;

  /// Who shall answer: a host name, or an IP address as text. It is verified, sent as SNI (names only) and
  /// is the key of the session store. Before `opened`; stays for later connections.
  std::expected<void, error> set_peer(std::string_view host);

  /// A verb of the shape; see recado/wire/machine.hpp.
  void opened(instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n);
  /// A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;

  /// A verb of the shape; see recado/wire/machine.hpp.
  bool ready() const;
  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes plaintext() const;
  /// A verb of the shape; see recado/wire/machine.hpp.
  void consumed(std::size_t n);
  /// A verb of the shape; see recado/wire/machine.hpp.
  std::size_t write(bytes out, instant now);
  /// A verb of the shape; see recado/wire/machine.hpp.
  void close(instant now);

 private:
  connection connection_;
};
static_assert(stream_filter<filter>);

}  // namespace recado::tls::mbedtls
