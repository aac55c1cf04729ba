// recado firmware, as a user calls it: what it refuses, what it turns into something else, what it writes.
#include <sstream>
#include <tuple>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <recado/pki/shell_test.hpp>

namespace recado::app {
namespace {

using pki::shell;
using pki::shell_result;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class firmware_command : public pki::in_folder {
 protected:
  shell_result run(const std::string& arguments) const {
    return shell("cd " + word(".") + " && setsid " RECADO_PROGRAM " " + arguments + " </dev/null 2>&1");
  }
  void write(const std::string& text) const { save("device.toml", text); }
  std::string generated() const { return content("image.cpp"); }
  shell_result generate(const std::string& more = "") const {
    return run("firmware --config device.toml --board mps2-an500 --generate image.cpp " + more);
  }
  void make_pki() const {
    const shell_result made =
        run("pki init && " RECADO_PROGRAM " pki server broker.lab && " RECADO_PROGRAM " pki client board");
    ASSERT_EQ(made.status, 0) << made.output;
  }
  static constexpr const char* with_certificates =
      "[tls]\nclient_authentication = true\nca = \"pki/root-ca.crt\"\ncertificate = \"pki/clients/board-chain.crt\"\n"
      "key = \"pki/clients/board.key\"\n[broker]\nservers = [\"broker.lab\"]\n";
};

TEST_F(firmware_command, an_unknown_key_is_refused_as_by_run) {
  write("[dhcp]\natempts = 3\n");
  const shell_result done = generate();
  EXPECT_EQ(done.status, 2);
  EXPECT_THAT(done.output, HasSubstr("device.toml:2: unknown key 'dhcp.atempts'; did you mean 'attempts'?"));
}

TEST_F(firmware_command, of_a_configuration_that_is_not_known_nothing_else_is_said) {
  const shell_result missing = generate();
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.output, HasSubstr("device.toml: the configuration can't be read"));
  EXPECT_EQ(std::ranges::count(missing.output, '\n'), 1) << missing.output;
  write("[tls\n");
  const shell_result broken = generate();
  EXPECT_EQ(broken.status, 2);
  EXPECT_EQ(std::ranges::count(broken.output, '\n'), 1) << broken.output;
}

TEST_F(firmware_command, more_authorities_than_a_board_has_memory_for_are_refused) {
  make_pki();
  std::string many;
  for (int i = 0; i < 4; ++i) many += content("pki/root-ca.crt");
  save("many.crt", many);
  write(with_certificates);
  const shell_result done = generate("-s tls.ca=many.crt");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, HasSubstr("holds 4 certificates, and a board has memory for 3; give only the root"));
  EXPECT_EQ(generate("-s tls.ca=pki/ca.crt").status, 0);
}

TEST_F(firmware_command, where_no_image_can_be_is_said_before_it_is_made) {
  write("[tls]\nenabled = false\n");
  std::filesystem::create_directory(path("folder"));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::pair<const char*, const char*> rows[] = {{"none/x.elf", "No such file or directory; check the path"},
                                                      {"folder", "Is a directory; give the path of a file"},
                                                      {"pipe", "'pipe' is a device or a pipe"}};
  for (const auto& [place, cause] : rows) {
    const shell_result done = run(std::string{"firmware --config device.toml --board mps2-an500 -o "} + place);
    EXPECT_EQ(done.status, 1);
    EXPECT_THAT(done.output, AllOf(HasSubstr(cause), Not(HasSubstr("building"))));
  }
}

TEST_F(firmware_command, what_a_board_has_not_is_refused_at_its_line) {
  write(
      "[network]\nmode = \"as-is\"\n[tls]\nenabled = true\n[broker]\nservers = "
      "[\"[2001:db8::1]\"]\n"
      "[test]\nbytes = 65536\n");
  const shell_result done = generate();
  EXPECT_EQ(done.status, 2);
  for (const char* each : {"device.toml:2: network.mode: nobody else gives a board an address",
                           "device.toml: tls.ca: a board has no authorities of a system to trust",
                           "device.toml:6: broker.servers: '[2001:db8::1]' is an IPv6 address",
                           "device.toml:8: test.bytes: the board has room for"})
    EXPECT_THAT(done.output, HasSubstr(each));
  EXPECT_THAT(generated(), "");
}

TEST_F(firmware_command, what_the_smallest_build_leaves_out_is_said) {
  make_pki();
  std::string text = with_certificates;
  write(text.insert(text.find("client_auth"), "debug_level = 1\n") + "[device]\nsession = \"there\"\n");
  const shell_result tiny = generate("--preset tiny");
  EXPECT_EQ(tiny.status, 0) << tiny.output;
  EXPECT_THAT(tiny.output, AllOf(HasSubstr("tls.debug_level: the preset tiny shows no certificates; full does"),
                                 HasSubstr("device.session: with the preset tiny it doesn't outlive the power"),
                                 Not(HasSubstr("keeps its session in its EEPROM"))));
  EXPECT_THAT(generate().output, AllOf(Not(HasSubstr("tls.debug_level")), HasSubstr("session in its EEPROM")));
}

TEST_F(firmware_command, folders_and_passwords_are_resolved_in_words) {
  write(
      "[network]\ninterface = \"eth0\"\n[device]\nstorage = \"pantry\"\nsession = \"there\"\n[tls]\nenabled = "
      "false\n[broker]\nuser_name = \"u\"\n"
      "password_environment = \"BOARD_PASSWORD\"\n");
  const shell_result unset = generate();
  EXPECT_EQ(unset.status, 2);
  EXPECT_THAT(unset.output, HasSubstr("the variable BOARD_PASSWORD is not set"));
  ::setenv("BOARD_PASSWORD", "a\"b\\\xc3\xa9", 1);
  const shell_result done = generate();
  ::unsetenv("BOARD_PASSWORD");
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, AllOf(HasSubstr("network.interface: the board has one, without a name"),
                                 HasSubstr("device.storage: the board remembers in its EEPROM"),
                                 HasSubstr("device.session: the board keeps its session in its EEPROM"),
                                 HasSubstr("broker.password: it is readable in the image")));
  EXPECT_THAT(generated(), AllOf(HasSubstr("c.broker.password = text(\"a\\042b\\134\\303\\251\");"),
                                 HasSubstr("c.device.session = text(\"EEPROM\");"), Not(HasSubstr("BOARD_PASSWORD")),
                                 Not(HasSubstr("pantry")), Not(HasSubstr("eth0"))));
}

TEST_F(firmware_command, the_source_holds_the_values_and_compiles) {
  make_pki();
  write(std::string{with_certificates} + "version = \"3.1.1\"\nqos = 2\npublic_topic = \"[TEMA_PÚBLICO]\"\n" +
        "[dns]\nservers = [\"gateway\", \"1.2.3.4:5353\"]\n[dhcp]\nattempts = 4\n");
  const shell_result done = generate("--set broker.keep_alive_s=7 --button held");
  ASSERT_EQ(done.status, 0) << done.output;
  struct stat found {};
  ASSERT_EQ(::stat(path("image.cpp").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
  save("main.cpp", R"(#include <cstdio>
#include <boards/common/firmware_configuration.hpp>
int main() {
  const auto& is = recado::firmware::configuration();
  const auto& c = is.chosen;
  std::printf("%u %u %s %s %u %s %zu %zu %zu %zu %d\n", c.dhcp.attempts, c.broker.keep_alive_s,
              c.dns.servers[0].data(), c.dns.servers[1].data(), unsigned(c.broker.qos), c.broker.public_topic.data(),
              is.ca.size(), is.certificate.size(), is.key.size(), is.crl.size(), is.test_mode);
}
)");
  const shell_result ran =
      shell("cd " + word(".") +
            " && c++ -std=c++23 -Wall -Wextra -Wpedantic -Wconversion -Wshadow "
            "-Werror -fno-exceptions -fno-rtti -I" RECADO_SOURCE_DIR " main.cpp image.cpp -o shown && ./shown");
  ASSERT_EQ(ran.status, 0) << ran.output;
  std::istringstream shown{ran.output};
  std::string attempts, keep_alive, first, second, qos, topic;
  std::size_t ca = 0, certificate = 0, key = 0, crl = 0;
  int test = 0;
  shown >> attempts >> keep_alive >> first >> second >> qos >> topic >> ca >> certificate >> key >> crl >> test;
  EXPECT_EQ(attempts + ' ' + keep_alive + ' ' + first + ' ' + second + ' ' + qos + ' ' + topic,
            "4 7 gateway 1.2.3.4:5353 2 [TEMA_PÚBLICO]");
  EXPECT_GT(ca, 300u);
  EXPECT_GT(certificate, 800u);
  EXPECT_GT(key, 100u);
  EXPECT_EQ(crl, 0u);
  EXPECT_EQ(test, 1);
}

TEST_F(firmware_command, keys_and_certificates_that_a_board_cannot_use_are_refused) {
  make_pki();
  ASSERT_EQ(run("pki client odd --key-type ed25519").status, 0);
  write(with_certificates);
  const shell_result kind =
      generate("--set tls.certificate=pki/clients/odd-chain.crt --set tls.key=pki/clients/odd.key");
  EXPECT_EQ(kind.status, 1);
  EXPECT_THAT(kind.output, AllOf(HasSubstr("ED25519"), HasSubstr("--key-type ecdsa-p256")));
  ASSERT_EQ(run("pki client other").status, 0);
  const shell_result wrong = generate("--set tls.key=pki/clients/other.key");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.output, HasSubstr("is not the key of tls.certificate"));
  const shell_result missing = generate("--set tls.crl=pki/none.crl");
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.output, HasSubstr("none.crl"));
}

// The certificate with the key, an authority's above it, and the key alone.
TEST_F(firmware_command, only_p_256_keys_go_to_a_board) {
  make_pki();
  write(with_certificates);
  const std::tuple<const char*, const char*> kinds[] = {{"rsa-2048", "a key of rsaEncryption"},
                                                        {"ecdsa-p384", "an elliptic curve other than P-256"}};
  for (const auto& [kind, called] : kinds) {
    const std::string name = std::string{"of-"} + kind, own = "pki/clients/" + name;
    ASSERT_EQ(run("pki client " + name + " --key-type " + kind).status, 0);
    const auto says = AllOf(HasSubstr(called), HasSubstr("ECDSA with P-256 only"), HasSubstr("--key-type ecdsa-p256"));
    const shell_result both = generate("--set tls.certificate=" + own + "-chain.crt --set tls.key=" + own + ".key");
    EXPECT_EQ(both.status, 1);
    EXPECT_THAT(both.output, AllOf(HasSubstr("tls.certificate"), says));
    const shell_result key = generate("--set tls.key=" + own + ".key");
    EXPECT_EQ(key.status, 1);
    EXPECT_THAT(key.output, AllOf(HasSubstr("tls.key"), says));
    ASSERT_EQ(run(std::string{"pki init --dir "} + kind + " --key-type " + kind).status, 0);
    const shell_result authority = generate(std::string{"--set tls.ca="} + kind + "/root-ca.crt");
    EXPECT_EQ(authority.status, 1);
    EXPECT_THAT(authority.output, AllOf(HasSubstr("tls.ca"), says));
  }
  EXPECT_THAT(generated(), "");
}

TEST_F(firmware_command, a_pre_shared_key_stands_for_certificates) {
  write("[tls]\npsk_identity = \"lamp\"\npsk = \"00112233445566778899aabbccdd\"\n");
  const shell_result done = generate();
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("tls.psk: it is readable in the image"));
  EXPECT_THAT(generated(), HasSubstr("c.tls.psk = text(\"\\000\\021\\0423DUfw\\210\\231\\252\\273\\314\\335\");"));
}

TEST_F(firmware_command, an_encrypted_key_is_decrypted_at_build_time) {
  make_pki();
  save("phrase", "a long pass phrase\n");
  ASSERT_EQ(run("pki client locked --key-passphrase-file phrase").status, 0);
  write(with_certificates);
  const std::string locked = "--set tls.certificate=pki/clients/locked-chain.crt --set tls.key=pki/clients/locked.key ";
  const shell_result asked = generate(locked);
  EXPECT_EQ(asked.status, 1);
  EXPECT_THAT(asked.output, HasSubstr("tls.key_password_file"));
  const shell_result done = generate(locked + "--set tls.key_password_file=phrase");
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(generated(), AllOf(HasSubstr("constexpr auto key = octets({"), Not(HasSubstr("phrase"))));
  for (const std::string command : {"firmware --board mps2-an500 --generate image.cpp", "run -s network.mode=as-is"}) {
    const shell_result needless = run(command + " --config device.toml --set tls.key_password_file=phrase");
    EXPECT_EQ(needless.status, 2) << needless.output;
    EXPECT_THAT(needless.output, HasSubstr(".key' is not encrypted, and tls.key_password_file is given; leave"));
  }
}

TEST_F(firmware_command, mistakes_are_one_line_with_a_remedy) {
  write("[tls]\nenabled = false\n");
  const std::pair<const char*, const char*> calls[] = {
      {"firmware --board mps2-an50 --generate x.cpp", "there is no board 'mps2-an50'; did you mean 'mps2-an500'?"},
      {"firmware --board mps2-an500", "where to write is missing; -o FILE.elf for an image"},
      {"firmware --board mps2-an500 -o a --generate b", "exclude each other"},
      {"firmware --board mps2-an500 --generate b --source .", "are about an image, and --generate makes none"},
      {"firmware --board mps2-an500 --generate b --emulator-exit", "are about an image, and --generate makes none"},
      {"firmware --config device.toml --board mps2-an500 -o a --source /proc",
       "there are no sources of recado in '/proc'"},
      {"firmware --config device.toml --board mps2-an500 --generate /proc/none/x.cpp", "/proc/none"},
  };
  for (const auto& [call, says] : calls) {
    const shell_result done = run(call);
    EXPECT_NE(done.status, 0) << call;
    EXPECT_THAT(done.output, HasSubstr(says)) << call;
    EXPECT_THAT(done.output, StartsWith("recado firmware: ")) << call;
    EXPECT_EQ(std::count(done.output.begin(), done.output.end(), '\n'), 1) << done.output;
  }
}

TEST_F(firmware_command, a_missing_toolchain_is_named_by_its_packages) {
  write("[tls]\nenabled = false\n");
  const shell_result done =
      shell("cd " + word(".") + " && env PATH=" + word(".") +
            " " RECADO_PROGRAM " firmware --config device.toml --board mps2-an500 -o image.elf 2>&1");
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.output, HasSubstr("install the Debian packages: cmake ninja-build gcc-arm-none-eabi"));
}

}  // namespace
}  // namespace recado::app
