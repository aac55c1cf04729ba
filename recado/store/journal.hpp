// A journal of records on a storage: what was put stays, whatever happens to the power.
//
// Records are only ever appended, in a ring of sectors that are erased one after the other, so every sector wears the
// same. A record replaces the one of the same key, or removes it. When a sector is full the next one is opened: it is
// erased, what still lives in the oldest sector is copied into it, all is synced, and only then its header says that
// it counts and that the oldest one doesn't any more. So at every instant the storage holds one valid journal, and one
// sector more is free. What was synced shares no page with what is written later, as the loss of power may spoil a page
// as a whole. `docs/design/journal.md` has the whole argument, and the bounds.
//
// What was put outlives the loss of power once `sync` returned; before that a part of it may, in the order of the
// calls: never a later record without all the earlier ones. `mount` reads only; an unfinished end is left behind by
// opening the next sector with the first record that is put.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include <recado/core/bytes.hpp>
#include <recado/core/outcome.hpp>
#include <recado/store/error.hpp>
#include <recado/store/index.hpp>
#include <recado/store/record.hpp>
#include <recado/store/storage.hpp>

namespace recado::store {

/// What `mount` found.
struct mount_report {
  std::uint64_t records_lost = 0;  ///< that had been synced and can't be read any more
  std::uint32_t sectors_lost = 0;  ///< whose header can't be read any more; their records are not counted
  bool torn = false;               ///< the last writes were interrupted, or the last record is damaged
  std::uint32_t sectors_read = 0;  ///< whose header was good
  /// True if something that was synced is missing.
  bool damaged() const { return records_lost != 0 || sectors_lost != 0; }
};

/// What a journal did since it was mounted.
struct journal_counts {
  std::uint64_t asked_bytes = 0;       ///< records that were put and removed, with their headers
  std::uint64_t programmed_bytes = 0;  ///< what that became, copies and sector headers included
  std::uint64_t erased_sectors = 0;    ///< how many erasures
  std::uint64_t syncs = 0;             ///< how many calls of the storage's `sync`
};

/// Records of named keys on a storage, each replaced or removed as a whole; what was synced survives.
class journal {
 public:
  /// The index holds one entry for each live record and one more; `scratch` is `scratch_bytes_min` bytes or more. All
  /// must outlive the journal.
  journal(storage& below, std::span<index_entry> index, mutable_bytes scratch);
  journal(const journal&) = delete;
  journal& operator=(const journal&) = delete;

  /// Finds what is on the storage. Writes nothing. Damage is told in the report; what could be read is there.
  /// Errors: `bad_geometry`, `memory_too_small`, `empty`, `other_geometry`, `other_format`, `failed`.
  std::expected<mount_report, error> mount();
  /// Begins an empty journal, which is mounted then. What was there is gone. Errors: as `mount`.
  std::expected<void, error> format();

  /// Appends a record: `what`, piece after piece. It replaces the one of the same key. With `with` the note changes in
  /// the same instant. `spare`: so many bytes of `live_bytes_max` must stay free, for records that matter more.
  /// Errors: `full`, `index_full`, `too_long` (nothing happened); `failed` (for good), `not_mounted`.
  std::expected<void, error> put(key name, std::span<const bytes> what, const note* with = nullptr,
                                 std::uint32_t spare = 0);
  /// Removes a record; without one of that name nothing happens but to the note. Needs no room. Errors: `failed`,
  /// `not_mounted`.
  std::expected<void, error> remove(key name, const note* with = nullptr);
  /// Removes all records of a kind at once.
  std::expected<void, error> clear(std::uint8_t kind);
  /// Changes the note alone.
  std::expected<void, error> put_note(const note& what);
  /// Returns when all that was put and removed is durable.
  std::expected<void, error> sync();
  /// The same, for who goes: what can't be read any more of what is here now is told as damage from then on, and no
  /// longer taken for a write that was interrupted. Does nothing more than `sync` if nothing has changed since it was
  /// mounted or sealed. Errors: `failed`, `full`, `not_mounted`.
  std::expected<void, error> seal();
  /// True if nothing was put or removed since the last `sync`.
  bool synced() const { return synced_ == sequence_; }

  /// The bytes of a record's payload, or nothing.
  std::optional<std::uint32_t> size_of(key name);
  /// Reads a record's payload from an offset on, as much as fits and is there; returns how many bytes. The checksum is
  /// looked at when mounting and copying, not here. Errors: `not_found`, `damaged` (its header changed), `failed`.
  std::expected<std::size_t, error> read(key name, std::uint32_t offset, mutable_bytes into);
  /// The lowest number of that kind that is at least `from`.
  std::optional<std::uint32_t> next(std::uint8_t kind, std::uint32_t from) const;
  const note& last_note() const { return note_; }  ///< The note in force.

  std::size_t records() const { return index_.size(); }  ///< Live ones.
  /// How many the index has places for.
  std::size_t records_max() const { return index_.capacity(); }
  /// What the live records take, with their headers.
  std::uint32_t live_bytes() const { return live_; }
  std::uint32_t live_bytes_max() const;  ///< What they may take at most.
  /// What a record takes with its header, and the note if it carries one.
  std::uint32_t stored_bytes(std::size_t payload, bool with_note) const;
  /// True if `put` has room for a new record, were there `freed` bytes less of live ones.
  bool has_room(std::size_t payload, bool with_note, std::uint32_t spare, std::uint32_t freed = 0) const;
  /// The longest payload of a record.
  std::uint32_t payload_bytes_max() const;
  /// Sectors from the oldest record to the newest.
  std::uint32_t sectors_in_use() const { return static_cast<std::uint32_t>(head_ - oldest_ + 1); }
  std::uint64_t sequence() const { return sequence_; }      ///< Counts up with each change.
  const journal_counts& counts() const { return counts_; }  ///< Since it was mounted.
  /// Live records whose bytes had changed when they were to be copied; they are gone, as if removed.
  std::uint64_t lost_later() const { return lost_later_; }

 private:
  struct found {
    record_header head;
    std::uint32_t address = 0;
    std::uint32_t total = 0;
  };
  /// Goes over the records of one sector that count.
  struct walk {
    std::uint64_t sector = 0;
    std::uint32_t at = 0;
    std::uint32_t end = 0;
    std::uint64_t expected = 0;
    std::uint64_t last = 0;  ///< the last one that counts, as far as that is known
    bool open = false;       ///< what follows `last` counts, too, as long as it is whole
    std::uint64_t lost = 0;
  };
  enum class step : std::uint8_t { record, end, failed };

  // journal_mount.cpp
  error check_memory() const;
  outcome<error> find_head();
  std::expected<bool, error> read_sector_header(std::uint32_t index, sector_header& into);
  std::expected<bool, error> header_of(std::uint64_t sector, sector_header& into);
  std::expected<walk, error> walk_of(std::uint64_t sector);
  step next(walk& at, found& into);
  step over_hole(walk& at, found& into);
  std::expected<bool, error> read_next(walk& at, found& into);
  std::expected<bool, error> read_record(const walk& of, std::uint32_t address, found& into);
  std::expected<bool, error> find_record(const walk& from, std::uint32_t& at, found& into);
  std::expected<std::uint32_t, error> skip_erased(std::uint32_t from, std::uint32_t end);
  outcome<error> mount_sector(std::uint64_t sector, mount_report& report);
  error apply(const found& what);
  std::expected<std::uint32_t, error> checksum_of_payload(const found& what, std::uint32_t so_far);
  std::uint32_t erase_kind(std::uint8_t kind);
  void forget_all();

  // journal.cpp
  outcome<error> append(record_header head, std::span<const bytes> what, const note* with, std::uint32_t& address);
  std::uint32_t base_of(std::uint64_t sector) const;
  std::uint32_t header_bytes() const { return fresh(2 * rounded(sector_header_bytes)); }  // it stands there twice
  // Where the first page begins that nothing was written to.
  std::uint32_t fresh(std::uint32_t offset) const {
    return (offset + shape_.page_bytes - 1) / shape_.page_bytes * shape_.page_bytes;
  }
  std::uint32_t rounded(std::size_t size) const {
    return static_cast<std::uint32_t>((size + shape_.program_bytes - 1) / shape_.program_bytes * shape_.program_bytes);
  }
  void took_note(const note& what, std::uint32_t address);
  std::unexpected<error> fail();
  std::uint16_t unsynced() const;
  std::expected<record_header, error> read_header(const index_entry& of);

  // journal_compact.cpp
  outcome<error> open_next();
  outcome<error> write_sector_header(std::uint64_t sector, std::uint64_t oldest, std::uint64_t after);
  std::expected<std::uint32_t, error> live_in(std::uint64_t sector);
  outcome<error> copy_live(std::uint64_t from, std::uint64_t to, std::uint32_t& at);
  outcome<error> copy_record(const found& what, std::uint64_t to, std::uint32_t& at);
  outcome<error> copy_note(std::uint64_t to, std::uint32_t& at);
  std::uint32_t live_by_index(std::uint64_t sector) const;
  outcome<error> salvage(std::uint64_t from, std::uint64_t to, std::uint32_t& at);
  void lose(index_entry& what);
  bool lies_in(std::uint64_t sector, std::uint32_t address) const;
  // The walk that came to its end passed no record by.
  bool saw_all(const walk& at) const { return at.end != 0 && !at.open && at.lost == 0; }
  bool is_live(const found& what) const;
  bool has_note(const found& what) const { return note_address_ != 0 && note_address_ == what.address; }

  // journal_write.cpp: pieces become whole units of the storage
  struct packer {
    std::uint32_t address = 0;
    std::size_t used = 0;
  };
  bool pack(packer& to, bytes what);
  bool pack_end(packer& to);
  bool program(std::uint32_t address, bytes what);
  mutable_bytes read_half() const { return scratch_.first(scratch_.size() / 2); }
  mutable_bytes pack_half() const;

  storage& below_;
  storage_geometry shape_;  // as `mount` or `format` found it
  record_index index_;
  mutable_bytes scratch_;
  bool mounted_ = false;
  bool closed_ = true;          // nothing may be appended to the head any more
  bool sealed_ = false;         // nothing was appended since `seal`
  std::uint64_t head_ = 0;      // sequence number of the newest sector,
  std::uint32_t position_ = 0;  // and which one of the storage it is
  std::uint64_t oldest_ = 0;
  std::uint32_t offset_ = 0;  // where the next record goes in the head
  std::uint64_t sequence_ = 0;
  std::uint64_t synced_ = 0;
  std::uint64_t head_last_ = 0;  // the head's last record while the next sector is opened
  std::uint32_t live_ = 0;
  note note_;
  std::uint32_t note_address_ = 0;  // of the record that carries it; 0: there is none
  journal_counts counts_;
  std::uint64_t lost_later_ = 0;
};

}  // namespace recado::store
