// How a client connects and behaves. What isn't set is right for most.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <recado/chain/backoff.hpp>
#include <recado/client/error.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/tap.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/tls/options.hpp>

namespace recado::client {

/// TLS, used with mqtts://. The server's chain and name are verified unless `check` says otherwise in so many words.
struct tls_options {
  std::string ca_file;  ///< trusted certificates, PEM or DER
  std::string ca_path;  ///< a folder of them, named by hash
  /// Trust what the operating system trusts. Without a file, a folder and a pre-shared key that is the default.
  bool system_store = false;
  std::string crl_file;          ///< if given, the CRL of the server's issuer must be in it
  std::string certificate_file;  ///< the client's own, any intermediates behind it
  std::string key_file;          ///< its private key; empty: in the same file
  std::string pass_phrase;       ///< of the private key
  std::string psk_identity;      ///< TLS-PSK instead of certificates
  std::vector<std::byte> psk_key;
  tls::peer_check check = tls::peer_check::chain_and_name;
  std::string alpn = "mqtt";
  tls::key_log* keys = nullptr;  ///< called by the client's own thread; must outlive the client
};

/// The message that the server publishes if the client goes without a goodbye.
struct will {
  std::string topic;
  std::string payload;
  mqtt::qos qos = mqtt::qos::at_most_once;
  bool retain = false;
  std::uint32_t delay_s = 0;  ///< 5.0 only: not before, and not at all if the client is back by then
};

/// A change of the connection, as `options::on_connection` is told.
struct connection_news {
  bool online = false;
  bool session_present = false;  ///< online: the server still knew the session
  client::failure why{};         ///< not online: what happened; the line is empty after the client's own `disconnect`
  duration next_attempt{};       ///< not online: when it is tried again; 0: it isn't
};

/// The tables and buffers of one client, allocated when it is made.
struct sizes {
  std::size_t transmit = 1 << 20;           ///< bytes; messages of QoS 1 and 2 stay there until they are acknowledged
  std::size_t receive = 64 << 10;           ///< bytes that one read takes
  std::size_t message_max = 64 << 20;       ///< the longest message that is taken
  std::uint16_t in_flight = 1000;           ///< messages of QoS 1 and 2 on their way at a time
  std::size_t queue_messages_max = 65'536;  ///< received and not taken by `receive`: when full, nothing more is read
  std::size_t queue_bytes_max = 64 << 20;
};

struct options {
  mqtt::version version = mqtt::version::v5_0;
  /// Empty: a random one for the life of this object.
  std::string client_identifier;
  std::optional<std::string> user_name;  ///< wins over the URL's
  std::optional<std::string> password;
  /// True: `connect` begins with a new session and `disconnect` ends it; between them it survives reconnects. False:
  /// an older session is resumed, and the server keeps it for `session_expiry_s` after `disconnect`, too.
  bool clean_start = true;
  std::uint32_t session_expiry_s = 3600;  ///< how long the server keeps the session while the client is away; 5.0 only
  std::uint16_t keep_alive_s = 60;
  std::optional<client::will> will;
  tls_options tls;

  duration connect_timeout = std::chrono::seconds{30};  ///< for name, TCP, TLS and CONNACK together
  duration timeout = std::chrono::seconds{30};          ///< of the calls that wait, where they are given none
  bool reconnect = true;                                ///< after a loss; the first connection is tried once
  chain::backoff_limits backoff;                        ///< exponential, with full jitter
  std::uint32_t attempts_max = 0;                       ///< give up after so many in a row; 0: never
  /// Where answers to `request` arrive; empty: "recado/answers/" and the client identifier.
  std::string response_topic;

  /// Told of each change by the client's own thread, as handlers are.
  std::function<void(const connection_news&)> on_connection;
  tap* observer = nullptr;  ///< sees the bytes of the wire, in the client's own thread; must outlive the client
  client::sizes sizes;
};

}  // namespace recado::client
