// recado sub -C with --session and with -c: what comes behind the last message that is wanted is the next run's.
#include "session_for_tests.hpp"

namespace recado::app::tools {
namespace {

struct kind {
  const char* version;
  const char* qos;
  bool in_a_folder = true;  ///< else the broker alone keeps the session
};

class tool_session_count : public tool_session, public ::testing::WithParamInterface<kind> {
 protected:
  std::vector<std::string> subscriber(std::vector<std::string> more) const {
    std::vector<std::string> all{"-V", GetParam().version, "-q", GetParam().qos, "-t", "lines"};
    const std::vector<std::string> in_folder{"--session", (folder / "kept").string()}, name{"-c", "-i", "reader"};
    const auto& kept = GetParam().in_a_folder ? in_folder : name;
    all.insert(all.end(), kept.begin(), kept.end());
    all.insert(all.end(), more.begin(), more.end());
    return command("sub", all);
  }
};

// The broker sends on while the last acknowledgements leave, and as many as it likes at once.
TEST_P(tool_session_count, each_run_takes_its_share) {
  std::ofstream input{folder / "input"};
  for (int i = 1; i <= 60; ++i) input << "line " << i << '\n';
  input.close();
  EXPECT_EQ(recado::test::program_run{.command = subscriber({"-E"})}().status, 0);
  running publisher{command("pub", {"-q", GetParam().qos, "-t", "lines", "-l"}), folder / "input", folder / "pub"};
  ASSERT_TRUE(within(20s, [&] { return publisher.over(); }));
  for (int i = 1; i <= 6; ++i) {
    running reader{subscriber({"-C", "10"}), "/dev/null", folder / "read"};
    ASSERT_TRUE(within(20s, [&] { return reader.over(); })) << "run " << i;
    ASSERT_EQ(reader.status(), 0) << text_of(folder / "read.err");
    ASSERT_EQ(count_of(text_of(folder / "read"), "\n"), 10 * i);
  }
  expect_all_once(folder / "read");
  EXPECT_EQ(text_of(folder / "read.err"), "");
}

INSTANTIATE_TEST_SUITE_P(each, tool_session_count,
                         ::testing::Values(kind{"311", "1"}, kind{"311", "2"}, kind{"5", "1"}, kind{"5", "2"},
                                           kind{"311", "1", false}, kind{"311", "2", false}, kind{"5", "1", false},
                                           kind{"5", "2", false}),
                         [](const auto& of) {
                           return std::string{of.param.in_a_folder ? "" : "at_the_broker_"} + "version_" +
                                  of.param.version + "_qos_" + of.param.qos;
                         });

}  // namespace
}  // namespace recado::app::tools
