// Completion and manual pages, tried by the programs that read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

namespace {

using testing::HasSubstr;
using testing::Not;

struct result {
  int status = -1;
  std::string output;
};

result shell(const std::string& command) {
  result done;
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) return done;
  std::array<char, 4096> chunk;
  for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) != 0;)
    done.output.append(chunk.data(), n);
  const int status = ::pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

/// What bash offers for the last of these words.
std::string completed(const std::string& line) {
  const std::string script =
      "source <(" RECADO_PROGRAM " completion bash) && COMP_WORDS=(" + line +
      ") && COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _recado && printf \"%s\\n\" \"${COMPREPLY[@]}\"";
  return shell("bash -c '" + script + "'").output;
}

TEST(completion, bash_completes_commands_options_and_values) {
  const struct {
    const char* line;
    const char* offers;
    const char* not_this;
  } rows[] = {
      {"recado s", "sub\n", "pub"},
      {"recado p", "pub\nprobe\npki\n", "sub"},
      {"recado pub --ret", "--retain\n", "--retain-handling"},
      {"recado sub --ret", "--retained-only\n--retain-as-published\n--retain-handling\n", "--retain\n"},
      {"recado sub -t pub --retained", "--retained-only\n", "--stdin-line"},
      {"recado sub -q \"\"", "0\n1\n2\n", "--"},
      {"recado sub --retain-handling n", "new\nnever\n", "always"},
      {"recado pub -t \"\"", "", "--message"},
      {"recado pub --cafile /etc/host", "/etc/hosts", "--"},
      {"recado pub --qos 1 --message-", "\n", "--message-rate"},
      {"mosquitto_sub --message-r", "--message-rate\n", "pub"},
      {"recado pki s", "server", "sub"},
  };
  for (const auto& row : rows) {
    const std::string offers = completed(row.line);
    EXPECT_THAT(offers, HasSubstr(row.offers)) << row.line;
    EXPECT_THAT(offers, Not(HasSubstr(row.not_this))) << row.line;
  }
}

TEST(completion, other_shells_have_every_option_and_unknown_ones_words) {
  for (const char* name : {"zsh", "fish"}) {
    const result script = shell(RECADO_PROGRAM " completion " + std::string{name});
    EXPECT_EQ(script.status, 0);
    for (const char* word : {"cafile", "retain-handling", "message-rate", "show-secrets", "server"})
      EXPECT_THAT(script.output, HasSubstr(word)) << name;
  }
  const result unknown = shell(RECADO_PROGRAM " completion tcsh");
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.output, HasSubstr("one of bash, zsh, fish"));
}

TEST(manual, every_page_is_formatted_without_a_warning) {
  const std::string folder = RECADO_TEST_FOLDER "/man";
  std::filesystem::remove_all(folder);
  ASSERT_EQ(shell(RECADO_PROGRAM " manual --into " + folder).status, 0);
  std::size_t pages = 0;
  for (const auto& page : std::filesystem::directory_iterator{folder}) {
    const result seen = shell("groff -man -ww -Tutf8 -z " + page.path().string());
    EXPECT_EQ(seen.output, "") << page.path();
    EXPECT_EQ(seen.status, 0) << page.path();
    ++pages;
  }
  EXPECT_GT(pages, 9u);
}

TEST(manual, says_what_help_says) {
  const std::string page =
      shell(RECADO_PROGRAM " manual sub | groff -man -Tutf8 -P-c -rLL=200n | sed 's/.\\x08//g'").output;
  const std::string help = shell(RECADO_PROGRAM " sub --help").output;
  for (const char* text : {"--retained-only", "-F FORMAT", "--message-rate", "strftime(3)", "recado_sub", "time-out"})
    EXPECT_THAT(page, HasSubstr(text));
  for (std::size_t at = 0; (at = help.find("--", at)) != help.npos; ++at) {
    const std::size_t end = help.find_first_of(" ,\n", at);
    EXPECT_THAT(page, HasSubstr(help.substr(at, end - at)));
  }
  EXPECT_EQ(shell(RECADO_PROGRAM " manual nonsense").status, 2);
}

}  // namespace
