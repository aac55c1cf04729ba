// The frames: everything that touches wslay.
#include <sys/types.h>
#include <wslay/wslay.h>

#include <new>

#include <recado/core/utf8.hpp>
#include <recado/websocket/filter.hpp>

namespace recado::websocket {
namespace {

constexpr std::size_t header_bytes_max = 14;   // RFC 6455 §5.2, with the longest length and a mask
constexpr std::size_t chunk_bytes_max = 4096;  // wslay's buffer: what one call hands over at most

/// §7.4: statuses that may stand in a frame.
bool is_allowed(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

/// How wslay gets its bytes, gives them, and gets its masks.
struct filter::callbacks {
  static ssize_t receive(std::uint8_t* to, std::size_t size, int, void* self) {
    bytes& in = *static_cast<filter*>(self)->source_;
    const std::size_t count = std::min(size, in.size());
    if (count == 0) return -1;  // later
    copy(in.first(count), {reinterpret_cast<std::byte*>(to), count});
    in = in.subspan(count);
    return static_cast<ssize_t>(count);
  }
  static ssize_t send(const std::uint8_t* from, std::size_t size, int, void* self) {
    return static_cast<ssize_t>(
        static_cast<filter*>(self)->out_.append({reinterpret_cast<const std::byte*>(from), size}));
  }
  static int make_mask(std::uint8_t* to, std::size_t size, void* self) {
    static_cast<filter*>(self)->random_.fill({reinterpret_cast<std::byte*>(to), size});
    return 0;
  }
};

filter::~filter() {
  if (frames_ != nullptr) wslay_frame_context_free(frames_);
}

void filter::renew_context() {
  if (frames_ != nullptr) wslay_frame_context_free(frames_);
  const wslay_frame_callbacks with{callbacks::send, callbacks::receive, callbacks::make_mask};
  if (wslay_frame_context_init(&frames_, &with, this) != 0) throw std::bad_alloc{};
}

/// Writes a whole masked frame, or nothing if there is no room.
bool filter::put_frame(std::uint8_t opcode, bytes payload) {
  if (out_.room() < payload.size() + header_bytes_max) return false;
  wslay_frame_iocb frame{};
  frame.fin = 1, frame.opcode = opcode, frame.mask = 1;
  frame.payload_length = frame.data_length = payload.size();
  frame.data = reinterpret_cast<const std::uint8_t*>(payload.data());
  return wslay_frame_send(frames_, &frame) == static_cast<ssize_t>(payload.size());
}

std::size_t filter::write(bytes data, instant) {
  if (state_ != state::open || out_.room() <= header_bytes_max) return 0;
  const std::size_t count = std::min(data.size(), out_.room() - header_bytes_max);
  return count != 0 && put_frame(WSLAY_BINARY_FRAME, data.first(count)) ? count : 0;
}

/// Reads as far as a call of wslay goes; false if there is nothing more to do now.
bool filter::read_frames(bytes& in) {
  if (in_.room() < chunk_bytes_max) in_.compact();
  if (in_.room() < chunk_bytes_max || (state_ != state::open && state_ != state::closing)) return false;
  wslay_frame_iocb frame{};
  source_ = &in;
  const ssize_t result = wslay_frame_recv(frames_, &frame);
  source_ = nullptr;
  if (result == WSLAY_ERR_WANT_READ) return false;
  if (result < 0) return refuse(error::bad_frame, status::protocol_error), false;
  return take(frame);
}

/// What the frame's header says, before its first octets are taken (§5.2, §5.4).
bool filter::begin_frame(const wslay_frame_iocb& frame) {
  const bool control = wslay_is_ctrl_frame(frame.opcode) != 0;
  error wrong{};
  if (frame.mask != 0) wrong = error::masked_frame;
  else if (frame.rsv != 0 || (control && (frame.fin == 0 || frame.payload_length > control_payload_bytes_max)) ||
           (frame.opcode > WSLAY_BINARY_FRAME && !control) || frame.opcode > WSLAY_PONG)
    wrong = error::bad_frame;
  else if (frame.opcode == WSLAY_TEXT_FRAME) wrong = error::text_frame;  // [MQTT-6.0.0-1]
  else if (!control && in_message_ != (frame.opcode == WSLAY_CONTINUATION_FRAME)) wrong = error::bad_fragment;
  if (wrong != error{}) {
    refuse(wrong, wrong == error::text_frame ? status::unacceptable : status::protocol_error);
    return false;
  }
  if (!control) in_message_ = frame.fin == 0;
  opcode_ = frame.opcode, frame_rest_ = frame.payload_length, control_size_ = 0;
  return in_frame_ = true;
}

bool filter::take(const wslay_frame_iocb& frame) {
  if (!in_frame_ && !begin_frame(frame)) return false;
  const bytes data{reinterpret_cast<const std::byte*>(frame.data), frame.data_length};
  if (wslay_is_ctrl_frame(opcode_) == 0) {
    in_.append(data);  // there is room for a chunk
  } else {
    copy(data, mutable_bytes{control_}.subspan(control_size_));
    control_size_ += data.size();
  }
  frame_rest_ -= data.size();
  if (frame_rest_ != 0) return true;
  in_frame_ = false;
  if (wslay_is_ctrl_frame(opcode_) != 0) end_control();
  return state_ == state::open || state_ == state::closing;
}

void filter::end_control() {
  const bytes payload = bytes{control_}.first(control_size_);
  if (opcode_ == WSLAY_CONNECTION_CLOSE) return take_close(payload);
  if (opcode_ != WSLAY_PING || state_ != state::open) return;
  copy(payload, answer_);
  answer_size_ = payload.size(), answer_opcode_ = WSLAY_PONG;
}

/// §5.5.1: the status comes back, then the server closes the stream below.
void filter::take_close(bytes payload) {
  unsigned code = static_cast<unsigned>(status::none);
  if (!payload.empty()) {
    if (payload.size() == 1) return refuse(error::bad_close, status::protocol_error);
    code = std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]);
    if (!is_allowed(code) || !is_utf8(payload.subspan(2))) return refuse(error::bad_close, status::protocol_error);
  }
  if (state_ == state::closing) {
    state_ = state::ended;
    return;
  }
  copy(payload.first(std::min<std::size_t>(payload.size(), 2)), answer_);
  answer_size_ = std::min<std::size_t>(payload.size(), 2), answer_opcode_ = WSLAY_CONNECTION_CLOSE;
  fail(error::closed_by_server, code);
}

// Nothing is read behind a close frame, so its payload stays.
std::string_view filter::close_reason() const {
  if (!is(why_, error::closed_by_server) || control_size_ <= 2) return {};
  return as_text(bytes{control_}.first(control_size_).subspan(2));
}

void filter::say_goodbye(status code) {
  const auto number = static_cast<unsigned>(code);
  answer_[0] = static_cast<std::byte>(number >> 8), answer_[1] = static_cast<std::byte>(number);
  answer_size_ = 2, answer_opcode_ = WSLAY_CONNECTION_CLOSE;
}

void filter::refuse(error why, status code) {
  if (state_ == state::open) say_goodbye(code);
  fail(why);
}

void filter::close(instant) {
  if (state_ != state::open) return;
  say_goodbye(status::normal);
  state_ = state::closing;
}

}  // namespace recado::websocket
