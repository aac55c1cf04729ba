// The next sector is opened, and what still lives in the oldest ones comes along.
#include <algorithm>

#include <recado/store/crc32c.hpp>
#include <recado/store/journal.hpp>

namespace recado::store {

// One sector stays free, so the oldest one has to be given up when all others are in use. It is given up earlier if
// that costs little, or if there is much more journal than what lives, which would make the next mount slow.
outcome<error> journal::open_next() {
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
  head_ = to, oldest_ = oldest, offset_ = shape_.spares_pages ? fresh(at) : at, closed_ = false;
  synced_ = after;  // what was copied counts only with the header
  return {};
}

outcome<error> journal::write_sector_header(std::uint64_t sector, std::uint64_t oldest, std::uint64_t after) {
  std::array<std::byte, sector_header_bytes> octets;
  encode({.sequence = sector,
          .oldest = oldest,
          .after = after,
          .sector_bytes = shape_.sector_bytes,
          .sectors = shape_.sectors,
          .program_bytes = shape_.program_bytes,
          .page_bytes = shape_.page_bytes},
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
    if (what == step::end) return saw_all(*at) ? live : live_by_index(sector);
    if (is_live(one)) live += one.total;
    else if (has_note(one)) live += stored_bytes(0, true);
  }
}

outcome<error> journal::copy_live(std::uint64_t from, std::uint64_t to, std::uint32_t& at) {
  auto walking = walk_of(from);
  if (!walking) return std::unexpected{walking.error()};
  found one;
  for (;;) {
    const step what = next(*walking, one);
    if (what == step::failed) return fail();
    if (what == step::end) return saw_all(*walking) ? outcome<error>{} : salvage(from, to, at);
    outcome<error> done;
    if (is_live(one)) done = copy_record(one, to, at);
    else if (has_note(one)) done = copy_note(to, at);
    if (!done) return done;
  }
}

bool journal::lies_in(std::uint64_t sector, std::uint32_t address) const {
  return address >= base_of(sector) && address - base_of(sector) < shape_.sector_bytes;
}

// What is to be copied at most, some of it damaged perhaps.
std::uint32_t journal::live_by_index(std::uint64_t sector) const {
  std::uint32_t live = note_address_ != 0 && lies_in(sector, note_address_) ? stored_bytes(0, true) : 0;
  for (const index_entry& each : index_.all()) {
    if (each.kind == 0 || !lies_in(sector, each.address)) continue;
    live += each.address == note_address_ ? each.size - stored_bytes(0, true) : each.size;
  }
  return live;
}

// A sector with damage: what the walk passed by is looked for where the index says that it is. What isn't whole there
// is lost, and nothing points to it any more. The note is written from memory.
outcome<error> journal::salvage(std::uint64_t from, std::uint64_t to, std::uint32_t& at) {
  const walk anywhere{.sector = from, .end = base_of(from) + shape_.sector_bytes, .last = UINT64_MAX};
  for (bool again = true; again;) {
    again = false;
    for (index_entry& each : index_.all()) {
      if (each.kind == 0 || !lies_in(from, each.address)) continue;
      found one;
      const auto whole = read_record(anywhere, each.address, one);
      if (!whole) return fail();
      if (!*whole || !is_live(one)) lose(each), again = true;  // another one may have taken its place in the table
      else if (auto done = copy_record(one, to, at); !done) return done;
    }
  }
  return note_address_ != 0 && lies_in(from, note_address_) ? copy_note(to, at) : outcome<error>{};
}

void journal::lose(index_entry& what) {
  ++lost_later_;
  live_ -= what.size;
  index_.erase(what);
}

// The copy has a number and a checksum of its own, and takes the note along only if that is still the last one.
outcome<error> journal::copy_record(const found& what, std::uint64_t to, std::uint32_t& at) {
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

outcome<error> journal::copy_note(std::uint64_t to, std::uint32_t& at) {
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
