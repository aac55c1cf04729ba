// The device application on a terminal: LEDs in its last line, the button as a key, the pass phrase of the key.
#include "scenario_for_tests.hpp"

#include <fstream>

#include <termios.h>

namespace recado::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// What a terminal that a shell gives to a program does with what is typed.
constexpr unsigned lines_that_are_shown = ICANON | ECHO;
constexpr std::string_view ctrl_c = "\003";

words without_colours(const words& command) { return words{"env", "NO_COLOR=1"} + command; }
words with_colours(const words& command) { return words{"env", "NO_COLOR=", "TERM=xterm"} + command; }

TEST(panel, stays_in_the_last_line_and_its_button_is_a_key) {
  const lab hosts;
  running board{without_colours(hosts.board()), face::terminal};
  ASSERT_TRUE(board.says("[LED 1]  LED 2   LED 3   (b: the button)\r\033[K  ok network link ")) << board.said();
  ASSERT_TRUE(board.says("[LED 1] [LED 2]  LED 3   (b: the button)\r\033[K  ok network address ")) << board.said();
  ASSERT_TRUE(board.says("[LED 1] [LED 2] [LED 3]  (b: the button)")) << board.said();
  ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]")) << board.said();
  board.types("x");  // is no button
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "LD2OFF"}));
  ASSERT_EQ(sent.status, 0) << sent.output;
  ASSERT_TRUE(board.says("\r\033[K[LED 1]  LED 2  [LED 3]  (b: the button)")) << board.said();
  EXPECT_THAT(board.said(), AllOf(Not(HasSubstr("goodbye")), Not(HasSubstr("LED 2 off"))));
  EXPECT_EQ(board.terminal_flags() & lines_that_are_shown, 0u);
  board.types("b");
  ASSERT_TRUE(board.says("goodbye")) << board.said();
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_THAT(board.said(), EndsWith("\r\033[K")) << "the LEDs are taken away";
  EXPECT_EQ(board.terminal_flags() & lines_that_are_shown, lines_that_are_shown);
  EXPECT_TRUE(hosts.logs("mosquitto", "Received DISCONNECT from board"));
}

// Without a lab: where nobody listens, it waits for the next attempt until a key is pressed.
class panel_key : public testing::TestWithParam<const char*> {};

TEST_P(panel_key, is_the_button) {
  const words command{program(),   "run",
                      "--storage", own_folder().string(),
                      "--set",     "network.mode=as-is",
                      "--set",     "ntp.enabled=false",
                      "--set",     "tls.enabled=false",
                      "--set",     "reconnect.first_ms=60000",
                      "--set",     "reconnect.longest_ms=60000",
                      "--set",     "broker.servers=127.0.0.1:1"};
  running board{with_colours(command), face::terminal};
  ASSERT_TRUE(board.says("next attempt in ")) << board.said();
  ASSERT_TRUE(board.says("\033[32m[LED 1]\033[0m \033[32m[LED 2]\033[0m \033[2m LED 3 \033[0m ")) << board.said();
  board.types(GetParam());
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_THAT(board.said(), HasSubstr("goodbye"));
}
INSTANTIATE_TEST_SUITE_P(keys, panel_key, testing::Values("b", "B", " ", "\r"));

/// Encrypts the board's private key; the settings that use it.
words with_locked_key(const lab& hosts, const std::string& phrase) {
  const std::string locked = hosts.pki("clients/locked.key");
  const result made = run({"openssl", "pkey", "-in", hosts.pki("clients/board.key"), "-aes256", "-passout",
                           "pass:" + phrase, "-out", locked});
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_THAT(content_of(locked), HasSubstr("BEGIN ENCRYPTED"));
  return {"tls.key=" + locked};
}

bool takes_a_secret(const running& board) { return (board.terminal_flags() & lines_that_are_shown) == ICANON; }

/// Waits until a secret can be typed: then nothing is shown, and lines are taken as a whole.
bool hides_what_is_typed(const running& board) {
  return eventually([&] { return takes_a_secret(board); });
}

/// Types until it ends. OpenSSL begins to read a moment after it has taken the echo away: Ctrl-C in between interrupts
/// nothing, and is pressed once more, as people do. What is typed else waits to be read.
result ended_by(std::string_view keys, running& board) {
  board.types(keys);
  for (int more = 9; keys == ctrl_c && more > 0; --more) {
    if (result how = board.ended(std::chrono::seconds{2}); how.status >= 0) return how;
    if (takes_a_secret(board)) board.types(keys);
  }
  return board.ended();
}

constexpr const char* prompt = "Pass phrase of the private key of the client certificate: ";

#if RECADO_WITH_MBEDTLS
constexpr const char* tls_backends[] = {"openssl", "mbedtls"};
#else
constexpr const char* tls_backends[] = {"openssl"};
#endif

class passphrase_of_the_device : public testing::TestWithParam<const char*> {};

TEST_P(passphrase_of_the_device, is_asked_on_the_terminal_and_not_shown) {
  const lab hosts;
  const words settings = with_locked_key(hosts, "open sesame"), by{"--tls-backend", GetParam()};
  running board{without_colours(hosts.board_with(settings, by)), face::terminal};
  ASSERT_TRUE(board.says(prompt)) << board.said();
  ASSERT_TRUE(hides_what_is_typed(board));
  board.types("open sesame\r");
  ASSERT_TRUE(board.says("ok TLS ")) << board.said();
  ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]")) << board.said();
  board.types("b");
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_THAT(board.said(), Not(HasSubstr("sesame")));
}

TEST_P(passphrase_of_the_device, is_refused_where_it_is_wrong_or_missing) {
  const lab hosts;
  const words settings = with_locked_key(hosts, "open sesame"), by{"--tls-backend", GetParam()};
  const std::pair<std::string_view, const char*> answers[] = {
      {"open barley\r", "the pass phrase doesn't open the private key"},
      {"\r", "no pass phrase was given"},
      {ctrl_c, "no pass phrase was given"},
  };
  for (const auto& [typed, cause] : answers) {
    running board{without_colours(hosts.board_with(settings, by)), face::terminal};
    ASSERT_TRUE(board.says(prompt)) << board.said();
    ASSERT_TRUE(hides_what_is_typed(board));
    EXPECT_EQ(ended_by(typed, board).status, 1) << board.said();
    EXPECT_THAT(board.said(), AllOf(HasSubstr(cause), Not(HasSubstr("barley")), Not(HasSubstr("network link"))));
    EXPECT_EQ(board.terminal_flags() & lines_that_are_shown, lines_that_are_shown);
  }
  const result nobody_to_ask = run(words{"setsid", "--wait"} + hosts.board_with(settings, by));
  EXPECT_EQ(nobody_to_ask.status, 1);
  EXPECT_THAT(nobody_to_ask.output, AllOf(HasSubstr("there is no terminal to ask on; give it in a file with "
                                                    "tls.key_password_file"),
                                          Not(HasSubstr(prompt))));
}

TEST_P(passphrase_of_the_device, is_read_from_a_file_without_a_question) {
  const lab hosts;
  words settings = with_locked_key(hosts, "open sesame");
  const auto file = hosts.folder() / "phrase";
  settings.push_back("tls.key_password_file=" + file.string());
  std::ofstream{file} << "open sesame\n";
  running board{without_colours(hosts.board_with(settings, {"--tls-backend", GetParam()})), face::terminal};
  ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]")) << board.said();
  board.types("b");
  EXPECT_EQ(board.ended().status, 0) << board.said();
  EXPECT_THAT(board.said(), AllOf(Not(HasSubstr("Pass phrase")), Not(HasSubstr("sesame"))));
  std::ofstream{file} << "open barley\n";
  const result wrong = run(hosts.board_with(settings));
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.output, HasSubstr("the pass phrase doesn't open the private key"));
}
INSTANTIATE_TEST_SUITE_P(by, passphrase_of_the_device, testing::ValuesIn(tls_backends),
                         [](const auto& by) { return std::string{by.param}; });

}  // namespace
}  // namespace recado::test
