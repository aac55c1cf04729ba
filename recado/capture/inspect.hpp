// Where a datagram breaks its protocol's rules: what "recado decode" points at.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <recado/capture/describe.hpp>
#include <recado/core/bytes.hpp>

namespace recado::capture {

/// What is wrong, and at which octet.
struct blemish {
  std::string_view cause;  ///< half a sentence
  std::size_t offset = 0;  ///< from the datagram's first octet
};

/// The first thing in a whole datagram that its protocol forbids; nothing if it is well-formed. Never for `unknown`.
std::optional<blemish> inspect(application what, bytes payload);

/// True if the datagram looks like that protocol, for guessing: well-formed, and with the values that real ones have.
bool resembles(application what, bytes payload);

}  // namespace recado::capture
