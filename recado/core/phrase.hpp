// Texts that are said of faults. There are hundreds of them, and a device says few: an image for a microcontroller
// (RECADO_PACKED_PHRASES) keeps them packed, in half the room.
#pragma once

#include <cstddef>
#include <string_view>

#if defined(RECADO_PACKED_PHRASES)
#include <recado/core/packing.hpp>
#endif

namespace recado {

#if defined(RECADO_PACKED_PHRASES)

/// A text that lies packed: good for being written only.
class phrase {
 public:
  /// Empty.
  constexpr phrase() = default;
  /// Of a text that was written as `""_packed`.
  explicit constexpr phrase(const char* packed) : packed_(packed) {}
  /// True if there is nothing to say.
  constexpr bool empty() const { return *packed_ == '\0'; }
  /// Writes it.
  friend text_sink& operator<<(text_sink& out, phrase text) { return unpack(text.packed_, out), out; }

 private:
  const char* packed_ = "";
};

/// The text packed, for a `phrase`.
template <packing::literal Text>
consteval const char* operator""_packed() {
  return packing::packed<Text>.data();
}
/// The text packed, as a `phrase`.
template <packing::literal Text>
consteval phrase operator""_phrase() {
  return phrase{packing::packed<Text>.data()};
}

#else

/// A text: where flash isn't scarce, as it is.
using phrase = std::string_view;

/// The text as it is: nothing is packed in this build.
consteval const char* operator""_packed(const char* text, std::size_t) { return text; }
/// The text as it is.
consteval phrase operator""_phrase(const char* text, std::size_t size) { return {text, size}; }

#endif

}  // namespace recado
