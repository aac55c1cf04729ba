// An authentication method of MQTT 5.0 (§4.12), the client's side of it, as something to plug into a session.
#pragma once

#include <expected>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/error.hpp>

namespace recado::mqtt {

/// Given to `connect_options::authenticator`, it does the exchanges of the connection, the first one and every
/// re-authentication. What it returns stays valid until it is called again. An error of `begin` comes back from the
/// command; one of the others ends the connection, told in `closed`, with the reason code of the error.
class authenticator {
 public:
  /// The Authentication Method by its name, at most 65,535 bytes of UTF-8. Always the same.
  virtual std::string_view method() const = 0;
  /// Starts an exchange from the beginning, whatever became of the one before: the Authentication Data of CONNECT, or
  /// of the AUTH that starts a re-authentication.
  virtual std::expected<bytes, error> begin() = 0;
  /// The server's data in an AUTH with reason code Continue Authentication; returns the answer to it.
  virtual std::expected<bytes, error> answer(bytes challenge) = 0;
  /// The server said that the exchange succeeded, in CONNACK or AUTH, with this data (empty if none). Returns
  /// `error::none` only if the method agrees: nothing else is sent to the server before.
  virtual error finish(bytes data) = 0;

 protected:
  ~authenticator() = default;
};

}  // namespace recado::mqtt
