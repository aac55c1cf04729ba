// Everything that can be chosen about the device, as plain values: read from TOML on a PC, compiled in on a board.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <recado/chain/bring_up.hpp>
#include <recado/core/fixed_vector.hpp>
#include <recado/core/time_zone.hpp>
#include <recado/device/texts.hpp>
#include <recado/mqtt/types.hpp>

namespace recado::device {

/// A main server and its alternatives, in the order in which they are tried.
inline constexpr std::size_t servers_max = 4;
/// Names or addresses with an optional port, in the order in which they are tried.
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
    std::string_view platform = "recado";         ///< name of the platform, told to the DHCP server as the host name
    console_level console = console_level::info;  ///< how much the console shows
    std::uint32_t publish_s = 10;  ///< seconds between two publications of date and time, at most 86,400; 0: none
    text_language language = text_language::es;  ///< of the texts
    std::string_view storage;  ///< folder for the lease and the last known time; empty: the user's state folder
    std::string_view session;  ///< folder in which the session outlives the program; empty: it ends with it
    device::session_durability session_durability = device::session_durability::fsync;  ///< what that survives
  } device;                                                                             ///< the device itself

  struct {
    std::string_view interface;              ///< name, such as eth0; empty: the first one with Ethernet addresses
    address_mode mode = address_mode::dhcp;  ///< where the address comes from
    bool probe = true;                       ///< ask by ARP whether an address is free before it is used (RFC 5227)
  } network;                                 ///< the network interface

  struct {
    std::uint32_t attempts = 50;     ///< before the static address is used; 0: the static address at once
    std::uint32_t attempt_ms = 250;  ///< milliseconds that one attempt lasts, 50 to 60,000
    std::string_view static_address = "192.168.1.10";  ///< to use without DHCP; empty: DHCP is asked for ever
    std::string_view static_mask = "255.255.255.0";    ///< its network mask
    std::string_view static_gateway = "192.168.1.1";   ///< the gateway to use with it; empty: none
  } dhcp;                                              ///< the address

  struct {
    server_list servers;  ///< empty: "dhcp", then "gateway"
  } dns;                  ///< the resolver

  struct {
    bool enabled = true;                                                  ///< set the clock by NTP
    server_list servers;                                                  ///< empty: "dhcp", then es.pool.ntp.org
    chain::no_time_policy on_failure = chain::no_time_policy::plausible;  ///< when no time server answers
    std::string_view time_zone = "UTC";  ///< of the published date: "GMT+1", or as POSIX writes it
    std::uint32_t again_s = 3600;        ///< seconds until the time is asked for again, 64 to 604,800
    bool trust_clock = true;             ///< take the board's real-time clock for plausible
  } ntp;                                 ///< the clock

  struct {
    bool enabled = true;                 ///< encrypt the connection to the broker
    bool client_authentication = false;  ///< present the client certificate
    /// 1: the server's name and verdict, 2: its whole chain, 3 to 5: the keys for Wireshark, too.
    std::uint32_t debug_level = 0;
    std::string_view ca,            ///< file with the authorities that are trusted; empty: those of the system
        certificate,                ///< file with the client certificate; empty: none
        key,                        ///< file with its private key; empty: in the certificate's file
        key_password_file,          ///< file with its pass phrase; empty: asked on the terminal
        crl;                        ///< file with revoked certificates; empty: none
    std::string_view server_name;   ///< name that the broker's certificate must carry; empty: the one in `servers`
    std::string_view psk_identity,  ///< of a key that the broker has, too, instead of certificates; empty: none
        psk,                        ///< that key: its bytes, 14 to 64; in a configuration file in hexadecimal
        psk_file;                   ///< file with it: the first line, in hexadecimal
  } tls;                            ///< the encryption

  struct {
    server_list servers;                ///< empty: test.mosquitto.org
    std::uint32_t port = 0;             ///< with TLS; 0: 8883
    std::uint32_t plain_port = 1883;    ///< without TLS
    protocol version = protocol::v5_0;  ///< of MQTT
    std::string_view client_id;         ///< client identifier; empty: recado- and the Ethernet address
    std::uint32_t keep_alive_s = 60;    ///< seconds of silence after which a PINGREQ is sent, at most 65,535; 0: never
    std::uint32_t session_expiry_s = 3600;  ///< seconds that the broker keeps the session; 0: only while connected
    std::string_view user_name,             ///< empty: none
        password,                           ///< as text; one of three ways to give it
        password_file,                      ///< its file: the first line
        password_environment;               ///< the environment variable with it
    std::string_view public_topic = "recado/public";  ///< on which the device publishes
    std::string_view secret_topic = "recado/secret";  ///< from which it takes commands
    mqtt::qos qos = mqtt::qos::at_least_once;         ///< of both directions
  } broker;                                           ///< the broker and the session

  struct {
    /// Longest wait in milliseconds before the first new attempt; it doubles with each further one.
    std::uint32_t first_ms = 1000;
    std::uint32_t longest_ms = 60000;  ///< milliseconds; no wait is longer
    std::uint32_t rounds = 0;          ///< failed ones in a row after which it ends with an error; 0: never
    /// Try again for final reasons, too (bad credentials, no rights, a refused certificate, a broken protocol); else a
    /// broker that gives one is left out, and it ends with an error when all are.
    bool retry_final = false;
    std::uint32_t references = 4;  ///< Server References followed in a row (MQTT 5.0 §4.11), at most 16; 0: none
  } reconnect;                     ///< coming back after a loss

  text_overrides texts;  ///< in place of the language's own

  struct {
    bool enabled = false;        ///< the button held at the start enters the test mode
    std::uint32_t bytes = 1024;  ///< of each message, 1 to 65,536
    std::uint32_t cycles = 100;  ///< messages, 1 to 100,000
  } test;                        ///< the test mode
};

/// The configuration with its empty lists filled as documented, and its time zone read: on a board by the compiler.
struct complete_configuration : configuration {
  /// Completes what was chosen.
  constexpr complete_configuration(const configuration& chosen = {})
      : configuration(chosen), zone(time_zone::parse(chosen.ntp.time_zone).value_or(time_zone{})) {
    if (ntp.servers.empty()) ntp.servers.push_back("dhcp"), ntp.servers.push_back("es.pool.ntp.org");
    if (dns.servers.empty()) dns.servers.push_back("dhcp"), dns.servers.push_back("gateway");
    if (broker.servers.empty()) broker.servers.push_back("test.mosquitto.org");
  }

  time_zone zone;  ///< `ntp.time_zone`; UTC if that is none
};

/// The port of the broker: the configured one, or the standard's for what is used.
std::uint16_t broker_port(const configuration& of);

}  // namespace recado::device
