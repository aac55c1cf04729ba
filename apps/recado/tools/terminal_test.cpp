// The tools on a terminal: a pseudo-terminal that is the program's controlling one, with somebody who types.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include <pty.h>
#include <termios.h>
#include <tests/support/scripted_broker.hpp>

#include "tls_for_tests.hpp"

namespace recado::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

struct session_result {
  int status = -1;     ///< exit status; -1: it had to be killed
  std::string screen;  ///< all that was written to the terminal
};

/// Waits until what is typed isn't shown any more; a moment after a prompt for a secret.
void wait_for_silence(int terminal) {
  termios now{};
  for (int i = 0; i < 2'000 && ::tcgetattr(terminal, &now) == 0 && (now.c_lflag & ECHO) != 0; ++i)
    ::poll(nullptr, 0, 5);
}

/// Runs recado on a terminal; types `answer` when `prompt` has appeared.
session_result on_terminal(words command, std::string_view prompt = {}, std::string_view answer = {}) {
  command.insert(command.begin(), RECADO_PROGRAM);
  std::vector<char*> arguments;
  for (auto& each : command) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  int fd = -1;
  const pid_t child = ::forkpty(&fd, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  const posix::descriptor terminal{fd};
  session_result result;
  bool typed = prompt.empty(), killed = false;
  for (char piece[4096];;) {
    pollfd waiting{terminal.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 20'000) <= 0) {
      ::kill(child, SIGKILL), killed = true;
      break;
    }
    const auto count = ::read(terminal.get(), piece, sizeof piece);
    if (count <= 0) break;  // EIO: the program has gone
    result.screen.append(piece, static_cast<std::size_t>(count));
    if (typed || result.screen.find(prompt) == std::string::npos) continue;
    wait_for_silence(terminal.get());
    EXPECT_EQ(::write(terminal.get(), answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    typed = true;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!killed && WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

words at(const scripted_broker& broker) { return {"-h", "127.0.0.1", "-p", std::to_string(broker.port())}; }

TEST(terminal, the_pass_phrase_is_asked_for_and_not_shown) {
  const secured_broker to;
  const identity own = make({.name = "me", .extended_key_usage = "clientAuth"}, rsa_key(2048), &to.with.root);
  const words call = words{"pub",
                           "-h",
                           "localhost",
                           "-t",
                           "a",
                           "-m",
                           "b",
                           "--cert",
                           keep("tty.crt", pem(own)),
                           "--key",
                           keep("tty.key", key_pem(own.key.get(), "open sesame"))} +
                     to.at(to.mutual);
  const auto right = on_terminal(call, "Pass phrase of", "open sesame\n");
  EXPECT_EQ(right.status, 0) << right.screen;
  EXPECT_THAT(right.screen, AllOf(HasSubstr("Pass phrase of"), Not(HasSubstr("sesame"))));
  const auto wrong = on_terminal(call, "Pass phrase of", "open barley\n");
  EXPECT_EQ(wrong.status, 1) << wrong.screen;
  EXPECT_THAT(wrong.screen, AllOf(HasSubstr("the pass phrase doesn't open the private key"), Not(HasSubstr("barley"))));
}

TEST(terminal, progress_is_shown_for_what_takes_long_and_taken_away) {
  scripted_broker broker{{{serves()}}};
  const words slow = {"--repeat", "4", "--repeat-delay", "0.25"};
  const auto many = on_terminal(words{"pub", "-t", "a", "-m", "b", "-q", "1"} + at(broker) + slow);
  EXPECT_EQ(many.status, 0) << many.screen;
  EXPECT_THAT(many.screen, HasSubstr(" of 4 published, "));
  EXPECT_TRUE(many.screen.ends_with("\r\033[K")) << many.screen;
  const std::string path = keep("long_message", std::string(3 << 20, 'x'));
  const auto large = on_terminal(words{"pub", "-t", "a", "-f", path} + at(broker) + slow);
  EXPECT_EQ(large.status, 0) << large.screen;
  EXPECT_THAT(large.screen, HasSubstr("the last is on its way: "));
  for (const char* none : {"--quiet", "--debug"}) {
    const auto silent = on_terminal(words{"pub", "-t", "a", "-m", "b", none} + at(broker) + slow);
    EXPECT_THAT(silent.screen, Not(HasSubstr("published"))) << none;
  }
}

TEST(terminal, quick_sends_show_nothing) {
  scripted_broker broker{{{serves()}}};
  const auto done = on_terminal(words{"pub", "-t", "a", "-m", "b"} + at(broker));
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.screen, "");
}

TEST(terminal, watch_and_pretty_write_for_people) {
  const std::string three = publish_packet("a", "1") + publish_packet("b", "2\n3") + publish_packet("a", "{\"x\":[1]}");
  scripted_broker broker{{{serves({.suback_more = three})}}};
  const auto watched = on_terminal(words{"sub", "-t", "+", "-C", "3", "-v", "--watch"} + at(broker));
  EXPECT_EQ(watched.status, 0);
  EXPECT_EQ(watched.screen, "\033[2J\033[1;1Ha 1\033[K\r\n\033[2;1Hb 2 3\033[K\r\n\033[1;1Ha {\"x\":[1]}\033[K\r\n");
  const auto pretty = on_terminal(words{"sub", "-t", "+", "-C", "3", "-F", "%J", "--pretty", "--quiet"} + at(broker));
  EXPECT_EQ(pretty.status, 0);
  EXPECT_THAT(pretty.screen, HasSubstr("\"payload\":\t{\r\n\t\t\"x\":\t[1]\r\n\t}\r\n}\r\n"));
}

}  // namespace
}  // namespace recado::test
