// The quick check of strings: nearly every topic is ASCII, which is tested a whole machine word or vector at once.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {

/// Has the top bit of some byte set if a byte of `w` is 0, beyond ASCII or (topic names) a wildcard. A byte below
/// 0x80 that isn't 0 stays below 0x80 when 1 is taken away. '+' and '#' differ in one bit (8).
template <class Word>
[[gnu::always_inline]] inline Word suspicious(Word w, text_rule rule) {
  constexpr Word ones = static_cast<Word>(~Word{0} / 0xff);
  const Word found = w | (w - ones);
  return rule == text_rule::topic_name ? found | (((w | ones * 8) ^ ones * '+') - ones) : found;
}

/// A word from wherever it stands.
template <class Word>
[[gnu::always_inline]] inline Word load(const char* at) {
  Word w;
  std::memcpy(&w, at, sizeof w);
  return w;
}

/// A text of at least one word; the last word overlaps the one before.
template <class Word>
[[gnu::always_inline]] inline bool plain_words(std::string_view text, text_rule rule) {
  const char* at = text.data();
  const char* const last = at + text.size() - sizeof(Word);
  Word found = suspicious(load<Word>(last), rule);
  for (; at < last; at += sizeof(Word)) found |= suspicious(load<Word>(at), rule);
  return (found & static_cast<Word>(~Word{0} / 0xff * 0x80)) == 0;
}

#if defined(__SSE2__)
/// The same for at least sixteen bytes: as signed numbers they are all above 0, and none is a wildcard.
[[gnu::always_inline]] inline bool plain_vectors(std::string_view text, text_rule rule) {
  const auto good = [rule](const char* at) {
    const __m128i w = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i ascii = _mm_cmpgt_epi8(w, _mm_setzero_si128());
    if (rule == text_rule::well_formed) return ascii;
    return _mm_andnot_si128(_mm_cmpeq_epi8(_mm_or_si128(w, _mm_set1_epi8(8)), _mm_set1_epi8('+')), ascii);
  };
  const char* const first = text.data();
  const char* const last = first + text.size() - 16;
  __m128i all = _mm_and_si128(good(first), good(last));  // most topics have no more than these two
  for (const char* at = first + 16; at < last; at += 16) all = _mm_and_si128(all, good(at));
  return _mm_movemask_epi8(all) == 0xffff;
}
#endif

/// As `plain_text`, dissolved into its caller.
[[gnu::always_inline]] inline bool plain_text_inline(std::string_view text, text_rule rule) {
#if defined(__SSE2__)
  if (text.size() >= 16) return plain_vectors(text, rule);
#endif
  if (text.size() >= sizeof(std::size_t)) return plain_words<std::size_t>(text, rule);
  if (text.size() >= sizeof(std::uint32_t)) return plain_words<std::uint32_t>(text, rule);
  if (text.empty()) return true;
  const auto at = [text](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])}; };
  const std::uint32_t all = at(0) | at(text.size() / 2) << 8 | at(text.size() - 1) << 16 | std::uint32_t{' '} << 24;
  return (suspicious(all, rule) & 0x8080'8080U) == 0;
}

}  // namespace recado::mqtt
