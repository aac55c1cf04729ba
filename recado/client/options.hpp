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
#include <recado/chain/outbox.hpp>
#include <recado/client/error.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/tap.hpp>
#include <recado/mqtt/authenticator.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/tls/options.hpp>

namespace recado::client {

/// TLS, used with mqtts://. The server's chain and name are verified unless `check` says otherwise in so many words.
/// Where there is a file and bytes for the same thing, give one of them. Bytes are PEM or DER, too.
struct tls_options {
  std::string ca_file{};  ///< trusted certificates, PEM or DER
  std::string ca{};       ///< the same from memory
  std::string ca_path{};  ///< a folder of them, named by hash; or several with ':' between
  /// Trust what the operating system trusts. Where no authority and no pre-shared key is given that is the default.
  bool system_store = false;
  std::string crl_file{};            ///< if given, the CRL of the server's issuer must be in it
  std::string crl{};                 ///< the same from memory
  std::string certificate_file{};    ///< the client's own, any intermediates behind it
  std::string certificate{};         ///< the same from memory
  std::string key_file{};            ///< its private key; empty: in the certificate's file
  std::string key{};                 ///< the same from memory; wiped with the client, as the secrets below are
  std::string pass_phrase{};         ///< of the private key
  std::string psk_identity{};        ///< TLS-PSK instead of certificates
  std::vector<std::byte> psk_key{};  ///< 14 to 64 bytes
  tls::peer_check check = tls::peer_check::chain_and_name;  ///< how much of the server is verified
  std::string alpn = "mqtt";                                ///< what is offered by ALPN (RFC 7301); empty: nothing
  tls::key_log* keys = nullptr;  ///< called by the client's own thread; must outlive the client
};

/// The message that the server publishes if the client goes without a goodbye.
struct will {
  std::string topic{};                      ///< 1 to 65,535 bytes, without wildcards
  std::string payload{};                    ///< up to 65,535 bytes
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< with which it is published
  bool retain = false;                      ///< as a retained message
  std::uint32_t delay_s = 0;                ///< 5.0 only: not before, and not at all if the client is back by then
};

/// A change of the connection, as `options::on_connection` is told.
struct connection_news {
  /// What has changed.
  enum class kind : std::uint8_t {
    connected,     ///< the server accepted the client
    disconnected,  ///< an attempt has failed, or the connection is lost or ended
    session_lost,  ///< told behind `connected`: the server has forgotten the session that there was. Subscriptions are
                   ///< made again, messages on their way are treated as `options::when_session_lost` says, and what
                   ///< others published meanwhile was not kept for this client.
    subscription_refused,  ///< one that was made again after that, or by a handler: its messages don't come
  };
  kind what = kind::disconnected;  ///< what has changed
  bool session_present = false;    ///< connected: the server still knew the session
  client::failure why{};           ///< disconnected: what happened; the line is empty after the client's own goodbye.
                                   ///< Subscription refused: why
  /// Disconnected: how long until it is tried again; 0 if at once, nothing if not at all.
  std::optional<duration> retry_in{};
  std::string filter{};  ///< subscription refused: its topic filter
};

/// A message that was lost on this side of the connection: never silently.
struct dropped_message {
  std::string topic{};                      ///< its topic
  std::size_t payload_size = 0;             ///< bytes
  mqtt::qos qos = mqtt::qos::at_most_once;  ///< its QoS
  bool incoming = false;                    ///< true: from the server; false: from the outbox
  client::failure why{};                    ///< `message_expired`, `message_crowded_out`, `message_too_long` …
};

/// The queue of messages that were published while there was no connection.
struct outbox_options {
  std::size_t bytes_max = 1 << 20;                                ///< of all of them, 24 more for each
  std::size_t messages_max = 10'000;                              ///< how many
  chain::outbox_policy when_full = chain::outbox_policy::refuse;  ///< and what gives way then
};

/// How user name and password are shown to the server.
enum class authentication : std::uint8_t {
  password,       ///< as they are, in CONNECT: only over TLS does nobody else read them
  scram_sha_256,  ///< proved by SCRAM-SHA-256 (RFC 7677) without being sent; the server proves itself, too. 5.0 only
};

/// The tables and buffers of one client, allocated when it is made.
struct sizes {
  std::size_t transmit = 1 << 20;  ///< bytes; messages of QoS 1 and 2 stay there until they are acknowledged
  std::size_t receive = 64 << 10;  ///< bytes that one read takes
  /// The longest payload that is taken. With 5.0 the server is told and keeps longer ones back. What is longer all the
  /// same (3.1.1 has no way to say it) is read past and acknowledged, or the server would send it again for ever, and
  /// told to `on_dropped`.
  std::size_t message_max = 64 << 20;
  std::uint16_t in_flight = 1000;           ///< messages of QoS 1 and 2 on their way at a time
  std::size_t queue_messages_max = 65'536;  ///< received and not taken by `receive`: when full, nothing more is read
  std::size_t queue_bytes_max = 64 << 20;   ///< of them all
};

/// How a client connects and behaves. What isn't set is right for most: each member has a default, so that options by
/// name draw no warning.
struct options {
  mqtt::version version = mqtt::version::v5_0;  ///< a server that speaks 3.1.1 only says so: choose that then
  /// Empty: a random one for the life of this object.
  std::string client_identifier{};
  std::optional<std::string> user_name{};                                    ///< wins over the URL's
  std::optional<std::string> password{};                                     ///< wins over the URL's
  client::authentication authentication = client::authentication::password;  ///< what is made of the two
  /// Another method of 5.0 §4.12 instead, called by the client's own thread and by `reauthenticate`, never by two at a
  /// time; it must not call the client, and outlive it.
  mqtt::authenticator* authenticator = nullptr;
  /// True: `connect` begins with a new session and `disconnect` ends it; with 5.0 it survives reconnects between them.
  /// With 3.1.1 a session that began clean ends with each connection (3.1.1 §3.1.2.4), so that there each reconnect
  /// tells `session_lost`; give an identifier and choose false to keep it.
  /// False: an older session is resumed, and the server keeps it after `disconnect`, too, with 5.0 for
  /// `session_expiry_s`. 3.1.1 needs a `client_identifier` for that, and keeps it until somebody connects clean. Only
  /// a broker whose session was left behind for another one's that didn't have it has to begin anew.
  bool clean_start = true;
  std::uint32_t session_expiry_s = 3600;  ///< how long the server keeps the session while the client is away; 5.0 only
  /// What becomes of messages of QoS 1 and 2 on their way when the server has forgotten the session: published again
  /// (none is lost, one of QoS 2 may arrive twice), or given back as `session_lost` to who waits for them.
  mqtt::lost_session when_session_lost = mqtt::lost_session::publish_again;
  std::uint16_t keep_alive_s = 60;     ///< a sign of life at least so often, in seconds; 0: none
  std::optional<client::will> will{};  ///< none by default
  tls_options tls{};                   ///< of mqtts://

  duration connect_timeout = std::chrono::seconds{30};  ///< of one attempt: name, TCP, TLS and CONNACK together
  duration timeout = std::chrono::seconds{30};          ///< of the calls that wait, where they are given none
  bool retry_first = false;         ///< true: `connect` goes on trying, as after a loss, until it is final
  bool reconnect = true;            ///< after a loss
  bool retry_final = false;         ///< true: also after bad credentials, a refused certificate and the like
  bool follow_references = true;    ///< to the server that the server names (0x9C, 0x9D), with the same scheme and user
  chain::backoff_limits backoff{};  ///< between attempts at all brokers: exponential, with full jitter
  std::uint32_t attempts_max = 0;   ///< give up after so many rounds of all brokers in a row; 0: never
  outbox_options outbox{};          ///< for what is published while there is no connection
  /// Where answers to `request` arrive; empty: "recado/answers/" and the client identifier (+ and # in it as %2B, %23).
  std::string response_topic{};

  /// Told of each change by the client's own thread, as handlers are.
  std::function<void(const connection_news&)> on_connection{};
  /// Told of each message that is lost, likewise.
  std::function<void(const dropped_message&)> on_dropped{};
  tap* observer = nullptr;  ///< sees the bytes of the wire, in the client's own thread; must outlive the client
  client::sizes sizes{};    ///< of tables and buffers
};

}  // namespace recado::client
