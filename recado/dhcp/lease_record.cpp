// Leases as bytes that survive a restart.
#include <recado/core/crc32.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::dhcp {

namespace {

constexpr std::uint16_t record_mark = 0x6c73;
constexpr std::uint8_t record_version = 1;
constexpr std::uint32_t infinite_s = 0xffffffff;

class record_writer {
 public:
  explicit record_writer(mutable_bytes memory) : out(memory) {}
  void operator()(std::uint8_t value) { out.u8(value); }
  void operator()(std::uint16_t value) { out.u16(value); }
  void operator()(const ip_address& value) { out.u32(value.v4_value()); }
  void operator()(duration value) {
    out.u32(value == infinite ? infinite_s : static_cast<std::uint32_t>(value / std::chrono::seconds{1}));
  }
  void operator()(const route& value) { (*this)(value.destination), (*this)(value.prefix), (*this)(value.router); }
  template <class T, std::size_t N>
  void operator()(const fixed_vector<T, N>& list) {
    out.u8(static_cast<std::uint8_t>(list.size()));
    for (const T& each : list) (*this)(each);
  }
  template <std::size_t N>
  void operator()(const fixed_string<N>& text) {
    out.u8(static_cast<std::uint8_t>(text.size()));
    out.put(as_bytes(text));
  }

  wire::writer out;
};

class record_reader {
 public:
  explicit record_reader(bytes record) : in(record) {}
  void operator()(std::uint8_t& value) { value = in.u8(); }
  void operator()(std::uint16_t& value) { value = in.u16(); }
  void operator()(ip_address& value) {
    const std::uint32_t number = in.u32();
    value = number == 0 ? ip_address{} : ip_address::v4(number);
  }
  void operator()(duration& value) {
    const std::uint32_t seconds = in.u32();
    value = seconds == infinite_s ? infinite : duration{std::chrono::seconds{seconds}};
  }
  void operator()(route& value) {
    (*this)(value.destination), (*this)(value.prefix), (*this)(value.router);
    if (!value.destination) value.destination = ip_address::v4_any();
    if (!value.router) value.router = ip_address::v4_any();
    if (value.prefix > 32) in.fail();
  }
  template <class T, std::size_t N>
  void operator()(fixed_vector<T, N>& list) {
    const std::size_t count = in.u8();
    list.clear();
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
      T each;
      (*this)(each);
      if (!list.push_back(each)) in.fail();
    }
  }
  template <std::size_t N>
  void operator()(fixed_string<N>& text) {
    const bytes value = in.take(in.u8());
    if (!text.assign(as_text(value))) in.fail();
  }

  wire::reader in;
};

void fields(auto& self, auto& walk) {
  walk(self.address), walk(self.prefix), walk(self.server), walk(self.routers), walk(self.routes);
  walk(self.dns_servers), walk(self.ntp_servers), walk(self.host_name), walk(self.domain), walk(self.mtu);
  walk(self.lease_time), walk(self.t1), walk(self.t2);
}

bool plausible(const lease& from) {
  return is_host_address(from.address, from.prefix) && (!from.server || is_host_address(from.server)) &&
         from.t1 <= from.t2 && from.t2 <= from.lease_time;
}

}  // namespace

std::expected<bytes, error> serialise(const lease& from, mutable_bytes memory) {
  record_writer walk{memory};
  walk(record_mark), walk(record_version);
  fields(from, walk);
  const std::uint32_t sum = crc32(walk.out.written());
  walk.out.u32(sum);
  if (walk.out.failed()) return std::unexpected{error::no_room};
  return walk.out.written();
}

std::expected<lease, error> deserialise(bytes record) {
  record_reader walk{record};
  const std::uint16_t mark = walk.in.u16();
  const std::uint8_t version = walk.in.u8();
  if (walk.in.failed() || mark != record_mark) return std::unexpected{error::record_damaged};
  if (version != record_version) return std::unexpected{error::record_version};
  lease result;
  fields(result, walk);
  const std::uint32_t sum = crc32(record.first(walk.in.offset()));
  if (walk.in.failed() || walk.in.u32() != sum || walk.in.failed() || !plausible(result))
    return std::unexpected{error::record_damaged};
  return result;
}

}  // namespace recado::dhcp
