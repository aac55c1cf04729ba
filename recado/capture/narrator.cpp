#include <recado/capture/narrator.hpp>

#include <algorithm>
#include <string>

#include <recado/capture/string_sink.hpp>

namespace recado::capture {
namespace {

constexpr std::byte tls_handshake_record{22};

/// Puts each line of a text under its heading.
class indented final : public text_sink {
 public:
  explicit indented(text_sink& out) : out_(out) {}
  void write(std::string_view text) override {
    for (const char c : text) {
      if (at_line_start_) out_ << "    ";
      out_ << c;
      at_line_start_ = c == '\n';
    }
  }
  /// Ends the last line if it was left open.
  void finish() {
    if (!at_line_start_) out_ << '\n';
    at_line_start_ = true;
  }

 private:
  text_sink& out_;
  bool at_line_start_ = true;
};

/// The faults that streams and datagrams have are of one kind.
void print_fault(fault why, text_sink& out) {
  if (why.where == layer::stream) out << words(static_cast<stream_error>(why.code));
  else out << "ended by a layer above";
}

}  // namespace

/// "   1.204 ms ->": since the first thing that was seen.
void narrator::heading(direction way, instant when) {
  if (!first_) first_ = when;
  const auto passed = static_cast<std::uint64_t>((when - *first_).count());
  out_.number(passed / 1000, 7) << '.';
  out_.number(passed % 1000, 3, '0') << " ms " << (way == direction::out ? "-> " : "<- ");
}

void narrator::ends(direction way, const endpoint& local, const endpoint& peer) {
  const bool out = way == direction::out;
  out_ << (out ? local : peer) << " to " << (out ? peer : local);
}

void narrator::datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) {
  const application what = application_of(local.port, peer.port);
  heading(way, when);
  out_ << words(what) << ", ";
  out_.number(payload.size()) << " bytes, ";
  ends(way, local, peer);
  out_ << '\n';
  indented below{out_};
  describe(what, payload, clock_.at(when), below);
  below.finish();
}

void narrator::datagram_failed(const endpoint& peer, fault why, instant when) {
  heading(direction::in, when);
  out_ << "the datagram to " << peer << " failed: ";
  print_fault(why, out_);
  out_ << '\n';
}

void narrator::frame_seen(direction way, bytes frame, instant when) {
  heading(way, when);
  describe_frame(frame, out_);
}

void narrator::stream_opened(const stream_identity& stream, instant when) {
  heading(direction::out, when);
  out_ << "TCP connected, ";
  ends(direction::out, stream.local, stream.peer);
  out_ << '\n';
  conversations_.insert_or_assign(stream.id, conversation{mqtt_words{how_.mqtt}, {}, {}});
}

void narrator::stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) {
  if (data.empty()) return;
  conversation& of = conversations_.try_emplace(stream.id, conversation{mqtt_words{how_.mqtt}, {}, {}}).first->second;
  if (what == content::wire && !of.over_tls) of.over_tls = data.front() == tls_handshake_record;
  const bool out = way == direction::out;
  std::string lines;
  string_sink text{lines};
  if (what == content::plaintext) of.mqtt.add(out ? mqtt::sender::client : mqtt::sender::server, data, text);
  else if (how_.tls_records && of.over_tls == true) of.tls.add(out ? 0 : 1, data, text);
  std::string_view rest = lines;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(' ')) out_ << "  ";  // a field of the packet above
    else heading(way, when);
    out_ << line << '\n';
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

void narrator::stream_closed(const stream_identity& stream, fault why, instant when) {
  heading(direction::in, when);
  out_ << "TCP ended, ";
  ends(direction::out, stream.local, stream.peer);
  out_ << ": ";
  print_fault(why, out_);
  out_ << '\n';
  conversations_.erase(stream.id);
}

}  // namespace recado::capture
