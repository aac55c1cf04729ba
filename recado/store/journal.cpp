#include <recado/store/journal.hpp>

#include <algorithm>

#include <recado/store/crc32c.hpp>
#include <recado/store/limits.hpp>

namespace recado::store {

journal::journal(storage& below, std::span<index_entry> index, mutable_bytes scratch)
    : below_(below), index_(index), scratch_(scratch) {}

std::uint32_t journal::base_of(std::uint64_t sector) const {
  const std::uint64_t back = head_ - sector;  // modulo 2^64, for the sector that is being opened
  const std::uint32_t steps = static_cast<std::uint32_t>(sector > head_ ? sector - head_ : shape_.sectors - back);
  return (position_ + steps) % shape_.sectors * shape_.sector_bytes;
}

std::uint32_t journal::stored_bytes(std::size_t payload, bool with_note) const {
  return rounded(record_header_bytes + (with_note ? note_bytes : 0) + payload);
}

bool journal::has_room(std::size_t payload, bool with_note, std::uint32_t spare, std::uint32_t freed) const {
  const std::uint32_t note_alone = stored_bytes(0, true);  // what the note takes once this record is gone
  return payload <= payload_bytes_max() &&
         std::uint64_t{live_} - freed + stored_bytes(payload, with_note) + note_alone + spare <= live_bytes_max();
}

// Half of all but the free sector: so compaction always gains something (docs/design/journal.md).
std::uint32_t journal::live_bytes_max() const {
  return (shape_.sectors - 1) * ((shape_.sector_bytes - header_bytes()) / 2);
}

std::uint32_t journal::payload_bytes_max() const {
  constexpr std::uint32_t index_can_say = (1U << 24) - 1;
  const std::uint32_t part = (shape_.sector_bytes - header_bytes()) / records_per_sector_min;
  const std::uint32_t most = std::min(part, index_can_say) / shape_.program_bytes * shape_.program_bytes;
  return most - std::min<std::uint32_t>(most, record_header_bytes + note_bytes);
}

std::unexpected<error> journal::fail() {
  mounted_ = false;
  return std::unexpected{error::failed};
}

std::uint16_t journal::unsynced() const {
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(sequence_ + 1 - synced_, unsynced_unknown));
}

std::expected<void, error> journal::put(key name, std::span<const bytes> what, const note* with, std::uint32_t spare) {
  if (!mounted_) return std::unexpected{error::not_mounted};
  std::size_t payload = 0;
  for (const bytes each : what) payload += each.size();
  if (payload > payload_bytes_max()) return std::unexpected{error::too_long};
  const index_entry* old = index_.find(name);
  if (old == nullptr && index_.full()) return std::unexpected{error::index_full};
  const std::uint32_t total = stored_bytes(payload, with != nullptr);
  if (!has_room(payload, with != nullptr, spare)) return std::unexpected{error::full};
  std::uint32_t address = 0;
  const record_header head{.payload = static_cast<std::uint32_t>(payload), .number = name.number, .kind = name.kind};
  if (auto done = append(head, what, with, address); !done) return done;
  index_entry* entry = index_.find(name);  // compaction may have moved it
  if (entry != nullptr) live_ -= entry->size;
  else entry = &index_.insert(name);
  entry->address = address;
  entry->size = total & 0xff'ffffU;
  live_ += total;
  if (with != nullptr) took_note(*with, address);
  return {};
}

std::expected<void, error> journal::remove(key name, const note* with) {
  if (!mounted_) return std::unexpected{error::not_mounted};
  if (index_.find(name) == nullptr) return with != nullptr ? put_note(*with) : std::expected<void, error>{};
  std::uint32_t address = 0;
  if (auto done = append({.number = name.number, .kind = name.kind, .flags = flag_removal}, {}, with, address); !done)
    return done;
  if (index_entry* entry = index_.find(name)) {
    live_ -= entry->size;
    index_.erase(*entry);
  }
  if (with != nullptr) took_note(*with, address);
  return {};
}

std::expected<void, error> journal::clear(std::uint8_t kind) {
  if (!mounted_) return std::unexpected{error::not_mounted};
  if (!next(kind, 0)) return {};
  std::uint32_t address = 0;
  if (auto done = append({.kind = kind, .flags = flag_clear}, {}, nullptr, address); !done) return done;
  live_ -= erase_kind(kind);
  return {};
}

// An entry that is erased may pull one of that kind over the end of the table to its place; so again until none is.
std::uint32_t journal::erase_kind(std::uint8_t kind) {
  std::uint32_t freed = 0;
  for (bool again = true; again;) {
    again = false;
    for (index_entry& each : index_.all()) {
      while (each.kind == kind) freed += each.size, index_.erase(each), again = true;
    }
  }
  return freed;
}

std::expected<void, error> journal::put_note(const note& what) {
  if (!mounted_) return std::unexpected{error::not_mounted};
  std::uint32_t address = 0;
  if (auto done = append({.kind = kind_note}, {}, &what, address); !done) return done;
  took_note(what, address);
  return {};
}

// Whatever record carries it, the note is accounted for as a record of its own.
void journal::took_note(const note& what, std::uint32_t address) {
  if (note_address_ == 0) live_ += stored_bytes(0, true);
  note_ = what;
  note_address_ = address;
}

std::expected<void, error> journal::sync() {
  if (!mounted_) return std::unexpected{error::not_mounted};
  if (synced()) return {};
  if (!below_.sync()) return fail();
  ++counts_.syncs;
  synced_ = sequence_;
  if (shape_.spares_pages) offset_ = fresh(offset_);
  return {};
}

// Only a later record shows that what is before it had been synced.
std::expected<void, error> journal::seal() {
  if (auto done = sync(); !done || sealed_) return done;
  std::uint32_t address = 0;
  if (auto done = append({.kind = kind_note}, {}, nullptr, address); !done) return done;
  sealed_ = true;
  return sync();
}

outcome<error> journal::append(record_header head, std::span<const bytes> what, const note* with,
                               std::uint32_t& address) {
  const std::uint32_t total = stored_bytes(head.payload, with != nullptr);
  for (std::uint32_t opened = 0; closed_ || offset_ + total > shape_.sector_bytes; ++opened) {
    if (opened > shape_.sectors) return std::unexpected{error::full};
    if (auto done = open_next(); !done) return done;
  }
  if (with != nullptr) head.flags |= flag_note;
  head.sequence = sequence_ + 1;
  head.unsynced = unsynced();
  std::uint32_t sum = checksum_of(head_, encode(head));
  const note_octets noted = encode(with != nullptr ? *with : note{});
  if (with != nullptr) sum = crc32c(noted, sum);
  for (const bytes each : what) sum = crc32c(each, sum);
  head.checksum = sum;
  address = base_of(head_) + offset_;
  packer to{.address = address};
  bool good = pack(to, encode(head)) && (with == nullptr || pack(to, noted));
  for (const bytes each : what) good = good && pack(to, each);
  if (!good || !pack_end(to)) return fail();
  counts_.asked_bytes += total;
  offset_ += total;
  ++sequence_;
  sealed_ = false;
  return {};
}

// What stands there must be what the index says: another record's bytes are never taken for it.
std::expected<record_header, error> journal::read_header(const index_entry& of) {
  record_header_octets octets;
  if (!below_.read(of.address, octets)) return std::unexpected{error::failed};
  const record_header head = decode(octets);
  const bool noted = (head.flags & flag_note) != 0, removes = (head.flags & (flag_removal | flag_clear)) != 0;
  const bool named = head.kind == of.kind && head.number == of.number && !removes;
  if (!named || head.payload > of.size || stored_bytes(head.payload, noted) != of.size)
    return std::unexpected{error::damaged};
  return head;
}

std::optional<std::uint32_t> journal::size_of(key name) {
  const index_entry* entry = index_.find(name);
  if (entry == nullptr) return std::nullopt;
  const auto head = read_header(*entry);
  return head ? std::optional{head->payload} : std::nullopt;
}

std::expected<std::size_t, error> journal::read(key name, std::uint32_t offset, mutable_bytes into) {
  const index_entry* entry = index_.find(name);
  if (entry == nullptr) return std::unexpected{error::not_found};
  const auto head = read_header(*entry);
  if (!head) return std::unexpected{head.error()};
  if (offset >= head->payload) return 0;
  const std::size_t count = std::min<std::size_t>(into.size(), head->payload - offset);
  const auto from = static_cast<std::uint32_t>(entry->address + head->head_bytes() + offset);
  if (!below_.read(from, into.first(count))) return std::unexpected{error::failed};
  return count;
}

// Numbers are mostly dense; where they aren't, one look at every entry finds the next one.
std::optional<std::uint32_t> journal::next(std::uint8_t kind, std::uint32_t from) const {
  for (std::uint32_t tries = 0; tries < 32 && from + tries >= from; ++tries)
    if (index_.find({kind, from + tries}) != nullptr) return from + tries;
  std::optional<std::uint32_t> best;
  for (const index_entry& each : index_.all())
    if (each.kind == kind && each.number >= from && (!best || each.number < *best)) best = each.number;
  return best;
}

}  // namespace recado::store
