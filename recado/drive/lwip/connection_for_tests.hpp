// One TCP connection on the wire in memory: a stream, and its peer as a script.
#pragma once

#include <recado/drive/lwip/tcp_stream.hpp>
#include <recado/drive/lwip/wire_for_tests.hpp>

namespace recado::lwip {

inline fault only(stream_error what) { return make_fault(what); }

/// The peer counts as TCP does; what it doesn't acknowledge is as good as lost.
class on_a_connection : public on_a_wire {
 protected:
  static constexpr std::uint16_t port = 1883;
  static constexpr std::uint32_t first_of_peer = 1000;

  void TearDown() override {
    drops();
    on_a_wire::TearDown();
  }

  endpoint peer() const { return {ip_address::v4(peer_address), port}; }

  /// The last segment that was heard and not taken yet, or an empty one.
  segment hears() {
    if (net.wire.heard.empty()) return {};
    const segment one = net.wire.heard.front();
    net.wire.heard.pop_front();
    return one;
  }
  /// All data that went out since, in its order, each byte as often as it was sent; `end` is behind its last byte.
  std::string hears_data() {
    std::string all;
    while (!net.wire.heard.empty()) {
      const segment one = hears();
      all += one.data;
      if (one.sequence + one.data.size() - our_next < 0x8000'0000u)
        our_next = static_cast<std::uint32_t>(one.sequence + one.data.size() + (one.has(fin) ? 1 : 0));
    }
    return all;
  }
  segment from_peer(std::uint8_t flags, std::string data = {}) {
    segment one;
    one.from = port, one.to = local_port, one.flags = flags, one.data = std::move(data);
    one.sequence = their_next, one.acknowledged = our_next, one.window = window;
    return one;
  }
  void says(std::string data, std::uint8_t flags = ack | psh) {
    const auto size = static_cast<std::uint32_t>(data.size());
    net.wire.says(from_peer(flags, std::move(data)));
    their_next += size + ((flags & fin) != 0 ? 1 : 0);
    settle();
  }
  void acknowledges() { says({}, ack); }
  void says_reset() {
    segment one = from_peer(rst | ack);
    net.wire.says(one);
    settle();
  }

  /// Calls, and is let in.
  void connects() {
    ASSERT_TRUE(stream.connect(peer(), net.now));
    settle();
    segment call = hears();
    while (call.has(rst)) call = hears();  // of what has given way to it
    ASSERT_EQ(call.flags, syn);
    ASSERT_EQ(call.to, port);
    local_port = call.from, our_next = call.sequence + 1;
    segment answer = from_peer(syn | ack);
    answer.sequence = first_of_peer;
    their_next = first_of_peer + 1;
    net.wire.says(answer);
    settle();
    EXPECT_TRUE(hears().has(ack));
    ASSERT_EQ(stream.advance(net.now), tcp_stream::phase::open);
  }

  /// Ends the connection, with nothing of it left on either side.
  void drops() {
    stream.close(net.now);
    settle();
    says_reset();
    net.wire.heard.clear();
  }

  std::size_t sends(std::string_view text) {
    const auto taken = stream.send(as_bytes(text), net.now);
    EXPECT_TRUE(taken.has_value());
    settle();
    return taken.value_or(0);
  }
  std::string receives(std::size_t room = 4096) {
    std::string text(room, 0);
    const auto got = stream.receive(std::as_writable_bytes(std::span{text}), net.now);
    EXPECT_TRUE(got.has_value());
    text.resize(got.value_or(0));
    return text;
  }
  std::optional<fault> fails_to_receive() {
    std::array<std::byte, 16> room;
    const auto got = stream.receive(room, net.now);
    return got ? std::nullopt : std::optional{got.error()};
  }
  /// Text in which each place is told from the others.
  static std::string pattern(std::size_t size, unsigned from = 0) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('!' + (i * 7 + i / 90 + from) % 90);
    return text;
  }

  tcp_stream stream;
  std::uint16_t local_port = 0, window = 8000;
  std::uint32_t our_next = 0, their_next = 0;
};

}  // namespace recado::lwip
