// Keys on the emulated board: one that PSA keeps, in the preset for that, and one that the broker has, too.
#include <fstream>

#include "emulated_board_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Both versions of TLS, each by a broker that speaks that one alone.
class key_on_a_board : public testing::TestWithParam<const char*> {
 protected:
  void goes_online(board_in_qemu& board, const char* port) {
    ASSERT_TRUE(board.says(port)) << board.said();
    ASSERT_TRUE(board.says(std::string{"TLS "} + GetParam())) << board.said();
    ASSERT_TRUE(board.says("[PLACA CONECTADA]")) << board.said();
    board.press_button();
    EXPECT_EQ(board.ended().status, 0) << board.said();
  }
  std::optional<one_tls_version> only{GetParam()};
};

TEST_P(key_on_a_board, that_psa_keeps_signs_the_handshake) {
  const lab hosts;
  only.reset();
  board_in_qemu board{hosts, {}, {}, {"--preset", "opaque"}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_TRUE(board.says("the private key is PSA's, for signing alone")) << board.said();
  ASSERT_NO_FATAL_FAILURE(goes_online(board, "10.77.0.2:8883"));  // where a client's certificate is required
}

TEST_P(key_on_a_board, that_the_broker_has_too_needs_no_certificate) {
  const auto keys = own_folder().string() + ".psk", own = own_folder().string() + ".key";
  std::filesystem::create_directories(own_folder().parent_path());
  std::ofstream{keys} << "lamp:00112233445566778899aabbccddeeff\n";
  std::ofstream{own} << "00112233445566778899AABBCCDDEEFF\n";
  const lab hosts{{"--mosquitto", "psk_file " + keys, "--mosquitto", "listener 8884 10.77.0.2", "--mosquitto",
                   "psk_hint lab", "--mosquitto", "use_identity_as_username true"}};
  only.reset();
  const auto config = hosts.folder() / "shared.toml";
  std::ofstream{config} << "[tls]\npsk_identity = \"lamp\"\npsk_file = \"" << own << "\"\n"
                        << "[broker]\nservers = [\"broker.lab:8884\"]\n";
  board_in_qemu board{hosts, {}, {}, {"--config", config.string()}};
  ASSERT_TRUE(board.starts()) << board.said();
  ASSERT_NO_FATAL_FAILURE(goes_online(board, "10.77.0.2:8884"));
  EXPECT_TRUE(hosts.logs("mosquitto", "u'lamp'")) << "the key's name";
  EXPECT_THAT(board.said(), Not(HasSubstr("certificate")));
}

INSTANTIATE_TEST_SUITE_P(emulated, key_on_a_board, testing::Values("1.2", "1.3"),
                         [](const auto& version) { return version.index == 0 ? "tls_1_2" : "tls_1_3"; });

}  // namespace
}  // namespace recado::test
