#include <recado/core/crc32.hpp>
#include <recado/device/remembered.hpp>

namespace recado::device {
namespace {

constexpr std::uint32_t magic = 0x5243'4401;  // "RCD", version 1
constexpr std::size_t fixed_bytes = 4 + 4 + 8 + 2 + 4;

void put(mutable_bytes& out, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = 0; i < octets; ++i) out[i] = static_cast<std::byte>(value >> (8 * (octets - 1 - i)));
  out = out.subspan(octets);
}

std::uint64_t take(bytes& in, std::size_t octets) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < octets; ++i) value = value << 8 | std::to_integer<std::uint64_t>(in[i]);
  in = in.subspan(octets);
  return value;
}

}  // namespace

remembered::remembered(device::storage& where) : where_(where) {
  works_ = where.block_count() >= 2 && where.block_bytes() >= record_bytes;
  if (!works_) return;
  for (std::size_t block = 0; block < 2; ++block)
    if (load(block)) newest_ = block;
}

bool remembered::load(std::size_t block) {
  std::array<std::byte, record_bytes> record;
  if (!where_.read(block * where_.block_bytes(), record)) return works_ = false;
  bytes in = record;
  if (take(in, 4) != magic) return false;
  const auto sequence = static_cast<std::uint32_t>(take(in, 4));
  const auto time = static_cast<std::int64_t>(take(in, 8));
  const auto size = static_cast<std::size_t>(take(in, 2));
  if (size > lease_.size()) return false;
  const bytes lease = in.first(size);
  in = in.subspan(size);
  if (crc32(bytes{record}.first(fixed_bytes - 4 + size)) != take(in, 4)) return false;
  if (sequence <= sequence_) return false;
  sequence_ = sequence;
  time_ = time == 0 ? std::nullopt : std::optional{utc_time{duration{time}}};
  lease_size_ = size;
  copy(lease, lease_);
  return true;
}

void remembered::save() {
  if (!works_) return;
  std::array<std::byte, record_bytes> record{};
  mutable_bytes out = record;
  put(out, magic, 4);
  put(out, ++sequence_, 4);
  put(out, static_cast<std::uint64_t>(time_ ? time_->time_since_epoch().count() : 0), 8);
  put(out, lease_size_, 2);
  copy(bytes{lease_}.first(lease_size_), out);
  out = out.subspan(lease_size_);
  put(out, crc32(bytes{record}.first(fixed_bytes - 4 + lease_size_)), 4);
  const std::size_t block = 1 - newest_;
  works_ = where_.erase(block) && where_.program(block * where_.block_bytes(), record) && where_.sync();
  newest_ = block;
}

ip_address remembered::address() const {
  const auto lease = dhcp::deserialise(bytes{lease_}.first(lease_size_));
  return lease ? lease->address : ip_address{};
}

void remembered::keep(const dhcp::lease& lease) {
  std::array<std::byte, dhcp::lease_record_bytes_max> record;
  const auto written = dhcp::serialise(lease, record);
  if (!written || equal(*written, bytes{lease_}.first(lease_size_))) return;  // unchanged: spare the storage
  copy(*written, lease_);
  lease_size_ = written->size();
  save();
}

void remembered::keep(utc_time time) {
  time_ = time;
  save();
}

}  // namespace recado::device
