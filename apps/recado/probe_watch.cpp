#include <recado/chain/words.hpp>
#include <recado/drive/arp_packet.hpp>
#include <recado/drive/posix/clock.hpp>

#include "probe.hpp"

namespace recado::app::probe {
namespace {

void print_arp(const arp_packet& packet, text_sink& out) {
  const bool probes = packet.what == arp_packet::operation::request && packet.sender.v4_value() == 0;
  const bool announces = packet.sender == packet.target;
  out << (probes                                          ? "probe"
          : announces                                     ? "announcement"
          : packet.what == arp_packet::operation::request ? "request"
                                                          : "reply")
      << "\nsender " << packet.sender_mac << ", " << packet.sender << "\ntarget " << packet.target_mac << ", "
      << packet.target << '\n';
}

}  // namespace

void indented::write(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (at_start_) below_ << "    ";
    below_ << text.substr(0, end);
    at_start_ = text[end - 1] == '\n';
    text.remove_prefix(end);
  }
}

watch::watch(console& to) : to_(to), start_(posix::now()) {}

console& watch::note(instant when) {
  std::array<char, 32> memory;
  buffer_sink time{memory};
  const auto micros = std::max<std::int64_t>((when - start_).count(), 0);
  time.number(static_cast<std::uint64_t>(micros / 1'000'000), 3) << '.';
  time.number(static_cast<std::uint64_t>(micros % 1'000'000), 6, '0') << " s  ";
  to_ << painted{style::faint, time.view()};
  return to_;
}

void watch::head(direction way, instant when) {
  note(when) << painted{way == direction::out ? style::strong : style::good,
                        way == direction::out ? "sent      " : "received  "};
}

void watch::datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) {
  head(way, when);
  to_ << (way == direction::out ? local : peer) << " -> " << (way == direction::out ? peer : local) << "  "
      << std::string_view{protocol_} << ", ";
  to_.number(payload.size());
  to_ << " bytes\n";
  if (way == direction::in) received_ += payload.size();
  indented fields{to_};
  if (print_datagram_) print_datagram_(way, payload, fields);
}

void watch::datagram_failed(const endpoint& peer, fault why, instant when) {
  note(when) << painted{style::bad, "failed    "} << peer << "  ";
  chain::describe_cause(why, to_);
  to_ << '\n';
}

void watch::frame_seen(direction way, bytes frame, instant when) {
  const auto packet = read_arp_frame(frame);
  if (!packet) return;
  head(way, when);
  std::string text = "ARP ";
  string_sink sink{text};
  print_arp(*packet, sink);
  block(text);
}

void watch::stream_opened(const stream_identity& stream, instant when) {
  note(when) << painted{style::good, "connected "} << stream.local << " -> " << stream.peer << '\n';
}

void watch::stream_bytes(const stream_identity&, direction way, content what, bytes data, instant when) {
  const bool in = way == direction::in;
  if (what == content::wire && in) {
    if (first_.size() < 8) first_ += as_text(data.first(std::min<std::size_t>(data.size(), 8)));
    received_ += data.size();
  }
  show(what == content::wire ? print_wire_ : print_plaintext_, waiting_[what == content::wire][in], way, data, when);
}

void watch::show(packet_printer& how, std::string& waiting, direction way, bytes data, instant when) {
  if (!how) return;
  waiting += as_text(data);
  std::size_t used = 0;
  do {
    std::string text;
    string_sink sink{text};
    used = how(way, as_bytes(waiting), sink);
    waiting.erase(0, used);
    if (used == 0) break;
    head(way, when);
    block(text);
  } while (!waiting.empty());
}

// The first line beside the time, the others below it.
void watch::block(std::string_view text) {
  const auto end = std::min(text.find('\n'), text.size());
  to_ << text.substr(0, end) << '\n';
  text.remove_prefix(std::min(end + 1, text.size()));
  indented fields{to_};
  fields << text;
  if (!text.empty() && text.back() != '\n') to_ << '\n';
}

void watch::stream_closed(const stream_identity&, fault why, instant when) {
  note(when) << painted{style::faint, "closed    "};
  if (is(why, stream_error::aborted)) to_ << "on this side";
  else chain::describe_cause(why, to_);
  to_ << '\n';
}

}  // namespace recado::app::probe
