// A broker at the other end of a cable in memory: as much of TCP as a wire without losses needs, and on top of it the
// device tests' broker, in the clear or behind OpenSSL's server.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include <recado/device/simulated_board_test.hpp>
#include <recado/drive/lwip/wire_for_tests.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::firmware {

/// Listens on every port.
class broker_on_a_wire {
 public:
  broker_on_a_wire(lwip::wire_in_memory& wire, bool secure) : wire_(wire) {
    if (secure) secure_.emplace(tls::tests::server_wish{.wants_client_certificate = true});
  }

  /// Hears what has come, and answers.
  void turn() {
    while (!wire_.heard.empty()) {
      const lwip::segment one = wire_.heard.front();
      wire_.heard.pop_front();
      hear(one);
    }
  }
  /// TLS, or null.
  tls::tests::server* secure() { return secure_ ? &*secure_ : nullptr; }

  device::broker_stream broker;
  bool refuses = false, silent = false;
  bool ended = false;  ///< the device has said its end (FIN)

 private:
  static constexpr std::uint32_t first = 1000;

  void hear(const lwip::segment& one) {
    if (silent) return;
    if (one.has(lwip::rst)) return;
    if (one.has(lwip::syn)) return accept(one);
    acknowledged_ = one.acknowledged, window_ = one.window;
    if (one.sequence == theirs_) take(one);
    else answer(lwip::ack);
    send();
  }
  void accept(const lwip::segment& one) {
    from_ = one.to, to_ = one.from, theirs_ = one.sequence + 1, ours_ = first;
    ended = false, out_.clear();
    if (refuses) return answer(lwip::rst | lwip::ack);
    answer(lwip::syn | lwip::ack);
    acknowledged_ = ++ours_;
    (void)broker.connect({ip_address::v4(lwip::own_address), from_}, {});
    if (secure_) secure_->begin();
  }
  void take(const lwip::segment& one) {
    theirs_ += static_cast<std::uint32_t>(one.data.size()) + (one.has(lwip::fin) ? 1 : 0);
    ended = ended || one.has(lwip::fin);
    if (!one.data.empty()) hand_over(as_bytes(one.data));
    if (!one.data.empty() || one.has(lwip::fin)) answer(one.has(lwip::fin) ? lwip::ack | lwip::fin : lwip::ack);
  }
  void hand_over(bytes data) {
    if (!secure_) {
      (void)broker.send(data, {});
      out_ += said();
      return;
    }
    secure_->hear(data);
    const std::string plain = std::exchange(secure_->received, {});
    if (!plain.empty()) (void)broker.send(as_bytes(plain), {});
    if (const std::string back = said(); !back.empty()) secure_->write(back);
    out_ += secure_->says();
  }
  std::string said() {
    std::string text(broker.available(), 0);
    if (!text.empty()) (void)broker.receive(std::as_writable_bytes(std::span{text}), {});
    return text;
  }
  void send() {
    while (!out_.empty()) {
      const std::size_t room = window_ - std::min<std::size_t>(window_, ours_ - acknowledged_);
      const std::string part = out_.substr(0, std::min<std::size_t>(room, TCP_MSS));
      if (part.empty()) return;
      out_.erase(0, part.size());
      answer(lwip::ack | lwip::psh, part);
      ours_ += static_cast<std::uint32_t>(part.size());
    }
  }
  void answer(int flags, std::string data = {}) {
    lwip::segment one;
    one.from = from_, one.to = to_, one.flags = static_cast<std::uint8_t>(flags), one.data = std::move(data);
    one.sequence = ours_, one.acknowledged = theirs_, one.window = 8000;
    wire_.says(one);
  }

  lwip::wire_in_memory& wire_;
  std::optional<tls::tests::server> secure_;
  std::uint16_t from_ = 0, to_ = 0;
  std::uint32_t theirs_ = 0, ours_ = 0, acknowledged_ = 0, window_ = 0;
  std::string out_;
};

}  // namespace recado::firmware
