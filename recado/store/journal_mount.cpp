// What is on the storage: the newest sector, the records that count, and what is wrong with them.
#include <algorithm>
#include <bit>

#include <recado/store/crc32c.hpp>
#include <recado/store/journal.hpp>
#include <recado/store/limits.hpp>

namespace recado::store {

error journal::check_memory() const {
  const auto& [sector, sectors, piece, erased, page, spares] = shape_;
  const bool pieces = std::has_single_bit(piece) && piece <= program_bytes_max;
  const bool pages =
      std::has_single_bit(page) && page <= page_bytes_max && (page <= piece || sector / page >= pages_per_sector_min);
  if (!pieces || !pages || sectors < sectors_min || sector < sector_bytes_min || sector % std::max(piece, page) != 0 ||
      std::uint64_t{sector} * sectors > UINT32_MAX)
    return error::bad_geometry;
  return scratch_.size() < scratch_bytes_min || index_.capacity() == 0 ? error::memory_too_small : error{};
}

void journal::forget_all() {
  index_.clear();
  mounted_ = sealed_ = false, closed_ = true;
  head_ = oldest_ = sequence_ = synced_ = 0;
  live_ = note_address_ = offset_ = position_ = 0;
  note_ = {};
  counts_ = {};
  lost_later_ = 0;
}

std::expected<void, error> journal::format() {
  shape_ = below_.geometry();
  if (const error wrong = check_memory(); wrong != error{}) return std::unexpected{wrong};
  forget_all();
  for (std::uint32_t each = 0; each < shape_.sectors; ++each)
    if (!below_.erase(each)) return fail();
  head_ = oldest_ = 1;
  if (!below_.sync()) return fail();
  if (auto done = write_sector_header(head_, oldest_, 0); !done) return done;
  if (!below_.sync()) return fail();
  offset_ = header_bytes();
  mounted_ = true, closed_ = false;
  return {};
}

std::expected<mount_report, error> journal::mount() {
  shape_ = below_.geometry();
  if (const error wrong = check_memory(); wrong != error{}) return std::unexpected{wrong};
  forget_all();
  if (auto done = find_head(); !done) return std::unexpected{done.error()};
  mount_report report;
  for (std::uint64_t sector = oldest_; sector <= head_; ++sector) {
    ++report.sectors_read;
    if (auto done = mount_sector(sector, report); !done) return std::unexpected{done.error()};
  }
  for (const index_entry& each : index_.all()) live_ += each.size;
  if (note_address_ != 0) live_ += stored_bytes(0, true);
  mounted_ = sealed_ = true;
  return report;
}

std::expected<bool, error> journal::read_sector_header(std::uint32_t index, sector_header& into) {
  std::array<std::byte, sector_header_bytes> octets;
  header_state state = header_state::invalid;
  for (const std::uint32_t at : {std::uint32_t{0}, rounded(sector_header_bytes)}) {
    if (state != header_state::invalid) break;
    if (!below_.read(index * shape_.sector_bytes + at, octets)) return std::unexpected{error::failed};
    state = decode(octets, into);
  }
  if (state == header_state::other_format) return std::unexpected{error::other_format};
  if (state == header_state::invalid) return false;
  if (into.sector_bytes != shape_.sector_bytes || into.sectors != shape_.sectors ||
      into.program_bytes != shape_.program_bytes || into.page_bytes != shape_.page_bytes)
    return std::unexpected{error::other_geometry};
  return true;
}

outcome<error> journal::find_head() {
  for (std::uint32_t each = 0; each < shape_.sectors; ++each) {
    sector_header header;
    const auto valid = read_sector_header(each, header);
    if (!valid) return std::unexpected{valid.error()};
    if (!*valid || header.sequence <= head_ || header.oldest == 0 || header.oldest > header.sequence) continue;
    head_ = header.sequence, position_ = each;
    oldest_ = std::max(header.oldest, head_ - std::min<std::uint64_t>(head_ - 1, shape_.sectors - 2));
    synced_ = header.after;  // whatever came before was synced before this header was written
  }
  return head_ == 0 ? outcome<error>{std::unexpected{error::empty}} : outcome<error>{};
}

std::expected<bool, error> journal::header_of(std::uint64_t sector, sector_header& into) {
  const auto valid = read_sector_header(base_of(sector) / shape_.sector_bytes, into);
  if (!valid) return valid;
  return *valid && into.sequence == sector;
}

std::expected<journal::walk, error> journal::walk_of(std::uint64_t sector) {
  sector_header header, next;
  const auto valid = header_of(sector, header);
  if (!valid) return std::unexpected{valid.error()};
  walk at{.sector = sector,
          .at = base_of(sector) + header_bytes(),
          .end = base_of(sector) + shape_.sector_bytes,
          .expected = header.after + 1};
  if (!*valid) return walk{.sector = sector, .expected = 1};
  if (sector == head_) {
    at.open = !mounted_;
    at.last = mounted_ ? head_last_ : 0;
    return at;
  }
  const auto followed = header_of(sector + 1, next);
  if (!followed) return std::unexpected{followed.error()};
  at.open = !*followed;
  at.last = *followed ? next.after : 0;
  return at;
}

outcome<error> journal::mount_sector(std::uint64_t sector, mount_report& report) {
  auto at = walk_of(sector);
  if (!at) return std::unexpected{at.error()};
  if (at->end == 0) {
    ++report.sectors_lost;
    return {};
  }
  found one;
  for (step what = next(*at, one); what != step::end; what = next(*at, one)) {
    if (what == step::failed) return std::unexpected{error::failed};
    if (const error wrong = apply(one); wrong != error{}) return std::unexpected{wrong};
  }
  report.records_lost += at->lost;
  sequence_ = at->expected - 1;
  if (sector != head_) return {};
  const auto rest = skip_erased(at->at, at->end);
  if (!rest) return std::unexpected{rest.error()};
  closed_ = *rest != at->end;
  report.torn = closed_ && at->lost == 0;
  offset_ = at->at - base_of(sector);
  if (shape_.spares_pages) offset_ = fresh(offset_);
  return {};
}

error journal::apply(const found& what) {
  const record_header& head = what.head;
  if ((head.flags & flag_note) != 0) {
    note_octets octets;
    if (!below_.read(what.address + static_cast<std::uint32_t>(record_header_bytes), octets)) return error::failed;
    note_ = decode(octets);
    note_address_ = what.address;
  }
  if (head.kind == kind_note || head.kind == 0) return {};
  if ((head.flags & flag_clear) != 0) {
    erase_kind(head.kind);
    return {};
  }
  index_entry* entry = index_.find({head.kind, head.number});
  if ((head.flags & flag_removal) != 0) {
    if (entry != nullptr) index_.erase(*entry);
    return {};
  }
  if (entry == nullptr && index_.full()) return error::memory_too_small;
  if (entry == nullptr) entry = &index_.insert({head.kind, head.number});
  entry->address = what.address;
  entry->size = what.total & 0xff'ffffU;
  return {};
}

journal::step journal::next(walk& at, found& into) {
  if (at.expected > at.last && !at.open) return step::end;
  const auto whole = read_next(at, into);
  if (!whole) return step::failed;
  if (!*whole) return over_hole(at, into);
  at.at += into.total;
  ++at.expected;
  return step::record;
}

// The record that is expected, right there or behind the rest of a page that was left erased.
std::expected<bool, error> journal::read_next(walk& at, found& into) {
  const auto here = read_record(at, at.at, into);
  if (!here || (*here && into.head.sequence == at.expected)) return here;
  const std::uint32_t page = fresh(at.at);
  if (page == at.at) return false;
  const auto used = skip_erased(at.at, page);
  if (!used) return std::unexpected{used.error()};
  if (*used != page) return false;
  const auto there = read_record(at, page, into);
  if (!there || !*there || into.head.sequence != at.expected) return there ? false : there;
  at.at = page;
  return true;
}

// Something isn't what it should be here. If a later record says that this one had been synced, it is damage: the
// rest is looked for behind it. Else the power went while it was written, and nothing behind it counts.
journal::step journal::over_hole(walk& at, found& into) {
  std::uint32_t from = at.at;
  if (at.open && at.expected > at.last) {
    for (;;) {
      const auto more = find_record(at, from, into);
      if (!more) return step::failed;
      if (!*more) break;
      if (into.head.unsynced != unsynced_unknown && into.head.unsynced < into.head.sequence)
        at.last = std::max(at.last, into.head.sequence - into.head.unsynced);
      from += into.total;
    }
    if (at.expected > at.last) return step::end;
    from = at.at;
  }
  const auto more = find_record(at, from, into);
  if (!more) return step::failed;
  if (!*more) {
    at.lost += at.last - at.expected + 1;
    at.expected = at.last + 1;
    return step::end;
  }
  at.lost += into.head.sequence - at.expected;
  at.expected = into.head.sequence + 1;
  at.at = from + into.total;
  return step::record;
}

// The next whole record from `at` on that may count.
std::expected<bool, error> journal::find_record(const walk& from, std::uint32_t& at, found& into) {
  while (at < from.end) {
    const auto used = skip_erased(at, from.end);
    if (!used) return std::unexpected{used.error()};
    // What looks erased may be the front of a record, too.
    at = *used - std::min(*used - at, rounded(record_header_bytes));
    const auto whole = read_record(from, at, into);
    if (!whole || *whole) return whole;
    at += shape_.program_bytes;
  }
  return false;
}

std::expected<bool, error> journal::read_record(const walk& of, std::uint32_t address, found& into) {
  if (address >= of.end || of.end - address < record_header_bytes) return false;
  record_header_octets octets;
  if (!below_.read(address, octets)) return std::unexpected{error::failed};
  into.head = decode(octets);
  into.address = address;
  const std::uint64_t most = of.open ? of.expected + shape_.sector_bytes / record_header_bytes : of.last;
  if (into.head.sequence < of.expected || into.head.sequence > most) return false;
  const std::size_t head_bytes = into.head.head_bytes();
  const std::size_t room = of.end - address;
  if (head_bytes > room || into.head.payload > room - head_bytes) return false;
  into.total = rounded(head_bytes + into.head.payload);
  if (into.total > room) return false;
  std::uint32_t sum = checksum_of(of.sector, octets);
  if ((into.head.flags & flag_note) != 0) {
    note_octets noted;
    if (!below_.read(address + static_cast<std::uint32_t>(record_header_bytes), noted))
      return std::unexpected{error::failed};
    sum = crc32c(noted, sum);
  }
  const auto whole = checksum_of_payload(into, sum);
  if (!whole) return std::unexpected{whole.error()};
  return *whole == into.head.checksum;
}

std::expected<std::uint32_t, error> journal::checksum_of_payload(const found& what, std::uint32_t so_far) {
  const auto begin = static_cast<std::uint32_t>(what.address + what.head.head_bytes());
  for (std::uint32_t done = 0; done < what.head.payload;) {
    const std::size_t count = std::min<std::size_t>(read_half().size(), what.head.payload - done);
    if (!below_.read(begin + done, read_half().first(count))) return std::unexpected{error::failed};
    so_far = crc32c(read_half().first(count), so_far);
    done += static_cast<std::uint32_t>(count);
  }
  return so_far;
}

// The first unit of the storage from there on that isn't erased.
std::expected<std::uint32_t, error> journal::skip_erased(std::uint32_t from, std::uint32_t end) {
  while (from < end) {
    const mutable_bytes part = read_half().first(std::min<std::size_t>(read_half().size(), end - from));
    if (!below_.read(from, part)) return std::unexpected{error::failed};
    const auto used = std::ranges::find_if(part, [&](std::byte each) { return each != shape_.erased; });
    const auto count = static_cast<std::uint32_t>(used - part.begin());
    if (count != part.size()) return (from + count) / shape_.program_bytes * shape_.program_bytes;
    from += count;
  }
  return end;
}

}  // namespace recado::store
