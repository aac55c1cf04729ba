// The emulated board is reset at random moments while it publishes with QoS 2, its session's journal in the EEPROM:
// each message that it had taken arrives exactly once.
#include <cstdlib>
#include <map>
#include <random>
#include <sstream>

#include "emulated_board_for_tests.hpp"

namespace recado::test {
namespace {

/// RECADO_RESETS says how many; ./test --long takes fifty.
int resets() {
  const char* given = std::getenv("RECADO_RESETS");
  return given != nullptr ? std::atoi(given) : 3;
}

using counted = std::map<std::string, int>;

/// The dates among the lines, which have two "-" and two ":" and are no text in brackets.
counted dates_in(const std::string& text, const std::string& before, char end) {
  counted result;
  for (auto at = text.find(before); at != text.npos; at = text.find(before, at + 1)) {
    const auto begin = at + before.size(), stop = text.find(end, begin);
    if (stop == text.npos) break;
    const std::string date = text.substr(begin, stop - begin);
    if (date.find(" - ") != date.npos && date.find(':') != date.npos) ++result[date];
  }
  return result;
}

/// What the board took, be it online or not.
counted taken_in(const std::string& console) {
  counted result = dates_in(console, "publishing ", '\n');
  for (const auto& [date, times] : dates_in(console, "keeping for later ", '\n')) result[date] += times;
  return result;
}

TEST(emulated_resets, leave_every_message_exactly_once) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 chance{seed};
  const auto enough = static_cast<std::size_t>(resets());
  const lab hosts;
  running seen{
      hosts.visitor("mosquitto_sub", {"-t", "[TEMA_PÚBLICO]", "-q", "2", "-i", "witness", "-c", "-F", "|%p|"})};
  ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to witness"));
  board_in_qemu board{hosts,
                      {"device.session=journal", "broker.qos=2", "device.publish_s=1", "reconnect.first_ms=100"}};
  ASSERT_TRUE(board.starts()) << board.said();
  for (int reset = 0; reset < resets(); ++reset) {
    ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]", std::chrono::seconds{60})) << board.said();
    // A random moment: what else the board says until then is part of it.
    board.says("never said", std::chrono::milliseconds{std::uniform_int_distribution{0, 4000}(chance)});
    board.reset();
    ASSERT_TRUE(board.says("recado on mps2-an500")) << board.said();
  }
  ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]", std::chrono::seconds{60})) << board.said();
  // Where all moments were short, few dates were said so far.
  do {
    ASSERT_TRUE(board.says(" - ", std::chrono::seconds{20})) << board.said();
  } while (taken_in(board.said()).size() < enough);
  board.press_button();
  const result ended = board.ended();
  ASSERT_EQ(ended.status, 0) << ended.output;
  ASSERT_TRUE(seen.says("[PLACA DESCONECTADA]|")) << seen.said();
  const counted said = taken_in(ended.output), arrived = dates_in(seen.said(), "|", '|');
  EXPECT_GE(said.size(), enough);
  for (const auto& [date, times] : arrived) {
    const auto found = said.find(date);
    EXPECT_EQ(times, found == said.end() ? 0 : found->second) << date << " arrived " << times << " times";
  }
  for (const auto& [date, times] : said) EXPECT_EQ(arrived.contains(date), true) << date << " is lost";
}

}  // namespace
}  // namespace recado::test
