// A program that stands still on the emulated board: the watchdog's NMI says where, the board starts again, and the
// next run says why it had to. With an image as for a real board: its end is a reset, not QEMU's.
#include "emulated_board_for_tests.hpp"

namespace recado::test {
namespace {

TEST(emulated_watchdog, says_where_the_program_hung_and_the_next_run_says_so) {
  const lab hosts;
  const auto image = hosts.folder() / "as-for-a-real-board.elf", config = hosts.folder() / "device.toml";
  const result made =
      recado({"firmware", "--board", "mps2-an500", "--config", config.string(), "-o", image.string()}, build_patience);
  ASSERT_EQ(made.status, 0) << made.output;
  board_in_qemu board{hosts, {}, {"--image", image.string()}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  char where[64];
  std::snprintf(where, sizeof where, "NMI: the watchdog bit at pc %08x, lr ", board.hang());
  ASSERT_TRUE(board.says("fault: " + std::string{where}, std::chrono::seconds{60})) << board.said();
  ASSERT_TRUE(board.says("recado on mps2-an500")) << board.said();
  EXPECT_TRUE(board.says("warning: the last run ended by a " + std::string{where})) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{60})) << board.said();
  board.reset();
  ASSERT_TRUE(board.says("recado on mps2-an500")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
  EXPECT_EQ(board.said().find("last run ended", board.said().rfind("recado on mps2-an500")), std::string::npos)
      << "it is said once";
}

}  // namespace
}  // namespace recado::test
