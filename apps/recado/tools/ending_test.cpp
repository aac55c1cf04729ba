// How pub and sub end: exit status and words for each stage and each refusal; sessions that are lost and resumed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "ending_for_tests.hpp"

namespace recado::test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
TEST(tools_ending, connack_codes_of_311) {
  const char* const text[] = {"unacceptable protocol version", "identifier rejected", "Server unavailable",
                              "bad user name or password", "not authorized"};
  for (int code = 1; code <= 5; ++code)
    for (const char* tool : {"pub", "sub"}) {
      const words arguments = words{tool, "-t", "t"} + (tool == "pub"s ? words{"-m", "x"} : words{});
      const auto run = play({{hears(), says("\x20\2\0"s + static_cast<char>(code)), waits_for_end()}}, arguments);
      expect_line(run.done, code, {"the broker refused the connection", text[code - 1], "; "});
    }
}

struct coded {
  int code;
  const char* text;
};
const coded connack_codes[] = {{0x80, "Unspecified error"},
                               {0x81, "Malformed Packet"},
                               {0x82, "Protocol Error"},
                               {0x83, "Implementation specific error"},
                               {0x84, "Unsupported Protocol Version"},
                               {0x85, "Client Identifier not valid"},
                               {0x86, "Bad User Name or Password"},
                               {0x87, "Not authorized"},
                               {0x88, "Server unavailable"},
                               {0x89, "Server busy"},
                               {0x8a, "Banned"},
                               {0x8c, "Bad authentication method"},
                               {0x90, "Topic Name invalid"},
                               {0x95, "Packet too large"},
                               {0x97, "Quota exceeded"},
                               {0x99, "Payload format invalid"},
                               {0x9a, "Retain not supported"},
                               {0x9b, "QoS not supported"},
                               {0x9c, "Use another server"},
                               {0x9d, "Server moved"},
                               {0x9f, "Connection rate exceeded"}};
const coded disconnect_codes[] = {{0x80, "Unspecified error"},
                                  {0x81, "Malformed Packet"},
                                  {0x82, "Protocol Error"},
                                  {0x83, "Implementation specific error"},
                                  {0x87, "Not authorized"},
                                  {0x89, "Server busy"},
                                  {0x8b, "Server shutting down"},
                                  {0x8d, "Keep Alive timeout"},
                                  {0x8e, "Session taken over"},
                                  {0x8f, "Topic Filter invalid"},
                                  {0x90, "Topic Name invalid"},
                                  {0x93, "Receive Maximum exceeded"},
                                  {0x94, "Topic Alias invalid"},
                                  {0x95, "Packet too large"},
                                  {0x96, "Message rate too high"},
                                  {0x97, "Quota exceeded"},
                                  {0x98, "Administrative action"},
                                  {0x99, "Payload format invalid"},
                                  {0x9a, "Retain not supported"},
                                  {0x9b, "QoS not supported"},
                                  {0x9c, "Use another server"},
                                  {0x9d, "Server moved"},
                                  {0x9e, "Shared Subscriptions not supported"},
                                  {0x9f, "Connection rate exceeded"},
                                  {0xa0, "Maximum connect time"},
                                  {0xa1, "Subscription Identifiers not supported"},
                                  {0xa2, "Wildcard Subscriptions not supported"}};
/// Of these, those that may pass by themselves (chain/prospect.hpp).
const int passing_codes[] = {0x80, 0x83, 0x89, 0x8b, 0x8d, 0x96, 0x97, 0x98, 0x9f, 0xa0};
const std::string said_why = "\x1f"s + field("because");

TEST(tools_ending, connack_codes_of_5) {
  for (const coded& each : connack_codes) {
    const std::string more = said_why + (each.code == 0x9c ? "\x1c"s + field("other.test:1884") : ""s);
    const std::string body = "\0"s + static_cast<char>(each.code) + static_cast<char>(more.size()) + more;
    const auto run = play({{hears(), says(packet(0x20, body)), waits_for_end()}},
                          {"sub", "-V", "5", "-t", "t", "--references", "0"});
    expect_line(run.done, each.code, {"refused the connection", each.text, "\"because\"", "; "});
    if (each.code == 0x9c) {
      EXPECT_THAT(run.done.err, HasSubstr("other.test:1884"));
    }
  }
}

/// A connection that the broker ends with that reason.
script ended_by(int code) {
  const std::string body = std::string{static_cast<char>(code)} + static_cast<char>(said_why.size()) + said_why;
  return {hears(connect_type),      connack_5,      hears(subscribe_type), acknowledges(0x90, "\0\0"s),
          says(packet(0xe0, body)), waits_for_end()};
}
bool passes(int code) { return std::ranges::find(passing_codes, code) != std::end(passing_codes); }

TEST(tools_ending, disconnect_codes) {
  for (const coded& each : disconnect_codes) {
    const words once = passes(each.code) ? words{"--reconnect", "0"} : words{};
    const auto run = play({ended_by(each.code)}, words{"sub", "-V", "5", "-t", "t"} + once);
    expect_line(run.done, each.code, {"the broker ended the connection", each.text, "\"because\"", "; "});
  }
}

// A broker that shuts down, is busy or missed PINGREQ is there again in a moment.
TEST(tools_ending, sub_comes_back_after_what_passes) {
  for (const int code : passing_codes) {
    const auto run = play({ended_by(code),
                           {hears(connect_type), connack_5, hears(subscribe_type), acknowledges(0x90, "\0\0"s),
                            says(publish_packet("t", "back", 0, false, "\0"s)), waits_for_end()}},
                          {"sub", "-V", "5", "-t", "t", "-C", "1"});
    EXPECT_EQ(run.done.status, 0) << code << ": " << run.done.err;
    EXPECT_EQ(run.done.out, "back\n");
    EXPECT_THAT(run.done.err, HasSubstr("\"because\"; trying to come back for 30 s"));
  }
}

TEST(tools_ending, sub_is_refused_for_now_while_it_comes_back) {
  for (const int code : {0x88, 0x89, 0x97, 0x9f}) {
    const std::string body = "\0"s + static_cast<char>(code) + "\0"s;
    const auto run = play({ended_by(0x8b),
                           {hears(connect_type), says(packet(0x20, body)), waits_for_end()},
                           {hears(connect_type), connack_5, hears(subscribe_type), acknowledges(0x90, "\0\0"s),
                            says(publish_packet("t", "back", 0, false, "\0"s)), waits_for_end()}},
                          {"sub", "-V", "5", "-t", "t", "-C", "1"});
    EXPECT_EQ(run.done.status, 0) << code << ": " << run.done.err;
    EXPECT_EQ(run.heard.size(), 3U);
  }
}

TEST(tools_ending, refused_publications_and_subscriptions) {
  const coded publication[] = {{0x80, "Unspecified error"},        {0x83, "Implementation specific error"},
                               {0x87, "Not authorized"},           {0x90, "Topic Name invalid"},
                               {0x91, "Packet Identifier in use"}, {0x97, "Quota exceeded"},
                               {0x99, "Payload format invalid"}};
  for (const coded& each : publication)
    for (const char* qos : {"1", "2"}) {
      const std::string more =
          std::string{static_cast<char>(each.code)} + static_cast<char>(said_why.size()) + said_why;
      const auto run = play({{hears(), connack_5, hears(publish_type), acknowledges(*qos == '1' ? 0x40 : 0x50, more),
                              hears(disconnect_type), waits_for_end()}},
                            {"pub", "-V", "5", "-t", "t", "-m", "x", "-q", qos});
      expect_line(run.done, each.code, {"refused the message", each.text, "\"because\"", "; "});
    }
  for (const int code : {0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2}) {
    const auto run = play({{hears(), connack_5, hears(subscribe_type),
                            acknowledges(0x90, "\0"s + static_cast<char>(code) + static_cast<char>(0x87)),
                            hears(disconnect_type), waits_for_end()}},
                          {"sub", "-V", "5", "-t", "one", "-t", "two"});
    expect_line(run.done, code, {"the subscription to 'one'", "to 'two': Not authorized (135)", "; "});
  }
  const auto partly = play({{hears(), connack, hears(subscribe_type), acknowledges(0x90, "\0\x80"s),
                             says(publish_packet("one", "m")), hears(disconnect_type), waits_for_end()}},
                           {"sub", "-t", "one", "-t", "two", "-C", "1"});
  EXPECT_EQ(partly.done.status, 128);
  EXPECT_EQ(partly.done.out, "m\n");
  expect_line(partly.done, 128, {"the subscription to 'two': Unspecified error (128)", "; "});
}

struct silence {
  const char* what;
  script played;
  words arguments;
  int status;
  words said;
};

TEST(tools_ending, every_wait_has_a_bound) {
  const words pub{"pub", "-t", "t", "-m", "x", "--timeout", "0.5"}, sub{"sub", "-t", "t", "--timeout", "0.5"};
  const step half = says(publish_packet("t", "0123456789").substr(0, 8));
  const silence rows[] = {
      {"CONNACK", {hears(), waits_for_end()}, pub, 27, {"timed out", "no CONNACK within 0.5 s"}},
      {"half of CONNACK", {hears(), says("\x20\2\0"s), waits_for_end()}, pub, 27, {"timed out", "middle of a packet"}},
      {"PUBACK", {hears(), connack, waits_for_end()}, pub + words{"-q", "1"}, 27, {"no PUBACK came within 0.5 s"}},
      {"PUBREC", {hears(), connack, waits_for_end()}, pub + words{"-q", "2"}, 27, {"no PUBREC came within 0.5 s"}},
      {"PUBCOMP",
       {hears(), connack, hears(publish_type), acknowledges(0x50), waits_for_end()},
       pub + words{"-q", "2"},
       27,
       {"no PUBCOMP came within 0.5 s"}},
      {"SUBACK", {hears(), connack, waits_for_end()}, sub, 27, {"no SUBACK came within 0.5 s"}},
      {"UNSUBACK",
       {hears(), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), waits_for_end()},
       sub + words{"-U", "u"},
       27,
       {"no UNSUBACK came within 0.5 s"}},
      {"the rest of a message",
       {hears(), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), half, waits_for_end()},
       sub + words{"--reconnect", "0"},
       27,
       {"timed out", "in the middle of a packet"}},
      {"-W before CONNACK",
       {hears(), waits_for_end()},
       {"sub", "-t", "t", "-W", "0.3"},
       27,
       {"timed out", "no CONNACK"}},
      {"-W before SUBACK",
       {hears(), connack, waits_for_end()},
       {"sub", "-t", "t", "-W", "0.3"},
       27,
       {"timed out: the 0.3 s of -W are over, no SUBACK came"}},
      {"-W",
       {hears(), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), says(publish_packet("t", "m")),
        waits_for_end()},
       {"sub", "-t", "t", "-W", "0.3"},
       27,
       {"timed out: the 0.3 s of -W are over, 1 message arrived"}},
  };
  for (const silence& each : rows) {
    SCOPED_TRACE(each.what);
    expect_line(play({each.played}, each.arguments).done, each.status, each.said);
  }
}

// PINGRESP shows that the broker lives, but it is no answer to PUBLISH.
TEST(tools_ending, pingresp_is_no_puback) {
  script played{hears(), connack, hears(publish_type)};
  for (int i = 0; i < 8; ++i) played.insert(played.end(), {hears(pingreq_type), says("\xd0\0"s)});
  played.push_back(waits_for_end());
  const auto run = play({played}, {"pub", "-t", "t", "-m", "x", "-q", "1", "-k", "1", "--timeout", "2.5"});
  expect_line(run.done, 27, {"no PUBACK came within 2.5 s"});
}

TEST(tools_ending, a_broker_without_pingresp) {
  const auto run = play({{hears(), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), waits_for_end()}},
                        {"sub", "-t", "t", "-k", "1", "--reconnect", "0"});
  expect_line(run.done, 19, {"did not answer PINGREQ: no PINGRESP within 1 s"});
}

TEST(tools_ending, lost_connections) {
  const words pub{"pub", "-t", "t", "-m", "x", "-q", "2"};
  const silence rows[] = {
      {"end before CONNACK", {hears(), closes()}, pub, 7, {"closed the connection without an answer to CONNECT"}},
      {"reset before CONNACK", {hears(), resets()}, pub, 7, {"reset the connection", "without an answer to CONNECT"}},
      {"end within CONNACK", {hears(), says("\x20\2\0"s), closes()}, pub, 7, {"in the middle of its answer"}},
      {"end before PUBREC", {hears(), connack, hears(publish_type), closes()}, pub, 7, {"lost before PUBREC came"}},
      {"reset before PUBREC", {hears(), connack, hears(publish_type), resets()}, pub, 7, {"lost before PUBREC came"}},
      {"end before PUBCOMP",
       {hears(), connack, hears(publish_type), acknowledges(0x50), hears(pubrel_type), closes()},
       pub,
       7,
       {"lost before PUBCOMP came"}},
      {"end before SUBACK",
       {hears(), connack, hears(subscribe_type), closes()},
       {"sub", "-t", "t", "--reconnect", "0"},
       7,
       {"lost before SUBACK came"}},
  };
  for (const silence& each : rows) {
    SCOPED_TRACE(each.what);
    expect_line(play({each.played}, each.arguments).done, each.status, each.said);
  }
}

// [MQTT-4.4.0-1]: the same identifier with DUP, then PUBREL alone.
TEST(tools_ending, pub_resumes_its_session_and_finishes_once) {
  const step present = says("\x20\2\1\0"s);
  const auto run = play(
      {{hears(), connack, hears(publish_type), closes()},
       {hears(connect_type), present, hears(publish_type), acknowledges(0x50), hears(pubrel_type), closes()},
       {hears(connect_type), present, hears(pubrel_type), acknowledges(0x70), hears(disconnect_type), waits_for_end()}},
      {"pub", "-c", "-i", "me", "-t", "t", "-m", "x", "-q", "2"});
  EXPECT_EQ(run.done.status, 0) << run.done.err;
  EXPECT_THAT(run.done.err, HasSubstr("trying to come back for 30 s"));
  ASSERT_EQ(run.heard.size(), 3U);
  ASSERT_EQ(run.heard[1].size(), 3U);
  std::string again = run.heard[0][1];
  again[0] = static_cast<char>(again[0] | 8);
  EXPECT_EQ(run.heard[1][1], again);
  ASSERT_EQ(run.heard[2].size(), 3U);
  EXPECT_EQ(run.heard[2][1], run.heard[1][2]);
}

TEST(tools_ending, sub_comes_back_and_subscribes_again) {
  const auto served = [](const char* text) {
    return script{hears(connect_type),
                  connack,
                  hears(subscribe_type),
                  acknowledges(0x90, "\0"s),
                  says(publish_packet("t", text)),
                  closes()};
  };
  const auto run = play({served("one"), {closes()}, served("two")}, {"sub", "-t", "t", "-C", "2"});
  EXPECT_EQ(run.done.status, 0) << run.done.err;
  EXPECT_EQ(run.done.out, "one\ntwo\n");
  EXPECT_THAT(run.done.err, HasSubstr("the connection was lost: the peer closed the connection; trying to come back"));
}

// What is said when the connection is lost is said once, however often it is lost; the last line stands for itself.
void expect_given_up(const std::vector<script>& scripts, int status, const words& said) {
  const auto run = play(scripts, {"sub", "-t", "t", "--reconnect", "1"});
  EXPECT_EQ(run.done.status, status) << run.done.err;
  EXPECT_EQ(std::ranges::count(run.done.err, '\n'), 2) << run.done.err;
  const std::size_t end = run.done.err.find('\n');
  EXPECT_THAT(run.done.err.substr(0, end), HasSubstr("the connection was lost: the peer closed the connection; trying "
                                                     "to come back for 1 s"));
  for (const std::string& each : said) EXPECT_THAT(run.done.err.substr(end), HasSubstr(each));
}
TEST(tools_ending, sub_gives_up_after_its_time) {
  const script served{hears(connect_type), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), closes()};
  const script silent{hears(connect_type), waits_for_end()};
  const script refusing{hears(connect_type), says("\x20\2\0\5"s), waits_for_end()};
  const std::string over = "the connection was lost and did not come back: ";
  expect_given_up({served, {closes()}}, 7, {over, "without an answer to CONNECT", "; "});
  expect_given_up({served, silent}, 7, {over, "no CONNACK within ", "; "});
  expect_given_up({served, refusing}, 5, {over + "the broker refused the connection", "not authorized", "; "});
}

// A broker that takes the subscription and lets go again is no way forward, nor is what it has retained.
TEST(tools_ending, a_connection_that_does_not_hold_is_given_up) {
  for (const std::string& retained : {""s, publish_packet("t", "m", 0, true)})
    expect_given_up(
        {{hears(connect_type), connack, hears(subscribe_type), acknowledges(0x90, "\0"s), says(retained), closes()}}, 7,
        {"the connection did not hold: it was lost ", " times within 1 s of --reconnect; at last", "; "});
}

TEST(tools_ending, the_first_of_several_refusals_is_told_at_once_and_all_are_counted) {
  const auto refuses = [](int count) {
    script played{hears(), connack_5};
    for (int i = 0; i < count; ++i) played.insert(played.end(), {hears(publish_type), acknowledges(0x40, "\x87")});
    played.insert(played.end(), {hears(disconnect_type), waits_for_end()});
    return played;
  };
  const words pub{"pub", "-V", "5", "-t", "t", "-q", "1"};
  expect_line(play({refuses(1)}, pub + words{"-l"}, "a\n").done, 135, {"the message: Not authorized (135); check -u"});
  const auto three = play({refuses(3)}, pub + words{"-l"}, "a\nb\nc\n").done;
  EXPECT_EQ(three.status, 135);
  EXPECT_EQ(std::ranges::count(three.err, '\n'), 2) << three.err;
  EXPECT_THAT(three.err, HasSubstr("\nrecado pub: 3 messages in all were refused or lost\n"));
}

TEST(tools_ending, what_the_broker_does_not_take) {
  struct row {
    const char* what;
    std::string announced;
    words arguments;
    int status;
    const char* said;
  };
  const words pub{"pub", "-V", "5", "-t", "t", "-m", "0123456789"}, sub{"sub", "-V", "5", "-t"};
  const row rows[] = {
      {"size", "\x27\0\0\0\x0a"s, pub, 25, "at most 10 a packet"},
      {"QoS", "\x24\0"s, pub + words{"-q", "1"}, 24, "publish with -q 0\n"},
      {"QoS 1", "\x24\1"s, pub + words{"-q", "2"}, 24, "publish with -q 1 or less\n"},
      {"size of a filter", "\x27\0\0\0\x0a"s, sub + words{"a/b/c"}, 25, "shorten the topic filters, or give fewer"},
      {"size of an answer's", "\x27\0\0\0\x0a"s, words{"rr", "-t", "t", "-e", "a/b/c", "-m", "x"}, 25,
       "shorten the response topic"},
      {"retain", "\x25\0"s, pub + words{"-r"}, 28, "leave -r out"},
      {"wildcards", "\x28\0"s, sub + words{"a/#"}, 1, "does not offer wildcards"},
      {"shared", "\x2a\0"s, sub + words{"$share/g/a"}, 1, "does not offer shared subscriptions"},
      {"identifiers", "\x29\0"s, sub + words{"a", "-D", "subscribe", "subscription-identifier", "5"}, 1,
       "does not offer subscription identifiers"},
  };
  for (const row& each : rows) {
    SCOPED_TRACE(each.what);
    const std::string body = "\0\0"s + static_cast<char>(each.announced.size()) + each.announced;
    const auto run =
        play({{hears(), says(packet(0x20, body)), hears(disconnect_type), waits_for_end()}}, each.arguments);
    expect_line(run.done, each.status, {each.said, "; "});
  }
}

TEST(tools_ending, secrets_never_appear) {
  const auto run = play({{hears(), says("\x20\2\0\4"s), waits_for_end()}},
                        {"pub", "-u", "me", "-P", "hunter-two", "-t", "t", "-m", "x", "-d", "--trace", "--stats"});
  EXPECT_EQ(run.done.status, 4);
  EXPECT_THAT(run.done.err, testing::Not(HasSubstr("hunter-two")));
  EXPECT_THAT(run.done.err, HasSubstr("bad user name or password"));
}

TEST(tools_ending, a_message_that_is_too_long_stays_at_the_broker) {
  for (const char* qos : {"1", "2"}) {
    const std::string message = publish_packet("t", "0123456789", *qos - '0', false, {}, 7);
    scripted_broker broker{{{hears(connect_type), connack, hears(subscribe_type), acknowledges(0x90, "\2"s),
                             says(message), hears(disconnect_type), waits_for_end()}}};
    const auto done = program_run{{RECADO_PROGRAM, "sub", "-t", "t", "-q", qos, "-c", "-i", "me", "--max-message", "9",
                                   "-p", std::to_string(broker.port())}}();
    broker.finish();
    EXPECT_EQ(done.status, 9) << done.err;
    EXPECT_EQ(broker.packets().size(), 3U) << "an acknowledgement would have the broker forget it";
  }
}

TEST(tools_ending, what_shows_that_the_retained_messages_are_over_stays_at_the_broker) {
  for (const char* qos : {"1", "2"}) {
    const std::string messages = publish_packet("t", "old", 0, true) + publish_packet("t", "new", *qos - '0') +
                                 publish_packet("t", "newer", *qos - '0', false, {}, 2);
    const auto run = play({{hears(connect_type), connack, hears(subscribe_type), acknowledges(0x90, "\2"s),
                            says(messages), hears(disconnect_type), waits_for_end()}},
                          {"sub", "-t", "t", "-q", qos, "-c", "-i", "me", "--retained-only"});
    expect_line(run.done, 0, {"a message that is not retained came: it stays at the broker"});
    EXPECT_EQ(run.done.out, "old\n");
    EXPECT_EQ(run.heard[0].size(), 3U) << "an acknowledgement would have the broker forget it";
  }
}

// Whatever asks it to end, a terminal that is closed as well: the broker is told, so that it doesn't publish the will.
TEST(tools_ending, says_goodbye_to_every_signal_that_asks_it_to_end) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    std::promise<pid_t> process;
    const auto granted = [&](const std::string& subscribe) {
      ::kill(process.get_future().get(), number);
      return packet(0x90, identifier_in(subscribe) + "\0"s);
    };
    scripted_broker broker{{{hears(connect_type), connack, hears(subscribe_type), says(granted), waits_for_end()}}};
    const auto done = program_run{.command = {RECADO_PROGRAM, "sub", "-t", "t", "-p", std::to_string(broker.port())},
                                  .started = [&](pid_t child) { process.set_value(child); }}();
    broker.finish();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(broker.packets().back(), "\xe0\0"s);
  }
}

TEST(tools_ending, nohup_lets_it_outlive_its_terminal) {
  std::promise<pid_t> process;
  const auto granted = [&](const std::string& subscribe) {
    ::kill(process.get_future().get(), SIGHUP);
    return packet(0x90, identifier_in(subscribe) + "\0"s);
  };
  scripted_broker broker{{{hears(connect_type), connack, hears(subscribe_type), says(granted),
                           says(publish_packet("t", "late")), waits_for_end()}}};
  const std::string sub = "exec " RECADO_PROGRAM " sub -t t -C 1 -p " + std::to_string(broker.port());
  const auto done = program_run{.command = {"/bin/sh", "-c", "trap '' HUP; " + sub},
                                .started = [&](pid_t child) { process.set_value(child); }}();
  broker.finish();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.out, "late\n");
}

// Standard input that is silent holds up nothing: the goodbye to SIGTERM, PINGREQ, and the answer to what came before.
TEST(tools_ending, lines_that_come_late) {
  scripted_broker broker{{{serves()}}};
  const std::string pub = RECADO_PROGRAM " pub -t t -l -q 1 -k 1 --timeout 1 -p "s + std::to_string(broker.port());
  const auto done =
      program_run{{"/bin/sh", "-c", "(echo a; sleep 2.5; echo b) | " + pub}, {}, {"PATH=/usr/bin:/bin"}}();
  broker.finish();
  EXPECT_EQ(done.status, 0) << done.err;
  const std::vector<std::string> packets = broker.packets();
  ASSERT_GE(packets.size(), 5U);
  EXPECT_TRUE(packets[1].ends_with("a"));
  EXPECT_EQ(packets[2], "\xc0\0"s);
  EXPECT_TRUE(packets[packets.size() - 2].ends_with("b"));
}

// A reader who doesn't read holds up neither PINGREQ nor the sight of DISCONNECT, and gets every line when he does.
TEST(tools_ending, a_slow_reader_holds_up_nothing) {
  constexpr int count = 2'000;  // with 100 bytes each more than a pipe holds
  std::string burst, expected;
  for (int i = 0; i < count; ++i) {
    const std::string text = std::to_string(i) + std::string(100, 'x');
    burst += publish_packet("t", text, 0, false, "\0"s), expected += text + "\n";
  }
  const step pong = says("\xd0\0"s);
  scripted_broker broker{
      {{hears(connect_type), connack_5, hears(subscribe_type), acknowledges(0x90, "\0\0"s), says(burst),
        hears(pingreq_type), pong, hears(pingreq_type), pong, says("\xe0\1\x8b"s), waits_for_end()}}};
  const std::string fifo = RECADO_TEST_FOLDER "/slow_reader";
  std::filesystem::create_directories(RECADO_TEST_FOLDER);
  std::filesystem::remove(fifo);
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::jthread releases{[&] {
    EXPECT_TRUE(broker.played(1)) << "the DISCONNECT was not seen";
    std::ofstream{fifo} << "\n";
  }};
  const std::string sub = RECADO_PROGRAM " sub -V 5 -t t -k 1 --reconnect 0 -p "s + std::to_string(broker.port());
  const auto done =
      program_run{{"/bin/sh", "-c", sub + " | (read go <" + fifo + "; exec cat)"}, {}, {"PATH=/usr/bin:/bin"}}();
  EXPECT_TRUE(done.out == expected) << done.out.size();
  EXPECT_EQ(done.err, "recado sub: the broker ended the connection: Server shutting down (139); try again later\n");
}

// 70,000 lines need more identifiers than there are; the order stays, and the end waits for the last acknowledgement.
TEST(tools_ending, identifiers_wrap_and_lines_keep_their_order) {
  std::string lines;
  for (int i = 0; i < 70'000; ++i) lines += std::to_string(i) + (i + 1 < 70'000 ? "\n" : "");
  const auto run = play({{serves()}}, {"pub", "-t", "t", "-l", "-q", "1"}, lines);
  EXPECT_EQ(run.done.status, 0) << run.done.err;
  ASSERT_EQ(run.heard[0].size(), 70'002U);
  bool in_order = true, valid = true;
  for (std::size_t i = 0; i < 70'000; ++i) {
    const std::string_view body = packet_body(run.heard[0][i + 1]);
    in_order = in_order && body.substr(5) == std::to_string(i);
    valid = valid && number_at(body.substr(3)) != 0;
  }
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(valid);
}

}  // namespace
}  // namespace recado::test
