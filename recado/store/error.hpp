// What can go wrong with a journal.
#pragma once

#include <cstdint>

#include <recado/core/fault.hpp>
#include <recado/core/phrase.hpp>

namespace recado::store {

/// What the journal can fail with.
enum class error : std::uint16_t {
  bad_geometry = 1,  ///< the storage's geometry is outside the limits
  memory_too_small,  ///< index or scratch memory is too small
  not_mounted,       ///< `mount` did not succeed before
  empty,             ///< there is no journal on the storage: `format` begins one
  other_geometry,    ///< the journal was made for another geometry
  other_format,      ///< the journal was made by a recado of another format
  too_long,          ///< the record is longer than a sector allows
  full,              ///< no room for another record, until others are removed
  index_full,        ///< no place for another record in the index, until others are removed
  not_found,         ///< no such record
  damaged,           ///< the record's bytes are not those that were written
  failed,            ///< the storage failed to read, program, erase or sync
};
constexpr layer layer_of(error) { return layer::store; }

/// The cause, as half a sentence.
phrase words(error code);
/// What to do about it.
phrase remedy(error code);

}  // namespace recado::store
