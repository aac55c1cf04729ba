// Borrowed memory: what every machine reads and writes.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace recado {

/// Bytes that somebody else owns, to be read. Valid as long as the owner says.
using bytes = std::span<const std::byte>;
/// Bytes that somebody else owns, to be written.
using mutable_bytes = std::span<std::byte>;

/// The bytes of a text, without copying.
inline bytes as_bytes(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

/// The characters of some bytes, without copying and without any check of their encoding.
inline std::string_view as_text(bytes data) { return {reinterpret_cast<const char*>(data.data()), data.size()}; }

/// Copies `from` to the front of `to`, which must be at least as long.
inline void copy(bytes from, mutable_bytes to) {
  if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
}

/// True if both hold the same bytes.
inline bool equal(bytes a, bytes b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Overwrites a secret in a way that the compiler may not leave out.
inline void wipe(mutable_bytes secret) {
  if (secret.empty()) return;
  std::memset(secret.data(), 0, secret.size());
  __asm__ __volatile__("" : : "r"(secret.data()) : "memory");
}

}  // namespace recado
