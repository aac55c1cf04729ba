// The walkers of wire/walk.hpp that also know the rest of a message: its options, in place.
#pragma once

#include <recado/wire/walk.hpp>

namespace recado::dhcp {

class size_walker : public wire::size_walker {
 public:
  using wire::size_walker::operator();
  constexpr void operator()(std::string_view, const bytes& rest) { size_ += rest.size(); }
};

class encode_walker : public wire::encode_walker {
 public:
  using wire::encode_walker::encode_walker;
  using wire::encode_walker::operator();
  void operator()(std::string_view, const bytes& rest) { out_.put(rest); }
};

class decode_walker : public wire::decode_walker {
 public:
  using wire::decode_walker::decode_walker;
  using wire::decode_walker::operator();
  constexpr void operator()(std::string_view, bytes& rest) { rest = in_.take(in_.remaining()); }
};

}  // namespace recado::dhcp
