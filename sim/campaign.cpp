#include <sim/campaign.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace recado::sim {
namespace {

thread_local std::uint64_t living = 0;
std::atomic<bool> stopping{false};

class runner {
 public:
  runner(const campaign_options& how, const progress& tell) : how_(how), tell_(tell) {}

  campaign_result go() {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < how_.jobs; ++i) others.emplace_back([this] { work(false); });
    work(true);
    for (std::thread& one : others) one.join();
    result_.seconds = seconds();
    std::ranges::sort(result_.failures, {}, &failure::seed);
    return std::move(result_);
  }

 private:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count(); }

  void work(bool tells) {
    tally own;
    double told = 0;
    for (;;) {
      const std::uint64_t index = next_.fetch_add(1);
      if (index >= how_.seeds || stop_.load() || stopping.load()) break;
      living = how_.from + index;
      const outcome how = live(make_plan(living));
      own.add(how.count);
      done_.fetch_add(1);
      if (!how.violation.empty()) fail({living, how});
      if (!tells || index % 16 != 0 || seconds() < told + 0.5) continue;
      told = seconds();
      tell_(done_.load(), told, failed_.load());
    }
    const std::lock_guard lock{mutex_};
    result_.count.add(own);
  }

  void fail(failure what) {
    const std::lock_guard lock{mutex_};
    result_.failures.push_back(std::move(what));
    if (failed_.fetch_add(1) + 1 >= how_.failures_max) stop_ = true;
  }

  const campaign_options& how_;
  const progress& tell_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next_{0}, done_{0}, failed_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  campaign_result result_;
};

}  // namespace

campaign_result run(const campaign_options& how, const progress& tell) { return runner{how, tell}.go(); }

void stop_soon() { stopping = true; }

std::uint64_t current_seed() { return living; }
void set_current_seed(std::uint64_t seed) { living = seed; }

}  // namespace recado::sim
