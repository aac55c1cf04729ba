// What is seen of a connection besides its messages: traces, recordings, counts, and the broker's first bytes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <recado/capture/describe.hpp>
#include <recado/capture/pcapng_writer.hpp>
#include <recado/drive/tap.hpp>

#include "debug_lines.hpp"
#include "settings.hpp"

namespace recado::app::tools {

/// The observer of all the streams of one run.
class watch final : public tap {
 public:
  /// Opens the recording if one is asked for; throws `failure` if that is not possible.
  explicit watch(const settings& how);

  void datagram_seen(direction, const endpoint&, const endpoint&, bytes, instant) override {}
  void stream_opened(const stream_identity& stream, instant when) override;
  void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) override;
  void stream_closed(const stream_identity& stream, fault why, instant when) override;

  /// True if the plaintext inside TLS has to be shown, too.
  bool wants_plaintext() const { return tracing_ || debug_; }
  /// Takes the secrets of TLS for the recording, or nullptr.
  tls::key_log* keys() { return recording_ ? &*recording_ : nullptr; }
  /// What the broker said first on this connection looks like TLS. `inside`: what it said in a tunnel counts, which is
  /// only seen if the plaintext is shown.
  bool broker_speaks_tls(bool inside) const {
    const beginning& first = inside ? first_inside_ : first_;
    return first.size >= 2 && (first.octets[0] == 0x15 || first.octets[0] == 0x16) && first.octets[1] == 3;
  }
  /// What the broker said first looks like another protocol: its name, else empty.
  std::string_view foreign(bool inside) const;
  /// What the broker said first is a CONNACK of MQTT 3.1.1: its return code.
  std::optional<unsigned> old_connack(bool inside) const;
  /// A connection is tried; then, whether it was made.
  void begin() { connected_ = false; }
  bool connected() const { return connected_; }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }
  /// Bytes that came on this connection. `inside`: to MQTT, which is only counted if the plaintext is shown.
  std::uint64_t heard(bool inside) const { return inside ? heard_inside_ : heard_; }
  /// When something last moved on the wire.
  instant last_in() const { return last_in_; }
  instant last_out() const { return last_out_; }
  /// The errno of the recording's first failed write, 0 if none did.
  int recording_error() const { return recording_ ? recording_->error() : 0; }

 private:
  void trace(direction way, bytes data, instant when);

  bool tracing_ = false;
  bool connected_ = false;
  bool of_sub_ = false;
  std::optional<debug_lines> debug_;
  mqtt::print_options print_;
  std::optional<capture::mqtt_words> words_;
  std::optional<capture::pcapng_writer> recording_;
  std::optional<instant> began_;
  struct beginning {
    std::array<std::uint8_t, 4> octets{};
    std::size_t size = 0;
    void add(bytes data) {
      for (std::size_t i = 0; i < data.size() && size < octets.size(); ++i)
        octets[size++] = std::to_integer<std::uint8_t>(data[i]);
    }
  };
  beginning first_, first_inside_;
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0, heard_ = 0, heard_inside_ = 0;
  instant last_in_{}, last_out_{};
};

}  // namespace recado::app::tools
