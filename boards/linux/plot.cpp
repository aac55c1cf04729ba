// The plot of the test mode, drawn as SVG by hand: no library is worth its weight for four lines.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "report.hpp"

namespace recado::linux_board {
namespace {

constexpr double width = 860, height = 540, left = 78, right = 172, top = 64, bottom = 66;

/// One of the four lines.
struct line_style {
  bool tls, write;
  const char* name;
  const char* colour;
  const char* dash;
};
constexpr std::array<line_style, 4> lines{{{true, true, "write, TLS", "#c0392b", ""},
                                           {true, false, "read, TLS", "#e67e22", "7 4"},
                                           {false, true, "write, plain", "#1f618d", ""},
                                           {false, false, "read, plain", "#27ae60", "7 4"}}};

struct range {
  double least = 1, most = 10;
};

/// Maps values to the page, both logarithmically.
struct scales {
  range x, y;
  double at_x(double value) const { return left + part(x, value) * (width - left - right); }
  double at_y(double value) const { return height - bottom - part(y, value) * (height - top - bottom); }
  static double part(const range& of, double value) {
    if (of.most <= of.least) return 0.5;
    return std::log(std::clamp(value, of.least, of.most) / of.least) / std::log(of.most / of.least);
  }
};

template <class... Values>
void add(std::string& out, const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  out += text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

const device::summary& summary_of(const series& from, bool write) { return write ? from.write : from.read; }

double us(std::uint32_t nanoseconds) { return std::max(0.001, nanoseconds / 1000.0); }

/// One or two steps of 1, 2, 5 beyond what was measured.
range nice(double least, double most) {
  const auto down = [](double v) {
    const double decade = std::pow(10, std::floor(std::log10(v)));
    return decade * (v / decade >= 5 ? 5 : v / decade >= 2 ? 2 : 1);
  };
  const double low = down(least), high = down(most);
  const double decade = std::pow(10, std::floor(std::log10(high) + 1e-9));
  const double lead = high / decade;
  return {low, decade * (lead < 1.5 ? 2 : lead < 3 ? 5 : 10)};
}

scales scales_of(const std::vector<series>& all) {
  double least = 1e9, most = 0, small = 1e9, large = 0;
  for (const series& each : all) {
    small = std::min<double>(small, each.bytes), large = std::max<double>(large, each.bytes);
    for (const bool write : {true, false}) {
      least = std::min(least, us(summary_of(each, write).quarter));
      most = std::max(most, us(summary_of(each, write).three_quarters));
    }
  }
  if (all.empty()) return {};
  return {{small / 1.15, large * 1.15}, nice(least, most)};
}

void draw_frame(std::string& out, const scales& at, const std::vector<series>& all) {
  for (double decade = 0.001; decade < 1e7; decade *= 10)
    for (const double lead : {1.0, 2.0, 5.0}) {
      const double value = decade * lead;
      if (value < at.y.least * 0.999 || value > at.y.most * 1.001) continue;
      const double y = at.at_y(value);
      add(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", left, y, width - right, y);
      add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", left - 8, y + 4, value);
    }
  std::uint32_t last = 0;
  for (const series& each : all) {
    if (each.bytes <= last) continue;
    last = each.bytes;
    const double x = at.at_x(each.bytes);
    add(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, top, x, height - bottom);
    add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%u</text>\n", x, height - bottom + 20, each.bytes);
  }
  add(out, "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", left, top,
      width - left - right, height - top - bottom);
  add(out, "<text class=\"axis\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">size of the message in bytes</text>\n",
      left + (width - left - right) / 2, height - 22);
  add(out,
      "<text class=\"axis\" transform=\"translate(22 %.1f) rotate(-90)\" text-anchor=\"middle\">time in "
      "microseconds</text>\n",
      top + (height - top - bottom) / 2);
}

/// The band between the quartiles, then the line of the medians with its points.
void draw_line(std::string& out, const scales& at, const std::vector<series>& all, const line_style& style) {
  std::string upper, lower, median, points;
  for (const series& each : all) {
    if (each.tls != style.tls || each.samples.empty()) continue;
    const device::summary& of = summary_of(each, style.write);
    const double x = at.at_x(each.bytes);
    add(upper, "%.1f,%.1f ", x, at.at_y(us(of.three_quarters)));
    std::string low;
    add(low, "%.1f,%.1f ", x, at.at_y(us(of.quarter)));
    lower = low + lower;
    add(median, "%.1f,%.1f ", x, at.at_y(us(of.median)));
    add(points, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\" fill=\"%s\"><title>%s, %u bytes: %.1f us</title></circle>\n",
        x, at.at_y(us(of.median)), style.colour, style.name, each.bytes, us(of.median));
  }
  if (median.empty()) return;
  out += "<polygon points=\"" + upper + lower + "\" fill=\"" + style.colour + "\" fill-opacity=\"0.14\"/>\n";
  out += "<polyline points=\"" + median + "\" fill=\"none\" stroke=\"" + style.colour + "\" stroke-width=\"2\"";
  if (*style.dash != 0) out += std::string{" stroke-dasharray=\""} + style.dash + '"';
  out += "/>\n" + points;
}

void draw_legend(std::string& out) {
  double y = top + 14;
  for (const line_style& style : lines) {
    add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"2\"",
        width - right + 18, y, width - right + 50, y, style.colour);
    if (*style.dash != 0) add(out, " stroke-dasharray=\"%s\"", style.dash);
    add(out, "/>\n<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.4\" fill=\"%s\"/>\n", width - right + 34, y, style.colour);
    add(out, "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", width - right + 58, y + 4, style.name);
    y += 24;
  }
  add(out, "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">line: median</text>\n", width - right + 18, y + 8);
  add(out, "<text class=\"note\" x=\"%.1f\" y=\"%.1f\">band: middle half</text>\n", width - right + 18, y + 26);
}

}  // namespace

std::string plot_of(const std::vector<series>& all, const circumstances& around) {
  std::string out;
  add(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\">\n", width,
      height, width, height);
  out +=
      "<style>text{font:13px "
      "sans-serif;fill:#333}.title{font-size:18px;font-weight:bold}.note{font-size:12px;fill:#777}"
      ".axis{font-size:14px}.grid{stroke:#e3e3e3}.frame{fill:none;stroke:#888}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  add(out,
      "<text class=\"title\" x=\"%.1f\" y=\"28\">Time to write and to read one message, with and without TLS</text>\n",
      left);
  add(out, "<text class=\"note\" x=\"%.1f\" y=\"48\">%s</text>\n", left,
      escaped(around.platform + ", " + around.version + ", broker " + around.broker + ", " +
              std::to_string(all.empty() ? 0 : all.front().samples.size()) + " cycles each")
          .c_str());
  const scales at = scales_of(all);
  draw_frame(out, at, all);
  for (const line_style& style : lines) draw_line(out, at, all, style);
  draw_legend(out);
  return out + "</svg>\n";
}

}  // namespace recado::linux_board
