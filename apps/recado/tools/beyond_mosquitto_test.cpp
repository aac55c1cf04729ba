// What recado's tools have beside mosquitto's options: the 2.1 manual's, JSON, traces, recordings, secrets, files.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "beside_mosquitto_for_tests.hpp"

namespace recado::app::tools::test {
namespace {

using recado::test::field;
using recado::test::program_run;
using recado::test::publish_packet;
using recado::test::service;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using namespace std::string_literals;

const std::string no_properties(1, '\0');
const std::string some_properties = "\x0f\x03"s + field("text/plain") + "\x01\x01"s;

ending recado(std::string_view program, std::string_view arguments, const service& broker = {},
              std::string_view input = {}, std::vector<std::string_view> environment = {}) {
  row what{program, arguments, broker, input, std::move(environment)};
  return run(RECADO_PROGRAM, what);
}

service sends(std::string more) { return {.suback_more = std::move(more)}; }

TEST(beyond_mosquitto, options_of_2_1) {
  const service three = sends(publish_packet("a", "1") + publish_packet("b", "2\n3") + publish_packet("a", "4"));
  EXPECT_THAT(recado("sub", "-t + -W 1.5 --message-rate", three).run.out, MatchesRegex("3\n(0\n)?"));
  EXPECT_EQ(recado("sub", "-t + -C 3 -v --watch", three).run.out,
            "\033[2J\033[1;1Ha 1\033[K\n\033[2;1Hb 2 3\033[K\n\033[1;1Ha 4\033[K\n");
  EXPECT_EQ(recado("sub", "-t + -C 1 -w -F '%t=%p'", three).run.out, "\033[2J\033[1;1Ha=1\033[K\n");
  EXPECT_EQ(recado("sub", "-t + -C 1 --watch --message-rate", three).run.status, 1);
  const service answer = sends(publish_packet("re", "yes", 0, false, no_properties));
  EXPECT_THAT(recado("rr", "-t q -e re -m x --latency", answer).run.out,
              MatchesRegex("yes\nLatency: [0-9]+\\.[0-9]+ ms\n"));
  const ending handled = recado("rr", "-t q -e re -m x --retain-handling never --retain-as-published", answer);
  EXPECT_THAT(handled.wire, HasSubstr("re\x28"));
  for (const auto& [when, octet] : {std::pair{"always", '\0'}, {"new", '\x10'}, {"never", '\x20'}, {"2", '\x20'}})
    EXPECT_THAT(recado("sub", "-t ab -E -V 5 --retain-handling "s + when).wire, HasSubstr("ab"s + octet)) << when;
  for (const char* each : {"pub", "sub", "rr"})
    EXPECT_THAT((program_run{{RECADO_PROGRAM, each, "--version"}, {}, {"PATH=/usr/bin:/bin"}}().out),
                MatchesRegex("recado "s + each + " version [0-9.]+\n"));
  EXPECT_EQ(recado("pub", "-t a -m --version").run.status, 0);
}

// A variable of the shell that isn't set must not turn off what the option asks for.
TEST(beyond_mosquitto, options_that_ask_for_something_take_no_empty_value) {
  for (const char* each : {"session", "crlfile", "pcapng", "unix", "cert", "psk", "passphrase-file", "host"}) {
    const ending refused = recado("pub", "-t a -m x --"s + each + "=");
    EXPECT_EQ(refused.run.status, 1) << each;
    EXPECT_THAT(refused.run.err, HasSubstr("--"s + each + " is given an empty value")) << each;
  }
  EXPECT_EQ(recado("sub", "-t a --session FOLDER/s -V 5 -x 0 -E").run.status, 1);
  EXPECT_EQ(recado("pub", "-t a -m x --timeout 0").run.status, 1);
}

TEST(beyond_mosquitto, too_few_descriptors_are_said_to_be_what_is_missing) {
  const auto done =
      program_run{.command = {"/bin/sh", "-c", "ulimit -n 5; " RECADO_PROGRAM " pub -p 1 -t a -m b"}, .input = {}}();
  EXPECT_EQ(done.status, 1);
  EXPECT_THAT(done.err, HasSubstr("raise the limit of open files (ulimit -n)"));
}

TEST(beyond_mosquitto, an_unknown_option_is_named_without_its_value) {
  for (const char* each : {"-Psecret", "--pww=secret"}) {
    const ending refused = recado("pub", "-t a -m x "s + each);
    EXPECT_EQ(refused.run.status, 1);
    EXPECT_THAT(refused.run.err, Not(HasSubstr("secret")));
  }
}

TEST(beyond_mosquitto, json_is_a_line_for_each_message_and_event) {
  const std::string out = recado("sub", "-t a -C 2 -V 5 --json",
                                 sends(publish_packet("a", "x\"y", 1, true, some_properties, 7) +
                                       publish_packet("b", "\xff\x01", 0, false, no_properties)))
                              .run.out;
  EXPECT_EQ(out,
            "{\"event\":\"connected\"}\n{\"event\":\"subscribed\"}\n"
            "{\"tst\":\"TIME\",\"topic\":\"a\",\"qos\":1,\"retain\":1,\"payloadlen\":3,\"mid\":7,\"properties\":"
            "{\"content-type\":\"text/plain\",\"payload-format-indicator\":1},\"payload\":\"x\\\"y\"}\n"
            "{\"tst\":\"TIME\",\"topic\":\"b\",\"qos\":0,\"retain\":0,\"payloadlen\":2,\"payload_hex\":\"ff01\"}\n");
  const service binary = sends(publish_packet("a", "x", 0, false, "\x05\x09"s + field("c\xfe")));
  EXPECT_THAT(recado("sub", "-t a -C 1 -V 5 --json", binary).run.out, HasSubstr("{\"correlation-data_hex\":\"63fe\"}"));
  EXPECT_EQ(recado("pub", "-t a -m b -q 1 --json").run.out, "{\"event\":\"acknowledged\",\"mid\":1,\"reason\":0}\n");
}

TEST(beyond_mosquitto, traces_show_each_packet_and_no_secret) {
  const std::string err = recado("pub", "-t a -m b -q 1 -u me -P sesame --trace --stats").run.err;
  EXPECT_THAT(err,
              AllOf(HasSubstr("-> CONNECT"), HasSubstr("<- CONNACK"), HasSubstr("-> PUBLISH"), HasSubstr("<- PUBACK"),
                    HasSubstr("-> DISCONNECT"), HasSubstr("1 message published, 1 acknowledged")));
  EXPECT_THAT(err, Not(HasSubstr("sesame")));
  EXPECT_THAT(recado("pub", "-t a -m b -u me -P sesame --trace --show-secrets").run.err, HasSubstr("sesame"));
  const std::string seen = recado("sub", "-t a -C 1 --stats", sends(publish_packet("a", "four"))).run.err;
  EXPECT_THAT(seen, AllOf(HasSubstr("1 message received, 4 bytes of payload"), HasSubstr("bytes sent"),
                          HasSubstr(" KiB of memory at most")));
}

TEST(beyond_mosquitto, recordings_are_read_by_tshark_and_by_recado_and_are_private) {
  const std::string path = folder() + "/record.pcapng";
  std::filesystem::remove(path);
  ASSERT_EQ(recado("pub", "-t top/ic -m payload -q 2 --pcapng FOLDER/record.pcapng").run.status, 0);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto words = program_run{{RECADO_PROGRAM, "decode", path}, {}, {"PATH=/usr/bin:/bin"}}();
  EXPECT_THAT(words.out, AllOf(HasSubstr("top/ic"), HasSubstr("PUBCOMP")));
  const auto packets =
      program_run{{"/usr/bin/tshark", "-r", path, "-d", "tcp.port==0-65535,mqtt", "-T", "fields", "-e", "mqtt.topic"},
                  {},
                  {"PATH=/usr/bin:/bin", "HOME=" + folder()}}();
  EXPECT_THAT(packets.out, HasSubstr("top/ic"));
}

TEST(beyond_mosquitto, passwords_come_from_files_and_the_environment) {
  std::ofstream{folder() + "/password"} << "sesame\r\nnot this\n";
  std::ofstream{folder() + "/no_password"};
  const std::string sent = field("me") + field("sesame");
  EXPECT_THAT(recado("pub", "-t a -m b -u me --pw-file FOLDER/password").wire, HasSubstr(sent));
  std::ofstream{folder() + "/marked"} << "\xef\xbb\xbfsesame\r\n";
  EXPECT_THAT(recado("pub", "-t a -m b -u me --pw-file FOLDER/marked").wire, HasSubstr(sent));
  EXPECT_THAT(recado("pub", "-t a -m b -u me --pw-env SECRET", {}, {}, {"SECRET=sesame"}).wire, HasSubstr(sent));
  const ending missing = recado("pub", "-t a -m b -u me --pw-env SECRET");
  EXPECT_EQ(missing.run.status, 1);
  EXPECT_THAT(missing.run.err, HasSubstr("no variable 'SECRET'"));
  const std::pair<const char*, const char*> rows[] = {
      {"nowhere", "could not be read"}, {"", "could not be read"}, {"no_password", "is empty; write the password"}};
  for (const auto& [name, says] : rows) {
    const ending unread = recado("pub", "-t a -m b -u me --pw-file FOLDER/"s + name);
    EXPECT_EQ(unread.run.status, 1);
    EXPECT_THAT(unread.run.err, HasSubstr(says));
    EXPECT_EQ(unread.connections, 0u);
  }
}

TEST(beyond_mosquitto, option_files) {
  const std::string home = folder() + "/home";
  std::filesystem::remove_all(home);
  std::filesystem::create_directories(home + "/.config");
  std::ofstream{home + "/.config/mosquitto_pub"} << "-i from-mosquitto\n";
  EXPECT_THAT(recado("pub", "-t a -m b", {}, {}, {"HOME=FOLDER/home"}).wire, HasSubstr("from-mosquitto"));
  std::ofstream{home + "/.config/recado_pub"}
      << "# defaults\n\n-i from-home\n-u a user\n--pw  two words \n-D connect user-property k v w\n--retain\n";
  const std::string wire = recado("pub", "-t a -m b", {}, {}, {"HOME=FOLDER/home"}).wire;
  EXPECT_THAT(wire, AllOf(HasSubstr(field("from-home")), HasSubstr(field("a user")), HasSubstr(field("two words")),
                          HasSubstr(field("k") + field("v w")), HasSubstr("\x31")));
  EXPECT_THAT(recado("pub", "-t a -m b -i from-line", {}, {}, {"HOME=FOLDER/home"}).wire,
              HasSubstr(field("from-line")));
  std::filesystem::create_directories(home + "/x");
  std::ofstream{home + "/x/recado_pub"} << "--id=from-xdg\n";
  const std::vector<std::string_view> both = {"HOME=FOLDER/home", "XDG_CONFIG_HOME=FOLDER/home/x"};
  EXPECT_THAT(recado("pub", "-t a -m b", {}, {}, both).wire, HasSubstr(field("from-xdg")));
  std::ofstream{home + "/mine"} << "-i from-o\n-t topic\n";
  const std::string mine = recado("pub", "-o FOLDER/home/mine -m b", {}, {}, both).wire;  // 2.1: no defaults then
  EXPECT_THAT(mine, AllOf(HasSubstr(field("from-o")), HasSubstr(field("topic"))));
  std::ofstream{home + "/wrong"} << "-i me\n--nonsense 1\n";
  std::ofstream{home + "/marked"} << "\xef\xbb\xbf-t from/file\n";
  EXPECT_EQ(recado("pub", "-o FOLDER/home/marked -m b").run.err, "");
  const ending wrong = recado("pub", "-o FOLDER/home/wrong -t a -m b");
  EXPECT_EQ(wrong.run.status, 1);
  EXPECT_THAT(wrong.run.err, HasSubstr("wrong, line 2: unknown option '--nonsense'"));
  std::ofstream{home + "/.config/recado_sub"} << "-h 127.0.0.1\n-q 1\n--pretty\n";  // what isn't for each call
  EXPECT_EQ(recado("sub", "-U a -W 5 -E", {}, {}, {"HOME=FOLDER/home"}).run.status, 0);
  EXPECT_THAT(recado("pub", "-o FOLDER/home/none -t a -m b").run.err, HasSubstr("could not be read"));
  EXPECT_THAT(recado("pub", "-o FOLDER/home -t a -m b").run.err,
              HasSubstr("could not be read: Is a directory; give a file"));
  std::ofstream{home + "/self"} << "-o " << home << "/self\n";
  EXPECT_THAT(recado("pub", "-o FOLDER/home/self -t a -m b").run.err, HasSubstr("include each other"));
}

TEST(beyond_mosquitto, files_of_options_may_be_pipes_that_end) {
  const std::string home = folder() + "/pipes";
  std::filesystem::remove_all(home);
  std::filesystem::create_directories(home + "/.config");
  const std::string fifo = home + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::jthread writer{[&] { std::ofstream{fifo} << "-i from-pipe\n-t topic"; }};
  EXPECT_THAT(recado("pub", "-o FOLDER/pipes/fifo -m b").wire, AllOf(HasSubstr("from-pipe"), HasSubstr("topic")));
  std::jthread secret{[&] { std::ofstream{fifo} << "open sesame\n"; }};
  EXPECT_THAT(recado("pub", "-t a -m b -u me --pw-file FOLDER/pipes/fifo").wire, HasSubstr(field("open sesame")));
  for (const char* option : {"-o /dev/zero -u me", "-u me --pw-file /dev/zero"}) {
    const ending endless = recado("pub", "-t a -m b "s + option);
    EXPECT_EQ(endless.run.status, 1);
    EXPECT_THAT(endless.run.err, HasSubstr("file '/dev/zero' has more than 1 MiB; check its path"));
  }
  ASSERT_EQ(::mkfifo((home + "/.config/recado_pub").c_str(), 0600), 0);
  const ending waits = recado("pub", "-t a -m b", {}, {}, {"HOME=FOLDER/pipes"});
  EXPECT_EQ(waits.run.status, 1);
  EXPECT_THAT(waits.run.err, HasSubstr("recado_pub' is a pipe; make it a file, or remove it"));
}

TEST(beyond_mosquitto, links_named_as_mosquittos_clients_behave_as_the_command) {
  for (const std::string each : {"pub", "sub", "rr"}) {
    const std::string link = folder() + "/mosquitto_" + each;
    std::filesystem::remove(link);
    std::filesystem::create_symlink(RECADO_PROGRAM, link);
    const std::string words = each == "sub" ? "-t a -E" : each == "rr" ? "-t a -m b -e re" : "-t a -m b";
    const service answer = sends(publish_packet("re", "yes", 0, false, no_properties));
    const row what{each, words, each == "rr" ? answer : service{}};
    const ending by_link = run(link, what), by_name = run(RECADO_PROGRAM, what);
    EXPECT_EQ(by_link.run.status, 0) << by_link.run.err;
    EXPECT_EQ(by_link.wire, by_name.wire);
    EXPECT_EQ(by_link.run.out, by_name.run.out);
  }
}

TEST(beyond_mosquitto, what_makes_no_sense_here_is_refused_in_words) {
  const struct {
    const char* arguments;
    const char* says;
  } rows[] = {
      {"--tls-engine pkcs11", "engines are not used"},
      {"--tls-engine-kpass-sha1 00", "engines are not used"},
      {"--keyform engine", "engines are not used"},
      {"-V mqttv31", "MQTT 3.1 is not spoken"},
      {"-V 31", "MQTT 3.1 is not spoken"},
      {"--tls-version tlsv1.1", "RFC 8996"},
      {"--nonsense", "unknown option '--nonsense'; 'recado pub --help'"},
      {"--mesage x", "did you mean '--message'?"},
      {"-x 5", "MQTT 3.1.1 has no session expiry; add -V 5"},
      {"-P x", "MQTT 3.1.1 has no password without a user name"},
      {"-i ''", "the client identifier is empty"},
      {"-c", "-c needs a client identifier"},
      {"-V 5 -x -1", "a session that never ends needs a client identifier"},
      {"-D PUBLISH subscription-identifier 1", "only as the broker sends it"},
      {"-D DISCONNECT session-expiry-interval 5", "cannot give a session"},
      {"-D CONNECT authentication-data x", "without its method"},
      {"-A nonsense.invalid", "is no address, interface or name"},
      {"-A 192.0.2.1", "'192.0.2.1' is no address of this host; give by -A one of those"},
      {"-L mqtt://127.0.0.1/100%", "write % as %25"},
      {"-t a/+", "leave out + and #"},
      {"-t 'a\xff'", "a string isn't well-formed UTF-8; write it in UTF-8"},
      {"--will-topic 'a\xff'", "a string isn't well-formed UTF-8; write it in UTF-8"},
  };
  for (const auto& each : rows) {
    const ending done = recado("pub", "-t a -m b "s + each.arguments);
    EXPECT_EQ(done.run.status, 1) << each.arguments;
    EXPECT_THAT(done.run.err, HasSubstr(each.says)) << each.arguments;
    EXPECT_EQ(std::count(done.run.err.begin(), done.run.err.end(), '\n'), 1) << done.run.err;
    EXPECT_EQ(done.connections, 0u) << each.arguments;
  }
}

// Its user meant something by it.
TEST(beyond_mosquitto, what_can_have_no_effect_is_refused) {
  const struct {
    const char* program;
    const char* arguments;
    const char* says;
  } rows[] = {
      {"pub", "-t a -m b --session-durability flush", "none is kept; add --session DIR, or leave it out"},
      {"pub", "-t a -m b --passphrase-file x", "--passphrase-file opens the key of --cert, and none is given; add"},
      {"pub", "-t a -m b --cafile x --passphrase-file x", "--passphrase-file opens the key of --cert"},
      {"pub", "-t a -m b --reconnect 5", "to publish again could publish twice; add --session DIR or -c, or leave"},
      {"pub", "-t a -l --repeat-delay 1", "-l publishes each line once; leave --repeat-delay out"},
      {"pub", "-t a -m b --repeat-delay 1", "there are none; add --repeat COUNT"},
      {"pub", "-t a -m b --repeat 1 --repeat-delay 1", "there are none; add --repeat COUNT"},
      {"sub", "-t a -D unsubscribe user-property x y", "nothing is unsubscribed; add -U FILTER"},
      {"sub", "-U a -D subscribe user-property x y",
       "-D SUBSCRIBE is about a subscription, and with -U alone there is"},
      {"sub", "-U a -q 1", "-q is about a subscription, and with -U alone there is none; add -t FILTER"},
      {"sub", "-U a -C 1", "-C is about a subscription"},
      {"sub", "-U a --remove-retained", "--remove-retained is about a subscription"},
      {"sub", "-t a --message-rate --random-filter 5", "counts all messages; leave --random-filter out"},
      {"sub", "-t a --pretty", "--pretty is about JSON, and none is printed; add --json"},
      {"sub", "-t a --pretty -F '%%j %t'", "--pretty is about JSON"},
      {"rr", "-t a -e b -m c --pretty -v", "--pretty is about JSON"},
      {"pub", "-t a -m b --show-secrets -d", "about the packets of --trace; add --trace"},
      {"pub", "-t a -m b --quiet --stats", "--quiet prints nothing of --stats; leave one of the two out"},
      {"pub", "-t a -m b --references 2", "MQTT 3.1.1 has no Server References; add -V 5"},
      {"pub", "-t a -m b --no-tls --tls-version tlsv1.3", "--no-tls contradicts the other options, which ask for TLS"},
      {"pub", "-t a -m b --no-tls -L mqtts://h/t", "--no-tls contradicts"},
      {"pub", "-t a -m b --psk 00 --psk-identity x --insecure",
       "with a pre-shared key alone there are no certificates"},
      {"pub", "-t a -m b --cafile x --tls-version tlsv1.3 --ciphers x", "only TLS 1.3 is asked for; leave out"},
      {"pub", "-t a -m b --unix /x", "a Unix socket has no port, and one is given; leave out -p (or -L), or --unix"},
  };
  for (const auto& each : rows) {
    const ending done = recado(each.program, each.arguments);
    EXPECT_EQ(done.run.status, 1) << each.arguments;
    EXPECT_THAT(done.run.err, HasSubstr(each.says)) << each.arguments;
    EXPECT_EQ(std::count(done.run.err.begin(), done.run.err.end(), '\n'), 1) << done.run.err;
    EXPECT_EQ(done.connections, 0u) << each.arguments;
  }
  const auto near = program_run{{RECADO_PROGRAM, "pub", "-h", "h", "--unix", "/x", "-t", "a", "-m", "b"}}();
  EXPECT_EQ(near.status, 1);
  EXPECT_THAT(near.err, HasSubstr("a Unix socket is on this machine, and -h is another host's name; leave out -h"));
  const service json = sends(publish_packet("a", "1"));
  EXPECT_EQ(recado("sub", "-t a -C 1 --pretty -F '%%%j'", json).run.status, 0);
  EXPECT_EQ(recado("sub", "-t a -C 1 --pretty --json", json).run.status, 0);
}

TEST(beyond_mosquitto, the_near_address_is_an_address_an_interface_or_a_name) {
  for (const char* each : {"127.0.0.2", "lo", "localhost"})
    EXPECT_EQ(recado("pub", "-t a -m b -A "s + each).run.status, 0) << each;
}

/// Every text in a program that looks like an option.
std::set<std::string> options_in(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  std::set<std::string> result;
  for (std::size_t at = 0; at < all.size();) {
    const std::string_view text{all.c_str() + at};
    const bool is_long = text.size() > 3 && text.starts_with("--");
    const bool is_short = text.size() == 2 && text[0] == '-' && std::isalpha(static_cast<unsigned char>(text[1])) != 0;
    const bool plain = text.find_first_not_of("-abcdefghijklmnopqrstuvwxyz0123456789") == text.npos;
    if (is_short || (is_long && plain)) result.emplace(text);
    at += text.size() + 1;
  }
  return result;
}

TEST(beyond_mosquitto, every_option_that_the_real_programs_have_is_known) {
  for (const std::string tool : {"pub", "sub", "rr"}) {
    const std::string real = "/usr/bin/mosquitto_" + tool;
    const auto all = options_in(real);
    EXPECT_GT(all.size(), 60u);
    for (const std::string& each : all) {
      const std::vector<std::string> where = {"PATH=/usr/bin:/bin"};
      if (program_run{{real, each}, {}, where}().err.find("nknown option") != std::string::npos) continue;
      const auto here = program_run{{RECADO_PROGRAM, tool, each}, {}, where}();
      EXPECT_THAT(here.err, Not(HasSubstr("unknown option"))) << each;
    }
  }
}

}  // namespace
}  // namespace recado::app::tools::test
