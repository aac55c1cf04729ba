// recado-sim-mutants: the simulator with a session that makes one chosen mistake.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sim/mutant.hpp>
#include <sim/mutants.hpp>
#include <sim/shrink.hpp>

namespace {

constexpr recado::sim::mutant all[] = {
#include <sim/mutants_table.inc>
};

/// By its number or its words; 0 if there is none.
int number_of(const char* name) {
  for (const recado::sim::mutant& one : all)
    if (one.words == name || one.number == std::atoi(name)) return one.number;
  return 0;
}

/// The first seed that fails with the chosen mutant, in this process; 0 if none does.
std::uint64_t failing_seed(std::uint64_t from, std::uint64_t seeds) {
  for (std::uint64_t seed = from; seed < from + seeds; ++seed)
    if (!recado::sim::live(recado::sim::make_plan(seed)).violation.empty()) return seed;
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::uint64_t seeds = recado::sim::mutant_seeds_max, from = 1, seed = 0;
  int number = 0;
  bool trace = false, shrink = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : nullptr;
    if (word == "--trace") trace = true;
    else if (word == "--shrink") shrink = true;
    else if (value == nullptr) return std::fprintf(stderr, "recado-sim-mutants: \"%s\" is no option\n", words[i]), 2;
    else if (word == "--seeds") seeds = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--from") from = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--seed") seed = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--mutant" && number_of(value) != 0) number = number_of(words[++i]);
    else return std::fprintf(stderr, "recado-sim-mutants: \"%s\" is no option\n", words[i]), 2;
  }
  if (seed != 0 || shrink) {
    recado::sim::chosen_mutant = number;
    if (seed == 0) seed = failing_seed(from, seeds);
    const recado::sim::outcome how = shrink ? recado::sim::live_least(seed, trace)
                                            : recado::sim::live(recado::sim::make_plan(seed), trace ? stdout : nullptr);
    std::printf("%s\n", how.violation.empty() ? "every invariant held" : how.violation.c_str());
    return how.violation.empty() ? 0 : 1;
  }
  const std::span<const recado::sim::mutant> chosen{all};
  const bool one = number >= 1 && static_cast<std::size_t>(number) <= chosen.size();
  const auto which = one ? chosen.subspan(static_cast<std::size_t>(number - 1), 1) : chosen;
  return recado::sim::run_mutants(which, from, seeds) == 0 ? 0 : 1;
}
