// What the user of recado pub, sub or rr asked for, in the order of the option table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <apps/tls_backend/backend.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/file_storage.hpp>
#include <recado/mqtt/event.hpp>
#include <recado/mqtt/options.hpp>
#include <recado/tls/options.hpp>

namespace recado::app::tools {

/// The tools; their values are bits of the option table's `tools` column.
enum class tool : unsigned { pub = 1, sub = 2, rr = 4 };
/// "pub", "sub" or "rr".
std::string_view name_of(tool which);

/// A property that owns its texts; `view` borrows them.
struct owned_property {
  mqtt::property id{};
  std::uint32_t number = 0;
  std::string name;
  std::string text;
  mqtt::property_value view() const;
};
/// The properties of one packet, as `-D` gave them.
class property_list {
 public:
  void add(owned_property what) { values_.push_back(std::move(what)); }
  bool has(mqtt::property id) const;
  /// The number of a property, 0 if it isn't there.
  std::uint32_t number(mqtt::property id) const;
  const std::vector<owned_property>& values() const { return values_; }
  /// Those for which `wanted` is true, in their order; valid until the next call.
  template <class Wanted>
  mqtt::properties pick(Wanted&& wanted) const {
    views_.clear();
    for (const auto& each : values_)
      if (wanted(each.id)) views_.push_back(each.view());
    return std::span<const mqtt::property_value>{views_};
  }
  mqtt::properties all() const {
    return pick([](mqtt::property) { return true; });
  }
  bool empty() const { return values_.empty(); }

 private:
  std::vector<owned_property> values_;
  mutable std::vector<mqtt::property_value> views_;
};

/// A proxy that the broker is reached through.
struct proxy {
  bool socks = false;  ///< SOCKS5, else HTTP
  std::string host;
  std::uint16_t port = 0;
  std::string user, password;
};

/// Where the payload comes from.
enum class input : std::uint8_t { none, argument, file, lines, whole, null };

struct option;  // option.hpp

struct settings {
  tool which = tool::pub;
  std::vector<const option*> given;  ///< on the command line, and not in a file of options
  // connection
  std::string host = "localhost";
  bool host_given = false;  ///< by -h
  std::optional<std::uint16_t> port;
  std::optional<std::string> bind_address;
  std::string unix_path;  ///< instead of host and port
  bool websocket = false;
  std::string websocket_path = "/mqtt";
  std::optional<proxy> via;
  bool by_service = false;                 ///< the host's SRV records say where
  bool referred = false;                   ///< host and port are those of a Server Reference: see `client::aim`
  std::optional<std::uint8_t> references;  ///< Server References that are followed in a row; 4 if it isn't given
  std::optional<mqtt::version> version;
  std::optional<std::string> client_id, id_prefix;
  std::optional<std::string> user_name, password;
  std::uint16_t keep_alive_s = 60;
  bool keep_session = false;
  std::string session;  ///< the folder that it is kept in on this side, too
  std::optional<posix::durability> session_durability;
  std::optional<std::uint32_t> session_expiry_s;
  bool no_delay = false, multipath = false;
  duration timeout = std::chrono::seconds{30};
  duration reconnect = std::chrono::seconds{30};
  std::optional<std::uint16_t> in_flight;
  // TLS
  bool secure = false, no_tls = false;
  std::string ca_file, ca_path, certificate, key, key_form, ciphers, alpn, psk, psk_identity, crl_file, key_log;
  std::string tls_version;
  tls_backend backend = tls_backend::openssl;
  std::string pass_phrase_file;
  bool system_store = false, insecure = false, show_chain = false;
  // messages
  std::vector<std::string> topics, filters_out, unsubscribe;
  std::string response_topic;
  mqtt::qos qos = mqtt::qos::at_most_once;
  bool retain = false;
  input from = input::none;
  std::string payload;  ///< with `input::file` its path
  std::uint64_t repeat = 1;
  duration repeat_delay{};
  std::optional<std::string> will_topic, will_payload;
  mqtt::qos will_qos = mqtt::qos::at_most_once;
  bool will_qos_given = false, will_retain = false;
  property_list connect, publish, will, disconnect, subscribe, unsubscribe_properties;
  bool any_property = false;
  // receiving
  std::uint64_t count = 0;
  bool exit_after_subscribe = false, no_retained = false, retained_only = false, remove_retained = false;
  bool retain_as_published = false;
  std::optional<unsigned> retain_handling;
  std::optional<duration> wait;
  double random_percent = 100;
  std::uint64_t message_max = 256ULL << 20;
  // output
  std::optional<std::string> format;
  bool no_newline = false, verbose = false, pretty = false, json = false;
  bool quiet = false, debug = false, trace = false, stats = false, show_secrets = false;
  std::string pcapng;
  bool message_rate = false, in_place = false, latency = false;

  std::uint8_t references_max() const { return references.value_or(4); }
  posix::durability durability() const { return session_durability.value_or(posix::durability::fsync); }
  /// True if the broker keeps for the next run of sub what this one doesn't acknowledge.
  bool has_a_next_run() const { return which == tool::sub && (keep_session || session_expiry() != 0); }
  bool version_5() const { return version == mqtt::version::v5_0; }
  /// How long the session is to live on, as CONNECT says it (5.0).
  std::uint32_t session_expiry() const {
    if (connect.has(mqtt::property::session_expiry_interval))
      return connect.number(mqtt::property::session_expiry_interval);
    return session_expiry_s.value_or(keep_session ? 0xffff'ffff : 0);
  }
  std::uint16_t port_in_use() const { return port.value_or(secure ? 8883 : 1883); }
  /// Where the broker is, for people: "port 1883 of localhost", "the socket /run/broker".
  std::string place() const {
    if (!unix_path.empty()) return "the socket " + unix_path;
    return by_service ? "the service of " + host : "port " + std::to_string(port_in_use()) + " of " + host;
  }
};

}  // namespace recado::app::tools
