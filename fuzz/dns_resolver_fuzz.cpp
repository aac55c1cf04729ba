// A life of the resolver: the input is what it is told to do and what its servers answer. Each step is one
// octet that says what happens, then its data. Answers get the right identifier, port and question where the
// step says so, because no fuzzer would guess them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <recado/dns/resolver.hpp>
#include <recado/dns/tcp_exchange.hpp>

#include "target.hpp"

using recado::fuzz::counting_entropy;
using recado::fuzz::require;

using namespace recado;

namespace {

struct query_out {
  datagram head;
  std::vector<std::byte> payload;
};

class life {
 public:
  life() { dns_.opened(now_); }

  void run(bytes script) {
    for (int steps = 0; !script.empty() && steps < 200; ++steps) {
      const auto step = std::to_integer<unsigned>(script[0]);
      script = script.subspan(1);
      const std::size_t length =
          script.empty() ? 0 : std::min<std::size_t>(std::to_integer<unsigned>(script[0]), script.size() - 1);
      const bytes data = script.empty() ? bytes{} : script.subspan(1, length);
      script = script.subspan(script.empty() ? 0 : length + 1);
      act(step, data);
      turn({});
    }
    for (int rounds = 0; dns_.deadline() != never; ++rounds) {  // all that was begun ends
      require(rounds < 2000);
      now_ = std::max(now_, dns_.deadline());
      turn({});
    }
    require(begun_ == ended_);
  }

 private:
  void act(unsigned step, bytes data) {
    switch (step & 7) {
      case 0:
        return resolve(data, static_cast<dns::family>((step >> 3) % 3));
      case 1:
        return servers(step >> 3 & 3);
      case 2:
        return answer(step >> 3, data, true);
      case 3:
        return answer(step >> 3, data, false);
      case 4:
        return void(now_ += std::chrono::milliseconds{(step >> 3) * 100});
      case 5:
        return over_tcp(step >> 3, data);
      case 6:
        return disturb(step >> 3);
      default:
        dns_.lost(make_fault(stream_error::interface_down), now_);
        dns_.opened(now_);
    }
  }
  void resolve(bytes text, dns::family wanted) {
    if (dns_.resolve(as_text(text), wanted, now_)) ++begun_;
  }
  void servers(std::size_t count) {
    const std::array list{endpoint{ip_address::v4(1), 53}, endpoint{ip_address::v4(2), 53},
                          endpoint{ip_address::v4(3), 53}};
    dns_.set_servers(std::span{list}.first(count), now_);
  }
  void answer(std::size_t which, bytes data, bool matching) {
    if (sent_.empty()) return;
    const query_out& query = sent_[sent_.size() - 1 - which % sent_.size()];
    std::vector<std::byte> message(data.begin(), data.end());
    if (matching) message = matching_answer(query.payload, data);
    turn({query.head.local_port, query.head.peer, message, now_});
  }
  /// The query itself with the flags and counts of `data`, and the rest of it behind the question.
  static std::vector<std::byte> matching_answer(bytes query, bytes data) {
    std::vector<std::byte> message(query.begin(), query.end());
    if (std::to_integer<unsigned>(message[11]) == 1) message.resize(message.size() - 11);  // without OPT
    const std::size_t places[] = {2, 3, 7, 9, 11};
    for (std::size_t i = 0; i < 5; ++i) message[places[i]] = i < data.size() ? data[i] : std::byte{0};
    message[2] |= std::byte{0x80};
    if (data.size() > 5) message.insert(message.end(), data.begin() + 5, data.end());
    return message;
  }
  void over_tcp(unsigned how, bytes data) {
    if (how & 1) return dns_.tcp_failed(tcp_.id, tcp_.type, make_fault(stream_error::refused), now_);
    std::array<std::byte, dns::query_octets_max> octets{};
    if (tcp_.what.about == nullptr) return;
    const auto size = encode(tcp_.what, octets);
    require(size.has_value());
    dns_.answered_over_tcp(tcp_.id, tcp_.type, matching_answer(bytes{octets}.first(*size), data), now_);
  }
  void disturb(std::size_t which) {
    if (sent_.empty()) return;
    const datagram& head = sent_[which % sent_.size()].head;
    dns_.undeliverable(head.local_port, head.peer, make_fault(stream_error::refused), now_);
    dns_.port_taken(now_);
    dns_.cancel({static_cast<std::uint32_t>(which)}, now_);
  }
  void turn(datagram in) {
    for (auto event = dns_.receive(in, now_); event; event = dns_.receive(in, now_)) take(*event);
    require(in.payload.empty());
    while (const auto out = dns_.pending(now_)) {
      sent_.push_back({*out, {out->payload.begin(), out->payload.end()}});
      require(dns_.expects(out->local_port));
      dns_.sent(now_);
      require(sent_.size() < 20000);
    }
    require(dns_.deadline() > now_);
  }
  void take(const dns::resolver::event& event) {
    if (const auto* wants = std::get_if<dns::wants_tcp>(&event)) return void(tcp_ = *wants);
    ++ended_;
    if (const auto* done = std::get_if<dns::resolved>(&event)) {
      require(!done->addresses.empty());
      for (const ip_address& address : done->addresses) require(static_cast<bool>(address));
    } else {
      require(static_cast<bool>(std::get<dns::failed>(event).why));
    }
  }

  counting_entropy random_;
  dns::resolver_storage<2, 6, 200> memory_;
  dns::resolver dns_{memory_.view(), random_};
  instant now_{std::chrono::hours{1}};
  std::vector<query_out> sent_;
  dns::wants_tcp tcp_;
  unsigned begun_ = 0, ended_ = 0;
};

/// The same bytes as a stream from a server.
void exchange(bytes script) {
  std::array<std::byte, dns::query_octets_max + 2> memory{};
  dns::tcp_exchange machine{memory};
  dns::name about;
  about.append(as_bytes("example"));
  const instant now{};
  require(machine.start({1, &about, dns::record_type::a, true}, now).has_value());
  machine.opened(now);
  while (!machine.pending(now).empty()) machine.sent(7);
  const auto event = machine.receive(script, now);
  if (event && std::holds_alternative<dns::tcp_exchange::answered>(*event))
    require(std::get<dns::tcp_exchange::answered>(*event).message.size() >= dns::header_octets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes script{reinterpret_cast<const std::byte*>(data), size};
  exchange(script);
  life{}.run(script);
  return 0;
}
