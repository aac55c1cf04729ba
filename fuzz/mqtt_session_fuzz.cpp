// A whole session against a hostile peer: packets well and ill formed, any timing, commands and losses in between.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <recado/mqtt/packet.hpp>
#include <recado/mqtt/session.hpp>

#include "target.hpp"

using recado::fuzz::require;

namespace {

using namespace recado;
using namespace recado::mqtt;

constexpr storage_sizes small{.transmit = 300,
                              .receive = 64,
                              .outgoing = 4,
                              .received = 3,
                              .owed = 3,
                              .incoming_aliases = 2,
                              .outgoing_aliases = 2,
                              .alias_topic = 16};

class hostile_peer {
 public:
  explicit hostile_peer(bytes plan) : plan_(plan) {}

  void run() {
    reconnect();
    while (!plan_.empty()) {
      act(take());
      listen();
    }
  }

 private:
  std::uint8_t take() {
    if (plan_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(plan_[0]);
    plan_ = plan_.subspan(1);
    return value;
  }
  void reconnect() {
    const std::uint8_t how = take();
    session_.lost({}, now_);
    size_ = 0, closed_ = false;
    static const property_value again[] = {{"k", "v"}};
    connect_options options{.client_identifier = "fuzz", .clean_start = (how & 1) != 0};
    options.version = (how & 2) != 0 ? version::v3_1_1 : version::v5_0;
    options.acknowledge = (how & 4) != 0 ? acknowledge_when::deferred : acknowledge_when::at_once;
    options.when_session_lost = (how & 8) != 0 ? lost_session::report : lost_session::publish_again;
    if (options.version == version::v5_0) options.user_properties = properties{again};
    if ((how & 16) != 0 && options.version == version::v5_0) options.authentication_method = "M";
    require(session_.connect(options).has_value());
    session_.opened(now_);
    if ((how & 32) != 0) return;
    drain(SIZE_MAX);
    static constexpr std::uint8_t accept5[] = {0x20, 3, 0, 0, 0}, accept3[] = {0x20, 2, 0, 0};
    if (options.version == version::v5_0) hear(std::as_bytes(std::span{accept5}));
    else hear(std::as_bytes(std::span{accept3}));
    if ((how & 65) == 64) in_[2] = std::byte{1};  // session present
  }
  void hear(bytes data) {
    const std::size_t count = std::min(data.size(), in_.size() - size_);
    copy(data.first(count), mutable_bytes{in_}.subspan(size_, count));
    size_ += count;
  }
  void hear_packet(std::uint8_t first, std::uint8_t length) {
    std::array<std::byte, 2> header{std::byte{first}, std::byte{length}};
    hear(header);
    hear_raw(length);
  }
  void hear_raw(std::size_t count) {
    count = std::min(count, plan_.size());
    hear(plan_.first(count));
    plan_ = plan_.subspan(count);
  }
  void drain(std::size_t most) {
    while (most != 0) {
      const bytes out = session_.pending(now_);
      if (out.empty()) return;
      const std::size_t n = std::min(most, out.size());
      for (std::byte b : out.first(n)) sum_ = sum_ + std::to_integer<unsigned>(b);  // readable
      session_.sent(n);
      most -= n;
    }
  }
  void publish(std::uint8_t how) {
    static constexpr std::string_view topics[] = {"a", "some/topic", "another/topic/here"};
    const std::array<std::byte, 40> payload{};
    const message what{.topic = topics[how % 3],
                       .payload = bytes{payload}.first(how & 31),
                       .qos = static_cast<qos>(how >> 5 & 1 ? 1 + (how >> 6 & 1) : 0),
                       .payload_from_source = (how & 128) != 0 ? 100U : 0U};
    (void)session_.publish(what);
  }
  void act(std::uint8_t what) {
    static const subscription filters[] = {{.filter = "a/#"}, {.filter = "b"}};
    static constexpr std::string_view names[] = {"a/#"};
    switch (what & 15) {
      case 0:
        reconnect();
        break;
      case 1:
        hear_raw(take());
        break;
      case 2:
        hear_packet(take(), take());
        break;
      case 3:
        hear_packet(static_cast<std::uint8_t>(0x40 + 16 * (what >> 4 & 3) + (what >> 4 == 2 ? 2 : 0)), 2);
        break;
      case 4:
        publish(take());
        break;
      case 5:
        (void)session_.subscribe(std::span{filters}.first(1 + (what >> 4 & 1)));
        break;
      case 6:
        (void)session_.unsubscribe(names);
        break;
      case 7:
        now_ += std::chrono::seconds{what >> 4};
        break;
      case 8:
        drain(take());
        break;
      case 9:
        drain(SIZE_MAX);
        break;
      case 10:
        (void)session_.acknowledge(receipts_[what >> 4 & 3],
                                   (what & 64) != 0 ? reason::quota_exceeded : reason::success);
        break;
      case 11:
        (void)session_.supply(bytes{in_}.first(what >> 4));
        break;
      case 12:
        (void)session_.authenticate("M", bytes{in_}.first(what >> 4));
        break;
      case 13:
        (void)session_.reauthenticate("M", {});
        break;
      case 14:
        if ((what & 240) == 0) (void)session_.disconnect();
        break;
      default:
        hear_packet(static_cast<std::uint8_t>(0x30 | (what >> 4 & 0x0d)), static_cast<std::uint8_t>(take() & 63));
        break;
    }
  }
  void listen() {
    bytes in = bytes{in_}.first(size_);
    for (int bound = 0;; ++bound) {
      require(bound < 1000);
      std::array<std::uint32_t, 2> done{};
      if (in.size() % 2 == 0) require(session_.receive_acknowledged(in, done, now_) <= done.size());
      message_received made;
      if (in.size() % 3 == 0)
        session_.receive_messages(
            in, now_, &made, [](void*) -> message_received* { return nullptr; }, nullptr);
      const auto event = session_.receive(in, now_);
      if (!event) break;
      require(!closed_);
      if (const auto* message = std::get_if<message_received>(&*event)) {
        for (char c : message->topic) sum_ = sum_ + static_cast<unsigned char>(c);
        for (std::byte b : message->payload) sum_ = sum_ + std::to_integer<unsigned>(b);
        if (message->receipt) receipts_[next_++ & 3] = message->receipt;
      }
      if (const auto* end = std::get_if<message_end>(&*event); end != nullptr && end->receipt)
        receipts_[next_++ & 3] = end->receipt;
      closed_ = session::ends(*event);
    }
    const std::size_t rest = in.size();
    if (rest != 0) std::memmove(in_.data(), in.data(), rest);
    size_ = rest;
    require(session_.in_flight() <= small.outgoing);
    if (session_.online() && session_.deadline() <= now_) {
      drain(SIZE_MAX);  // a wire without room may leave a deadline in the past, nothing else
      bytes none;
      while (const auto event = session_.receive(none, now_)) {
        require(!closed_);
        closed_ = session::ends(*event);
      }
      require(!session_.online() || session_.deadline() > now_);
    }
    if (closed_) drain(SIZE_MAX);
  }

  bytes plan_;
  session_storage<small> storage_;
  session session_{storage_.get()};
  std::array<std::byte, 128> in_{};
  std::size_t size_ = 0;
  std::array<receipt, 4> receipts_{};
  unsigned next_ = 0;
  instant now_{};
  bool closed_ = false;
  volatile unsigned sum_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hostile_peer{std::as_bytes(std::span{data, size})}.run();
  return 0;
}
