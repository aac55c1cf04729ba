// The program that README.md shows does what the page says.
#include <gtest/gtest.h>

#include <tests/support/mosquitto.hpp>

namespace recado::test {
namespace {

TEST(readme, program_switches_a_lamp_on_and_hears_of_it) {
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", RECADO_TEST_FOLDER};
  child_process program{{RECADO_README_PROGRAM, broker.url()}};
  EXPECT_TRUE(program.says("lamp/1 is on")) << program.said();
}

TEST(readme, program_says_in_words_what_is_wrong) {
  child_process program{{RECADO_README_PROGRAM, "mqtt://127.0.0.1:" + std::to_string(free_port())}};
  EXPECT_TRUE(program.says("refused")) << program.said();
}

}  // namespace
}  // namespace recado::test
