// The same scenarios against brokers of different makers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>

#include <tests/peers/brokers_for_tests.hpp>
#include <tests/support/program_run.hpp>

namespace recado::test {
namespace {

using testing::HasSubstr;
using words = std::vector<std::string>;

words operator+(words a, const words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Runs the tools against one broker by one transport and version.
struct tools {
  const peer_broker& broker;
  words way;
  std::string topic;  ///< of this scenario alone

  words command(const std::string& tool, const words& more) const { return words{RECADO_PROGRAM, tool} + way + more; }
  program_run::result run(const std::string& tool, const words& more, const std::string& input = {}) const {
    return program_run{.command = command(tool, more), .input = input}();
  }
  void publish(const words& more, const std::string& input = {}) const {
    const auto done = run("pub", more, input);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.err, "");
  }
  /// Subscribes so long as it takes for the broker to keep a session.
  void keep_session(const std::string& id, const words& more) const {
    const auto done = run("sub", words{"-i", id, "-c", "-E"} + more);
    EXPECT_EQ(done.status, 0) << done.err;
  }
  std::string receive(const words& more, int count = 1) const {
    const auto done = run("sub", words{"-C", std::to_string(count), "-W", "20"} + more);
    EXPECT_EQ(done.status, 0) << done.err;
    return done.out;
  }
};

void delivers(const tools& with, const std::string& qos) {
  const words session = {"-i", "q" + qos, "-c", "-q", qos, "-t", with.topic};
  with.keep_session("q" + qos, {"-q", qos, "-t", with.topic});
  const bool lowered = qos == "2" && !with.broker.qos_2;  // RabbitMQ's plugin grants 1 and delivers so
  with.publish({"-t", with.topic, "-q", qos == "0" || lowered ? "1" : qos, "-m", "of " + qos});
  if (qos == "0") return;
  EXPECT_EQ(with.receive(session + words{"-F", "%t %p %q %r"}),
            with.topic + " of " + qos + " " + (lowered ? "1" : qos) + " 0\n");
  if (!lowered) return;
  // and answers a message of QoS 2 with PUBACK, which the standard forbids
  const auto done = with.run("pub", {"-t", with.topic, "-q", "2", "-m", "m"});
  EXPECT_EQ(done.status, 2);
  EXPECT_THAT(done.err, HasSubstr("not of the kind that the exchange waits for"));
}

void retains(const tools& with) {
  with.publish({"-t", with.topic, "-m", "first", "-r", "-q", "1"});
  with.publish({"-t", with.topic, "-m", "kept", "-r", "-q", "1"});
  EXPECT_EQ(with.receive({"-t", with.topic, "-F", "%p %r"}), "kept 1\n");
  with.publish({"-t", with.topic, "-n", "-r", "-q", "1"});
  EXPECT_EQ(with.run("sub", {"-t", with.topic, "-W", "1"}).status, 27);
}

/// Somebody who is killed leaves a will.
void leaves_a_will(const tools& with) {
  child_process doomed{with.command("sub", {"-t", with.topic + "/x", "-q", "1", "-d", "--will-topic", with.topic,
                                            "--will-payload", "gone", "--will-qos", "1", "--will-retain"})};
  EXPECT_TRUE(doomed.says("SUBACK")) << doomed.said();
  doomed.end(SIGKILL);
  EXPECT_EQ(with.receive({"-t", with.topic, "-q", "1"}), "gone\n");
}

void keeps_messages_in_order(const tools& with) {
  const words session = {"-q", "1", "-t", with.topic};
  with.keep_session("orderly", session);
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(i) + "\n";
  with.publish({"-t", with.topic, "-q", "1", "-l"}, lines);
  EXPECT_EQ(with.receive(session + words{"-i", "orderly", "-c"}, 100), lines);
}

void carries(const tools& with, std::size_t size) {
  std::string large(size, '\0');
  for (std::size_t i = 0; i < size; ++i) large[i] = static_cast<char>(i * 131 >> 3);
  with.publish({"-t", with.topic, "-s", "-r", "-q", "1"}, large);
  EXPECT_TRUE(with.receive({"-t", with.topic, "-N"}) == large);
  with.publish({"-t", with.topic, "-n", "-r", "-q", "1"});
}

void sends_many(const tools& with, const std::string& qos) {
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += std::to_string(i) + "\n";
  words more = {"-t", with.topic, "-q", qos, "-C", "1000", "--json", "-W", "60"};
  // mosquitto 2.0.11 sends up to two messages of QoS 2 more than Receive Maximum allows, which ends the connection
  if (with.way.back() == "5") more = more + words{"-D", "CONNECT", "receive-maximum", "2000"};
  child_process listening{with.command("sub", more)};
  EXPECT_TRUE(listening.says("\"subscribed\"")) << listening.said();
  with.publish({"-t", with.topic, "-q", qos, "-l"}, lines);
  EXPECT_TRUE(listening.says("\"payload\":\"999\""));
}

void filters(const tools& with) {
  const words session = {"-q", "1", "-t", with.topic + "/+/b", "-t", with.topic + "/c/#"};
  with.keep_session("chooser", session);
  const std::string topics[] = {"/a/b", "/a/c", "/c/ä", "/c", "/d/b/e"};
  for (const std::string& each : topics) with.publish({"-t", with.topic + each, "-m", "m", "-q", "1"});
  const std::string expected = with.topic + "/a/b m\n" + with.topic + "/c/ä m\n" + with.topic + "/c m\n";
  EXPECT_EQ(with.receive(session + words{"-i", "chooser", "-c", "-v"}, 3), expected);
}

void unsubscribes(const tools& with) {
  with.keep_session("leaver", {"-q", "1", "-t", with.topic, "-U", with.topic});
  with.publish({"-t", with.topic, "-q", "1", "-m", "missed"});
  with.publish({"-t", with.topic + "/end", "-q", "1", "-m", "end", "-r"});
  EXPECT_EQ(with.receive({"-i", "leaver", "-c", "-q", "1", "-t", with.topic + "/end"}), "end\n");
}

void stays_alive(const tools& with) {
  const auto done = with.run("sub", {"-t", with.topic, "-k", "1", "-W", "3", "-d"});
  EXPECT_EQ(done.status, 27) << done.err;  // the time of -W, and no loss before
  EXPECT_THAT(done.out + done.err, HasSubstr("PINGRESP"));
}

void is_taken_over(const tools& with) {
  child_process first{with.command("sub", {"-t", with.topic, "-i", "twin", "--reconnect", "0", "-d"})};
  EXPECT_TRUE(first.says("SUBACK")) << first.said();
  with.publish({"-t", with.topic + "/x", "-i", "twin", "-m", "m", "-q", "1"});
  EXPECT_TRUE(first.says("recado sub: the ")) << first.said();
  EXPECT_THAT(first.said(),
              testing::AnyOf(HasSubstr("the connection was lost"), HasSubstr("Session taken over (142)")));
}

void answers(const tools& with) {
  child_process asking{with.command(
      "rr", {"-V", "5", "-t", with.topic, "-e", with.topic + "/back", "-m", "?", "-q", "1", "-d", "-W", "10"})};
  EXPECT_TRUE(asking.says("SUBACK")) << asking.said();
  with.publish({"-t", with.topic + "/back", "-m", "the answer", "-q", "1"});
  EXPECT_TRUE(asking.says("the answer")) << asking.said();
}

void refuses_version_5(const tools& with) {
  const auto done = with.run("pub", {"-V", "5", "-t", with.topic, "-m", "m"});
  EXPECT_NE(done.status, 0);
  EXPECT_THAT(done.err, HasSubstr("-V 311"));
}

struct scenario {
  std::string name;
  std::function<void(const tools&)> play;
};

std::vector<scenario> scenarios() {
  const auto delivering = [](const char* qos) { return [qos](const tools& with) { delivers(with, qos); }; };
  const auto many = [](const char* qos) { return [qos](const tools& with) { sends_many(with, qos); }; };
  const auto large = [](std::size_t size) { return [size](const tools& with) { carries(with, size); }; };
  return {
      {"connects without identifier",
       [](const tools& with) {
         with.publish({"-t", with.topic, "-m", "m"});
       }},
      {"connects with one",
       [](const tools& with) {
         with.publish({"-i", "one", "-t", with.topic, "-m", "m"});
       }},
      {"sends an empty message",
       [](const tools& with) {
         with.publish({"-t", with.topic, "-n", "-q", "1"});
       }},
      {"delivers QoS 0", delivering("0")},
      {"delivers QoS 1", delivering("1")},
      {"delivers QoS 2", delivering("2")},
      {"retains", retains},
      {"leaves a will", leaves_a_will},
      {"keeps a session's messages in order", keeps_messages_in_order},
      {"carries 3 KB", large(3'000)},
      {"carries 1 MB", large(1'000'000)},
      {"sends many of QoS 1", many("1")},
      {"sends many of QoS 2", many("2")},
      {"filters", filters},
      {"unsubscribes", unsubscribes},
      {"stays alive", stays_alive},
      {"is taken over", is_taken_over},
  };
}

/// Plays all of them by TCP, those that fit by WebSocket, and those of 5.0; prints how many there were.
void play(const peer_broker& broker) {
  if (testing::Test::HasFailure()) return;  // it didn't start
  unsigned count = 0;
  const auto one = [&](const scenario& what, const words& way) {
    SCOPED_TRACE(broker.name + ", " + what.name + ", " + testing::PrintToString(way));
    what.play({broker, way, "s/" + std::to_string(++count)});
  };
  const words plain = {"-p", std::to_string(broker.plain)};
  const words web = {"--ws", "--ws-path", broker.web_path, "-p", std::to_string(broker.web)};
  for (const scenario& each : scenarios()) {
    if (!broker.qos_2 && each.name == "sends many of QoS 2") continue;
    one(each, plain + words{"-V", "311"});
    // mosquitto 2.0.11 sends no more than 4 KiB each 0.1 s over WebSocket
    const bool web_takes_long =
        each.name.find("1 MB") != std::string::npos || each.name.find("many") != std::string::npos;
    if (!web_takes_long) one(each, web + words{"-V", "311"});
    if (broker.version_5) one(each, plain + words{"-V", "5"});
  }
  if (broker.version_5) one({"answers requests", answers}, plain);
  else one({"refuses version 5", refuses_version_5}, plain);
  std::cout << broker.name << ": " << count << " scenarios\n";
}

/// What `recado probe mqtt --json` says of a broker.
std::string survey(std::uint16_t port, const std::string& host = "127.0.0.1") {
  const auto done =
      program_run{.command = {RECADO_PROGRAM, "probe", "mqtt", host, "--json", "-p", std::to_string(port)}}();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(std::ranges::count(done.out, '\n'), 1) << done.out;
  EXPECT_TRUE(done.out.starts_with('{')) << done.out;
  if (host == "localhost") {
    EXPECT_THAT(done.err, testing::StartsWith("localhost is 127.0.0.1, says the system's"));
  }
  return done.out;
}
void expect_survey(const std::string& said, const words& parts) {
  for (const std::string& each : parts) EXPECT_THAT(said, HasSubstr(each));
}

TEST(peers, are_surveyed) {
  const peer_broker usual = start_mosquitto();
  expect_survey(survey(usual.plain),
                {R"("mqtt_3_1_1":true,"mqtt_5_0":true,"qos_publish":2,"qos_subscribe":2,"retain":true)",
                 R"("wildcard_subscriptions":true,"shared_subscriptions":true,"subscription_identifiers":true)",
                 R"("session_expiry_s":3600,"sessions":true)", R"("authentication_methods":"none","anonymous":true)"});
  expect_survey(survey(usual.plain, "localhost"), {R"("mqtt_5_0":true)"});
  const mosquitto narrow{RECADO_SERVERS "/usr/sbin/mosquitto", peer_folder("narrow"),
                         "allow_anonymous true\nmax_qos 1\nmax_topic_alias 3\nmax_packet_size 4000\n"
                         "max_keepalive 30\nretain_available false\n"};
  expect_survey(survey(narrow.port()), {R"("qos_publish":1)", R"("retain":false)", R"("maximum_packet_size":4000)",
                                        R"("topic_alias_maximum":3)", R"("keep_alive_s":30)"});
  const mosquitto closed{RECADO_SERVERS "/usr/sbin/mosquitto", peer_folder("closed"), "allow_anonymous false\n"};
  const auto refused = program_run{
      .command = {RECADO_PROGRAM, "probe", "mqtt", "127.0.0.1", "--table", "-p", std::to_string(closed.port())}}();
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("uthori"));
  const peer_broker aedes = start_aedes();
  expect_survey(survey(aedes.plain), {R"("mqtt_3_1_1":true,"mqtt_5_0":false,"qos_publish":2,"qos_subscribe":2)",
                                      R"("retain":true,"wildcard_subscriptions":true,"sessions":true)"});
}

TEST(peers, a_survey_with_an_identifier_leaves_that_session_alone) {
  const mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", peer_folder("kept"), "allow_anonymous true\n"};
  const std::string port = std::to_string(broker.port());
  const auto run = [&](const words& more) {
    return program_run{.command = words{RECADO_PROGRAM} + more + words{"-p", port}}();
  };
  const words sub = {"sub", "-h", "127.0.0.1", "-i", "device", "-c", "-q", "1", "-t", "orders"};
  EXPECT_EQ(run(sub + words{"-E"}).status, 0);
  EXPECT_EQ(run({"pub", "-h", "127.0.0.1", "-q", "1", "-t", "orders", "-m", "go"}).status, 0);
  const auto survey = run({"probe", "mqtt", "127.0.0.1", "--json", "-i", "device"});
  EXPECT_EQ(survey.status, 0) << survey.err;
  EXPECT_THAT(survey.out, HasSubstr(R"("retain":true)"));
  EXPECT_THAT(survey.out, HasSubstr(R"("sessions":true)"));
  EXPECT_EQ(run(sub + words{"-C", "1", "-W", "5"}).out, "go\n");
}

TEST(peers, mosquitto) { play(start_mosquitto()); }
TEST(peers, aedes) { play(start_aedes()); }
TEST(peers, rabbitmq) {
  const peer_broker broker = start_rabbitmq();
  play(broker);
  if (!testing::Test::HasFailure())
    expect_survey(survey(broker.plain),
                  {R"("mqtt_3_1_1":true,"mqtt_5_0":false)", R"("qos_subscribe":1,"retain":true)"});
}

}  // namespace
}  // namespace recado::test
