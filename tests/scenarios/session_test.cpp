// A device whose session outlives it: killed without and with a connection, each message arrives exactly once.
#include "scenario_for_tests.hpp"

#include <csignal>

namespace recado::test {
namespace {

using testing::HasSubstr;

/// The dates that a board said it publishes or keeps, in order. Other texts come more than once.
void add_dates(const std::string& said, std::vector<std::string>& to) {
  for (const std::string_view mark : {"publishing ", "keeping for later "}) {
    for (auto at = said.find(mark); at != said.npos; at = said.find(mark, at + 1)) {
      const auto begin = at + mark.size(), end = said.find('\n', begin);
      if (end == said.npos || said[begin] == '[') continue;
      to.push_back(said.substr(begin, end - begin));
    }
  }
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(session, a_killed_device_goes_on_where_it_was) {
  const lab hosts;  // its broker keeps what it has in a database
  running seen{hosts.visitor("mosquitto_sub", {"-t", "#", "-q", "2", "-i", "witness", "-c", "-F", "%p|"})};
  ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to witness"));
  const std::string kept = hosts.folder() / "session";
  const words settings{"broker.qos=2", "device.publish_s=1", "reconnect.first_ms=200",
                       "device.session_durability=flush"};
  std::vector<std::string> dates;
  {
    // mosquitto 2.0 writes no session to its database that began with a clean start, as the very first one does.
    running board{hosts.board_with(settings, {"--session", kept})};
    ASSERT_TRUE(seen.says("[PLACA CONECTADA]|")) << board.said();
    board.signal(SIGKILL);
    EXPECT_EQ(board.ended().status, 128 + SIGKILL);
    add_dates(board.said(), dates);
  }
  {
    running board{hosts.board_with(settings, {"--session", kept})};
    ASSERT_TRUE(board.says("session resumed")) << board.said();
    ASSERT_TRUE(seen.says("[PLACA CONECTADA]|")) << board.said();
    hosts.server("stop", "mosquitto");
    ASSERT_TRUE(board.says(" lost ")) << board.said();
    ASSERT_TRUE(board.says("keeping for later ")) << board.said();
    ASSERT_TRUE(board.says("keeping for later ")) << board.said();
    ASSERT_TRUE(board.says("\n")) << board.said();
    board.signal(SIGKILL);
    EXPECT_EQ(board.ended().status, 128 + SIGKILL);
    add_dates(board.said(), dates);
  }
  EXPECT_GE(dates.size(), 2U);
  EXPECT_THAT(recado({"session", "show", kept}).output, Not(HasSubstr("waiting    0 ")));
  hosts.server("start", "mosquitto");
  for (int life = 0; life < 2; ++life) {
    running board{hosts.board_with(settings, {"--session", kept})};
    ASSERT_TRUE(board.says("the session goes on: ")) << board.said();
    ASSERT_TRUE(board.says("session resumed")) << board.said();
    ASSERT_TRUE(board.says("the subscription still holds")) << board.said();
    ASSERT_TRUE(board.says("publishing [PLACA CONECTADA]")) << board.said();
    ASSERT_TRUE(board.says("publishing ")) << board.said();
    ASSERT_TRUE(board.says("\n")) << board.said();
    board.signal(life == 0 ? SIGKILL : SIGTERM);
    EXPECT_EQ(board.ended().status, life == 0 ? 128 + SIGKILL : 0);
    add_dates(board.said(), dates);
  }
  EXPECT_TRUE(eventually([&] {
    seen.says("\n", std::chrono::milliseconds{50});
    return std::ranges::all_of(dates, [&](const std::string& each) { return count_of(seen.said(), each + "|") != 0; });
  })) << seen.said();
  std::size_t before = 0;
  for (const std::string& each : dates) {
    EXPECT_EQ(count_of(seen.said(), each + "|"), 1U) << each << " in " << seen.said();
    const auto at = seen.said().find(each + "|");
    EXPECT_GE(at, before) << each << ": order";
    before = at;
  }
}

TEST(session, settings_that_contradict_it_are_refused) {
  const std::string kept = own_folder() / "session";
  const auto refused = [&](const words& more) {
    words all{"run", "--check", "--session", kept};
    all.insert(all.end(), more.begin(), more.end());
    const result ended = recado(all);
    EXPECT_NE(ended.status, 0) << ended.output;
    return ended.output;
  };
  EXPECT_THAT(refused({"-s", "broker.qos=0"}), HasSubstr("device.session keeps messages of QoS 1 and 2"));
  EXPECT_THAT(refused({"-s", "broker.session_expiry_s=0"}), HasSubstr("device.session needs a broker that keeps"));
  const result explained = recado({"run", "--check", "--session", kept});
  EXPECT_THAT(explained.output, HasSubstr("session = \"" + kept + "\""));
  const result measured = recado({"run", "--compare", "--session", kept});
  EXPECT_NE(measured.status, 0);
  EXPECT_THAT(measured.output, HasSubstr("a measurement has none to keep"));
}

}  // namespace
}  // namespace recado::test
