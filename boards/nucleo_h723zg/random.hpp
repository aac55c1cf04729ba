// The chip's random number generator, with its health tests and one more.
//
// The generator watches its own noise (SEIS, CEIS) and its clock; what it says is not good is thrown away, and it is
// started anew. Beyond that no word may be zero and none may follow itself (NIST SP 800-90B §4.4.1: that happens by
// chance once in 2^32 words). After three failures in a row it gives nothing any more: no key is made of bad numbers.
#pragma once

#include <cstdint>
#include <optional>

#include <recado/core/bytes.hpp>

namespace recado::nucleo_h723zg {

/// The generator.
class random_source {
 public:
  static constexpr unsigned recoveries_max = 3;  ///< in a row, before it is given up

  /// Configures and starts it. False if it doesn't come up; it can be tried again.
  bool start();
  /// Fills all of it, or nothing of it is to be used: false if the generator has failed.
  bool fill(mutable_bytes out);

  /// What it has gone through.
  struct counts {
    std::uint32_t seed_errors = 0;   ///< the noise wasn't good, or a word was 0
    std::uint32_t clock_errors = 0;  ///< its clock was too slow
    std::uint32_t repeated = 0;      ///< a word came twice
  };
  const counts& counted() const { return counts_; }  ///< so far

 private:
  std::optional<std::uint32_t> word();
  std::optional<std::uint32_t> attempt();
  bool healthy();
  bool recover();

  std::uint32_t previous_ = 0;
  counts counts_;
};

}  // namespace recado::nucleo_h723zg
