#include <recado/core/crc32.hpp>
#include <recado/device/remembered.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::device {
namespace {

constexpr std::uint32_t magic = 0x5243'4401;  // "RCD", version 1
constexpr std::size_t fixed_bytes = 4 + 4 + 8 + 2 + 4;

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
  wire::reader in{record};
  if (in.u32() != magic) return false;
  const std::uint32_t sequence = in.u32();
  const auto time = static_cast<std::int64_t>(in.u64());
  const std::size_t size = in.u16();
  if (size > lease_.size()) return false;
  const bytes lease = in.take(size);
  if (crc32(bytes{record}.first(fixed_bytes - 4 + size)) != in.u32()) return false;
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
  wire::writer out{record};
  out.u32(magic);
  out.u32(++sequence_);
  out.u64(static_cast<std::uint64_t>(time_ ? time_->time_since_epoch().count() : 0));
  out.u16(static_cast<std::uint16_t>(lease_size_));
  out.put(bytes{lease_}.first(lease_size_));
  out.u32(crc32(out.written()));
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
