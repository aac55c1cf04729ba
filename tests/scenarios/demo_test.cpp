// The demonstration itself, as ./demo runs it once all is built.
#include "scenario_for_tests.hpp"

#include <chrono>
#include <csignal>
#include <fstream>

namespace recado::test {
namespace {

using testing::HasSubstr;
using testing::Not;

words demo_in(const std::filesystem::path& folder) {
  recado({"lab", "down", "--dir", (folder / "lab").string()});
  std::filesystem::remove_all(folder);
  return {"env", "RECADO=" + program(), "FOLDER=" + folder.string(), RECADO_SOURCE "/tools/demo"};
}

void expect_in_order(const std::string& text, const std::vector<std::string>& parts) {
  std::size_t from = 0;
  for (const auto& each : parts) {
    const auto at = text.find(each, from);
    ASSERT_NE(at, std::string::npos) << "'" << each << "' is missing behind byte " << from << " of\n" << text;
    from = at + each.size();
  }
}

TEST(demo, shows_the_whole_and_leaves_nothing_behind) {
  const auto folder = own_folder();
  const auto begun = std::chrono::steady_clock::now();
  const result done = run(demo_in(folder), std::chrono::seconds{60});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{60});
  ASSERT_EQ(done.status, 0) << done.output;
  expect_in_order(done.output, {"three hosts on a bridge", "ok network link", "ok network address", "ok time",
                                "ok name of the broker", "ok connection to the broker", "ok TLS", "ok MQTT",
                                "ok online", "publishing [PLACA CONECTADA]", "The button: goodbye", "goodbye"});
  for (const char* each : {"[PLACA CONECTADA]", "[LED 1 ENCENDIDO]", "[LED 2 APAGADO]", "[PLACA DESCONECTADA]"})
    EXPECT_THAT(done.output, HasSubstr(std::string{"another client hears on [TEMA_PÚBLICO]: "} + each));
  expect_in_order(done.output, {"Test mode", "TLS    1024 B  cycle   20", "TLS    1024 B  write  min", "ratio",
                                "   4096 ", (folder / "comparison.svg").string(), "the lab is taken down"});
  for (const char* each : {"plain  1024 B  cycle   20", "plain  1024 B  write  min", "plain  1024 B  read   min"})
    EXPECT_THAT(done.output, HasSubstr(each));
  EXPECT_THAT(done.output, Not(HasSubstr("\033")));
  for (const char* each : {"test/comparison.csv", "test/comparison.json", "comparison.csv", "comparison.svg"})
    EXPECT_GT(std::filesystem::file_size(folder / each), 100u) << each;
  EXPECT_TRUE(eventually([&] { return processes_with(folder.string()).empty(); }));
}

TEST(demo, has_colours_on_a_terminal) {
  const auto folder = own_folder();
  words command = demo_in(folder);
  std::string line = "TERM=xterm NO_COLOR=";
  for (std::size_t i = 1; i < command.size(); ++i) line += ' ' + command[i];
  running shown{{"script", "-qec", "env " + line, "/dev/null"}};
  EXPECT_TRUE(shown.says("\033[1;36m== ")) << shown.said();
  EXPECT_TRUE(shown.says("\033[32m")) << shown.said();
  EXPECT_TRUE(shown.says("network link")) << shown.said();
  shown.signal(SIGTERM);
  shown.ended();
  EXPECT_TRUE(eventually([&] { return processes_with(folder.string()).empty(); }));
}

/// recado, but for a board that does something else.
std::string with_a_board_that(const char* does, const std::filesystem::path& folder) {
  const auto file = folder.string() + ".program";
  std::ofstream{file} << "#!/bin/sh\ncase $1-$2 in lab-run) " << does << ";; esac\nexec '" << program() << "' \"$@\"\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return file;
}

TEST(demo, a_board_that_ends_too_early_is_said_with_where_to_look) {
  const auto folder = own_folder();
  words command = demo_in(folder);
  command[1] = "RECADO=" + with_a_board_that("echo broken; exit 1", folder);
  const result done = run(command);
  EXPECT_EQ(done.status, 1) << done.output;
  const std::string place = folder.string();
  EXPECT_THAT(done.output, HasSubstr("demo: the board ended before '[PLACA CONECTADA]' stood in " + place +
                                     "/visitor.log; the logs say what went wrong: tail -n 20 '" + place + "'/*.log '" +
                                     place + "'/lab/*.log\n"));
  EXPECT_THAT(content_of(folder / "board.log"), HasSubstr("broken"));
}

TEST(demo, ends_at_once_when_it_is_interrupted_as_it_waits) {
  const auto folder = own_folder();
  words command = demo_in(folder);
  command[1] = "RECADO=" + with_a_board_that("exec tail -f /dev/null", folder);
  running shown{command};
  ASSERT_TRUE(shown.says("The board goes from no address")) << shown.said();
  ASSERT_TRUE(eventually([&] { return content_of(folder / "lab" / "mosquitto.log").contains("SUBACK to visitor"); }));
  const auto begun = std::chrono::steady_clock::now();
  shown.signal(SIGTERM);
  EXPECT_EQ(shown.ended().status, 128 + SIGTERM);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10}) << "the wait has 20 s";
  EXPECT_TRUE(eventually([&] { return processes_with(folder.string()).empty(); }));
}

class interrupted_demo : public testing::TestWithParam<int> {};

TEST_P(interrupted_demo, leaves_nothing_behind) {
  const auto folder = own_folder();
  running shown{demo_in(folder)};
  ASSERT_TRUE(shown.says("[PLACA CONECTADA]")) << shown.said();
  shown.signal(GetParam());
  EXPECT_EQ(shown.ended().status, 128 + GetParam());
  EXPECT_TRUE(eventually([&] { return processes_with(folder.string()).empty(); }));
}
INSTANTIATE_TEST_SUITE_P(signal, interrupted_demo, testing::Values(SIGINT, SIGTERM, SIGKILL),
                         [](const auto& signal) { return std::to_string(signal.param); });

}  // namespace
}  // namespace recado::test
