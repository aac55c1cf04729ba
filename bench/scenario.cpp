#include "scenario.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <sys/resource.h>

// Of the library that the runner loads before (bench/counters.cpp); without it nothing is counted.
extern "C" __attribute__((weak)) void bench_counters(std::uint64_t* calls, std::uint64_t* sends,
                                                     std::uint64_t* allocations);

namespace bench {
namespace {

constexpr std::int64_t second = 1'000'000'000;

std::int64_t nanoseconds_of(const timeval& time) { return time.tv_sec * second + time.tv_usec * 1000; }

std::uint64_t number(std::string_view name, const char* text, std::uint64_t most) {
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0' || value > most) give_up(std::string{name} + " takes a number, not " + text);
  return value;
}

/// The largest resident memory so far. (ru_maxrss would count the program that started this one, too.)
long peak_kib() {
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  char line[256];
  long result = 0;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr)
    if (std::sscanf(line, "VmHWM: %ld", &result) == 1) break;
  if (file != nullptr) std::fclose(file);
  return result;
}

void take(scenario& to, std::string_view name, const char* value) {
  if (name == "--port") to.port = static_cast<std::uint16_t>(number(name, value, 65'535));
  else if (name == "--host") to.host = value;
  else if (name == "--tap") to.tap = value;
  else if (name == "--own") to.own = value;
  else if (name == "--ca") to.ca_file = value;
  else if (name == "--qos") to.qos = static_cast<int>(number(name, value, 2));
  else if (name == "--size") to.size = number(name, value, 1 << 28);
  else if (name == "--count") to.count = number(name, value, 1ULL << 40);
  else if (name == "--subscriptions") to.subscriptions = number(name, value, 16'000);
  else if (name == "--version") to.version = static_cast<int>(number(name, value, 5));
  else if (name == "--in-flight") to.in_flight = static_cast<std::uint16_t>(number(name, value, 65'535));
  else if (name == "--rate") to.rate = std::max<std::uint64_t>(number(name, value, 10'000'000), 1);
  else give_up("there is no option " + std::string{name});
}

void print_scenario(std::string_view client, const scenario& how) {
  std::printf(R"({"client":"%.*s","qos":%d,"size":%zu,"version":%d)", static_cast<int>(client.size()), client.data(),
              how.qos, how.size, how.version);
}

}  // namespace

std::string scenario::source() const {
  if (mode == mode::latency) return "echo";
  const std::string one = "source/" + std::to_string(qos) + "/" + std::to_string(size) + "/" + std::to_string(count);
  return subscriptions == 0 ? one : one + "/" + std::to_string(subscriptions);
}

std::string scenario::room(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "room/" + std::string(5 - digits.size(), '0') + digits + "/is";
}

scenario read_arguments(int argc, char** argv) {
  scenario result;
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "publish") result.mode = mode::publish;
  else if (what == "receive") result.mode = mode::receive;
  else if (what == "latency") result.mode = mode::latency;
  else
    give_up(
        "usage: CLIENT publish|receive|latency --port N [--ca FILE] [--qos N] [--size N] [--count N] [--version 4|5] "
        "[--in-flight N] [--rate N] [--subscriptions N] [--host ADDRESS] [--tap NAME --own ADDRESS]");
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc) give_up(std::string{argv[i]} + " needs a value");
    take(result, argv[i], argv[i + 1]);
  }
  if (result.mode == mode::latency) result.size = std::max<std::size_t>(result.size, 8);
  return result;
}

std::int64_t nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second + now.tv_nsec;
}

meter::reading meter::read() {
  reading result;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  result.user = nanoseconds_of(usage.ru_utime);
  result.cpu = result.user + nanoseconds_of(usage.ru_stime);
  if (bench_counters != nullptr) bench_counters(&result.calls, &result.sends, &result.allocations);
  result.at = nanoseconds();
  return result;
}

void meter::start() { begun_ = read(); }
void meter::stop() { ended_ = read(); }

void meter::report(std::string_view client, const scenario& how, std::uint64_t messages) const {
  print_scenario(client, how);
  std::printf(R"(,"messages":%llu,"start_ns":%lld,"end_ns":%lld,"cpu_ns":%lld,"user_ns":%lld,"peak_kib":%ld)",
              static_cast<unsigned long long>(messages), static_cast<long long>(begun_.at),
              static_cast<long long>(ended_.at), static_cast<long long>(ended_.cpu - begun_.cpu),
              static_cast<long long>(ended_.user - begun_.user), peak_kib());
  if (bench_counters != nullptr)
    std::printf(R"(,"calls":%llu,"sends":%llu,"allocations":%llu)",
                static_cast<unsigned long long>(ended_.calls - begun_.calls),
                static_cast<unsigned long long>(ended_.sends - begun_.sends),
                static_cast<unsigned long long>(ended_.allocations - begun_.allocations));
  std::printf("}\n");
}

pace::pace(const scenario& how) : period_(second / static_cast<std::int64_t>(how.rate)), count_(how.count) {
  latencies_.reserve(count_);
}

void pace::start() { begun_ = nanoseconds() + second / 100; }

void pace::wait_for(std::uint64_t number) const {
  const std::int64_t until = due(number);
  const timespec at{until / second, until % second};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) continue;
}

void pace::done(std::uint64_t number) {
  if (latencies_.size() < count_) latencies_.push_back(nanoseconds() - due(number));
}

void pace::report(std::string_view client, const scenario& how) {
  std::sort(latencies_.begin(), latencies_.end());
  const auto at = [&](double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(latencies_.size()));
    return static_cast<double>(latencies_[std::min(index, latencies_.size() - 1)]) / 1000;
  };
  if (latencies_.size() != count_) give_up("not all messages came back");
  print_scenario(client, how);
  std::printf(R"(,"messages":%llu,"rate":%llu,"p50_us":%.1f,"p90_us":%.1f,"p99_us":%.1f,"p999_us":%.1f,"max_us":%.1f)"
              "}\n",
              static_cast<unsigned long long>(count_), static_cast<unsigned long long>(how.rate), at(0.5), at(0.9),
              at(0.99), at(0.999), at(1));
}

void give_up(std::string_view why) {
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(2);
}

std::vector<std::byte> payload_of(const scenario& how) { return std::vector<std::byte>(how.size, std::byte{'x'}); }

std::uint64_t number_of(const void* payload) {
  std::uint64_t result = 0;
  std::memcpy(&result, payload, sizeof result);
  return result;
}

void put_number(void* payload, std::uint64_t number) { std::memcpy(payload, &number, sizeof number); }

}  // namespace bench
