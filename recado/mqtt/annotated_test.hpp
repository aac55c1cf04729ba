// For tests: packets as annotated bytes, and the checks that every row of such a table goes through.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <recado/mqtt/packet.hpp>

namespace recado::mqtt::testing {

/// Bytes from pairs of hex digits and 'text in single quotes'; all else between them is annotation space:
/// "30 06  00 01 'a'  'hi'".
inline std::vector<std::byte> wire(std::string_view annotated) {
  std::vector<std::byte> result;
  for (std::size_t i = 0; i < annotated.size(); ++i) {
    const char c = annotated[i];
    if (c == '\'') {
      for (++i; annotated.at(i) != '\''; ++i) result.push_back(static_cast<std::byte>(annotated[i]));
    } else if (std::isxdigit(static_cast<unsigned char>(c))) {
      const std::string pair{annotated.substr(i++, 2)};
      result.push_back(static_cast<std::byte>(std::stoul(pair, nullptr, 16)));
    }
  }
  return result;
}

/// What `decode_all` found at the front of some bytes.
struct decoded {
  defect what;
  bool complete = false;
  fixed_header header;
  any_packet packet;
};

inline decoded decode_all(bytes in, const decode_options& options) {
  decoded result;
  result.what = read_header(in, options, result.header);
  if (result.what || result.header.size == 0 || in.size() < result.header.total()) return result;
  result.complete = true;
  result.what = decode(result.header, in, options, result.packet);
  return result;
}

/// A copy of exactly that many bytes on the heap, so that reading past it is found.
struct exact_copy {
  explicit exact_copy(bytes from) : memory(new std::byte[from.size()]), size(from.size()) {
    copy(from, {memory.get(), size});
  }
  operator bytes() const { return {memory.get(), size}; }
  std::unique_ptr<std::byte[]> memory;
  std::size_t size;
};

inline std::string printed(const any_packet& packet, const print_options& options = {}) {
  char memory[4096];
  buffer_sink out{memory};
  print(packet, options, out);
  return std::string{out.view()};
}

/// One packet of a table.
struct row {
  const char* name;
  version protocol;
  sender from;
  const char* annotated;
  any_packet packet;
  bool canonical = true;  ///< false: a legal form that is encoded shorter
};

/// The short way finds what the long way finds, or nothing.
template <class P>
void check_take(bytes in, const decode_options& options, const decoded& expected) {
  P short_way;
  const std::size_t taken = take(in, options, short_way);
  if (taken == 0) return;
  ASSERT_TRUE(expected.complete && !expected.what);
  EXPECT_EQ(taken, expected.header.total());
  EXPECT_TRUE(any_packet{short_way} == expected.packet);
}
inline void check_take(bytes in, const decode_options& options, const decoded& expected) {
  check_take<publish>(in, options, expected);
  check_take<acknowledgement>(in, options, expected);
}

/// decode == struct, encode == bytes, size == length; every prefix incomplete; every flipped bit harmless.
inline void check(const row& one) {
  SCOPED_TRACE(one.name);
  const auto expected = wire(one.annotated);
  const decode_options options{one.protocol, one.from};
  const decoded result = decode_all(exact_copy{expected}, options);
  const exact_copy kept{expected};
  const decoded again = decode_all(kept, options);
  ASSERT_TRUE(result.complete);
  ASSERT_FALSE(again.what) << words(again.what.code) << " in " << words(again.what.where) << " at "
                           << again.what.offset;
  EXPECT_TRUE(again.packet == one.packet) << printed(again.packet, {one.protocol}) << "\n"
                                          << printed(one.packet, {one.protocol});
  check_take(kept, options, again);
  std::vector<std::byte> out(expected.size() + 8);
  const auto written = encode(one.packet, one.protocol, out);
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(*written, size(one.packet, one.protocol));
  if (one.canonical) {
    EXPECT_EQ(*written, expected.size());
    EXPECT_EQ(std::vector(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*written)), expected);
  }
  if (*written > 0) {
    EXPECT_EQ(encode(one.packet, one.protocol, mutable_bytes{out}.first(*written - 1)).error(), error::no_room);
  }
  for (std::size_t length = 0; length < expected.size(); ++length) {
    const decoded prefix = decode_all(exact_copy{bytes{expected}.first(length)}, options);
    EXPECT_FALSE(prefix.complete) << length;
    EXPECT_FALSE(prefix.what) << length;
  }
  for (std::size_t bit = 0; bit < 8 * expected.size(); ++bit) {
    auto flipped = expected;
    flipped[bit / 8] ^= std::byte{1} << bit % 8;
    for (const sender from : {sender::client, sender::server}) {
      const exact_copy memory{flipped};
      const decoded seen = decode_all(memory, {one.protocol, from});
      check_take(memory, {one.protocol, from}, seen);
      if (seen.what) {
        EXPECT_LE(seen.what.offset, flipped.size());
      } else if (seen.complete) {
        EXPECT_FALSE(printed(seen.packet, {one.protocol}).empty());
      }
    }
  }
}

}  // namespace recado::mqtt::testing
