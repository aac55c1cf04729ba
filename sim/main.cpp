// recado-sim: lives by the thousand, each from one seed.
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <sim/campaign.hpp>
#include <sim/mutants.hpp>
#include <sim/shrink.hpp>

namespace recado::sim {
namespace {

struct request {
  campaign_options run;
  std::uint64_t seed = 0;
  bool one = false, trace = false, shrink = false, mutants = false, help = false, seeds_given = false;
  const char* program = "recado-sim";
};

constexpr const char* usage =
    "recado-sim: simulated lives of a device, each from one 64-bit seed\n"
    "\n"
    "  recado-sim --seeds N [--from S] [--jobs J] [--keep-going]   lives N seeds from S on\n"
    "  recado-sim --seed S [--trace] [--shrink]                    lives one, in words, or finds its least cause\n"
    "  recado-sim --mutants [--seeds N] [--from S]                 finds each of the deliberate mistakes\n"
    "\n"
    "  --seeds N      how many (1000; with --mutants 20000)\n"
    "  --from S       the first seed (1)\n"
    "  --jobs J       so many threads (1)\n"
    "  --keep-going   don't stop at the first failure\n"
    "  --trace        print all that happens\n"
    "  --shrink       leave out what isn't needed to fail\n"
    "\n"
    "Exit status: 0 every invariant held, 1 one did not, 2 wrong use.\n";

bool number(const char* text, std::uint64_t& out) {
  char* end = nullptr;
  out = text == nullptr ? 0 : std::strtoull(text, &end, 0);
  return text != nullptr && end != text && *end == '\0';
}

bool parse(int count, char** words, request& out) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : nullptr;
    std::uint64_t n = 0;
    if (word == "--help") out.help = true;
    else if (word == "--trace") out.trace = true;
    else if (word == "--shrink") out.shrink = true;
    else if (word == "--mutants") out.mutants = true;
    else if (word == "--keep-going") out.run.failures_max = UINT64_MAX;
    else if (word == "--seeds" && number(value, n)) out.run.seeds = n, out.seeds_given = true, ++i;
    else if (word == "--from" && number(value, n)) out.run.from = n, ++i;
    else if (word == "--jobs" && number(value, n) && n >= 1 && n <= 1024) out.run.jobs = static_cast<unsigned>(n), ++i;
    else if (word == "--seed" && number(value, n)) out.seed = n, out.one = true, ++i;
    else
      return std::fprintf(stderr, "recado-sim: \"%s\" is no option, or lacks a number; see --help\n", words[i]), false;
  }
  if (!out.one && (out.trace || out.shrink))
    return std::fprintf(stderr, "recado-sim: --trace and --shrink need --seed S\n"), false;
  return true;
}

/// A crash names its seed before it ends the program.
void on_crash(int signal) {
  char text[120];
  const int size = std::snprintf(text, sizeof text,
                                 "\nseed %" PRIu64 " crashed (signal %d): recado-sim --seed %" PRIu64 " --trace\n",
                                 current_seed(), signal, current_seed());
  if (size > 0) (void)!::write(2, text, static_cast<std::size_t>(size));
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void show_progress(std::uint64_t done, std::uint64_t all, double seconds, std::uint64_t failures) {
  constexpr int width = 30;
  const int filled = static_cast<int>(done * width / (all == 0 ? 1 : all));
  std::fprintf(stderr, "\r[%.*s%.*s] %" PRIu64 "/%" PRIu64 " lives, %.0f/s, %" PRIu64 " failed ", filled,
               "##############################", width - filled, "..............................", done, all,
               static_cast<double>(done) / (seconds > 0 ? seconds : 1), failures);
}

/// What brokers and devices did by their own right.
struct kind {
  std::uint64_t count;
  const char* words;
};
std::array<kind, 14 + power_loss_count> kinds_of(const tally& all) {
  const auto& lost = all.power_losses;
  return {{{lost[0], "losses of power that left of the last word some bits"},
           {lost[1], "losses of power that left any part of what was not synced"},
           {lost[2], "losses of power that left words with anything in them"},
           {lost[3], "losses of power that left pages with anything in them"},
           {all.in_doubt, "sessions of which it was not known whether they were the old ones"},
           {all.held, "waiting messages that outlived the power"},
           {all.dated, "of them that expire, and whose time went on meanwhile"},
           {all.unsubscribed, "UNSUBSCRIBE that the broker heard"},
           {all.repeated, "messages that a broker of 3.1.1 said twice on one connection"},
           {all.refused_by_date, "certificates refused by the dates, for the clock was wrong"},
           {all.authenticated, "connections authenticated by AUTH"},
           {all.challenges, "challenges in them"},
           {all.authenticated_again, "authentications again"},
           {all.retained_up, "messages with RETAIN to the broker"},
           {all.retained_down, "retained messages from the broker"},
           {all.wills_published, "wills published"},
           {all.wills_discarded, "wills taken back by a goodbye"},
           {all.wills_overtaken, "wills overtaken by their client"}}};
}

void print_totals(const campaign_result& result) {
  const tally& all = result.count;
  std::printf("%" PRIu64 " lives in %.1f s: %.0f a second, %.0f times faster than life\n", all.lives, result.seconds,
              static_cast<double>(all.lives) / result.seconds,
              static_cast<double>(all.virtual_us) / 1e6 / result.seconds);
  std::printf("messages %" PRIu64 " up, %" PRIu64 " down; connections %" PRIu64 ", resumed %" PRIu64
              "; packets %" PRIu64 "; steps %" PRIu64 "\n",
              all.published, all.delivered, all.connections, all.resumed, all.packets, all.steps);
  for (const kind& one : kinds_of(all)) std::printf("  %12" PRIu64 "  %s\n", one.count, one.words);
  std::printf("each life had at least %" PRIu64 " messages and %" PRIu64 " faults that had an effect\n",
              all.least_messages, all.least_faults);
  std::printf("what happened, and had an effect:\n");
  for (std::size_t i = 0; i < mishap_count; ++i)
    std::printf("  %12" PRIu64 "  %s\n", all.mishaps[i], std::string{words(static_cast<mishap>(i))}.c_str());
}

/// In so many lives every kind of mishap happens; if one doesn't, the simulator is broken.
bool all_happened(const tally& count) {
  constexpr std::uint64_t lives_enough = 2000;
  bool all = true;
  for (std::size_t i = 0; i < mishap_count && count.lives >= lives_enough; ++i) {
    if (count.mishaps[i] != 0) continue;
    std::printf("never happened: %s\n", std::string{words(static_cast<mishap>(i))}.c_str());
    all = false;
  }
  for (const kind& one : kinds_of(count)) {
    if (one.count != 0 || count.lives < lives_enough) continue;
    std::printf("never happened: %s\n", one.words);
    all = false;
  }
  return all;
}

int run_many(const request& asked) {
  const bool terminal = ::isatty(2) == 1;
  const campaign_result result = run(asked.run, [&](std::uint64_t done, double seconds, std::uint64_t failures) {
    if (terminal) show_progress(done, asked.run.seeds, seconds, failures);
  });
  if (terminal)
    show_progress(result.count.lives, asked.run.seeds, result.seconds, result.failures.size()),
        std::fputs("\n", stderr);
  print_totals(result);
  for (const failure& one : result.failures)
    std::printf("seed %" PRIu64 " failed at %.6f s: %s\n  recado-sim --seed %" PRIu64 " --trace\n", one.seed,
                static_cast<double>(one.how.at.time_since_epoch().count()) / 1e6, one.how.violation.c_str(), one.seed);
  return result.failures.empty() && all_happened(result.count) ? 0 : 1;
}

int run_one(const request& asked) {
  set_current_seed(asked.seed);
  const outcome how =
      asked.shrink ? live_least(asked.seed, asked.trace) : live(make_plan(asked.seed), asked.trace ? stdout : nullptr);
  if (how.violation.empty()) return std::printf("seed %" PRIu64 ": every invariant held\n", asked.seed), 0;
  std::printf("seed %" PRIu64 " failed at %.6f s: %s\n", asked.seed,
              static_cast<double>(how.at.time_since_epoch().count()) / 1e6, how.violation.c_str());
  return 1;
}

/// The mistakes are in a program of their own, which lies beside this one.
int run_mutants(const request& asked) {
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self - 1);
  std::string program{self, static_cast<std::size_t>(size > 0 ? size : 0)};
  program += "-mutants";
  const std::string seeds = std::to_string(asked.seeds_given ? asked.run.seeds : mutant_seeds_max);
  const std::string from = std::to_string(asked.run.from);
  ::execl(program.c_str(), program.c_str(), "--seeds", seeds.c_str(), "--from", from.c_str(), nullptr);
  std::fprintf(stderr, "recado-sim: %s: %s; build the target recado-sim-mutants\n", program.c_str(),
               std::strerror(errno));
  return 2;
}

int main_with(int count, char** words) {
  request asked;
  if (!parse(count, words, asked)) return 2;
  if (asked.help) return std::fputs(usage, stdout), 0;
  for (const int one : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) {
    struct sigaction before;
    const bool taken = ::sigaction(one, nullptr, &before) == 0 && before.sa_handler != SIG_DFL;  // by a sanitizer
    if (!taken) ::signal(one, on_crash);
  }
  if (asked.mutants) return run_mutants(asked);
  for (const int one : {SIGINT, SIGTERM}) ::signal(one, [](int) { stop_soon(); });
  return asked.one ? run_one(asked) : run_many(asked);
}

}  // namespace
}  // namespace recado::sim

int main(int count, char** words) { return recado::sim::main_with(count, words); }
