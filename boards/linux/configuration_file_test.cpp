#include "configuration_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <recado/device/options.hpp>

namespace recado::linux_board {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string printed(const device::option& of, const device::configuration& in) {
  char memory[512];
  buffer_sink out{memory};
  device::print_value(of, in, false, out);
  return std::string{out.view()};
}

std::string problem_of(const std::string& text) {
  configuration_file file;
  file.parse(text, "device.toml", "/etc/recado");
  return file.describe_problems();
}

/// A value of the right type and one of the wrong type for every option.
struct samples {
  std::string good, prints, bad;
};
samples samples_for(const device::option& which) {
  device::configuration any;
  const device::field at = which.at(any);
  if (std::holds_alternative<bool*>(at)) return {"true", "true", "1"};
  if (std::holds_alternative<std::uint32_t*>(at)) {
    const std::string number = std::to_string(which.least + 1);
    return {number, number, "\"many\""};
  }
  if (const auto* choice = std::get_if<device::choice_field>(&at)) {
    const std::string name = '"' + std::string{choice->names.back()} + '"';
    return {name, name, "\"no such thing\""};
  }
  if (std::holds_alternative<device::server_list*>(at))
    return {"[\"a.example\", \"10.0.0.1:99\"]", "[\"a.example\", \"10.0.0.1:99\"]", "[1]"};
  switch (which.kind) {
    case device::text_kind::address:
    case device::text_kind::address_or_none:
      return {"\"10.1.2.3\"", "\"10.1.2.3\"", "\"10.1.2\""};
    case device::text_kind::mask:
      return {"\"255.0.0.0\"", "\"255.0.0.0\"", "\"255.0.255.0\""};
    case device::text_kind::time_zone:
      return {"\"GMT+1\"", "\"GMT+1\"", "\"Mars\""};
    case device::text_kind::file:
      return {"\"a/b.pem\"", "\"/etc/recado/a/b.pem\"", "7"};
    case device::text_kind::secret:
      return {"\"hush\"", "(4 bytes)", "false"};
    case device::text_kind::topic:
      return {"\"a/b\"", "\"a/b\"", "\"a/#\""};
    default:
      return {"\"word\"", "\"word\"", "3"};
  }
}

TEST(configuration, every_option_takes_a_good_value_and_refuses_a_bad_one_with_its_line) {
  for (const device::option& each : device::options()) {
    const std::string path = std::string{each.section} + '.' + std::string{each.name};
    const samples sample = samples_for(each);
    const std::string start = "\n[" + std::string{each.section} + "]\n" + std::string{each.name} + " = ";
    configuration_file good;
    good.parse(start + sample.good, "device.toml", "/etc/recado");
    EXPECT_EQ(good.describe_problems(), "") << path;
    EXPECT_EQ(printed(each, good.values), sample.prints) << path;
    EXPECT_THAT(problem_of(start + sample.bad), StartsWith("device.toml:3: " + path + ' ')) << path;
    EXPECT_THAT(problem_of(start + sample.bad), HasSubstr("; it takes ")) << path;
  }
}

TEST(configuration, every_option_suggests_itself_for_a_near_miss) {
  for (const device::option& each : device::options()) {
    const std::string miss = std::string{each.name} + "x";
    const std::string said = problem_of('[' + std::string{each.section} + "]\n\n" + miss + " = 1\n");
    EXPECT_EQ(said, "device.toml:3: unknown key '" + std::string{each.section} + '.' + miss + "'; did you mean '" +
                        std::string{each.name} + "'?");
  }
}

TEST(configuration, the_defaults_are_valid_and_every_name_is_there_once) {
  for (const device::option& each : device::options()) {
    EXPECT_EQ(device::find_option(each.section, each.name), &each);
    EXPECT_FALSE(each.help.empty());
    device::configuration any;
    const device::field at = each.at(any);
    if (const auto* number = std::get_if<std::uint32_t*>(&at)) {
      EXPECT_GE(**number, each.least) << each.name;
      EXPECT_LE(**number, each.most) << each.name;
    }
  }
}

TEST(configuration, says_what_is_wrong_where) {
  struct row {
    const char* text;
    const char* says;
  };
  const row table[] = {
      {"[dhpc]\nattempts = 1", "device.toml:1: unknown section 'dhpc'; did you mean 'dhcp'?"},
      {"attempts = 1", "device.toml:1: 'attempts' stands outside its section; put it under [dhcp]"},
      {"\ndhcp = 4", "device.toml:2: 'dhcp' has to be a section: [dhcp]"},
      {"frobnicate = 4", "device.toml:1: unknown key 'frobnicate' outside any section; there are device, network"},
      {"[dhcp]\nattempts = ", "device.toml:2: this is no TOML: "},
      {"[dhcp]\nattempts = -1", "device.toml:2: dhcp.attempts is out of range; it takes a number from 0 to 100000"},
      {"[dhcp]\nattempts = 4294967296", "device.toml:2: dhcp.attempts is out of range"},
      {"[dhcp]\nattempts = 1.5", "device.toml:2: dhcp.attempts has the wrong type"},
      {"[broker]\nqos = 3", "device.toml:2: broker.qos is none of the choices; it takes \"0\", \"1\" or \"2\""},
      {"[broker]\nservers = [\"a\",\"b\",\"c\",\"d\",\"e\"]", "device.toml:2: broker.servers has too many entries"},
      {"[broker]\nservers = [\"a:0\"]", "device.toml:2: broker.servers holds what is no server"},
      {"[broker]\nservers = [\"a:70000\"]", "device.toml:2: broker.servers holds what is no server"},
      {"[broker]\nservers = \"\"", "device.toml:2: broker.servers holds what is no server"},
      {"[device]\nplatform = \"\"", "device.toml:2: device.platform has the wrong length; it takes a text of 1 to 32 "},
      {"[broker]\nsecret_topic = \"\"",
       "device.toml:2: broker.secret_topic has the wrong length; it takes a topic as a text of 1 to "},
  };
  for (const row& each : table) EXPECT_THAT(problem_of(each.text), StartsWith(each.says)) << each.text;
}

TEST(configuration, what_cannot_work_is_refused) {
  const struct {
    const char* text;
    const char* says;
  } rows[] = {
      {"[dns]\nservers = [\"ns.example\"]", "dns.servers: 'ns.example' is no address"},
      {"[dns]\nservers = []", "dns.servers has the wrong length"},
      {"[broker]\nservers = []", "broker.servers has the wrong length"},
      {"[dhcp]\nstatic_address = \"10.0.0.5\"", "static_address, static_mask and static_gateway don't go together"},
      {"[broker]\nsecret_topic = \"t\"\npublic_topic = \"t\"", "the device would hear itself"},
      {"[broker]\nsecret_topic = \"$share/g/t\"", "is a shared subscription"},
      {"[broker]\nclient_id = \"a\\u0000\"", "has a character U+0000"},
      {"[tls]\nkey = \"k.pem\"", "tls.key is given without tls.certificate"},
  };
  for (const auto& each : rows) {
    configuration_file file;
    file.parse(each.text, "device.toml", "/etc/recado");
    file.finish();
    EXPECT_THAT(file.describe_problems(), HasSubstr(each.says)) << each.text;
  }
}

// toml.io/en/v1.1.0 "Spec": a mark at the beginning of the file is to be ignored.
TEST(configuration, may_begin_with_a_byte_order_mark) {
  EXPECT_EQ(problem_of("\xef\xbb\xbf[broker]\nqos = 2\n"), "");
  EXPECT_EQ(problem_of("\xef\xbb\xbf"), "");
}

TEST(configuration, the_length_of_a_list_is_not_told_in_bytes) {
  EXPECT_EQ(problem_of("[broker]\nservers = []"),
            "device.toml:2: broker.servers has the wrong length; it takes a text, or a list of 1 to 4 texts");
}

TEST(configuration, all_problems_are_told_at_once) {
  const std::string said = problem_of("[dhcp]\natempts = 1\n[ntp]\nservr = 2\n");
  EXPECT_THAT(said, HasSubstr("device.toml:2: unknown key 'dhcp.atempts'"));
  EXPECT_THAT(said, HasSubstr("device.toml:4: unknown key 'ntp.servr'"));
}

TEST(configuration, a_server_may_be_one_text_or_a_list) {
  configuration_file file;
  file.parse("[dns]\nservers = \"gateway\"\n[broker]\nservers = [\"a.example:1\", \"[::1]:2\"]\nqos = 2\n", "x", "/");
  EXPECT_EQ(file.describe_problems(), "");
  ASSERT_EQ(file.values.dns.servers.size(), 1u);
  EXPECT_EQ(file.values.broker.servers[1], "[::1]:2");
  EXPECT_EQ(file.values.broker.qos, mqtt::qos::exactly_once);
}

TEST(configuration, the_command_line_overrides_single_values) {
  configuration_file file;
  file.override_with("test.cycles=20");
  file.override_with("broker.secret_topic=a/b");
  file.override_with("broker.servers=[\"x\"]");
  file.override_with("tls.enabled=false");
  EXPECT_EQ(file.describe_problems(), "");
  EXPECT_EQ(file.values.test.cycles, 20u);
  EXPECT_EQ(file.values.broker.secret_topic, "a/b");
  EXPECT_FALSE(file.values.tls.enabled);
  file.override_with("test.cylces=20");
  EXPECT_EQ(file.describe_problems(), "the command line: unknown key 'test.cylces'; did you mean 'cycles'?");
  configuration_file wrong;
  wrong.override_with("cycles");
  EXPECT_THAT(wrong.describe_problems(), HasSubstr("write section.name=value"));
  for (const char* secret : {"broker_password=s3cret", "broker.password=\"s3cret'''"}) {
    configuration_file mistaken;
    mistaken.override_with(secret);
    EXPECT_THAT(mistaken.describe_problems(), HasSubstr("password"));
    EXPECT_THAT(mistaken.describe_problems(), testing::Not(HasSubstr("s3cret")));
  }
}

TEST(configuration, passwords_come_from_one_place) {
  ::setenv("RECADO_TEST_PASSWORD", "s3cret", 1);
  configuration_file file;
  file.override_with("broker.password_environment=RECADO_TEST_PASSWORD");
  file.finish();
  EXPECT_EQ(file.values.broker.password, "s3cret");
  configuration_file twice;
  twice.override_with("broker.password_environment=RECADO_TEST_PASSWORD");
  twice.override_with("broker.password=x");
  twice.finish();
  EXPECT_THAT(twice.describe_problems(), HasSubstr("exclude each other"));
  configuration_file none;
  none.override_with("broker.password_file=/no/such/file");
  none.finish();
  EXPECT_THAT(none.describe_problems(), HasSubstr("can't be read"));
}

TEST(configuration, what_has_no_end_is_no_file) {
  configuration_file endless;
  endless.read("/dev/zero");
  EXPECT_THAT(endless.describe_problems(), HasSubstr("this has more than 1 MiB, and can be no configuration"));
  configuration_file password;
  password.override_with("broker.password_file=/dev/zero");
  password.finish();
  EXPECT_THAT(password.describe_problems(), HasSubstr("broker.password_file: /dev/zero has more than 1 MiB"));
}

TEST(configuration, a_pre_shared_key_becomes_its_bytes) {
  const std::string path = testing::TempDir() + "recado_psk_" + std::to_string(::getpid());
  std::ofstream{path} << "00112233445566778899aabbCCDD\r\n";
  for (const std::string& given : {std::string{"tls.psk=00112233445566778899aabbCCDD"}, "tls.psk_file=" + path}) {
    configuration_file file;
    file.override_with("tls.psk_identity=lamp");
    file.override_with(given);
    file.finish();
    EXPECT_EQ(file.describe_problems(), "");
    EXPECT_EQ(file.values.tls.psk, (std::string{"\0\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd", 14}));
  }
  std::filesystem::remove(path);
}

TEST(configuration, a_pre_shared_key_that_is_none_or_not_alone_is_found) {
  const std::string good = "tls.psk=00112233445566778899aabbccdd", name = "tls.psk_identity=lamp";
  const std::pair<std::vector<std::string>, const char*> table[] = {
      {{good}, "need each other"},
      {{name}, "need each other"},
      {{name, good, "tls.psk_file=x"}, "exclude each other"},
      {{name, "tls.psk_file=/no/such/file"}, "tls.psk_file: /no/such/file can't be read"},
      {{name, good, "tls.ca=x"}, "are both given"},
      {{name, "tls.psk=00112233445566778899aabbcc"}, "28 to 128 hexadecimal digits"},   // 13 bytes
      {{name, "tls.psk=00112233445566778899aabbccd"}, "28 to 128 hexadecimal digits"},  // half a byte
      {{name, "tls.psk=00112233445566778899aabbccdg"}, "28 to 128 hexadecimal digits"},
      {{name, "tls.psk=" + std::string(130, 'a')}, "tls.psk has the wrong length"},
  };
  for (const auto& [settings, says] : table) {
    configuration_file file;
    for (const std::string& each : settings) file.override_with(each);
    file.finish();
    EXPECT_THAT(file.describe_problems(), HasSubstr(says));
  }
}

TEST(configuration, contradictions_are_found) {
  configuration_file file;
  file.parse(
      "[tls]\nclient_authentication = true\n[reconnect]\nfirst_ms = 5\nlongest_ms = 4\n[dhcp]\nattempts = 0\n"
      "static_address = \"\"\n",
      "x", "/");
  file.finish();
  EXPECT_THAT(file.describe_problems(), HasSubstr("needs tls.certificate"));
  EXPECT_THAT(file.describe_problems(), HasSubstr("first_ms is more than"));
  EXPECT_THAT(file.describe_problems(), HasSubstr("no address at all"));
}

TEST(configuration, an_interface_of_a_network_that_is_left_as_it_is_has_no_effect) {
  EXPECT_EQ(problem_of("[network]\nmode = \"as-is\"\n"), "");
  configuration_file file;
  file.parse("[network]\ninterface = \"eth0\"\nmode = \"as-is\"\n", "x", "/");
  file.finish();
  EXPECT_THAT(file.describe_problems(), HasSubstr("the system chooses the interface; leave it out, or set the mode"));
}

TEST(configuration, a_file_that_is_not_there_is_a_problem) {
  configuration_file file;
  file.read("/no/such/device.toml");
  EXPECT_EQ(file.describe_problems(),
            "/no/such/device.toml: the configuration can't be read; check the path and its rights");
}

TEST(configuration, an_empty_file_is_the_defaults) {
  configuration_file file, none;
  file.read("/dev/null");
  EXPECT_EQ(file.describe_problems(), "");
  EXPECT_EQ(file.values.broker.port, none.values.broker.port);
}

class string_sink final : public text_sink {
 public:
  void write(std::string_view text) override { all += text; }
  std::string all;
};

TEST(configuration, the_explanation_and_the_table_show_every_option_and_no_secret) {
  configuration_file file;
  file.override_with("broker.password=tell-nobody");
  string_sink explained, table;
  explain(file, false, explained);
  print_options(table);
  for (const device::option& each : device::options()) {
    EXPECT_THAT(explained.all, HasSubstr("  " + std::string{each.name} + " = "));
    EXPECT_THAT(table.all, HasSubstr("| `" + std::string{each.name} + "` | "));
  }
  EXPECT_THAT(explained.all, testing::Not(HasSubstr("tell-nobody")));
  EXPECT_THAT(explained.all, HasSubstr("password = (11 bytes)"));
  string_sink open;
  explain(file, true, open);
  EXPECT_THAT(open.all, HasSubstr("tell-nobody"));
}

TEST(configuration, the_documentation_is_the_table) {
  std::ifstream file{RECADO_SOURCE_DIR "/docs/configuration.md"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  string_sink table;
  print_options(table);
  EXPECT_TRUE(text.ends_with(table.all)) << "write it anew: recado run --options behind the introduction";
}

TEST(configuration, the_example_for_the_public_broker_is_valid) {
  configuration_file file;
  file.read(RECADO_SOURCE_DIR "/examples/public.toml");
  file.finish();
  EXPECT_EQ(file.describe_problems(), "");
  EXPECT_EQ(file.values.broker.servers.front(), "test.mosquitto.org");
  EXPECT_EQ(device::broker_port(file.values), 8884);
}

}  // namespace
}  // namespace recado::linux_board
