// A client and a server that lies: the input is a list of what happens to the client. Replies answer its last
// message, with options and single bytes from the input.
#include <array>
#include <cstdlib>

#include <recado/dhcp/client.hpp>
#include <recado/wire/cursor.hpp>

#include "target.hpp"

using recado::fuzz::counting_entropy;
using recado::fuzz::require;

namespace {

using namespace recado;
using namespace std::chrono_literals;

dhcp::options options_from(std::uint8_t bits) {
  dhcp::options how;
  how.hardware.octets[0] = std::byte{2};
  how.attempts = bits & 1 ? 50 : 4000;
  if (bits & 2) how.remembered = ip_address::v4(192, 0, 2, 7);
  how.probe = bits & 4;
  if (bits & 8) how.offer_wait = 3s;
  if (bits & 16) how.identity = dhcp::client_identity::duid;
  if (bits & 32) how.start_delay_max = 5s;
  if (bits & 64) how.host_name = "fuzz";
  how.broadcast_replies = bits & 128;
  return how;
}

class life {
 public:
  explicit life(std::uint8_t bits) : machine_(options_from(bits), entropy_) {}

  void happen(wire::reader& in) {
    switch (in.u8() % 10) {
      case 0:
        machine_.start(now_);
        break;
      case 1:
        machine_.opened(now_);
        break;
      case 2:
        machine_.lost(make_fault(stream_error::interface_down), now_);
        break;
      case 3:
        machine_.conflict(now_);
        break;
      case 4:
        machine_.address_is_free(now_);
        break;
      case 5:
        machine_.release(now_);
        break;
      case 6:
        now_ += std::chrono::seconds{in.u16()};
        break;
      case 7:
        now_ = std::max(now_, std::min(machine_.deadline(), now_ + std::chrono::hours{24 * 365}));
        break;
      case 8:
        (void)machine_.inform(*dhcp::static_lease(ip_address::v4(192, 0, 2, 7), 24, {}), now_);
        break;
      case 9:
        return turn(reply(in));
    }
    turn({});
  }

 private:
  bytes reply(wire::reader& in) {
    const auto last = dhcp::decode(bytes{sent_}.first(sent_size_));
    if (!last) return {};
    dhcp::packet out = *last;
    out.op = dhcp::operation::reply;
    out.yiaddr = static_cast<dhcp::ipv4>(0xc0000200 | in.u8());
    std::array<std::byte, 300> memory;
    dhcp::option_writer options{memory};
    options.put_u8(dhcp::option::message_type, in.u8());
    options.put(dhcp::option::server_identifier, ip_address::v4(0xc0000200 | in.u8()));
    options.put_u32(dhcp::option::lease_time, std::uint32_t{in.u16()} << in.u8() % 17);
    std::size_t size = options.written().size();
    const bytes more = in.take(std::min<std::size_t>(in.u8(), in.remaining()));
    copy(more, mutable_bytes{memory}.subspan(size));
    size += more.size();
    memory[size++] = std::byte{255};
    out.options = bytes{memory}.first(size);
    const auto whole = dhcp::encode(out, reply_);
    const std::uint16_t where = in.u16();
    const std::uint8_t flip = in.u8();
    if (where < whole->size()) reply_[where] ^= std::byte{flip};
    return *whole;
  }

  void check(const dhcp::client::event& event) {
    if (auto* probe = std::get_if<dhcp::probe_address>(&event)) require(dhcp::is_host_address(probe->address));
    if (auto* end = std::get_if<dhcp::lease_lost>(&event)) require(bool(end->why));
    if (auto* end = std::get_if<dhcp::failed>(&event)) require(bool(end->why));
    if (auto* begin = std::get_if<dhcp::bound>(&event)) require(machine_.held() == begin->granted);
    if (auto* again = std::get_if<dhcp::renewed>(&event)) require(machine_.held() == again->granted);
  }

  void turn(bytes payload) {
    datagram in{dhcp::client_port, {}, payload, now_};
    bool moved = true;
    for (int turns = 0; moved; ++turns) {
      require(turns < 100);
      const bool had = !in.payload.empty();
      const auto event = machine_.receive(in, now_);
      if (event) check(*event);
      const auto out = machine_.pending(now_);
      if (out) {
        require(dhcp::decode(out->payload).has_value());
        copy(out->payload, sent_);
        sent_size_ = out->payload.size();
        machine_.sent(now_);
      }
      moved = event || out || (had && in.payload.empty());
    }
    require(machine_.deadline() > now_ && in.payload.empty());
  }

  counting_entropy entropy_;
  dhcp::client machine_;
  instant now_{1h};
  std::array<std::byte, dhcp::message_bytes_max> sent_{};
  std::size_t sent_size_ = 0;
  std::array<std::byte, 1024> reply_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::reader in{{reinterpret_cast<const std::byte*>(data), size}};
  life one{in.u8()};
  while (in.remaining() != 0) one.happen(in);
  return 0;
}
