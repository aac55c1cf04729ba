// What a step answers that has nothing to give.
#pragma once

#include <expected>

namespace recado {

/// Done, or why not; of `Error` 0 means no error. As std::expected<void, Error> for functions that call each other
/// inside a module: this one is returned in a register, while that one is put together in memory at each return.
template <class Error>
class outcome {
 public:
  /// Done.
  constexpr outcome() = default;
  /// Not done.
  constexpr outcome(const std::unexpected<Error>& why) : error_(why.error()) {}

  /// True if it is done.
  constexpr explicit operator bool() const { return error_ == Error{}; }
  /// Why it isn't.
  constexpr Error error() const { return error_; }
  /// For whoever is told in the usual way.
  constexpr operator std::expected<void, Error>() const {
    if (*this) return {};
    return std::unexpected{error_};
  }

 private:
  Error error_{};
};

}  // namespace recado
