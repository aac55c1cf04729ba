// What the fuzz targets share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <recado/core/entropy.hpp>
#include <recado/core/text.hpp>

namespace recado::fuzz {

/// What must hold whatever came: else libFuzzer reports the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The same numbers in each run, so that an input is replayed exactly.
class counting_entropy final : public entropy {
 public:
  void fill(mutable_bytes out) override {
    for (std::byte& each : out) each = static_cast<std::byte>((state_ = state_ * 1103515245 + 12345) >> 16);
  }

 private:
  std::uint32_t state_ = 1;
};

/// Takes what is printed and keeps only its length.
class counting_sink final : public text_sink {
 public:
  void write(std::string_view text) override { size += text.size(); }
  std::size_t size = 0;
};

/// Nothing hostile reaches the terminal.
inline void require_no_control_characters(std::string_view text) {
  for (const char c : text) require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
}

}  // namespace recado::fuzz
