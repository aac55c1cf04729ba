// The next sector is opened, and what still lives in the oldest ones comes along.
#include <algorithm>

#include <recado/store/crc32c.hpp>
#include <recado/store/journal.hpp>

namespace recado::store {

// One sector stays free, so the oldest one has to be given up when all others are in use. It is given up earlier if
// that costs little, or if there is much more journal than what lives, which would make the next mount slow.
std::expected<void, error> journal::open_next() {
  if (!synced() && !below_.sync()) return fail();  // the header that freed the sector must hold before it is erased
  const std::uint64_t after = head_last_ = synced_ = sequence_;
  const std::uint64_t to = head_ + 1;
  if (!below_.erase(base_of(to) / shape_.sector_bytes)) return fail();
  ++counts_.erased_sectors;
  std::uint32_t at = header_bytes();
  std::uint64_t oldest = oldest_;
  for (; oldest != to; ++oldest) {
    const auto live = live_in(oldest);
    if (!live) return std::unexpected{live.error()};
    const std::uint64_t sectors = to - oldest + 1;
    const bool needed = sectors > shape_.sectors - 1;
    const bool too_long = (sectors - 1) * shape_.sector_bytes > 3 * std::uint64_t{live_} + 2 * shape_.sector_bytes;
    const bool cheap = at - header_bytes() + *live <= shape_.sector_bytes / 8;
    if (*live != 0 && !needed && !((too_long || cheap) && at + *live <= shape_.sector_bytes)) break;
    if (auto done = copy_live(oldest, to, at); !done) return done;
  }
  if (!below_.sync()) return fail();
  if (auto done = write_sector_header(to, oldest, after); !done) return done;
  counts_.syncs += 2;
  position_ = base_of(to) / shape_.sector_bytes;
  head_ = to, oldest_ = oldest, offset_ = at, closed_ = false;
  synced_ = after;  // what was copied counts only with the header
  return {};
}

std::expected<void, error> journal::write_sector_header(std::uint64_t sector, std::uint64_t oldest,
                                                        std::uint64_t after) {
  std::array<std::byte, sector_header_bytes> octets;
  encode({.sequence = sector,
          .oldest = oldest,
          .after = after,
          .sector_bytes = shape_.sector_bytes,
          .sectors = shape_.sectors,
          .program_bytes = shape_.program_bytes},
         octets);
  for (const std::uint32_t at : {std::uint32_t{0}, rounded(sector_header_bytes)}) {
    packer to{.address = base_of(sector) + at};
    if (!pack(to, octets) || !pack_end(to)) return fail();
  }
  return {};
}

bool journal::is_live(const found& what) const {
  if ((what.head.flags & (flag_removal | flag_clear)) != 0 || what.head.kind == kind_note) return false;
  const index_entry* entry = index_.find({what.head.kind, what.head.number});
  return entry != nullptr && entry->address == what.address;
}

std::expected<std::uint32_t, error> journal::live_in(std::uint64_t sector) {
  auto at = walk_of(sector);
  if (!at) return std::unexpected{at.error()};
  found one;
  std::uint32_t live = 0;
  for (;;) {
    const step what = next(*at, one);
    if (what == step::failed) return fail();
    if (what == step::end) return live;
    if (is_live(one)) live += one.total;
    else if (has_note(one)) live += stored_bytes(0, true);
  }
}

std::expected<void, error> journal::copy_live(std::uint64_t from, std::uint64_t to, std::uint32_t& at) {
  auto walking = walk_of(from);
  if (!walking) return std::unexpected{walking.error()};
  found one;
  for (;;) {
    const step what = next(*walking, one);
    if (what == step::failed) return fail();
    if (what == step::end) return {};
    std::expected<void, error> done{};
    if (is_live(one)) done = copy_record(one, to, at);
    else if (has_note(one)) done = copy_note(to, at);
    if (!done) return done;
  }
}

// The copy has a number and a checksum of its own, and takes the note along only if that is still the last one.
std::expected<void, error> journal::copy_record(const found& what, std::uint64_t to, std::uint32_t& at) {
  record_header head = what.head;
  if ((head.flags & flag_note) != 0 && !has_note(what)) head.flags = static_cast<std::uint8_t>(head.flags & ~flag_note);
  const bool noted = (head.flags & flag_note) != 0;
  head.sequence = sequence_ + 1;
  head.unsynced = unsynced();
  const note_octets note_now = encode(note_);
  std::uint32_t sum = checksum_of(to, encode(head));
  if (noted) sum = crc32c(note_now, sum);
  const auto whole = checksum_of_payload(what, sum);
  if (!whole) return fail();
  head.checksum = *whole;
  const std::uint32_t address = base_of(to) + at;
  packer into{.address = address};
  bool good = pack(into, encode(head)) && (!noted || pack(into, note_now));
  const auto source = static_cast<std::uint32_t>(what.address + what.head.head_bytes());
  for (std::uint32_t done = 0; good && done < head.payload;) {
    const std::size_t count = std::min<std::size_t>(read_half().size(), head.payload - done);
    good = below_.read(source + done, read_half().first(count)) && pack(into, read_half().first(count));
    done += static_cast<std::uint32_t>(count);
  }
  if (!good || !pack_end(into)) return fail();
  index_entry* entry = index_.find({head.kind, head.number});
  const std::uint32_t total = stored_bytes(head.payload, noted);
  live_ = live_ - entry->size + total;
  entry->address = address;
  entry->size = total & 0xff'ffffU;
  if (noted) note_address_ = address;
  at += total;
  ++sequence_;
  return {};
}

std::expected<void, error> journal::copy_note(std::uint64_t to, std::uint32_t& at) {
  record_header head{.sequence = sequence_ + 1, .kind = kind_note, .flags = flag_note, .unsynced = unsynced()};
  const note_octets octets = encode(note_);
  head.checksum = crc32c(octets, checksum_of(to, encode(head)));
  note_address_ = base_of(to) + at;
  packer into{.address = note_address_};
  if (!pack(into, encode(head)) || !pack(into, octets) || !pack_end(into)) return fail();
  at += stored_bytes(0, true);
  ++sequence_;
  return {};
}

}  // namespace recado::store
