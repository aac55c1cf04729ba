// "Did you mean …": the known word that a mistyped one most likely stands for.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace recado {

/// Words longer than this are never suggested and never find a suggestion.
inline constexpr std::size_t nearest_word_bytes_max = 64;

/// How many characters must be inserted, removed, replaced or swapped with their neighbour (each character at
/// most once) to make `a` into `b`; letter case counts for nothing. More than any real distance if one of them
/// is too long.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that is nearest to `word`, if it is near enough for a typing error: one edit in a word of
/// up to four characters, one more for every three beyond; or the only one that `word` is the beginning of.
/// Empty if none is. Of equally near ones the first.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace recado
