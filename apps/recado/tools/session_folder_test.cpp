// What a folder of --session knows when it is used by turns, and when it is damaged.
#include "session_for_tests.hpp"

#include <csignal>

#include <nlohmann/json.hpp>

#include <tests/support/scripted_broker.hpp>

#include "kept_session.hpp"

#include <sys/resource.h>

namespace recado::app::tools {
namespace {

class tool_session_folder : public tool_session {
 protected:
  tool_session_folder() { std::ofstream{folder / "input"} << "one\ntwo\nthree\n"; }

  /// Publishes the input, or what of it is new; what it says.
  std::string publish() {
    running publisher{command("pub", {"--session", kept, "-i", "me", "-l", "-q", "2", "-t", "lines"}), folder / "input",
                      folder / "pub"};
    EXPECT_TRUE(within(20s, [&] { return publisher.over(); }));
    return text_of(folder / "pub.err");
  }
  /// Reads a number of messages into a file.
  void receive(const char* count) {
    running reader{command("sub", {"--session", kept, "-i", "me", "-q", "2", "-t", "others", "-C", count}), "/dev/null",
                   folder / "others"};
    EXPECT_TRUE(within(20s, [&] { return reader.over(); })) << text_of(folder / "others.err");
    EXPECT_EQ(text_of(folder / "others.err"), "");
  }
  nlohmann::json shown() const { return nlohmann::json::parse(session({"show", kept, "--json"}).out); }

  const std::string kept = (folder / "kept").string();
};

// Each knows where it was, whoever had the folder in between.
TEST_F(tool_session_folder, is_used_by_pub_and_sub_in_turns) {
  running reader{command("sub", {"-q", "2", "-t", "lines"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto send = [&](const std::string& text) {
    return recado::test::program_run{.command = command("pub", {"-q", "2", "-t", "others", "-m", text})}().status;
  };
  publish();
  const std::string from[] = {"--session", kept, "-i", "me", "-q", "2", "-t", "others", "-E"};
  ASSERT_EQ(recado::test::program_run{.command = command("sub", {std::begin(from), std::end(from)})}().status, 0);
  ASSERT_EQ(send("a") + send("b"), 0);
  receive("1");
  EXPECT_EQ(shown()["input"]["line"], 3) << "laid aside";
  EXPECT_NE(publish().find("an earlier run took 3 lines of this input"), std::string::npos);
  std::ofstream{folder / "input", std::ios::app} << "four\n";
  publish();
  std::ofstream{folder / "others", std::ios::app} << "another program's\n";
  running last{command("sub", {"--session", kept, "-i", "me", "-q", "2", "-t", "others", "-C", "1"}), "/dev/null",
               folder / "others"};
  ASSERT_TRUE(within(20s, [&] { return last.over(); }));
  EXPECT_EQ(text_of(folder / "others.err"), "");
  EXPECT_EQ(text_of(folder / "others"), "a\nanother program's\nb\n");
  EXPECT_TRUE(within(20s, [&] { return text_of(folder / "read") == "one\ntwo\nthree\nfour\n"; }))
      << text_of(folder / "read");
  EXPECT_EQ(session({"clear", "--input", kept}).status, 0);
  EXPECT_FALSE(shown().contains("input"));
  EXPECT_EQ(shown()["subscriptions"].size(), 1U);
}

// Its session is older than what the folder knows; c1 is a clean session in mosquitto's log.
TEST_F(tool_session_folder, tells_a_broker_behind_another_one_to_forget_the_session) {
  const auto publish_to = [&](std::uint16_t port) {
    std::vector<std::string> all = command("pub", {"--session", kept, "-i", "me", "-q", "2", "-t", "t", "-m", "text"});
    all[5] = std::to_string(port);
    return recado::test::program_run{.command = all}().status;
  };
  recado::test::scripted_broker other{{recado::test::script{recado::test::serves()}}};
  EXPECT_EQ(publish_to(broker.port()) + publish_to(broker.port()), 0);
  EXPECT_EQ(count_of(broker_log(), "as me (p2, c1"), 0);
  EXPECT_EQ(publish_to(other.port()) + publish_to(broker.port()), 0);
  EXPECT_EQ(count_of(broker_log(), "as me (p2, c1"), 1);
}

// [MQTT-3.2.2-4] [MQTT311-3.2.2-4]: a message of QoS 2 that an earlier client has left there bears the identifier of
// the first one that the folder sends, and would swallow it. What was given before there was a broker is published.
TEST_F(tool_session_folder, that_is_new_begins_a_session_that_the_broker_still_has_anew) {
  using namespace recado::test;
  for (const bool v5 : {true, false}) {
    fs::remove_all(kept);
    const std::string rest = v5 ? std::string(1, '\0') : "";
    const auto accepts = [&](char present) { return says(packet(0x20, std::string{present, '\0'} + rest)); };
    const script finds{hears(connect_type), accepts(1), hears(disconnect_type), waits_for_end()};
    const script clears{hears(connect_type), accepts(0), hears(disconnect_type), waits_for_end()};
    const script keeps{hears(connect_type), accepts(0), serves()};
    std::vector<script> all{finds, keeps};
    if (!v5) all.insert(all.begin() + 1, clears);
    scripted_broker other{all};
    std::vector<std::string> publishes =
        command("pub", {"--session", kept, "-i", "me", "-q", "2", "-t", "t", "-m", "1"});
    publishes.insert(publishes.end(), {"-V", v5 ? "5" : "311"});
    publishes[5] = "1";
    EXPECT_NE(program_run{.command = publishes}().status, 0);
    publishes[5] = std::to_string(other.port());
    publishes[15] = "2";
    const auto done = program_run{.command = publishes}();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_NE(
        done.err.find("the broker has a session of 'me' that " + kept + " knows nothing of: it is told to forget"),
        std::string::npos)
        << done.err;
    other.finish();
    EXPECT_EQ(other.complaint(), "");
    const auto clean = [&](std::size_t which) { return (packet_body(other.packets(which).at(0))[7] & 2) != 0; };
    EXPECT_FALSE(clean(0));
    EXPECT_TRUE(clean(1));
    EXPECT_EQ(clean(all.size() - 1), v5) << "3.1.1: a session that lasts";
    EXPECT_EQ(shown()["messages"].size(), 0U);
    int published = 0;
    for (const std::string& each : other.packets(all.size() - 1)) published += (each[0] & 0xf0) == 0x30 ? 1 : 0;
    EXPECT_EQ(published, 2);
  }
}

// The same with a real one, whose session has a subscription.
TEST_F(tool_session_folder, that_is_new_is_used_with_a_session_that_mosquitto_has) {
  for (const std::string version : {"5", "311"}) {
    const auto run = [&](const std::string& tool, std::vector<std::string> more) {
      more.insert(more.end(), {"-V", version});
      return recado::test::program_run{.command = command(tool, more)}();
    };
    fs::remove_all(kept);
    const std::string name = "me" + version;
    ASSERT_EQ(run("sub", {"-i", name, "-c", "-q", "2", "-t", "t", "-E"}).status, 0);
    const std::vector<std::string> line{"--session", kept, "-i", name, "-q", "2", "-t", "t", "-m", "text"};
    const auto first = run("pub", line), second = run("pub", line);
    EXPECT_EQ(first.status + second.status, 0) << first.err << second.err;
    EXPECT_NE(first.err.find("knows nothing of"), std::string::npos) << first.err;
    EXPECT_EQ(second.err, "");
  }
}

// With 3.1.1 a session that began clean ends with its connection: one that lasts follows.
TEST(tool_session_of_3_1_1, lasts_again_behind_one_that_was_cleared) {
  using namespace recado::test;
  const fs::path kept = fs::path{RECADO_TEST_FOLDER} / ("lasts_" + std::to_string(::getpid()));
  const auto accepts = [] { return says(packet(0x20, std::string(2, '\0'))); };
  const script serving{hears(connect_type), accepts(), serves()};
  scripted_broker other{{serving}};
  scripted_broker broker{{serving, {hears(connect_type), accepts(), hears(disconnect_type), waits_for_end()}, serving}};
  for (const std::uint16_t port : {broker.port(), other.port(), broker.port()}) {
    const auto done = program_run{{RECADO_PROGRAM, "pub", "-h", "127.0.0.1", "-p", std::to_string(port), "--session",
                                   kept.string(), "-i", "me", "-q", "2", "-t", "t", "-m", "text"}}();
    EXPECT_EQ(done.status, 0) << done.err;
  }
  fs::remove_all(kept);
  broker.finish();
  EXPECT_EQ(broker.complaint(), "");
  EXPECT_NE(packet_body(broker.packets(1).at(0))[7] & 2, 0);
  EXPECT_EQ(packet_body(broker.packets(2).at(0))[7] & 2, 0);
}

// As a run leaves it that the power ended between CONNACK and the report.
TEST_F(tool_session_folder, tells_what_the_broker_has_lost_before_the_run) {
  {
    kept_session left{kept, posix::durability::flush, true};
    chain::session_store& store = left.store();
    ASSERT_TRUE(store.remember({.version = mqtt::version::v3_1_1, .places = 84, .client_identifier = "me"}));
    store.label(7);
    ASSERT_EQ(store.publishing(1, {.topic = "t", .qos = mqtt::qos::exactly_once}, as_bytes("packet")),
              mqtt::error::none);
    store.released(1);
    store.session_lost(mqtt::lost_session::publish_again);
    ASSERT_FALSE(store.commit());
  }
  EXPECT_EQ(shown()["messages"][0]["waits_for"], "report");
  EXPECT_NE(session({"show", kept}).out.find("line 7: QoS 2, packet identifier 1, lost with the broker's session"),
            std::string::npos);
  const std::vector<std::string> next =
      command("pub", {"--session", kept, "-i", "me", "-q", "2", "-t", "t", "-m", "x"});
  const auto done = recado::test::program_run{.command = next}();
  EXPECT_EQ(done.status, 7) << done.err;
  EXPECT_NE(done.err.find("the broker forgot the session: whether a message arrived is not known"), std::string::npos)
      << done.err;
  EXPECT_EQ(shown()["messages"].size(), 0U);
}

// How long it tries is the user's to say, as with sub.
TEST_F(tool_session_folder, pub_comes_back_as_long_as_it_is_told_to) {
  using namespace recado::test;
  for (const bool comes_back : {true, false}) {
    fs::remove_all(kept);
    const script breaks{hears(connect_type), says(packet(0x20, std::string(2, '\0'))), hears(publish_type), closes()};
    scripted_broker other{{breaks, {serves({.connack = packet(0x20, std::string{"\1\0", 2})})}}};
    const std::string time = comes_back ? "20" : "0";
    std::vector<std::string> publishes =
        command("pub", {"--session", kept, "-i", "me", "-q", "1", "-t", "t", "-m", "1", "--reconnect", time});
    publishes[5] = std::to_string(other.port());
    const auto done = program_run{.command = publishes}();
    EXPECT_EQ(done.status, comes_back ? 0 : 7) << done.err;
    EXPECT_EQ(shown()["messages"].size(), comes_back ? 0U : 1U);
  }
}

// The broker may have done it although nobody hears so: the next run is to ask again.
TEST_F(tool_session_folder, forgets_a_subscription_before_it_is_ended_or_changed) {
  using namespace recado::test;
  const std::vector<std::string> who{"--session", kept, "-i", "me", "--reconnect", "0"};
  const auto run = [&](std::vector<std::string> all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
    return program_run{.command = all}().status;
  };
  for (const std::vector<std::string>& more : {std::vector<std::string>{"-U", "others"}, {"-q", "0", "-t", "others"}}) {
    ASSERT_EQ(run(command("sub", who), {"-q", "2", "-t", "others", "-E"}), 0);
    ASSERT_EQ(shown()["subscriptions"].size(), 1U);
    scripted_broker silent{{script{hears(connect_type), says(std::string{"\x20\2\1\0", 4}), hears()}}};
    std::vector<std::string> beside = command("sub", who);
    beside[5] = std::to_string(silent.port());
    EXPECT_NE(run(beside, more), 0);
    silent.finish();
    EXPECT_EQ(shown()["subscriptions"].size(), 0U) << more[0];
  }
}

// One bit of the first message that waits: it is missing, the others are not, and who goes on is told.
TEST_F(tool_session_folder, damage_costs_what_it_hit_also_in_what_was_written_last) {
  broker.stop(SIGTERM);
  publish();
  ASSERT_EQ(shown()["held"], 3);
  const std::string journal = text_of(kept + "/journal");
  const std::size_t at = journal.find("linesone");  // a topic and a payload
  ASSERT_NE(at, journal.npos);
  std::fstream{kept + "/journal", std::ios::in | std::ios::out | std::ios::binary}
      .seekp(static_cast<std::streamoff>(at))
      .put('L');
  const auto checked = session({"check", kept});
  EXPECT_EQ(checked.status, 1);
  EXPECT_NE(checked.err.find("it is damaged: 1 entry is lost"), std::string::npos) << checked.err << checked.out;
  EXPECT_EQ(shown()["held"], 2);
  broker.start();
  running reader{command("sub", {"-q", "2", "-t", "lines"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  EXPECT_NE(publish().find("warning: the session in " + kept + ": it is damaged: 1 entry is lost"), std::string::npos);
  EXPECT_TRUE(within(20s, [&] { return text_of(folder / "read") == "two\nthree\n"; })) << text_of(folder / "read");
}

// As on a full disk: what could be kept is, and the system's reason is told.
// The head of a journal is in one page.
TEST_F(tool_session_folder, what_cannot_be_read_any_more_is_not_taken_for_new) {
  publish();
  {
    std::fstream journal{kept + "/journal", std::ios::in | std::ios::out | std::ios::binary};
    journal.write(std::string(90, 'x').data(), 90);
  }
  for (const char* each : {"check", "show"}) {
    const auto said = session({each, kept});
    EXPECT_EQ(said.status, 1) << each;
    EXPECT_NE(said.err.find("is damaged beyond reading"), std::string::npos) << said.err;
  }
  fs::remove(folder / "pub.err");
  EXPECT_NE(publish().find("begin anew by 'recado session clear"), std::string::npos);
  EXPECT_EQ(session({"clear", kept}).status, 0);
  EXPECT_EQ(session({"check", kept}).status, 0);
}

// The number of a file that is gone is given to the next one.
TEST_F(tool_session_folder, takes_nothing_back_from_a_file_that_is_another_one) {
  const fs::path output = folder / "others";
  running reader{command("sub", {"--session", kept, "-i", "me", "-q", "1", "-t", "others"}), "/dev/null", output};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto sent = recado::test::program_run{.command = command("pub", {"-q", "1", "-t", "others", "-m", "a"})}();
  ASSERT_EQ(sent.status, 0);
  ASSERT_TRUE(within(20s, [&] { return text_of(output) == "a\n"; }));
  reader.end(SIGKILL);
  fs::remove(output);
  const std::string own = "what somebody else has written\n";
  std::ofstream{output} << own;
  running next{command("sub", {"--session", kept, "-i", "me", "-q", "1", "-t", "others", "-W", "1"}), "/dev/null",
               output};
  ASSERT_TRUE(within(20s, [&] { return next.over(); }));
  EXPECT_TRUE(text_of(output).starts_with(own)) << text_of(output);
}

// A broker of 3.1.1 can't say so. With the second connection that is lost, and at the end.
TEST_F(tool_session_folder, a_message_that_the_broker_may_not_take_is_named) {
  using namespace recado::test;
  const std::string connack{"\x20\x02\0\0", 4}, refusal{"\x20\x02\0\5", 4};
  const script drops{hears(connect_type), says(connack), hears(publish_type), resets()};
  scripted_broker strict{{drops, drops, {hears(connect_type), says(refusal), closes()}}};
  std::ofstream{folder / "input"} << "one\n" << std::string(5000, 'x') << "\nthree\n";
  const auto ended =
      program_run{.command = {RECADO_PROGRAM, "pub", "-h", "127.0.0.1", "-p", std::to_string(strict.port()),
                              "--session", kept, "-q", "1", "-t", "a", "-f", (folder / "input").string()}}();
  const std::string suspected = "the broker may not take the message on its way, of 5019 bytes";
  EXPECT_EQ(ended.status, 5) << ended.err;
  EXPECT_NE(ended.err.find("recado pub: " + suspected + "\n"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("1 message is kept in " + kept + ", the next run publishes it; " + suspected),
            std::string::npos)
      << ended.err;
  EXPECT_EQ(shown()["messages"].size(), 1U);
}

TEST_F(tool_session_folder, a_disk_that_takes_no_more_is_named) {
  broker.stop(SIGTERM);
  publish();
  std::ofstream more{folder / "input", std::ios::app};
  for (int i = 4; i <= 9000; ++i) more << "line " << i << '\n';
  more.close();
  const auto nothing_beyond_100_kib = [] {
    const ::rlimit most{100 << 10, 100 << 10};
    ::setrlimit(RLIMIT_FSIZE, &most);
    std::signal(SIGXFSZ, SIG_IGN);
  };
  running limited{command("pub", {"--session", kept, "-i", "me", "-l", "-q", "2", "-t", "lines"}), folder / "input",
                  folder / "limited", nothing_beyond_100_kib};
  ASSERT_TRUE(within(20s, [&] { return limited.over(); }));
  EXPECT_EQ(limited.status(), 1);
  const std::string said = text_of(folder / "limited.err");
  EXPECT_NE(said.find("the message cannot be kept: "), std::string::npos) << said;
  EXPECT_NE(said.find(": File too large"), std::string::npos) << said;
  EXPECT_GE(shown()["held"], 3);
  EXPECT_EQ(shown()["held"], shown()["input"]["line"]) << "the next run goes on behind them";
}

}  // namespace
}  // namespace recado::app::tools
