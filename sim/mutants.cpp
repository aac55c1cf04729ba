#include <sim/mutants.hpp>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <sim/life.hpp>
#include <sim/mutant.hpp>

namespace recado::sim {
namespace {

constexpr unsigned life_seconds_max = 10;  // of the processor's time

struct finding {
  std::uint64_t seed = 0;  // 0: not found
  char words[200] = {};
};

/// In the child: lives until a seed fails, saying before each which one it is.
[[noreturn]] void search(int number, std::uint64_t from, std::uint64_t seeds, int out) {
  chosen_mutant = number;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    finding what;
    what.seed = seed;
    std::snprintf(what.words, sizeof what.words, "crashed");
    ::lseek(out, 0, SEEK_SET);
    if (::write(out, &what, sizeof what) < 0) ::_exit(2);
    ::alarm(life_seconds_max);
    const outcome how = live(make_plan(seed));
    if (how.violation.empty()) continue;
    std::snprintf(what.words, sizeof what.words, "%s", how.violation.c_str());
    ::lseek(out, 0, SEEK_SET);
    if (::write(out, &what, sizeof what) < 0) ::_exit(2);
    ::_exit(1);
  }
  ::_exit(0);
}

finding find(int number, std::uint64_t from, std::uint64_t seeds) {
  const int file = ::memfd_create("recado-sim", MFD_CLOEXEC);  // what the child found, also if it crashes
  if (file < 0) return {};
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int one : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(one, SIG_DFL);
    search(number, from, seeds, file);
  }
  int status = 0;
  if (child > 0) ::waitpid(child, &status, 0);
  finding what;
  const bool found = child > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  if (!found || ::pread(file, &what, sizeof what, 0) != static_cast<ssize_t>(sizeof what)) what = {};
  if (found && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    std::snprintf(what.words, sizeof what.words, "a life never ends");
  ::close(file);
  return what;
}

}  // namespace

int run_mutants(std::span<const mutant> all, std::uint64_t from, std::uint64_t seeds) {
  int missed = 0;
  std::uint64_t longest = 0;
  for (const mutant& one : all) {
    const finding what = find(one.number, from, seeds);
    if (what.seed == 0) {
      ++missed;
      std::printf("%3d  NOT FOUND within %" PRIu64 " seeds: %s (%s)\n", one.number, seeds,
                  std::string{one.words}.c_str(), std::string{one.file}.c_str());
    } else {
      const std::uint64_t took = what.seed - from + 1;
      longest = longest > took ? longest : took;
      std::printf("%3d  found by seed %" PRIu64 ": %s (%s): %s\n", one.number, what.seed,
                  std::string{one.words}.c_str(), std::string{one.file}.c_str(), what.words);
    }
    std::fflush(stdout);
  }
  std::printf("%zu of %zu mutants found, each within %" PRIu64 " seeds\n",
              all.size() - static_cast<std::size_t>(missed), all.size(), longest);
  return missed;
}

}  // namespace recado::sim
