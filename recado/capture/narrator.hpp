// Tells what goes over the network while it goes: what `recado probe` prints.
#pragma once

#include <map>
#include <optional>

#include <recado/capture/describe.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/tap.hpp>

namespace recado::capture {

/// A tap that prints every datagram, ARP frame and MQTT packet field by field and every TLS record in one line, each
/// under a line with the time since the first one, the direction and both ends. Only for the thread that drives.
class narrator final : public tap {
 public:
  /// How it prints.
  struct options {
    mqtt::print_options mqtt{};  ///< secrets print as their length unless it says otherwise
    bool tls_records = true;     ///< a line for each TLS record, too
  };
  /// `out` and `clock` must outlive it; the clock only decides the era of NTP's time stamps.
  narrator(text_sink& out, const wall_clock& clock, const options& how) : out_(out), clock_(clock), how_(how) {}

  void datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) override;
  void datagram_failed(const endpoint& peer, fault why, instant when) override;
  void frame_seen(direction way, bytes frame, instant when) override;
  void stream_opened(const stream_identity& stream, instant when) override;
  void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) override;
  void stream_closed(const stream_identity& stream, fault why, instant when) override;

 private:
  struct conversation {
    mqtt_words mqtt;
    tls_words tls;
    std::optional<bool> over_tls;  ///< unknown before its first byte
  };
  void heading(direction way, instant when);
  void ends(direction way, const endpoint& local, const endpoint& peer);

  text_sink& out_;
  const wall_clock& clock_;
  options how_;
  std::optional<instant> first_;
  std::map<std::uint32_t, conversation> conversations_;
};

}  // namespace recado::capture
