#include "watch.hpp"

#include <cstdio>
#include <cstring>

#include <recado/drive/posix/clock.hpp>

#include "../command.hpp"
#include "../console.hpp"

namespace recado::app::tools {
namespace {

class lines final : public text_sink {
 public:
  void write(std::string_view piece) override { text.append(piece); }
  std::string text;
};

}  // namespace

watch::watch(const settings& how) : tracing_(how.trace), of_sub_(how.which == tool::sub) {
  if (how.debug) debug_.emplace(of_sub_);
  print_.protocol = how.version.value_or(mqtt::version::v3_1_1);
  print_.show_secrets = how.show_secrets;
  if (how.pcapng.empty()) return;
  auto file = capture::private_file::open(how.pcapng, capture::opening::replace);
  if (!file)
    throw failure("the recording '" + how.pcapng + "' could not be opened: " + std::strerror(file.error()),
                  "check the folder and its permissions");
  wall_clock clock;
  clock.set(posix::realtime(), posix::now());
  recording_.emplace(std::move(*file), clock);
}

std::string_view watch::foreign(bool inside) const {
  const beginning& first = inside ? first_inside_ : first_;
  const std::string_view text{reinterpret_cast<const char*>(first.octets.data()), first.size};
  if (text == "HTTP") return "HTTP";
  if (text == "SSH-") return "SSH";
  if (text == "220 " || text == "220-") return "SMTP or FTP";
  if (text == "+OK " || text == "* OK") return "POP3 or IMAP";
  return {};
}

std::optional<unsigned> watch::old_connack(bool inside) const {
  const beginning& first = inside ? first_inside_ : first_;
  if (first.size < 4 || first.octets[0] != 0x20 || first.octets[1] != 2) return std::nullopt;
  return first.octets[3];
}

void watch::stream_opened(const stream_identity& stream, instant when) {
  connected_ = true;
  words_.emplace(print_);
  if (debug_) debug_.emplace(of_sub_);
  first_ = {}, first_inside_ = {}, heard_ = heard_inside_ = 0;
  last_in_ = last_out_ = when;
  if (!began_) began_ = when;
  if (recording_) recording_->stream_opened(stream, when);
}

void watch::stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) {
  if (what == content::plaintext) {
    if (way == direction::in) first_inside_.add(data), heard_inside_ += data.size();
    return trace(way, data, when);
  }
  if (recording_) recording_->stream_bytes(stream, way, what, data, when);
  if (way == direction::out) {
    bytes_out_ += data.size(), last_out_ = when;
    return;
  }
  first_.add(data);
  bytes_in_ += data.size(), heard_ += data.size(), last_in_ = when;
}

void watch::stream_closed(const stream_identity& stream, fault why, instant when) {
  if (recording_) recording_->stream_closed(stream, why, when);
}

void watch::trace(direction way, bytes data, instant when) {
  if (debug_) debug_->add(way == direction::in ? mqtt::sender::server : mqtt::sender::client, data, out());
  if (!tracing_ || !words_) return;
  lines packets;
  words_->add(way == direction::in ? mqtt::sender::server : mqtt::sender::client, data, packets);
  std::string_view left = packets.text;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    char time[32];
    const double since = std::chrono::duration<double>(when - began_.value_or(when)).count();
    std::snprintf(time, sizeof time, "%10.6f ", since);
    err() << std::string_view{time} << (way == direction::in ? "<- " : "-> ") << left.substr(0, end) << '\n';
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  err().flush();
}

}  // namespace recado::app::tools
