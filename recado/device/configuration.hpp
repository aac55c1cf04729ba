// Everything that can be chosen about the device, as plain values: read from TOML on a PC, compiled in on a board.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <recado/chain/bring_up.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/device/texts.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::device {

/// A main server and its alternatives, in the order in which they are tried.
inline constexpr std::size_t servers_max = 4;
using server_list = fixed_vector<std::string_view, servers_max>;

/// How much the console shows; each level shows what the ones before it do.
enum class console_level : std::uint8_t { error, warning, info, debug };
/// Where the address comes from.
enum class address_mode : std::uint8_t {
  dhcp,   ///< DHCP, and the static address when it fails
  as_is,  ///< what the system has configured: nothing is changed
};
/// What the session on a PC survives; as `posix::durability`.
enum class session_durability : std::uint8_t { none, flush, fsync };
/// The two versions of MQTT by their usual names.
enum class protocol : std::uint8_t { v3_1_1, v5_0 };

/// The configuration. The views are borrowed from whoever filled it in. The defaults are those of the options.
struct configuration {
  struct {
    std::string_view platform = "recado";
    console_level console = console_level::info;
    std::uint32_t publish_s = 10;
    text_language language = text_language::es;
    std::string_view storage;
    std::string_view session;
    device::session_durability session_durability = device::session_durability::fsync;
  } device;

  struct {
    std::string_view interface;
    address_mode mode = address_mode::dhcp;
    bool probe = true;
  } network;

  struct {
    std::uint32_t attempts = 50;
    std::uint32_t attempt_ms = 250;
    std::string_view static_address = "192.168.1.10";
    std::string_view static_mask = "255.255.255.0";
    std::string_view static_gateway = "192.168.1.1";
  } dhcp;

  struct {
    server_list servers;  ///< empty: "dhcp", then "gateway"
  } dns;

  struct {
    bool enabled = true;
    server_list servers;  ///< empty: "dhcp", then es.pool.ntp.org
    chain::no_time_policy on_failure = chain::no_time_policy::plausible;
    std::string_view time_zone = "UTC";
    std::uint32_t again_s = 3600;
    bool trust_clock = true;
  } ntp;

  struct {
    bool enabled = true;
    bool client_authentication = false;
    std::uint32_t debug_level = 0;
    std::string_view ca, certificate, key, key_password_file, crl;
    std::string_view server_name;
  } tls;

  struct {
    server_list servers;  ///< empty: test.mosquitto.org
    std::uint32_t port = 0;
    std::uint32_t plain_port = 1883;
    protocol version = protocol::v5_0;
    std::string_view client_id;
    std::uint32_t keep_alive_s = 60;
    std::uint32_t session_expiry_s = 3600;
    std::string_view user_name, password, password_file, password_environment;
    std::string_view public_topic = "recado/public";
    std::string_view secret_topic = "recado/secret";
    mqtt::qos qos = mqtt::qos::at_least_once;
  } broker;

  struct {
    std::uint32_t first_ms = 1000;
    std::uint32_t longest_ms = 60000;
    std::uint32_t rounds = 0;
  } reconnect;

  text_overrides texts;

  struct {
    bool enabled = false;
    std::uint32_t bytes = 1024;
    std::uint32_t cycles = 100;
  } test;
};

/// The port of the broker: the configured one, or the standard's for what is used.
std::uint16_t broker_port(const configuration& of);

}  // namespace recado::device
