// MQTT over WebSocket (RFC 6455, MQTT 5.0 §6) as a client: frames below, the stream of MQTT above.
//
// The frames are read and written by wslay's frame layer, which keeps nothing but the frame that it is at; its context
// is the only allocation, made once for each connection. How the stream is cut into messages means nothing
// [MQTT-6.0.0-2]. Pings are answered, of several only the last (§5.5.3); text frames are refused [MQTT-6.0.0-1].
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <recado/core/entropy.hpp>
#include <recado/transport/error.hpp>
#include <recado/transport/queue.hpp>
#include <recado/transport/tunnel.hpp>
#include <recado/wire/machine.hpp>

struct wslay_frame_context;
struct wslay_frame_iocb;

namespace recado::websocket {

using transport::closed;
using transport::error;
using transport::established;
using transport::memory;

inline constexpr std::size_t incoming_bytes_min = 8192;        ///< twice what wslay hands over at once
inline constexpr std::size_t outgoing_bytes_min = 2048;        ///< the request, and some room for frames
inline constexpr std::size_t path_chars_max = 1024;            ///< of the resource that is asked for
inline constexpr std::size_t control_payload_bytes_max = 125;  ///< RFC 6455 §5.5

/// The status codes of close frames that are used here (RFC 6455 §7.4.1).
enum class status : std::uint16_t { normal = 1000, protocol_error = 1002, unacceptable = 1003, none = 1005 };

/// One filter serves one connection after another; `opened` begins each anew. It can't be moved.
class filter {
 public:
  using event = transport::event;  ///< What `receive` answers.

  /// `random` makes the key and the masks (§5.3); it must outlive the filter.
  filter(const memory& given, entropy& random);
  ~filter();
  filter(const filter&) = delete;
  filter& operator=(const filter&) = delete;

  /// What to ask for: `authority` is the host as in the URL, with ":port" unless that is the default, `path` begins
  /// with '/' and may hold a query. Both are borrowed until the handshake ends. `bad_target`.
  std::expected<void, error> set_target(std::string_view authority, std::string_view path);
  /// How long the handshake may take; counts from `opened`.
  void set_handshake_time(duration limit) { handshake_time_ = limit; }

  void opened(instant now);                              ///< A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now);                     ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now);  ///< A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now);                            ///< A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n) { out_.drop(n); }             ///< A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;                              ///< A verb of the shape; see recado/wire/machine.hpp.

  bool ready() const { return state_ == state::open; }  ///< True once plaintext may be written.
  /// What was heard, up to `consumed`.
  bytes plaintext() const { return state_ == state::idle || state_ == state::handshake ? bytes{} : in_.held(); }
  void consumed(std::size_t n) { in_.drop(n); }  ///< So much of it was used.
  /// One frame for each call.
  std::size_t write(bytes data, instant now);
  /// What the server's close frame gave as its reason behind the status, UTF-8; empty if none came. Until `opened`.
  std::string_view close_reason() const;
  /// Sends a close frame with status 1000 behind what was written.
  void close(instant now);

 private:
  enum class state : std::uint8_t { idle, handshake, answered, open, closing, failed, ended };
  struct callbacks;

  void greet();
  void listen(bytes& in);
  void judge(std::string_view head);
  bool read_frames(bytes& in);
  bool take(const wslay_frame_iocb& frame);
  bool begin_frame(const wslay_frame_iocb& frame);
  void end_control();
  void take_close(bytes payload);
  void say_goodbye(status code);
  void fail(error why, std::uint32_t detail = 0);
  void refuse(error why, status code);
  bool put_frame(std::uint8_t opcode, bytes payload);
  void renew_context();

  transport::queue in_;
  transport::queue out_;
  entropy& random_;
  wslay_frame_context* frames_ = nullptr;
  bytes* source_ = nullptr;  // what wslay reads from, during `read_frames`
  std::string_view authority_, path_;
  std::array<std::byte, 16> key_{};
  std::array<std::byte, control_payload_bytes_max> control_{}, answer_{};
  std::size_t control_size_ = 0, answer_size_ = 0;
  std::uint64_t frame_rest_ = 0;  // of the frame that is being read
  std::uint8_t opcode_ = 0;
  std::uint8_t answer_opcode_ = 0;  // a control frame that waits for room; 0: none (it is no control frame)
  bool in_frame_ = false;
  bool in_message_ = false;
  state state_ = state::idle;
  fault why_;
  instant deadline_ = never;
  duration handshake_time_ = transport::handshake_time_default;
};
static_assert(stream_filter<filter>);

}  // namespace recado::websocket
