// The console of a board: whole lines for a terminal, and no more than was asked for. And the blocks of a board that
// has no memory.
#include "text_console.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include <recado/store/memory_storage.hpp>

#include "storage.hpp"

namespace recado::firmware {
namespace {

using device::console_level;

std::string written;
void write(std::string_view text) { written += text; }

std::string shown(console_level level, const auto& what) {
  written.clear();
  text_console console{write, level};
  what(console);
  return written;
}

std::string row(std::string left, const char* right) {
  left.resize(31, ' ');
  return left + right + "\r\n";
}

TEST(text_console, every_line_ends_as_a_terminal_wants_it) {
  const auto line = [](std::string_view text) {
    return shown(console_level::info, [&](text_console& to) { to.line(console_level::info, text); });
  };
  EXPECT_EQ(line("one"), "one\r\n");
  EXPECT_EQ(line(""), "\r\n");
  EXPECT_EQ(line("one\ntwo"), "one\r\ntwo\r\n");
  EXPECT_EQ(line("one\ntwo\n"), "one\r\ntwo\r\n");
  EXPECT_EQ(line("\n"), "\r\n");
}

TEST(text_console, what_is_said_and_shown_depends_on_the_level) {
  constexpr console_level all[] = {console_level::error, console_level::warning, console_level::info,
                                   console_level::debug};
  const char* const marks[] = {"error: x\r\n", "warning: x\r\n", "x\r\n", "x\r\n"};
  for (int shows = 0; shows < 4; ++shows)
    for (int says = 0; says < 4; ++says)
      EXPECT_EQ(shown(all[shows], [&](text_console& to) { to.line(all[says], "x"); }),
                says <= shows ? marks[says] : "");
}

TEST(text_console, a_rung_is_one_line_with_its_time) {
  using kind = device::rung_report::kind;
  const auto rung = [](console_level level, kind what, duration took) {
    return shown(level, [&](text_console& to) { to.rung({what, chain::rung::clock, took, "detail"}); });
  };
  using namespace std::chrono_literals;
  EXPECT_EQ(rung(console_level::debug, kind::begun, 1ms), "");
  EXPECT_EQ(rung(console_level::info, kind::reached, 12'345us), row("  ok time", "   12.3 ms detail"));
  EXPECT_EQ(rung(console_level::warning, kind::reached, 1ms), "");
  EXPECT_EQ(rung(console_level::warning, kind::failed, 0us), row("  !! time", "    0.0 ms detail"));
  EXPECT_EQ(rung(console_level::warning, kind::lost, 99'950us), row(" lost time", "  100.0 ms detail"));
  EXPECT_EQ(rung(console_level::error, kind::lost, 1ms), "");
}

TEST(stored_blocks, without_a_chip_there_are_none) {
  std::array<std::byte, 1024> cells;
  store::storage_geometry shape;
  shape.sector_bytes = 512, shape.sectors = 2;
  store::memory_storage memory{cells, shape};
  stored_blocks absent{memory, false}, present{memory, true};
  EXPECT_EQ(absent.block_count(), 0u);
  EXPECT_EQ(present.block_count(), 2u);
  EXPECT_EQ(present.block_bytes(), 512u);
}

}  // namespace
}  // namespace recado::firmware
