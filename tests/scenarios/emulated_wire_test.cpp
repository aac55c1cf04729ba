// The emulated board on a bad wire: a relay of our own between QEMU and the lab's bridge.
#include <csignal>

#include "emulated_board_for_tests.hpp"

namespace recado::test {
namespace {

/// Takes the board's bridge apart and puts the relay in its place: once the board is there.
class bad_wire {
 public:
  bad_wire(const lab& hosts, const std::string& loss_per_mille, const std::string& delay_ms, const std::string& seed)
      : relay_(hosts.on_command("board", {RECADO_WIRE_RELAY, "tap0", "eth0", loss_per_mille, delay_ms, seed})) {
    EXPECT_TRUE(relay_.says("relaying")) << relay_.said();
    for (const char* each : {"tap0", "eth0"})
      EXPECT_EQ(hosts.on("board", {"ip", "link", "set", each, "nomaster"}).status, 0);
  }
  /// "carried 421, lost 22"
  std::string ended() {
    relay_.signal(SIGTERM);
    return relay_.ended().output;
  }

 private:
  running relay_;
};

class emulated_wire : public testing::TestWithParam<const char*> {};

TEST_P(emulated_wire, loss_and_delay_are_overcome) {
  const lab hosts;
  running seen{hosts.visitor("mosquitto_sub", {"-t", "[TEMA_PÚBLICO]", "-q", "2", "-F", "%p|"})};
  ASSERT_TRUE(hosts.logs("mosquitto", "Sending SUBACK to auto-"));
  board_in_qemu board{hosts, {"broker.qos=2", "device.publish_s=1", "reconnect.first_ms=200"}, {},
                      {"--preset", GetParam()}};
  ASSERT_TRUE(board.starts()) << board.said();
  bad_wire wire{hosts, "100", "30", "7"};
  board.reset();  // the whole ladder on the bad wire
  ASSERT_TRUE(board.says("recado on mps2-an500")) << board.said();
  ASSERT_TRUE(board.says("[PLACA CONECTADA]", std::chrono::seconds{120})) << board.said();
  for (int message = 0; message < 5; ++message)
    ASSERT_TRUE(seen.says(" - ", std::chrono::seconds{60})) << board.said() << seen.said();
  const result sent = run(hosts.visitor("mosquitto_pub", {"-q", "2", "-t", "[TEMA_SECRETO]", "-m", "LD2OFF"}));
  EXPECT_EQ(sent.status, 0) << sent.output;
  EXPECT_TRUE(seen.says("[LED 2 APAGADO]|", std::chrono::seconds{60})) << board.said();
  // More at once than there are frame buffers; what is lost of them comes behind others. All are obeyed, although the
  // outbox has no room for that many answers.
  const result burst = run(
      hosts.visitor("mosquitto_pub", {"-q", "1", "-t", "[TEMA_SECRETO]", "-m", "LD1ON", "--repeat", "40"}));
  EXPECT_EQ(burst.status, 0) << burst.output;
  const result last = run(hosts.visitor("mosquitto_pub", {"-q", "2", "-t", "[TEMA_SECRETO]", "-m", "LD3OFF"}));
  EXPECT_EQ(last.status, 0) << last.output;
  EXPECT_TRUE(board.lights_are({true, false, false}, std::chrono::minutes{2})) << board.said();
  const std::string counted = wire.ended();
  EXPECT_THAT(counted, testing::HasSubstr("carried ")) << counted;
  EXPECT_THAT(counted, testing::Not(testing::HasSubstr("lost 0\n"))) << counted;
}

INSTANTIATE_TEST_SUITE_P(presets, emulated_wire, testing::Values("full", "tiny"),
                         [](const auto& preset) { return std::string{preset.param}; });

}  // namespace
}  // namespace recado::test
