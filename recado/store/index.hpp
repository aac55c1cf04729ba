// Where each live record lies: a hash table in the caller's memory, with linear probing and without tombstones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace recado::store {

/// The name of a record: what sort it is, and which of them.
struct key {
  std::uint8_t kind = 0;                                  ///< 1 to 127
  std::uint32_t number = 0;                               ///< within its kind
  constexpr bool operator==(const key&) const = default;  ///< Member by member.
};

/// A place in the index; the journal's own.
struct index_entry {
  std::uint32_t number = 0;     ///< within its kind
  std::uint32_t address = 0;    ///< of the record, in bytes from the storage's beginning
  std::uint32_t size : 24 = 0;  ///< of the record with its header, in bytes
  std::uint32_t kind : 8 = 0;   ///< 0: free
};

/// Where the newest record of each key is: a hash table with open addressing in the caller's memory.
class record_index {
 public:
  /// Empty; the memory must outlive it.
  explicit record_index(std::span<index_entry> memory) : table_(memory) { clear(); }

  /// Forgets all entries.
  void clear();
  /// The entry of that key, or null.
  index_entry* find(key what);
  /// The entry of that key, or null.
  const index_entry* find(key what) const { return const_cast<record_index*>(this)->find(what); }
  /// A new entry; the key must not be there, and the table not be full.
  index_entry& insert(key what);
  /// The entry's neighbours may move: other pointers are invalid afterwards.
  void erase(index_entry& what);

  /// How many entries there are.
  std::size_t size() const { return size_; }
  /// One place stays free: it ends the search for what isn't there.
  std::size_t capacity() const { return table_.empty() ? 0 : table_.size() - 1; }
  /// True if no entry can be added.
  bool full() const { return size_ >= capacity(); }
  std::span<const index_entry> all() const { return table_; }  ///< all places, also the free ones
  std::span<index_entry> all() { return table_; }              ///< all places, also the free ones

 private:
  std::size_t home(key what) const;
  std::size_t next(std::size_t at) const { return at + 1 == table_.size() ? 0 : at + 1; }

  std::span<index_entry> table_;
  std::size_t size_ = 0;
};

}  // namespace recado::store
