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

}  // namespace

int main(int count, char** words) {
  std::uint64_t seeds = recado::sim::mutant_seeds_max, from = 1, seed = 0;
  int number = 0;
  bool trace = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : nullptr;
    if (word == "--trace") trace = true;
    else if (value == nullptr) return std::fprintf(stderr, "recado-sim-mutants: \"%s\" is no option\n", words[i]), 2;
    else if (word == "--seeds") seeds = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--from") from = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--seed") seed = std::strtoull(words[++i], nullptr, 0);
    else if (word == "--mutant") number = std::atoi(words[++i]);
    else return std::fprintf(stderr, "recado-sim-mutants: \"%s\" is no option\n", words[i]), 2;
  }
  if (seed != 0) {
    recado::sim::chosen_mutant = number;
    const recado::sim::outcome how = recado::sim::live(recado::sim::make_plan(seed), trace ? stdout : nullptr);
    std::printf("%s\n", how.violation.empty() ? "every invariant held" : how.violation.c_str());
    return how.violation.empty() ? 0 : 1;
  }
  const std::span<const recado::sim::mutant> chosen{all};
  const bool one = number >= 1 && static_cast<std::size_t>(number) <= chosen.size();
  const auto which = one ? chosen.subspan(static_cast<std::size_t>(number - 1), 1) : chosen;
  return recado::sim::run_mutants(which, from, seeds) == 0 ? 0 : 1;
}
