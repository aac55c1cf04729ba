// Any datagram as a DHCP message and as a stored lease: decoded, printed, encoded again, believed or not.
#include <array>
#include <cstdlib>

#include <recado/dhcp/lease.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/dhcp/reply.hpp>

#include "target.hpp"

using recado::fuzz::require;

namespace {

using namespace recado;

class dropping_sink final : public text_sink {
 public:
  void write(std::string_view text) override { total_ += text.size(); }

 private:
  std::size_t total_ = 0;
};

void as_message(bytes data) {
  dropping_sink out;
  dhcp::print(data, out);
  const auto message = dhcp::decode(data);
  if (!message || data.size() > 2048) return;
  require(dhcp::size(*message) == data.size());
  std::array<std::byte, 2048> memory;
  const auto again = dhcp::encode(*message, memory);
  require(again && equal(again->first(data.size()), data));
}

/// With the transaction and hardware address that the datagram itself carries, so that its options matter.
void as_reply(bytes data) {
  dhcp::packet fixed;
  if (!dhcp::decode_fixed(data, fixed)) return;
  dhcp::identity ours;
  ours.xid = fixed.xid;
  copy(bytes{fixed.chaddr}.first(6), ours.hardware.octets);
  for (const bool inform : {false, true}) {
    ours.inform = inform;
    dhcp::reply what;
    if (!dhcp::read_reply(data, ours, what) || what.type == dhcp::message_type::nak) continue;
    require(what.for_us && dhcp::is_host_address(what.server));
    if (inform) continue;
    const dhcp::lease& got = what.content;
    require(dhcp::is_host_address(got.address, got.prefix));
    require(got.t1 <= got.t2 && got.t2 <= got.lease_time && got.t1 > duration{});
    std::array<std::byte, dhcp::lease_record_bytes_max> memory;
    const auto record = dhcp::serialise(got, memory);
    require(record.has_value());
    // Times are kept in whole seconds.
    auto again = dhcp::deserialise(*record);
    require(again && got.t1 - again->t1 < std::chrono::seconds{1} && got.t2 - again->t2 < std::chrono::seconds{1});
    again->t1 = got.t1, again->t2 = got.t2;
    require(*again == got);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes input{reinterpret_cast<const std::byte*>(data), size};
  as_message(input);
  as_reply(input);
  if (const auto stored = dhcp::deserialise(input)) require(dhcp::is_host_address(stored->address, stored->prefix));
  return 0;
}
