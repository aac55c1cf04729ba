// Bytes of strangers to readable packets: what "recado decode" prints.
//
// Lone bytes are one datagram or a row of MQTT packets; a recording is taken apart into datagrams and TCP streams.
// Whatever breaks a rule is said with its offset and shown with a caret under the octet; what stands behind it in a
// stream can't be cut into packets and is left out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <recado/capture/describe.hpp>
#include <recado/capture/dissect.hpp>
#include <recado/capture/json_writer.hpp>
#include <recado/capture/reassembly.hpp>
#include <recado/capture/recording.hpp>
#include <recado/capture/websocket_words.hpp>
#include <recado/mqtt/packet.hpp>

namespace recado::capture {

/// What is known beforehand; the rest is guessed, and the guess is said.
struct decode_settings {
  /// What the input is; `guess` looks at it.
  enum class protocol : std::uint8_t { guess, mqtt, dhcp, dns, ntp };
  protocol what = protocol::guess;          ///< of lone bytes
  std::optional<mqtt::version> version{};   ///< a CONNECT knows better
  std::optional<mqtt::sender> direction{};  ///< of lone bytes
  std::vector<std::uint16_t> ports{};       ///< of TCP with MQTT in recordings, besides 1883 and 8883
  bool json = false;                        ///< one object a line
  bool show_secrets = false;                ///< else their length
};

/// Decodes one input and counts. One thread at a time.
class decoder {
 public:
  /// Prints to `out`, which must outlive it.
  decoder(text_sink& out, const decode_settings& how) : out_(out), json_(out), how_(how) {}

  /// Lone bytes: one datagram, or MQTT packets behind each other, of either or both directions.
  void decode(bytes data);
  /// A whole recording.
  void decode_recording(bytes file);

  /// How many packets were printed so far.
  std::size_t packets() const { return packets_; }
  /// How many of them break a rule.
  std::size_t malformed() const { return malformed_; }
  /// Whether the recording could not be read to its end.
  bool recording_broken() const { return recording_broken_; }
  /// What to do about a recording in which no packet was found, by what was left out of it.
  std::string_view remedy_of_nothing() const;

 private:
  /// Where a packet was found.
  struct place {
    const recorded* frame = nullptr;
    endpoint from, to;
    std::size_t offset = 0;  ///< in the input, or in the stream
  };
  /// What is wrong with a packet.
  struct complaint {
    std::string_view cause;
    std::string_view field;
    std::size_t offset = 0;          ///< from the packet's first octet
    bool harmless = false;           ///< only the end of the recording
    std::size_t visible = SIZE_MAX;  ///< octets behind these may be secrets, and aren't shown
  };
  /// What the two directions of one connection know of each other.
  struct stream_facts {
    std::optional<mqtt::version> version;
    std::uint16_t server_port = 0;
    bool dns = false;  ///< DNS over TCP (RFC 7766), else MQTT
  };
  /// One direction of a TCP connection.
  struct flow {
    reassembly segments;
    std::string waiting;
    std::size_t offset = 0;
    std::optional<bool> over_tls;
    std::optional<bool> over_http;
    websocket_words web;
    bool lost = false;
    endpoint from, to;
    std::uint64_t last_number = 0;  // of the frame that brought the last of it
    utc_time last_when{};
    std::shared_ptr<stream_facts> facts;
    std::shared_ptr<tls_words> tls;
  };
  using flow_key = std::pair<endpoint, endpoint>;

  // decoder_mqtt.cpp
  void decode_mqtt(bytes data);
  bool take_packet(bytes data, const place& at, stream_facts& facts, std::optional<mqtt::sender> from, bool last,
                   std::size_t& used);
  mqtt::version guess_version(bytes data) const;
  void print_mqtt(const mqtt::any_packet& packet, bytes data, const place& at, std::string_view from,
                  mqtt::version version);

  // decoder.cpp
  void decode_datagram(application what, bytes data, const place& at);
  void heading(std::string_view protocol, const place& at, std::size_t length, std::string_view direction);
  void begin_json(std::string_view protocol, const place& at, std::size_t length, std::string_view direction);
  void complain(const complaint& what, bytes data, const place& at);
  void note(std::string_view text);
  void indent(std::string_view text, std::string_view by);

  // decoder_recording.cpp
  void take_frame(const recorded& frame);
  void take_segment(const recorded& frame, const dissected& what);
  void feed(flow& of, std::string_view data, const recorded* frame);
  void feed_mqtt(flow& of, std::string_view data, const recorded* frame);
  void feed_websocket(flow& of, std::string_view data, const recorded* frame);
  void feed_dns(flow& of, std::string_view data, const recorded* frame);
  void show_lines(std::string_view protocol, std::string_view lines, const place& at, std::size_t length);
  void feed_tls(flow& of, std::string_view data, const recorded* frame);
  void finish(flow& of);
  void finish(const flow_key& which);
  flow* flow_of(const dissected& what);
  bool carries_mqtt(std::uint16_t port) const;

  text_sink& out_;
  json_writer json_;
  decode_settings how_;
  std::map<flow_key, flow> flows_;
  std::size_t packets_ = 0;
  std::size_t malformed_ = 0;
  std::size_t others_ = 0;
  std::size_t broken_ = 0;
  bool recording_broken_ = false;
  std::map<std::uint16_t, std::size_t> unknown_links_;
  std::size_t fragments_ = 0;
  std::size_t cut_ = 0;
  bool encrypted_ = false;
};

}  // namespace recado::capture
