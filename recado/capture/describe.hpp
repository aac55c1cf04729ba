// Packets as words, through the printers of the machines that speak them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/core/instant.hpp>
#include <recado/core/text.hpp>
#include <recado/mqtt/packet.hpp>

namespace recado::capture {

/// What a datagram is, as far as its ports tell.
enum class application : std::uint8_t { unknown, dhcp, dns, ntp };
/// Either port may be the well-known one.
application application_of(std::uint16_t local_port, std::uint16_t peer_port);
/// "DHCP", or "UDP" for the unknown.
std::string_view words(application what);

/// A whole datagram field by field, one or more lines, each with its end. What cannot be decoded is said, and shown
/// as hexadecimal digits. `near` is about now: it decides the era of NTP's time stamps.
void describe(application what, bytes payload, utc_time near, text_sink& out);

/// An ARP packet for IPv4 over Ethernet (RFC 826) behind its Ethernet header, in one line; of other frames the kind.
void describe_frame(bytes frame, text_sink& out);

/// Both directions of one MQTT connection, cut into packets again. The version is learnt from the CONNECT.
class mqtt_words {
 public:
  /// Prints each packet in that way.
  explicit mqtt_words(const mqtt::print_options& how) : how_(how) {}
  /// Takes bytes as they come and prints each packet that they complete, as one line with its end. After a defect,
  /// which is said, the rest of that direction can't be cut and stays unprinted.
  void add(mqtt::sender from, bytes data, text_sink& out);

 private:
  struct side {
    std::string waiting;  ///< half a packet
    bool lost = false;
  };
  bool print_packet(side& of, mqtt::sender from, text_sink& out);

  mqtt::print_options how_;
  std::array<side, 2> sides_;
};

/// Both directions of one TLS connection below: its records, and the handshake's messages as long as they are legible
/// (RFC 8446 §4 and §5.1, RFC 5246 §7.4).
class tls_words {
 public:
  /// Prints a line for each record that begins in `data`. `from` is 0 for the client, 1 for the server.
  void add(std::size_t from, bytes data, text_sink& out);

 private:
  struct side {
    std::array<std::byte, 6> head{};  ///< a record's header and the first octet of what it carries
    std::size_t known = 0;
    std::size_t skip = 0;  ///< octets of the record still to come
    bool sealed = false;   ///< what follows is encrypted
    bool lost = false;
  };
  std::array<side, 2> sides_;
};

}  // namespace recado::capture
