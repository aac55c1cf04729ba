// What the test mode measured, as CSV, JSON, a plot, and a table of ratios.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <recado/core/text.hpp>
#include <recado/device/test_mode.hpp>

namespace recado::linux_board {

/// All cycles with one size of message.
struct series {
  bool tls = false;
  std::uint32_t bytes = 0;
  std::vector<device::test_sample> samples;
  device::summary write, read;
};

/// What else a reader of the results must know.
struct circumstances {
  std::string platform, broker, version, cipher;
};

/// Collects the cycles of one run.
class test_results final : public device::test_log {
 public:
  explicit test_results(bool tls) : tls_(tls) {}
  void cycle(std::uint32_t bytes, std::uint32_t number, const device::test_sample& sample) override;
  void size_done(std::uint32_t bytes, const device::summary& write, const device::summary& read) override;
  std::vector<series> all;

 private:
  bool tls_;
};

/// One line for each cycle, times in nanoseconds.
std::string csv_of(const std::vector<series>& all);
/// The circumstances and, for each size, the five figures of writing and reading in microseconds and the means of
/// each column.
std::string json_of(const std::vector<series>& all, const circumstances& around);
/// The four series over the size of the message: median with the spread of its middle half, both scales logarithmic.
std::string plot_of(const std::vector<series>& all, const circumstances& around);
/// Medians of TLS and plain side by side, and how many times as long TLS takes.
void print_ratios(const std::vector<series>& all, text_sink& out);

}  // namespace recado::linux_board
