// recado pub and sub with --session, killed at random moments, against a real mosquitto that is restarted meanwhile.
#include <nlohmann/json.hpp>

#include "kept_session.hpp"
#include "session_for_tests.hpp"

namespace recado::app::tools {
namespace {

/// A few in ./test; RECADO_KILLS says how many in ./test --long.
int kills_wanted() {
  const char* text = std::getenv("RECADO_KILLS");
  return text != nullptr ? std::atoi(text) : 10;
}

/// With each version of MQTT, as -V has it.
class tool_session_kills : public tool_session, public ::testing::WithParamInterface<const char*> {
 protected:
  std::vector<std::string> speaking(const std::string& tool, std::vector<std::string> more) const {
    more.insert(more.end(), {"-V", GetParam()});
    return command(tool, more);
  }
};
INSTANTIATE_TEST_SUITE_P(each, tool_session_kills, ::testing::Values("311", "5"),
                         [](const auto& of) { return std::string{"version_"} + of.param; });

TEST_P(tool_session_kills, each_line_is_published_exactly_once_whatever_is_killed) {
  const int wanted = kills_wanted();
  const std::string kept = (folder / "kept").string();
  // The broker is restarted so often that a reader would give it up within its 30 s.
  running reader{speaking("sub", {"-i", "reader", "-c", "-q", "2", "-t", "lines", "--reconnect", "600"}), "/dev/null",
                 folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  int kills = 0, seen = 0;
  unsigned life_ms = 30;
  bool begun = false;
  for (bool done = false; !done;) {
    const auto how = kills % 2 == 0 ? "flush" : "fsync";
    running publisher{speaking("pub", {"-i", "killed", "--session", kept, "--session-durability", how, "-l", "-q", "2",
                                       "-t", "lines"}),
                      folder / "input", folder / "pub"};
    const bool more = kills < wanted;
    const auto life = more ? std::chrono::milliseconds{random() % (2 * life_ms + 1)} : 120'000ms;
    const bool ended = within(life, [&] { return publisher.over(); });
    ASSERT_TRUE(ended || more) << text_of(folder / "pub.err");
    if (ended) {
      ASSERT_EQ(publisher.status(), 0) << text_of(folder / "pub.err");
      done = true;
    } else {
      publisher.end(SIGKILL);
      const auto shown = session({"show", kept, "--json"});
      if (!begun && shown.err.find("there is no session") != std::string::npos) {  // killed before it could begin one
        life_ms = life_ms * 5 / 4 + 1;
        continue;  // on a busy machine often: it doesn't count
      }
      ASSERT_EQ(shown.status, 0) << shown.err;
      begun = true;
      const auto told = nlohmann::json::parse(shown.out);
      const int line = told.contains("input") ? told["input"]["line"].get<int>() : 0;
      if (line == 0) {  // nor does what was killed before it took a line
        life_ms = life_ms * 5 / 4 + 1;
        continue;
      }
      ++kills;
      // So long that the first half of the input is enough for all kills.
      life_ms = 2 * line * wanted > lines * kills ? life_ms * 3 / 4 : life_ms * 5 / 4 + 1;
      for (const auto& message : told["messages"]) {
        EXPECT_GE(message["line"].get<int>(), 1);
        EXPECT_LE(message["line"].get<int>(), lines);
        seen += message["waits_for"] != "connection";
      }
      ASSERT_EQ(session({"check", kept}).status, 0);
      if (kills % 5 == 0 && kills <= 50) restart_broker_behind("reader");
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GE(kills, wanted) << "the input ended too soon";
  EXPECT_GT(seen, 0) << "no kill met a message on its way";
  ASSERT_TRUE(within(60s, [&] { return size_of(folder / "read") >= fs::file_size(folder / "input"); }));
  reader.end(SIGTERM);
  expect_all_once(folder / "read");
  EXPECT_EQ(nlohmann::json::parse(session({"show", kept, "--json"}).out)["messages"].size(), 0U);
  RecordProperty("kills", kills);
}

// Nobody kills it between the end of the input and that of the program: the next run has nothing to do either way.
TEST_F(tool_session, knows_its_input_again) {
  const std::string kept = (folder / "kept").string();
  const fs::path input = folder / "few", read = folder / "read";
  const auto write = [&](const std::string& text) { std::ofstream{input} << text; };
  std::string wanted;
  running reader{command("sub", {"-i", "reader", "-c", "-q", "2", "-t", "lines"}), "/dev/null", read};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto expect = [&](const std::string& more, const std::string& said, int status = 0) {
    fs::remove(folder / "pub.err");
    running publisher{command("pub", {"--session", kept, "-l", "-q", "2", "-t", "lines"}), input, folder / "pub"};
    ASSERT_TRUE(within(20s, [&] { return publisher.over(); }));
    const std::string err = text_of(folder / "pub.err");
    EXPECT_EQ(publisher.status(), status) << err;
    EXPECT_NE(err.find(said), std::string::npos) << err;
    wanted += more;
    EXPECT_TRUE(within(20s, [&] { return text_of(read) == wanted; })) << text_of(read) << "instead of\n" << wanted;
  };
  write("one\ntwo\n");
  expect("one\ntwo\n", "");
  expect("", "an earlier run took 2 lines of this input");
  write("one\ntwo\nthree\n");
  expect("three\n", "an earlier run took 2 lines of this input");
  write("another\n");
  expect("another\n", "");
  EXPECT_EQ(session({"clear", kept, "--input"}).status, 0);
  expect("another\n", "");
  const auto shown = nlohmann::json::parse(session({"show", kept, "--json"}).out);
  EXPECT_EQ(shown["input"]["line"], 1);
  EXPECT_EQ(shown["input"]["ended"], true);
  EXPECT_EQ(shown["messages"].size(), 0U);
  // A file whose writer is in the middle of a line when it is read.
  write("open\nli");
  expect("open\nli\n", "");
  expect("", "an earlier run took 2 lines of this input");
  write("open\nline\nmore\n");
  expect("ne\nmore\n", "an earlier run took 2 lines of this input");
  expect("", "an earlier run took 3 lines of this input");
  // To another topic nothing of it was published.
  const int before = count_of(broker_log(), "'elsewhere'");
  running publisher{command("pub", {"--session", kept, "-l", "-q", "2", "-t", "elsewhere"}), input, folder / "pub"};
  ASSERT_TRUE(within(20s, [&] { return publisher.over(); }));
  EXPECT_EQ(count_of(broker_log(), "'elsewhere'"), before + 3);
}

// A line that can't be kept, ever, doesn't stand in the way of those behind it.
TEST_F(tool_session, passes_over_what_is_too_long_to_be_kept) {
  const std::string kept = (folder / "kept").string(), offline = (folder / "offline").string();
  std::ofstream{folder / "few"} << "one\n" << std::string(1'100'000, 'x') << "\nthree\n";
  running reader{command("sub", {"-q", "1", "-t", "lines"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  running publisher{command("pub", {"--session", kept, "-l", "-q", "1", "-t", "lines"}), folder / "few",
                    folder / "pub"};
  ASSERT_TRUE(within(20s, [&] { return publisher.over(); }));
  EXPECT_EQ(publisher.status(), 25);
  EXPECT_NE(text_of(folder / "pub.err").find("line 2 has 1100000 bytes, and a session keeps"), std::string::npos)
      << text_of(folder / "pub.err");
  EXPECT_TRUE(within(20s, [&] { return text_of(folder / "read") == "one\nthree\n"; }));
  std::ofstream{folder / "long"} << std::string(1'100'000, 'x');
  const auto alone =
      recado::test::program_run{.command = {RECADO_PROGRAM, "pub", "-h", "127.0.0.1", "-p", "1", "--session", offline,
                                            "-q", "1", "-t", "lines", "-f", (folder / "long").string()}}();
  EXPECT_EQ(alone.status, 25) << alone.err;
  EXPECT_NE(alone.err.find("a session keeps messages up to"), std::string::npos) << alone.err;
  EXPECT_EQ(session({"show", offline}).out.find("waits for a connection"), std::string::npos);
}

// An input that was interrupted isn't taken for another one, whether it can be looked at beforehand or not.
TEST_F(tool_session, refuses_another_input_than_the_interrupted_one) {
  const std::string kept = (folder / "kept").string();
  std::ofstream{folder / "few"} << "one\ntwo\n";
  std::ofstream{folder / "other"} << "one\n2\nthree\n";
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::write(pipe[1], "one\ntwo\n", 8), 8);
  const std::string through = "/proc/self/fd/" + std::to_string(pipe[0]);
  {
    running publisher{command("pub", {"--session", kept, "-l", "-q", "1", "-t", "t"}), through, folder / "pub"};
    ASSERT_TRUE(within(20s, [&] { return count_of(broker_log(), "Sending PUBACK") == 2; })) << broker_log();
    publisher.end(SIGKILL);
  }
  const auto run = [&](const fs::path& input) {
    fs::remove(folder / "pub.err");
    running publisher{command("pub", {"--session", kept, "-l", "-q", "1", "-t", "t"}), input, folder / "pub"};
    EXPECT_TRUE(within(20s, [&] { return publisher.over(); }));
    return std::pair{publisher.status(), text_of(folder / "pub.err")};
  };
  const auto [status, said] = run(folder / "other");
  EXPECT_EQ(status, 1) << said;
  EXPECT_NE(said.find("begins with others"), std::string::npos) << said;
  EXPECT_NE(said.find("session clear --input"), std::string::npos) << said;
  ASSERT_EQ(::write(pipe[1], "one\n2\n", 6), 6);
  const auto [status_of_pipe, said_of_pipe] = run(through);
  EXPECT_EQ(status_of_pipe, 1) << said_of_pipe;
  EXPECT_NE(said_of_pipe.find("begins with others"), std::string::npos) << said_of_pipe;
  const auto [status_of_same, said_of_same] = run(folder / "few");
  EXPECT_EQ(status_of_same, 0) << said_of_same;
  EXPECT_NE(said_of_same.find("going on behind line 2"), std::string::npos) << said_of_same;
  ::close(pipe[0]), ::close(pipe[1]);
}

TEST_F(tool_session, keeps_what_is_published_without_a_broker) {
  const std::string kept = (folder / "kept").string();
  broker.stop(SIGTERM);
  const auto alone = recado::test::program_run{
      .command = command("pub", {"--session", kept, "-q", "2", "-r", "-t", "lines", "-m", "first of all"})}();
  EXPECT_EQ(alone.status, 1);
  EXPECT_NE(alone.err.find("1 message is kept in " + kept + ", the next run publishes it"), std::string::npos)
      << alone.err;
  std::ofstream{folder / "few"} << "one\ntwo\n";
  {
    running publisher{command("pub", {"--session", kept, "-l", "-q", "2", "-t", "lines"}), folder / "few",
                      folder / "pub"};
    ASSERT_TRUE(within(20s, [&] { return publisher.over(); }));
    EXPECT_NE(text_of(folder / "pub.err").find("3 messages are kept"), std::string::npos)
        << text_of(folder / "pub.err");
  }
  const auto shown = nlohmann::json::parse(session({"show", kept, "--json"}).out);
  EXPECT_EQ(shown["held"], 3);
  ASSERT_EQ(shown["messages"].size(), 3U);
  for (const auto& each : shown["messages"]) {
    EXPECT_EQ(each["waits_for"], "connection");
    EXPECT_EQ(each["qos"], 2);
  }
  EXPECT_EQ(shown["messages"][1]["line"], 1);
  EXPECT_EQ(shown["messages"][2]["line"], 2);
  EXPECT_EQ(shown["messages"][2]["bytes"], 8);
  const std::string table = session({"show", kept}).out;
  EXPECT_NE(table.find("  line 2: QoS 2, waits for a connection, 8 bytes\n"), std::string::npos) << table;
  EXPECT_EQ(shown["input"]["ended"], true);
  broker.start();
  running reader{command("sub", {"-q", "2", "-t", "lines"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto last = recado::test::program_run{
      .command = command("pub", {"--session", kept, "-q", "2", "-t", "lines", "-m", "last"})}();
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_NE(last.err.find("3 messages wait in"), std::string::npos) << last.err;
  EXPECT_TRUE(within(20s, [&] { return text_of(folder / "read") == "first of all\none\ntwo\nlast\n"; }))
      << text_of(folder / "read");
}

// Message Expiry Interval, 5.0 3.3.2.3.3: what is left of it goes with the message; the clock goes on while none runs.
TEST_F(tool_session, what_waits_expires) {
  const std::string kept = (folder / "kept").string();
  const auto publish = [&](const std::string& seconds) {
    return recado::test::program_run{
        .command = command("pub", {"--session", kept, "-q", "2", "-t", "lines", "-m", "of " + seconds, "-V", "5", "-D",
                                   "publish", "message-expiry-interval", seconds})}();
  };
  broker.stop(SIGTERM);
  const auto held_at = std::time(nullptr);
  EXPECT_EQ(publish("1").status, 1);
  EXPECT_EQ(publish("1000").status, 1);
  ASSERT_TRUE(within(10s, [&] { return std::time(nullptr) >= held_at + 3; }));
  broker.start();
  running reader{command("sub", {"-q", "2", "-t", "lines", "-V", "5", "-F", "%p %E"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto last = publish("500");
  EXPECT_EQ(last.status, 0) << last.err;
  EXPECT_NE(last.err.find("1 message that waited has expired and was not published"), std::string::npos) << last.err;
  ASSERT_TRUE(within(20s, [&] { return count_of(text_of(folder / "read"), "\n") == 2; })) << text_of(folder / "read");
  int left = 0;
  const std::string read = text_of(folder / "read");
  ASSERT_EQ(std::sscanf(read.c_str(), "of 1000 %d\nof 500 ", &left), 1) << read;
  EXPECT_LE(left, 999);
  EXPECT_GT(left, 900);
}

TEST_F(tool_session, refuses_when_it_is_full_and_loses_nothing) {
  const std::string kept = (folder / "kept").string();
  const auto publish = command("pub", {"--session", kept, "-l", "-q", "2", "-t", "lines"});
  constexpr std::size_t many = 40;
  {
    std::ofstream input{folder / "input"};
    for (std::size_t i = 0; i < many; ++i) input << std::string(900'000, static_cast<char>('A' + i)) << '\n';
  }
  broker.stop(SIGTERM);
  {
    running publisher{publish, folder / "input", folder / "pub"};
    ASSERT_TRUE(within(60s, [&] { return publisher.over(); }));
    EXPECT_EQ(publisher.status(), 1);
    EXPECT_NE(text_of(folder / "pub.err").find("there is no room for more"), std::string::npos)
        << text_of(folder / "pub.err");
  }
  const auto more = recado::test::program_run{
      .command = command("pub", {"--session", kept, "-q", "1", "-t", "lines", "-f", (folder / "input").string()})}();
  EXPECT_NE(more.status, 0) << "a message of 36 MB";
  EXPECT_NE(more.err.find("a session keeps messages up to"), std::string::npos) << more.err;
  const auto held = nlohmann::json::parse(session({"show", kept, "--json"}).out)["held"].get<std::size_t>();
  EXPECT_GT(held, many / 2);
  EXPECT_LT(held, many);
  EXPECT_EQ(session({"check", kept}).status, 0);
  broker.start();
  running reader{command("sub", {"-q", "2", "-t", "lines"}), "/dev/null", folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  running publisher{publish, folder / "input", folder / "pub"};
  ASSERT_TRUE(within(100s, [&] { return publisher.over(); }));
  EXPECT_EQ(publisher.status(), 0) << text_of(folder / "pub.err");
  ASSERT_TRUE(within(60s, [&] { return size_of(folder / "read") >= fs::file_size(folder / "input"); }));
  expect_all_once(folder / "read");
}

// While the broker is away the input goes into the journal; a kill in the middle of that loses and doubles nothing.
TEST_F(tool_session, keeps_what_comes_while_the_connection_is_lost) {
  const std::string kept = (folder / "kept").string();
  // One at a time: it shall not have taken the last line while the reader is still behind.
  const auto publish =
      command("pub", {"--session", kept, "--session-durability", "flush", "-l", "-q", "2", "-t", "lines"});
  running reader{command("sub", {"-i", "reader", "-c", "-q", "2", "-t", "lines", "--reconnect", "600"}), "/dev/null",
                 folder / "read"};
  ASSERT_TRUE(within(20s, [&] { return broker_log().find("Sending SUBACK") != std::string::npos; }));
  const auto lose_connection = [&](running& publisher, int times) {
    const auto target = size_of(folder / "read") + 2000;
    ASSERT_TRUE(within(60s, [&] { return publisher.over() || size_of(folder / "read") > target; }));
    broker.stop(SIGTERM);
    ASSERT_TRUE(within(20s, [&] {
      return publisher.over() || count_of(text_of(folder / "pub.err"), "trying to come back") == times;
    })) << text_of(folder / "pub.err");
  };
  {
    running publisher{publish, folder / "input", folder / "pub"};
    lose_connection(publisher, 1);
    ASSERT_TRUE(within(20s, [&] {  // some of the rest is in the journal: there the payload follows the topic at once
      return text_of(fs::path{kept} / "journal").find("linesline ") != std::string::npos;
    }));
    ASSERT_FALSE(publisher.over()) << text_of(folder / "pub.err");
    publisher.end(SIGKILL);
    const auto shown = nlohmann::json::parse(session({"show", kept, "--json"}).out);
    EXPECT_GT(shown["held"].get<int>(), 0);
    EXPECT_GT(shown["input"]["line"].get<int>(), 0);
    broker.start();
  }
  {
    running publisher{publish, folder / "input", folder / "pub"};
    lose_connection(publisher, 2);
    broker.start();  // that one comes back by itself
    ASSERT_TRUE(within(60s, [&] { return publisher.over(); }));
    EXPECT_EQ(publisher.status(), 0) << text_of(folder / "pub.err");
  }
  ASSERT_TRUE(within(60s, [&] { return size_of(folder / "read") >= fs::file_size(folder / "input"); }));
  reader.end(SIGTERM);
  expect_all_once(folder / "read");
}

TEST_P(tool_session_kills, each_message_is_received_exactly_once_whatever_is_killed) {
  const int wanted = kills_wanted();
  const std::string kept = (folder / "kept").string();
  const fs::path got = folder / "got";
  const std::vector<std::string> subscribe{
      "-i", "killed", "--session", kept, "-q", "2", "-t", "lines", "--session-durability", "flush"};
  auto once = subscribe;
  once.push_back("-E");
  running first{speaking("sub", once), "/dev/null", got};
  ASSERT_TRUE(within(20s, [&] { return first.over(); }));
  ASSERT_EQ(first.status(), 0) << text_of(got.string() + ".err");
  running publisher{speaking("pub", {"-l", "-M", "20", "-q", "2", "-t", "lines"}), folder / "input", folder / "pub"};
  ASSERT_TRUE(within(120s, [&] { return publisher.over(); }));
  ASSERT_EQ(publisher.status(), 0);
  int kills = 0;
  const auto all = fs::file_size(folder / "input");
  while (size_of(got) < all || kills < wanted / 2) {
    running subscriber{speaking("sub", subscribe), "/dev/null", got};
    const auto target = std::min(all - 1, size_of(got) + random() % (all * 2 / static_cast<std::size_t>(wanted)));
    ASSERT_TRUE(within(120s, [&] { return subscriber.over() || size_of(got) > target; }));
    ASSERT_FALSE(subscriber.over()) << text_of(got.string() + ".err");
    // Behind a goodbye mosquitto has read every answer: as above, else it would say a PUBLISH again for a PUBREL.
    const bool restart = kills == 5;
    subscriber.end(restart ? SIGTERM : SIGKILL);
    if (restart) broker.stop(SIGTERM), broker.start();
    ++kills;
  }
  auto last = subscribe;
  last.insert(last.end(), {"-W", "2"});
  running tail{speaking("sub", last), "/dev/null", got};
  ASSERT_TRUE(within(20s, [&] { return tail.over(); }));
  EXPECT_EQ(tail.status(), 27);
  expect_all_once(got);
  RecordProperty("kills", kills);
}

TEST_F(tool_session, belongs_to_one_program_and_one_client) {
  const std::string kept = (folder / "kept").string();
  const auto made = recado::test::program_run{
      .command = command("sub", {"-i", "me", "--session", kept, "-q", "2", "-t", "t", "-E"})}();
  ASSERT_EQ(made.status, 0) << made.err;
  running holder{command("sub", {"-i", "me", "--session", kept, "-q", "2", "-t", "t"}), "/dev/null", folder / "got"};
  ASSERT_TRUE(within(20s, [&] {
    return session({"show", kept}).err.find("in use by the process") != std::string::npos;
  }));
  const auto refused =
      recado::test::program_run{.command = command("pub", {"--session", kept, "-q", "1", "-t", "t", "-m", "m"})}();
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("in use by the process"), std::string::npos) << refused.err;
  holder.end(SIGTERM);
  const auto other = recado::test::program_run{
      .command = command("pub", {"--session", kept, "-i", "you", "-q", "1", "-t", "t", "-m", "m"})}();
  EXPECT_NE(other.err.find("is that of the client 'me'"), std::string::npos) << other.err;
  const auto newer = recado::test::program_run{
      .command = command("pub", {"--session", kept, "-V", "5", "-q", "1", "-t", "t", "-m", "m"})}();
  EXPECT_NE(newer.err.find("speaks MQTT 3.1.1"), std::string::npos) << newer.err;
  const auto zero = recado::test::program_run{.command = command("pub", {"--session", kept, "-t", "t", "-m", "m"})}();
  EXPECT_NE(zero.err.find("QoS 1 and 2"), std::string::npos) << zero.err;
}

TEST_F(tool_session, is_shown_checked_and_cleared) {
  const std::string kept = (folder / "kept").string();
  EXPECT_NE(session({"show", kept}).err.find("there is no session in"), std::string::npos);
  const auto made = recado::test::program_run{
      .command = command("sub", {"--session", kept, "-i", "me", "-q", "2", "-t", "a/+", "-t", "b", "-E"})}();
  ASSERT_EQ(made.status, 0) << made.err;
  const auto shown = nlohmann::json::parse(session({"show", kept, "--json"}).out);
  EXPECT_EQ(shown["client_identifier"], "me");
  EXPECT_EQ(shown["subscriptions"].size(), 2U);
  EXPECT_NE(session({"show", kept}).out.find("subscribed 2 filters"), std::string::npos);
  EXPECT_EQ(session({"check", kept}).status, 0);
  const auto put = [&](std::size_t at, char what) {
    std::fstream journal{kept + "/journal", std::ios::in | std::ios::out | std::ios::binary};
    journal.seekp(static_cast<std::streamoff>(at)), journal.put(what);
  };
  const std::string journal = text_of(kept + "/journal");
  const std::size_t last = journal.find_last_not_of('\0');
  put(last, static_cast<char>(journal[last] ^ 1));
  const auto torn = session({"check", kept});
  EXPECT_EQ(torn.status, 0);
  EXPECT_NE(torn.out.find("; what was written last was interrupted or damaged and doesn't count"), std::string::npos)
      << torn.out;
  put(last, journal[last]);
  EXPECT_EQ(session({"check", kept}).out.find("interrupted"), std::string::npos);
  put(session_geometry.page_bytes + 14, '!');  // in the first record, behind the page of the header
  const auto damaged = session({"check", kept});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_NE(damaged.err.find("it is damaged: 1 entry is lost"), std::string::npos) << damaged.err << damaged.out;
  // Who goes on with it is told, and subscribes again what is not known any more.
  const auto gone_on = recado::test::program_run{
      .command = command("sub", {"--session", kept, "-i", "me", "-q", "2", "-t", "a/+", "-t", "b", "-E"})}();
  EXPECT_EQ(gone_on.status, 0) << gone_on.err;
  EXPECT_NE(gone_on.err.find("warning: the session in " + kept + ": it is damaged: "), std::string::npos)
      << gone_on.err;
  EXPECT_EQ(nlohmann::json::parse(session({"show", kept, "--json"}).out)["subscriptions"].size(), 2U);
  EXPECT_EQ(session({"clear", kept}).status, 0);
  EXPECT_EQ(nlohmann::json::parse(session({"show", kept, "--json"}).out)["subscriptions"].size(), 0U);
  EXPECT_NE(session({"measure", (folder / "none").string()}).err.find("there is no folder "), std::string::npos);
  const auto measured = session({"measure", folder.string(), "--messages", "20"});
  EXPECT_EQ(measured.status, 0) << measured.err;
  EXPECT_NE(measured.out.find("fsync"), std::string::npos);
}

TEST_F(tool_session, a_measurement_leaves_nothing_behind_a_signal) {
  const std::string script = "mkdir '" + (folder / "measured").string() + "'; cd '" + (folder / "measured").string() +
                             "'\n" RECADO_PROGRAM
                             " session measure . --messages 1000000 &\n"
                             "until ls -d recado-measure-* >/dev/null 2>&1; do :; done\n"
                             "kill -TERM $!; wait $! || echo status $?; ls -A\n";
  const auto done = recado::test::program_run{.command = {"/bin/sh", "-c", script}}();
  EXPECT_EQ(done.out, "status 143\n") << done.err;
  EXPECT_NE(done.err.find("recado session measure: interrupted before all was measured"), std::string::npos);
}

}  // namespace
}  // namespace recado::app::tools
