// The walkers of wire/walk.hpp that also know the rest of a message: its options, in place.
#pragma once

#include <recado/wire/walk.hpp>

namespace recado::dhcp {

/// Adds up bytes, those of the options too.
class size_walker : public wire::size_walker {
 public:
  using wire::size_walker::operator();
  /// Counts the options.
  constexpr void operator()(std::string_view, const bytes& rest) { size_ += rest.size(); }
};

/// Writes fields and options.
class encode_walker : public wire::encode_walker {
 public:
  using wire::encode_walker::encode_walker;
  using wire::encode_walker::operator();
  /// Writes the options as they are.
  void operator()(std::string_view, const bytes& rest) { out_.put(rest); }
};

/// Reads fields and options.
class decode_walker : public wire::decode_walker {
 public:
  using wire::decode_walker::decode_walker;
  using wire::decode_walker::operator();
  /// Takes all that is left as the options.
  constexpr void operator()(std::string_view, bytes& rest) { rest = in_.take(in_.remaining()); }
};

}  // namespace recado::dhcp
