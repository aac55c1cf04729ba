// recado run as a user calls it, as far as it needs no network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <tests/support/net_namespace.hpp>

#include "tools/kept_session.hpp"

namespace {

using testing::HasSubstr;
using testing::Not;

struct result {
  int status = -1;
  std::string output;  ///< standard output and standard error together
};

result run(const std::string& arguments) {
  result done;
  std::FILE* pipe = ::popen(("{ " RECADO_PROGRAM " run " + arguments + " ; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return done;
  char chunk[4096];
  for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, pipe)) != 0;) done.output.append(chunk, n);
  const int status = ::pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

/// A configuration in a file of its own, removed at the end.
class file {
 public:
  explicit file(const std::string& text) {
    path = std::filesystem::path{testing::TempDir()} /
           ("run_test_" + std::to_string(::getpid()) + "_" +
            testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml");
    std::ofstream{path} << text;
  }
  ~file() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

TEST(run, check_explains_without_connecting) {
  const file config{"[tls]\nenabled = false\n[broker]\npassword = \"tell-nobody\"\nuser_name = \"u\"\n"};
  const result done = run("--check --config " + config.path.string());
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.output, HasSubstr("password = (11 bytes)"));
  EXPECT_THAT(done.output, Not(HasSubstr("tell-nobody")));
  EXPECT_THAT(done.output, HasSubstr("The ladder:"));
  EXPECT_THAT(run("--check --show-secrets --config " + config.path.string()).output, HasSubstr("tell-nobody"));
}

TEST(run, says_that_there_is_no_interface_to_choose) {
  const recado::test::net_namespace empty;
  const recado::test::net_namespace::inside here{empty};
  const result done = run("");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, HasSubstr("recado run: no interface is named, and none of this host's has an Ethernet "
                                     "address; name one by --interface, or use this machine's own network"));
}

TEST(run, a_wrong_key_is_refused_with_file_line_and_the_nearest_key) {
  const file config{"[dhcp]\n\natempts = 3\n"};
  const result done = run("--config " + config.path.string());
  EXPECT_EQ(done.status, 2);
  EXPECT_THAT(done.output,
              HasSubstr(config.path.string() + ":3: unknown key 'dhcp.atempts'; did you mean 'attempts'?"));
}

TEST(run, settings_of_the_command_line_are_checked_as_well) {
  EXPECT_EQ(run("--check -s tls.enabled=false -s test.cycles=7").status, 0);
  EXPECT_THAT(run("--check -s tls.enabled=false -s test.cycles=7").output, HasSubstr("cycles = 7"));
  EXPECT_EQ(run("--check -s test.cylces=7").status, 2);
}

TEST(run, options_print_the_table) {
  const result done = run("--options");
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.output, HasSubstr("### [broker]"));
}

TEST(run, says_what_cannot_be_done) {
  struct row {
    const char* arguments;
    int status;
    const char* says;
  };
  const row table[] = {
      {"--compare -s tls.enabled=false", 2, "a comparison needs tls.enabled = true"},
      {"--compare --pcapng x -s tls.enabled=true", 2, "--pcapng records one connection"},
      {"--config /no/such/file.toml", 2, "/no/such/file.toml: the configuration can't be read"},
      {"-s tls.enabled=false -i no-such-dev", 1, "recado run: network interface: "},
      {"-s network.mode=as-is -s tls.ca=/no/such/ca.crt", 1, "recado run: TLS: the CA file can't be read; "},
      {"--button pressed", 2, "recado run: "},
      {"--compare -s network.mode=as-is --results /dev/null/x", 1,
       "there can be no results in '/dev/null/x': '/dev/null' is no folder; choose another folder with --results"},
      {"-s network.mode=as-is -s test.enabled=true --button held --results /dev/null", 1, "'/dev/null' is no folder;"},
      {"--sizes 16", 2, "--sizes is for a measurement"},
      {"-i eth0 -s network.mode=as-is", 2, "network.interface is given, and with network.mode = \"as-is\" the system"},
      {"--options --check", 2, "--options prints what there is to set, and nothing else; leave the other options out"},
      {"--check --pcapng x", 2, "--check connects to nothing, so there is nothing to record; leave out --keylog"},
      {"--show-secrets", 2, "--show-secrets is about what --check explains; add --check, or leave it out"},
      {"--keylog x -s tls.enabled=false", 2, "--keylog writes the secrets of TLS, and tls.enabled is false"},
  };
  const auto storage = std::filesystem::path{RECADO_TEST_FOLDER} / "never_made";
  std::filesystem::remove_all(storage);
  for (const row& each : table) {
    const result done = run(each.arguments + (" --storage '" + storage.string() + "'"));
    EXPECT_EQ(done.status, each.status) << each.arguments;
    EXPECT_THAT(done.output, HasSubstr(each.says)) << each.arguments;
    EXPECT_FALSE(std::filesystem::exists(storage)) << each.arguments;
  }
}

// Where something was kept and its head is gone, nothing is begun anew over it.
TEST(run, a_session_that_cannot_be_read_any_more_is_not_taken_for_new) {
  const auto folder = std::filesystem::path{RECADO_TEST_FOLDER} / "headless_session";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto journal = folder / "journal";
  std::ofstream{journal};
  constexpr auto shape = recado::app::tools::session_geometry;
  std::filesystem::resize_file(journal, std::uintmax_t{shape.sector_bytes} * shape.sectors);
  const auto in_it = [&] { return std::fstream{journal, std::ios::in | std::ios::out | std::ios::binary}; };
  in_it().seekp(5000) << "kept";
  const result done = run("-s network.mode=as-is -s tls.enabled=false -s ntp.enabled=false --session '" +
                          folder.string() + "' --storage '" + folder.string() + "'");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, testing::StartsWith("recado run: the session in " + folder.string() +
                                               " is damaged beyond reading: messages that it kept are lost; restore "
                                               "the folder, or begin anew by 'recado session clear "));
  std::string there(4, ' ');
  in_it().seekg(5000).read(there.data(), 4);
  EXPECT_EQ(there, "kept");
  std::filesystem::remove_all(folder);
}

}  // namespace
