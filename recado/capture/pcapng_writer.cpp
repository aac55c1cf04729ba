#include <recado/capture/pcapng_writer.hpp>

#include <algorithm>
#include <utility>

#include <recado/capture/pcapng.hpp>

namespace recado::capture {
namespace {

constexpr std::byte tls_handshake_record{22};  // RFC 8446 §5.1
constexpr std::byte mqtt_connect{0x10};        // MQTT 5.0 §3.1.1
constexpr std::uint16_t mqtt_port = 1883;
constexpr std::uint16_t mqtt_port_tls = 8883;
constexpr std::uint32_t first_sequence_number = 1000;
constexpr mac_address everybody{
    {std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}}};

/// Behind these nothing comes that a reader needs before application data: TLS 1.2 has one secret; in TLS 1.3 the
/// client's traffic secret comes together with the server's.
bool is_last_secret(std::string_view line) {
  return line.starts_with("CLIENT_RANDOM ") || line.starts_with("SERVER_TRAFFIC_SECRET_0 ");
}

std::size_t segment_bytes_max(const stream_identity& stream) {
  return stream.peer.address.is_v6() ? segment_bytes_max_v6 : segment_bytes_max_v4;
}

std::size_t octets_in(std::uint8_t flags) { return (flags & (tcp_syn | tcp_fin)) != 0 ? 1 : 0; }

void wipe_text(std::string& text) {
  wipe(std::as_writable_bytes(std::span{text}));
  text.clear();
}

}  // namespace

pcapng_writer::pcapng_writer(private_file file, const wall_clock& clock, mac_address own)
    : file_(std::move(file)), clock_(clock), own_(own) {
  file_.write(section_header("recado") + interface_description("recado"));
}

party pcapng_writer::peer_party(const endpoint& at) const {
  const bool broadcast = at.address == ip_address::v4_broadcast();
  const auto last = std::to_integer<unsigned>(at.address.octets[at.address.is_v6() ? 15 : 3]);
  return {broadcast ? everybody : made_up(2 + last % 254), at};
}

void pcapng_writer::add(const std::string& frame, instant when, std::string_view comment) {
  blocks_ += enhanced_packet(as_bytes(frame), clock_.at(when), comment);
}

/// Writes what there is unless it has to wait: what comes later then waits behind it, in its order.
void pcapng_writer::settle() {
  if (!waiting_ || blocks_.size() > waiting_bytes_max) flush();
}

void pcapng_writer::flush() {
  waiting_ = false;
  if (!secrets_.empty()) {
    std::string block = decryption_secrets(secrets_);
    file_.write(block);
    wipe_text(block);
    wipe_text(secrets_);
  }
  if (!blocks_.empty()) file_.write(blocks_);
  blocks_.clear();
}

void pcapng_writer::datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload,
                                  instant when) {
  const bytes fitting = payload.first(std::min(payload.size(), datagram_bytes_max));
  const party own = own_party(local), other = peer_party(peer);
  const bool out = way == direction::out;
  add(udp_frame(out ? own : other, out ? other : own, fitting, ++identification_), when);
  settle();
}

void pcapng_writer::frame_seen(direction, bytes frame, instant when) {
  add(std::string{as_text(frame)}, when);
  settle();
}

void pcapng_writer::add_segment(flow& of, direction way, std::uint8_t flags, bytes data, instant when) {
  const bool out = way == direction::out;
  const party own = own_party(of.stream.local), other = peer_party(of.stream.peer);
  std::uint32_t& sequence = out ? of.sent : of.received;
  tcp_fields fields{.sequence = sequence, .acknowledgement = out ? of.received : of.sent, .flags = flags};
  if ((flags & tcp_ack) == 0) fields.acknowledgement = 0;
  if ((flags & tcp_syn) != 0) fields.maximum_segment_size = static_cast<std::uint16_t>(segment_bytes_max(of.stream));
  add(tcp_frame(out ? own : other, out ? other : own, fields, data, ++identification_), when, comment_);
  comment_.clear();
  sequence += static_cast<std::uint32_t>(data.size() + octets_in(flags));
}

void pcapng_writer::add_data(flow& of, direction way, bytes data, instant when) {
  const std::size_t segment = segment_bytes_max(of.stream);
  while (!data.empty()) {
    const bytes part = data.first(std::min(data.size(), segment));
    data = data.subspan(part.size());
    const bool last = data.empty();
    add_segment(of, way, static_cast<std::uint8_t>(tcp_ack | (last ? tcp_psh : 0)), part, when);
  }
}

pcapng_writer::flow& pcapng_writer::flow_of(const stream_identity& stream, instant when) {
  const auto found = flows_.find(stream.id);
  if (found != flows_.end()) return found->second;
  flow& fresh = flows_[stream.id];
  fresh.stream = stream, fresh.opened = when;
  fresh.sent = fresh.received = first_sequence_number;
  return fresh;
}

void pcapng_writer::stream_opened(const stream_identity& stream, instant when) {
  flows_.erase(stream.id);
  (void)flow_of(stream, when);
}

/// Writes the stream's first packets; `data` is what it says first, or nothing.
void pcapng_writer::begin(flow& of, direction way, bytes data) {
  of.began = true;
  const bool asks = way == direction::out && !data.empty();
  of.shakes_hands = asks && data.front() == tls_handshake_record;
  all_secrets_came_ = false;
  if (of.shakes_hands || (asks && data.front() == mqtt_connect)) {
    const std::uint16_t usual = of.shakes_hands ? mqtt_port_tls : mqtt_port;
    const std::uint16_t true_port = std::exchange(of.stream.peer.port, usual);
    if (true_port != usual)
      comment_ = "The true port of the server is " + std::to_string(true_port) + "; it is recorded as " +
                 std::to_string(usual) + " so that MQTT is shown without an option";
  }
  add_segment(of, direction::out, tcp_syn, {}, of.opened);
  add_segment(of, direction::in, tcp_syn | tcp_ack, {}, of.opened);
  add_segment(of, direction::out, tcp_ack, {}, of.opened);
}

void pcapng_writer::stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) {
  if (what != content::wire || data.empty()) return;
  if (way == direction::out) flush();  // what waited, behind the secrets that came meanwhile
  flow& of = flow_of(stream, when);
  if (!of.began) begin(of, way, data);
  if (all_secrets_came_) of.shakes_hands = false;
  add_data(of, way, data, when);
  waiting_ = waiting_ || (of.shakes_hands && way == direction::in);
  settle();
}

void pcapng_writer::stream_closed(const stream_identity& stream, fault why, instant when) {
  flush();
  const auto found = flows_.find(stream.id);
  if (found == flows_.end()) return;
  flow& of = found->second;
  if (!of.began) begin(of, direction::out, {});
  const bool by_peer = is(why, stream_error::closed_by_peer);
  if (by_peer || is(why, stream_error::aborted)) {
    const direction first = by_peer ? direction::in : direction::out;
    const direction second = by_peer ? direction::out : direction::in;
    add_segment(of, first, tcp_fin | tcp_ack, {}, when);
    add_segment(of, second, tcp_fin | tcp_ack, {}, when);
    add_segment(of, first, tcp_ack, {}, when);
  } else if (is(why, stream_error::reset)) {
    add_segment(of, direction::in, tcp_rst | tcp_ack, {}, when);
  }
  flows_.erase(found);
  flush();
}

void pcapng_writer::line(std::string_view text) {
  if (text.find_first_of("\r\n") != std::string_view::npos) return;
  all_secrets_came_ = all_secrets_came_ || is_last_secret(text);
  std::string longer;  // grown by hand, so that no copy of a secret stays behind
  longer.reserve(secrets_.size() + text.size() + 1);
  longer += secrets_;
  longer += text;
  longer += '\n';
  wipe_text(secrets_);
  secrets_ = std::move(longer);
}

}  // namespace recado::capture
