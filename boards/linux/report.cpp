#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace recado::linux_board {
namespace {

double us(double nanoseconds) { return nanoseconds / 1000; }

nlohmann::ordered_json figures(const device::summary& of) {
  const double count = of.count == 0 ? 1 : static_cast<double>(of.count);
  return {{"min", us(of.least)},
          {"mean", us(static_cast<double>(of.total) / count)},
          {"median", us(of.median)},
          {"p99", us(of.p99)},
          {"max", us(of.most)}};
}

template <class Column>
double mean_of(const series& of, Column column) {
  double sum = 0;
  for (const device::test_sample& each : of.samples) sum += column(each);
  return of.samples.empty() ? 0 : us(sum / static_cast<double>(of.samples.size()));
}

nlohmann::ordered_json columns(const series& of) {
  using s = const device::test_sample&;
  return {
      {"encode", mean_of(of, [](s x) { return x.encode; })},   {"encrypt", mean_of(of, [](s x) { return x.encrypt; })},
      {"send", mean_of(of, [](s x) { return x.send; })},       {"receive", mean_of(of, [](s x) { return x.receive; })},
      {"decrypt", mean_of(of, [](s x) { return x.decrypt; })}, {"decode", mean_of(of, [](s x) { return x.decode; })}};
}

const series* find(const std::vector<series>& all, bool tls, std::uint32_t bytes) {
  const auto found = std::ranges::find_if(all, [&](const series& s) { return s.tls == tls && s.bytes == bytes; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

void test_results::cycle(std::uint32_t bytes, std::uint32_t, const device::test_sample& sample) {
  if (all.empty() || all.back().bytes != bytes) all.push_back({tls_, bytes, {}, {}, {}});
  all.back().samples.push_back(sample);
}

void test_results::size_done(std::uint32_t bytes, const device::summary& write, const device::summary& read) {
  if (all.empty() || all.back().bytes != bytes) return;
  all.back().write = write, all.back().read = read;
}

std::string csv_of(const std::vector<series>& all) {
  std::string out =
      "security,bytes,cycle,encode_ns,encrypt_ns,send_ns,write_ns,receive_ns,decrypt_ns,decode_ns,read_ns\n";
  for (const series& each : all) {
    std::size_t number = 0;
    for (const device::test_sample& s : each.samples) {
      char line[200];
      std::snprintf(line, sizeof line, "%s,%u,%zu,%u,%u,%u,%u,%u,%u,%u,%u\n", each.tls ? "tls" : "plain", each.bytes,
                    ++number, s.encode, s.encrypt, s.send, s.write(), s.receive, s.decrypt, s.decode, s.read());
      out += line;
    }
  }
  return out;
}

std::string json_of(const std::vector<series>& all, const circumstances& around) {
  nlohmann::ordered_json root{
      {"platform", around.platform}, {"broker", around.broker}, {"mqtt", around.version}, {"unit", "us"}};
  for (const series& each : all)
    root["series"].push_back({{"security", each.tls ? "tls" : "plain"},
                              {"bytes", each.bytes},
                              {"cycles", each.samples.size()},
                              {"write", figures(each.write)},
                              {"read", figures(each.read)},
                              {"means", columns(each)}});
  return root.dump(2) + '\n';
}

void print_ratios(const std::vector<series>& all, text_sink& out) {
  out << "           write, median in us          read, median in us\n"
         "  bytes    plain      TLS    ratio      plain      TLS    ratio\n";
  for (const series& secure : all) {
    const series* bare = secure.tls ? find(all, false, secure.bytes) : nullptr;
    if (bare == nullptr) continue;
    const auto ratio = [](std::uint32_t a, std::uint32_t b) { return b == 0 ? 0.0 : static_cast<double>(a) / b; };
    char line[160];
    std::snprintf(line, sizeof line, "%7u %8.1f %8.1f %7.2fx   %8.1f %8.1f %7.2fx\n", secure.bytes,
                  us(bare->write.median), us(secure.write.median), ratio(secure.write.median, bare->write.median),
                  us(bare->read.median), us(secure.read.median), ratio(secure.read.median, bare->read.median));
    out << line;
  }
}

}  // namespace recado::linux_board
