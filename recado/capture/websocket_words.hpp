// One direction of a WebSocket connection (RFC 6455) to words, and the MQTT bytes that it carries.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <recado/capture/inspect.hpp>

namespace recado::capture {

/// Fed with a TCP stream from its first byte on.
class websocket_words {
 public:
  /// Takes what comes next. Appends what the messages carry to `carried`, and a line for each line of HTTP and each
  /// control frame to `lines`. Answers what breaks RFC 6455 and at which octet of the stream; nothing is taken then any
  /// more. `from_client`: who sends it. Credentials in the request are shown as their length unless `show_secrets`.
  std::optional<blemish> add(std::string_view data, bool from_client, bool show_secrets, std::string& carried,
                             std::string& lines);
  /// The octets in front of which `add` stopped, to be shown.
  std::string_view rest() const { return waiting_; }
  /// Where they stand in the stream.
  std::size_t offset() const { return offset_; }
  /// True after an answer that isn't "101 Switching Protocols": no frames follow.
  bool refused() const { return refused_; }

 private:
  static constexpr std::size_t head_bytes_max = 64 << 10;

  std::optional<blemish> take_head(bool show_secrets, std::string& lines);
  std::optional<blemish> take_frame(bool from_client, std::string& lines);
  std::optional<blemish> check_frame(bool from_client) const;
  void take_payload(std::string& carried);
  void control(unsigned opcode, std::string_view payload, std::string& lines) const;
  void drop(std::size_t count);

  std::string waiting_;
  std::size_t offset_ = 0;
  bool framed_ = false;  // the head is over
  bool refused_ = false;
  bool more_ = false;       // a message of several frames is under way
  bool starved_ = false;    // what waits isn't whole
  std::uint64_t left_ = 0;  // of the data frame
  std::array<char, 4> mask_{};
  std::size_t masked_ = 0;
};

}  // namespace recado::capture
