#include "report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace recado::linux_board {
namespace {

using testing::HasSubstr;

std::vector<series> measured() {
  std::vector<series> all;
  for (const bool tls : {true, false})
    for (const std::uint32_t bytes : {16u, 1024u}) {
      test_results results{tls};
      const std::uint32_t factor = tls ? 3000 : 1000;
      std::vector<std::uint32_t> write, read;
      for (std::uint32_t i = 1; i <= 3; ++i) {
        const device::test_sample sample{factor, tls ? factor : 0, factor * i, factor, tls ? factor : 0, factor};
        results.cycle(bytes, i, sample);
        write.push_back(sample.write()), read.push_back(sample.read());
      }
      results.size_done(bytes, device::summarise(write), device::summarise(read));
      all.push_back(results.all.front());
    }
  return all;
}

class string_sink final : public text_sink {
 public:
  void write(std::string_view text) override { all += text; }
  std::string all;
};

TEST(report, csv_has_one_line_a_cycle) {
  const std::string csv = csv_of(measured());
  EXPECT_EQ(std::ranges::count(csv, '\n'), 1 + 12);
  EXPECT_THAT(csv, HasSubstr("\ntls,16,1,3000,3000,3000,9000,3000,3000,3000,9000\n"));
  EXPECT_THAT(csv, HasSubstr("\nplain,1024,3,1000,0,3000,4000,1000,0,1000,2000\n"));
}

TEST(report, json_has_the_five_figures_of_each_size) {
  const auto root = nlohmann::json::parse(json_of(measured(), {"board", "broker.lab", "MQTT 5.0", ""}));
  ASSERT_EQ(root["series"].size(), 4u);
  EXPECT_EQ(root["series"][0]["security"], "tls");
  EXPECT_EQ(root["series"][3]["cycles"], 3);
  EXPECT_DOUBLE_EQ(root["series"][3]["write"]["median"], 3.0);
  EXPECT_DOUBLE_EQ(root["series"][3]["write"]["max"], 4.0);
  EXPECT_DOUBLE_EQ(root["series"][3]["means"]["send"], 2.0);
}

TEST(report, the_table_says_how_many_times_as_long_tls_takes) {
  string_sink out;
  print_ratios(measured(), out);
  EXPECT_THAT(out.all, HasSubstr("     16      3.0     12.0    4.00x        2.0      9.0    4.50x\n"));
}

TEST(report, the_plot_is_well_formed_and_has_four_lines_and_bands) {
  const std::string svg = plot_of(measured(), {"a<b>&c", "broker.lab", "MQTT 5.0", ""});
  const auto count = [&](std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = svg.find(part); at != std::string::npos; at = svg.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
  EXPECT_EQ(count("<polyline"), 4u);
  EXPECT_EQ(count("<polygon"), 4u);
  EXPECT_EQ(count("<text"), count("</text>"));
  EXPECT_EQ(count("<title>"), 8u);
  EXPECT_THAT(svg, HasSubstr("a&lt;b&gt;&amp;c"));
  EXPECT_THAT(svg, testing::Not(HasSubstr("nan")));
  EXPECT_THAT(svg, testing::Not(HasSubstr("inf")));
}

TEST(report, nothing_measured_is_drawn_too) { EXPECT_THAT(plot_of({}, {}), HasSubstr("</svg>")); }

}  // namespace
}  // namespace recado::linux_board
