#include <recado/websocket/filter.hpp>

#include <recado/transport/text.hpp>
#include <recado/websocket/sha1.hpp>

namespace recado::websocket {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::string_view protocol = "mqtt";                                       // [MQTT-6.0.0-3]

/// The key as the server sees it.
std::string_view key_text(bytes key, std::span<char> memory) {
  buffer_sink out{memory};
  transport::print_base64(key, {}, out);
  return out.view();
}

bool accepts(std::string_view value, bytes key) {
  std::array<char, 64> text{};
  buffer_sink joined{text};
  transport::print_base64(key, {}, joined);
  joined << accept_suffix;
  const auto digest = sha1(as_bytes(joined.view()));
  std::array<char, 32> expected{};
  return value == key_text(digest, expected);
}

}  // namespace

filter::filter(const memory& given, entropy& random) : in_{given.incoming}, out_{given.outgoing}, random_(random) {}

std::expected<void, error> filter::set_target(std::string_view authority, std::string_view path) {
  const bool good = transport::is_visible(authority) && authority.size() <= transport::host_chars_max + 8 &&
                    authority.find_first_of("/@?#\\") == authority.npos && transport::is_visible(path) &&
                    path.front() == '/' && path.size() <= path_chars_max && path.find('#') == path.npos;
  if (!good) return std::unexpected(error::bad_target);
  authority_ = authority, path_ = path;
  return {};
}

void filter::opened(instant now) {
  in_.clear(), out_.clear();
  control_size_ = answer_size_ = answer_opcode_ = 0, frame_rest_ = 0;
  in_frame_ = in_message_ = false;
  why_ = {};
  state_ = state::handshake;
  deadline_ = now + handshake_time_;
  renew_context();
  greet();
}

void filter::greet() {
  if (authority_.empty()) return fail(error::bad_target);
  random_.fill(key_);
  std::array<char, outgoing_bytes_min> text;
  std::array<char, 32> key{};
  buffer_sink out{text};
  out << "GET " << path_ << " HTTP/1.1\r\nHost: " << authority_
      << "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " << key_text(key_, key)
      << "\r\nSec-WebSocket-Protocol: " << protocol << "\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (out.truncated() || out_.append(as_bytes(out.view())) != out.view().size()) fail(error::no_room);
}

void filter::lost(fault why, instant) {
  out_.clear();
  answer_opcode_ = 0;
  const bool said = state_ == state::idle || state_ == state::ended || state_ == state::failed;
  if (!said) state_ = state::failed, why_ = why;
}

void filter::listen(bytes& in) {
  while (state_ == state::handshake && !in.empty()) {
    if (in_.append(in.first(1)) == 0) return fail(error::answer_too_long);
    in = in.subspan(1);
    const std::string_view head = as_text(in_.held());
    if (head.size() == 7 && !head.starts_with("HTTP/1.")) return fail(error::not_http);
    if (head.ends_with("\r\n\r\n")) judge(head);
  }
}

/// RFC 6455 §4.1, the six points about the server's answer.
void filter::judge(std::string_view head) {
  const auto answer = transport::parse_http(head);
  if (!answer) return fail(error::not_http);
  if (answer->status != 101) return fail(error::upgrade_refused, answer->status);
  const auto upgrade = only_field(*answer, "Upgrade");
  if (!upgrade || !transport::equal_in_any_case(*upgrade, "websocket")) return fail(error::bad_upgrade);
  if (!has_token(*answer, "Connection", "Upgrade")) return fail(error::bad_upgrade);
  const auto accept = only_field(*answer, "Sec-WebSocket-Accept");
  if (!accept || !accepts(*accept, key_)) return fail(error::wrong_accept);
  if (count_fields(*answer, "Sec-WebSocket-Extensions") != 0) return fail(error::bad_upgrade);
  if (only_field(*answer, "Sec-WebSocket-Protocol") != protocol) return fail(error::wrong_protocol);  // [MQTT-6.0.0-4]
  in_.clear();
  state_ = state::answered;
}

std::optional<filter::event> filter::receive(bytes& in, instant now) {
  if (state_ == state::handshake && now >= deadline_) fail(error::timed_out);
  if (state_ == state::handshake) listen(in);
  if (state_ == state::answered) {
    state_ = state::open;
    return established{};
  }
  const std::size_t held = in_.size;
  if (state_ == state::open || state_ == state::closing) {
    while (read_frames(in)) {
    }
  }
  const bool got = in_.size > held;  // what came before the end is to be read before the end is told
  if (state_ == state::failed && !got && (why_.where == layer::transport || in_.size == 0)) {
    state_ = state::ended;
    return closed{why_};
  }
  if (state_ == state::ended) in = {};
  return std::nullopt;
}

bytes filter::pending(instant) {
  if (answer_opcode_ != 0 && put_frame(answer_opcode_, bytes{answer_}.first(answer_size_))) answer_opcode_ = 0;
  return out_.held();
}

instant filter::deadline() const {
  if (state_ == state::answered || state_ == state::failed) return instant::min();
  return state_ == state::handshake ? deadline_ : never;
}

void filter::fail(error why, std::uint32_t detail) {
  state_ = state::failed;
  why_ = make_fault(why, detail);
}

}  // namespace recado::websocket
