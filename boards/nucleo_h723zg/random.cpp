#include "random.hpp"

#include <algorithm>

#include "registers.hpp"

namespace recado::nucleo_h723zg {
namespace {

// Configuration and conditioning reset in one write; the threshold of the health test can be set only then.
bool condition() {
  rng::cr.write(rng::configuration_a | rng::condrst);
  rng::htcr.write(rng::htcr_magic);
  rng::htcr.write(rng::htcr_a);
  rng::cr.write(rng::configuration_a);
  return rng::cr.wait(rng::condrst, 0);
}

}  // namespace

// The start itself can leave a seed error behind, which would stop the generator for ever. The first word is not used.
bool random_source::start() {
  if (!condition()) return false;
  rng::cr.set(rng::rngen);
  rng::sr.write(0);
  const auto first = attempt();
  previous_ = first.value_or(0);
  return first.has_value();
}

bool random_source::fill(mutable_bytes out) {
  for (std::size_t done = 0; done < out.size();) {
    const auto next = word();
    if (!next) return wipe(out), false;
    const std::size_t size = std::min(sizeof *next, out.size() - done);
    copy(std::as_bytes(std::span{&*next, 1}).first(size), out.subspan(done, size));
    done += size;
  }
  return true;
}

std::optional<std::uint32_t> random_source::word() {
  for (unsigned tries = 0; tries <= recoveries_max; ++tries) {
    const auto found = attempt();
    if (found && *found != previous_) return previous_ = *found;
    if (found) ++counts_.repeated;
    if (tries < recoveries_max && !recover()) return std::nullopt;
  }
  return std::nullopt;
}

// One word. An error that shows only after the word was read is about that word, too.
std::optional<std::uint32_t> random_source::attempt() {
  for (std::uint32_t reads = short_wait_reads; reads != 0; --reads) {
    if (!healthy()) return std::nullopt;
    if (!rng::sr.has(rng::drdy)) continue;
    const std::uint32_t found = rng::dr.read();
    if (!healthy()) return std::nullopt;
    if (found != 0) return found;
    ++counts_.seed_errors;
    return std::nullopt;
  }
  return std::nullopt;
}

bool random_source::healthy() {
  const std::uint32_t status = rng::sr.read();
  if (status & (rng::seis | rng::secs)) ++counts_.seed_errors;
  else if (status & (rng::ceis | rng::cecs)) ++counts_.clock_errors;
  else return true;
  return false;
}

// RM0468: a clock error ends by itself once the clock is right; a seed error with a conditioning reset.
bool random_source::recover() {
  if (!condition()) return false;
  rng::cr.set(rng::rngen);
  rng::sr.write(0);
  return rng::sr.wait(rng::secs | rng::cecs, 0);
}

}  // namespace recado::nucleo_h723zg
