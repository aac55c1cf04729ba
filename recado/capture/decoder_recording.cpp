#include <recado/capture/decoder.hpp>

#include <algorithm>

#include <recado/capture/frame.hpp>
#include <recado/capture/string_sink.hpp>

namespace recado::capture {
namespace {

constexpr std::uint16_t mqtt_port = 1883;
constexpr std::uint16_t mqtt_tls_port = 8883;
constexpr std::uint16_t dns_port = 53;

bool begins_like_http(std::string_view data) { return data.front() == 'G' || data.front() == 'H'; }  // GET, HTTP/1.1

/// A record of TLS (RFC 8446 §5.1); no MQTT packet begins so.
bool begins_like_tls(std::string_view data) {
  if (data.front() < 20 || data.front() > 23) return false;
  return (data.size() < 2 || data[1] == 3) && (data.size() < 3 || (data[2] >= 0 && data[2] <= 4));
}

bool is_connect(std::string_view data) { return static_cast<unsigned char>(data.front()) >> 4 == 1; }

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string{count == 1 ? one : many};
}

bool is_of(decode_settings::protocol wanted, application what) {
  using protocol = decode_settings::protocol;
  return wanted == protocol::guess || (wanted == protocol::dhcp && what == application::dhcp) ||
         (wanted == protocol::dns && what == application::dns) || (wanted == protocol::ntp && what == application::ntp);
}

}  // namespace

void decoder::decode_recording(bytes file) {
  recording from{file};
  for (recorded frame; from.next(frame);) take_frame(frame);
  for (auto& [key, of] : flows_) finish(of);
  if (fragments_ != 0) note("left out: " + counted(fragments_, "fragment", "fragments") + " of IP packets");
  if (others_ != 0) note("left out: " + counted(others_, "packet", "packets") + " of other protocols or ports");
  if (broken_ != 0)
    note("left out: " + counted(broken_, "packet", "packets") + " whose headers contradict their length");
  for (const auto& [type, count] : unknown_links_)
    note("left out: " + counted(count, "packet", "packets") + " of link type " + std::to_string(type) +
         ", which isn't read (Ethernet, raw IP, PPP, loopback and Linux \"cooked\" are)");
  if (cut_ != 0) note(counted(cut_, "packet was", "packets were") + " recorded only in part");
  if (encrypted_)
    note(std::string{"what is encrypted stays so: tshark decrypts it "} +
         (from.has_secrets() ? "with the secrets in this file" : "with -o tls.keylog_file:FILE"));
  if (from.trouble().empty()) return;
  recording_broken_ = true;
  note("the recording is broken at offset " + std::to_string(from.offset()) + ": " + std::string{from.trouble()});
}

std::string_view decoder::remedy_of_nothing() const {
  if (how_.what != decode_settings::protocol::guess) return "look for every protocol: leave --protocol out";
  if (others_ != 0) return "name other ports of MQTT with --port";
  if (!unknown_links_.empty()) return "record on an interface of Ethernet, or on all of them: 'tcpdump -i any'";
  if (cut_ != 0) return "record whole packets: 'tcpdump -s 0'";
  return "record while packets are exchanged, from the connection's beginning";
}

void decoder::take_frame(const recorded& frame) {
  const dissected what = dissect(frame.link_type, frame.frame);
  if (frame.cut_bytes != 0) ++cut_;
  if (what.what == dissected::kind::tcp) return take_segment(frame, what);
  if (what.what == dissected::kind::fragment) return void(++fragments_);
  if (what.what == dissected::kind::malformed) return void(frame.cut_bytes == 0 && ++broken_);
  if (what.what == dissected::kind::unknown_link) return void(++unknown_links_[frame.link_type]);
  const application served =
      what.what == dissected::kind::udp ? application_of(what.from.port, what.to.port) : application::unknown;
  if (served == application::unknown || !is_of(how_.what, served)) return void(++others_);
  decode_datagram(served, what.payload, {&frame, what.from, what.to, 0});
}

bool decoder::carries_mqtt(std::uint16_t port) const {
  return port == mqtt_port || port == mqtt_tls_port || std::ranges::find(how_.ports, port) != how_.ports.end();
}

/// The direction's state; made at its first segment, with what both directions share.
decoder::flow* decoder::flow_of(const dissected& what) {
  using protocol = decode_settings::protocol;
  const bool mqtt = carries_mqtt(what.from.port) || carries_mqtt(what.to.port);
  const bool dns = !mqtt && (what.from.port == dns_port || what.to.port == dns_port);
  if (how_.what != protocol::guess && how_.what != (dns ? protocol::dns : protocol::mqtt)) return nullptr;
  if (!mqtt && !dns) return nullptr;
  const auto [found, added] = flows_.try_emplace({what.from, what.to});
  flow& of = found->second;
  if (!added) return &of;
  of.from = what.from, of.to = what.to;
  const auto back = flows_.find({what.to, what.from});
  if (back != flows_.end()) {
    of.facts = back->second.facts, of.tls = back->second.tls;
    return &of;
  }
  of.facts = std::make_shared<stream_facts>();
  of.facts->version = how_.version;
  of.facts->dns = dns;
  const bool to_server = dns ? what.to.port == dns_port : carries_mqtt(what.to.port);
  of.facts->server_port = to_server ? what.to.port : what.from.port;
  of.tls = std::make_shared<tls_words>();
  return &of;
}

void decoder::take_segment(const recorded& frame, const dissected& what) {
  const bool syn = (what.flags & tcp_syn) != 0;
  if (syn && (what.flags & tcp_ack) == 0) {  // a port that is used again
    finish({what.from, what.to});
    finish({what.to, what.from});
  }
  flow* of = flow_of(what);
  if (of == nullptr) return void(++others_);
  of->last_number = frame.number, of->last_when = frame.when;
  feed(*of, of->segments.add(what.sequence, syn, what.payload), &frame);
  if (of->segments.overflows()) {
    note(std::to_string(of->segments.missing()) + " bytes of a stream are missing: the rest of it is left out");
    of->lost = true;
    (void)of->segments.skip();
  }
}

void decoder::feed(flow& of, std::string_view data, const recorded* frame) {
  if (data.empty() || of.lost) return;
  if (of.facts->dns) return feed_dns(of, data, frame);
  if (!of.over_tls) of.over_tls = begins_like_tls(data);
  if (*of.over_tls) return feed_tls(of, data, frame);
  if (!of.over_http) of.over_http = begins_like_http(data) && of.segments.complete_from_start();
  if (*of.over_http) feed_websocket(of, data, frame);
  else feed_mqtt(of, data, frame);
}

void decoder::feed_mqtt(flow& of, std::string_view data, const recorded* frame) {
  if (data.empty()) return;
  if (of.waiting.empty() && of.offset == 0 && !of.segments.complete_from_start())
    note("a stream was recorded from its middle: its first bytes may be no packet's beginning");
  of.waiting += data;
  if (!of.facts->version && !is_connect(of.waiting)) of.facts->version = guess_version(as_bytes(of.waiting));
  const mqtt::sender from = of.to.port == of.facts->server_port ? mqtt::sender::client : mqtt::sender::server;
  std::size_t taken = 0;
  for (std::size_t used = 0; taken != of.waiting.size(); taken += used) {
    const std::size_t malformed = malformed_;
    const bytes rest = as_bytes(of.waiting).subspan(taken);
    const bool good = take_packet(rest, {frame, of.from, of.to, of.offset + taken}, *of.facts, from, false, used);
    of.lost = malformed_ != malformed;
    if (!good) break;
  }
  of.waiting.erase(0, taken);
  of.offset += taken;
}

void decoder::feed_tls(flow& of, std::string_view data, const recorded* frame) {
  encrypted_ = true;
  std::string lines;
  string_sink sink{lines};
  of.tls->add(of.to.port == of.facts->server_port ? 0 : 1, as_bytes(data), sink);
  const place at{frame, of.from, of.to, of.offset};
  of.offset += data.size();
  show_lines("TLS", lines, at, data.size());
}

void decoder::show_lines(std::string_view protocol, std::string_view lines, const place& at, std::size_t length) {
  if (lines.empty()) return;
  ++packets_;
  if (!how_.json) {
    heading(protocol, at, length, {});
    return indent(lines, "  ");
  }
  begin_json(protocol, at, length, {});
  json_.text("records", lines);
  json_.end_object();
  json_.end_line();
}

// The offsets of MQTT count what the messages of WebSocket carry, those of WebSocket the octets of TCP.
void decoder::feed_websocket(flow& of, std::string_view data, const recorded* frame) {
  std::string carried, lines;
  const std::size_t before = of.web.offset();
  const bool from_client = of.to.port == of.facts->server_port;
  const auto wrong = of.web.add(data, from_client, how_.show_secrets, carried, lines);
  show_lines("WebSocket", lines, {frame, of.from, of.to, before}, of.web.offset() - before);
  feed_mqtt(of, carried, frame);
  if (!wrong) return;
  of.lost = true;
  ++packets_;
  const place at{frame, of.from, of.to, of.web.offset()};
  const bytes rest = as_bytes(of.web.rest());
  if (how_.json) begin_json("WebSocket", at, rest.size(), {});
  else heading("WebSocket", at, rest.size(), {});
  complain({wrong->cause, {}, wrong->offset - at.offset}, rest, at);
  if (how_.json) json_.end_object(), json_.end_line();
}

// RFC 1035 §4.2.2: each message stands behind its length.
void decoder::feed_dns(flow& of, std::string_view data, const recorded* frame) {
  if (of.waiting.empty() && of.offset == 0 && !of.segments.complete_from_start()) {
    note("a stream of DNS was recorded from its middle, and is left out");
    of.lost = true;
    return;
  }
  of.waiting += data;
  while (of.waiting.size() >= 2) {
    const std::size_t length =
        static_cast<unsigned char>(of.waiting[0]) * 256U + static_cast<unsigned char>(of.waiting[1]);
    if (of.waiting.size() < 2 + length) return;
    const std::string message = of.waiting.substr(2, length);
    decode_datagram(application::dns, as_bytes(message), {frame, of.from, of.to, of.offset + 2});
    of.waiting.erase(0, 2 + length);
    of.offset += 2 + length;
  }
}

void decoder::finish(const flow_key& which) {
  const auto found = flows_.find(which);
  if (found == flows_.end()) return;
  finish(found->second);
  flows_.erase(found);
}

void decoder::finish(flow& of) {
  if (of.lost) return;
  if (const std::uint32_t missing = of.segments.missing(); missing != 0)
    note(std::to_string(missing) + " bytes of a stream are missing: the rest of it is left out");
  if (of.waiting.empty()) return;
  if (of.facts->dns)
    return note("a message of DNS over TCP is cut off at offset " + std::to_string(of.offset + of.waiting.size()));
  const recorded last{.number = of.last_number, .link_type = 0, .when = of.last_when, .frame = {}, .cut_bytes = 0};
  std::size_t used = 0;
  const mqtt::sender from = of.to.port == of.facts->server_port ? mqtt::sender::client : mqtt::sender::server;
  (void)take_packet(as_bytes(of.waiting), {&last, of.from, of.to, of.offset}, *of.facts, from, true, used);
}

}  // namespace recado::capture
