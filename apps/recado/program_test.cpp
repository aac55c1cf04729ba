#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

struct result {
  int status = -1;
  std::string output;  ///< standard output and standard error together
};

result shell(const std::string& command) {
  result done;
  std::FILE* pipe = ::popen(("{ " + command + " ; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return done;
  char chunk[4096];
  for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, pipe)) != 0;) done.output.append(chunk, n);
  const int status = ::pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

result recado(const std::string& arguments) { return shell(RECADO_PROGRAM " " + arguments); }

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(program, prints_version_and_help) {
  EXPECT_EQ(recado("--version").status, 0);
  EXPECT_THAT(recado("--version").output, StartsWith("recado "));
  EXPECT_EQ(recado("--help").status, 0);
  EXPECT_THAT(recado("--help").output, HasSubstr("pki"));
}

TEST(program, a_shell_is_announced_only_where_a_lab_is_up) {
  const result done = recado("lab shell board --dir $(mktemp -d)");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, StartsWith("recado lab shell: no lab is up in "));
}

TEST(program, a_usage_error_is_one_line_with_the_nearest_word_and_status_2) {
  struct row {
    const char* arguments;
    const char* says;
  };
  const row table[] = {
      {"", "recado: a command is missing; one of "},
      {"pkii", "recado: unknown command 'pkii'; did you mean 'pki'?"},
      {"xyzzy", "recado: unknown command 'xyzzy'; 'recado --help' lists what there is"},
      {"--versoin", "recado: unknown option '--versoin'; did you mean '--version'?"},
      {"pki", "recado pki: a command is missing"},
      {"session", "recado session: a command is missing; one of show"},
      {"bench", "recado bench: a command is missing; one of publish"},
      {"lab up --while 0", "recado lab up: --while: Value 0 not in range 1 to 2147483647"},
      {"run --config ''", "recado run: --config is given an empty value; give TEXT, or leave it out"},
      {"session measure ''", "recado session measure: DIR is given an empty value; give one"},
      {"session show ''", "recado session show: DIR is given an empty value; give one"},
      {"decode ''", "recado decode: FILE is given an empty value; give one, or leave it out"},
      {"pki show ''", "recado pki show: FILE is given an empty value; give one"},
      {"pki revoke ''", "recado pki revoke: NAME is given an empty value; give one"},
      {"probe dns ''", "recado probe dns: NAME is given an empty value; give one"},
      {"probe dhcp ''", "recado probe dhcp: INTERFACE is given an empty value; give one, or leave it out"},
      {"pki init --dir x --ca-passphrase-file ''", "recado pki init: --ca-passphrase-file is given an empty value"},
      {"bench publish --cafile ''", "recado bench publish: --cafile is given an empty value; give FILE, or leave"},
      {"pki --hlp", "recado pki: unknown option '--hlp'; did you mean '--help'?"},
  };
  for (const row& each : table) {
    const result done = recado(each.arguments);
    EXPECT_EQ(done.status, 2) << each.arguments;
    EXPECT_THAT(done.output, StartsWith(each.says)) << each.arguments;
    EXPECT_EQ(std::count(done.output.begin(), done.output.end(), '\n'), 1) << done.output;
  }
}

TEST(program, a_repeatable_option_takes_one_word_each_time) {
  // the option took what stands behind its value, too, unless that was the last word
  EXPECT_THAT(recado("decode --port 1884 --port 1885 missing.pcap").output, HasSubstr("cannot read 'missing.pcap'"));
  EXPECT_THAT(recado("decode --port 1884 missing.pcap --json").output, HasSubstr("cannot read 'missing.pcap'"));
  EXPECT_THAT(recado("probe dns --server 127.0.0.1:1 a..b --family 4").output, HasSubstr("has an empty label"));
  EXPECT_THAT(recado("probe ntp --dns 127.0.0.1:1 a..b --samples 1").output, HasSubstr("has an empty label"));
  EXPECT_THAT(recado("pki server --dns a.lab b.lab --dir missing").output, HasSubstr("missing"));
  EXPECT_THAT(recado("run --check --set a.b=1 more").output, HasSubstr("unexpected argument 'more'"));
}

TEST(program, an_error_that_quotes_much_stays_a_line_that_can_be_read) {
  const result done = recado("pub -m x -t " + std::string(70'000, 'a'));
  EXPECT_THAT(done.output, StartsWith("recado pub: 'aaa"));
  EXPECT_THAT(done.output, HasSubstr("a [... "));
  EXPECT_THAT(done.output, HasSubstr("aaa' is not a valid topic to publish to: a string is longer than 65,535 bytes"));
  EXPECT_LT(done.output.size(), 700U);
  EXPECT_THAT(recado("sub -t " + std::string(70'000, 'a')).output, HasSubstr("than 65,535 bytes; shorten it"));
  EXPECT_THAT(recado("sub -t 'a\xff'").output, HasSubstr("isn't well-formed UTF-8; write it in UTF-8"));
  EXPECT_THAT(recado("sub -t 'a#'").output, HasSubstr("is not valid; + stands for one whole level"));
  const result moving = recado("pub -m x -t '#\033[2J\n'");
  EXPECT_EQ(std::count(moving.output.begin(), moving.output.end(), '\n'), 1) << moving.output;
  EXPECT_THAT(moving.output, Not(HasSubstr("\033")));
  const result parted = recado("session show 'a\nb'");
  EXPECT_THAT(parted.output, StartsWith("recado session show: there is no session in a.b; check"));
}

TEST(program, no_colour_where_nobody_looks) { EXPECT_THAT(recado("pkii").output, Not(HasSubstr("\033"))); }

TEST(program, a_full_disk_is_no_success) {
  const result done = shell(RECADO_PROGRAM " --help 2>&1 >/dev/full");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, HasSubstr("could not be written"));
}

TEST(program, a_file_that_may_not_grow_is_an_error_in_words) {
  std::filesystem::create_directories(RECADO_TEST_FOLDER);
  const result done = shell("ulimit -f 1; " RECADO_PROGRAM " pub --help >" RECADO_TEST_FOLDER
                            "/limited; " RECADO_PROGRAM " --help >>" RECADO_TEST_FOLDER "/limited");
  EXPECT_EQ(done.status, 1) << done.output;
  EXPECT_THAT(done.output, HasSubstr("the output could not be written: File too large; make room"));
}

TEST(program, a_reader_that_has_gone_is_not_reported) {
  const result done = shell(RECADO_PROGRAM " --help | true; echo ended");
  EXPECT_EQ(done.output, "ended\n");
}

TEST(program, what_it_says_goes_into_no_file_that_takes_the_place_of_a_closed_stream) {
  std::filesystem::create_directories(RECADO_TEST_FOLDER);
  const std::string report = RECADO_TEST_FOLDER "/program-report.pcapng";
  // -d says what happens on standard output, and why it fails on standard error; nobody listens on port 1
  for (const char* closed : {"<&- >&- 2>&-", ">&- 2>&-", "2>&-", "<&-"}) {
    std::remove(report.c_str());
    const result done = shell(RECADO_PROGRAM " pub -h 127.0.0.1 -p 1 -t a -m b -d --pcapng " + report + " " + closed);
    EXPECT_EQ(done.status, 1) << closed;
    EXPECT_THAT(shell("grep -ac 'refused' " + report).output, "0\n") << closed;
  }
}

TEST(program, a_closed_stream_can_neither_be_read_nor_written) {
  EXPECT_THAT(recado("--help >&-").output,
              HasSubstr("could not be written: Bad file descriptor; check where standard output"));
  EXPECT_THAT(recado("pub -h 127.0.0.1 -p 1 -t a -s <&-").output, HasSubstr("could not be read: Bad file descriptor"));
}

}  // namespace
