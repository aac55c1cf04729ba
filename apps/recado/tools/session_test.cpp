// recado pub and sub with --session, killed at random moments, against a real mosquitto that is restarted meanwhile.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>

namespace recado::app::tools {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A few in ./test; RECADO_KILLS says how many in ./test --long.
int kills_wanted() {
  const char* text = std::getenv("RECADO_KILLS");
  return text != nullptr ? std::atoi(text) : 10;
}

/// True once `done` says so; false after the bound.
template <class Done>
bool within(std::chrono::milliseconds bound, Done&& done) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

/// A program with files for standard input and output.
class running {
 public:
  running(const std::vector<std::string>& command, const fs::path& input, const fs::path& output) {
    const std::vector<char*> arguments = recado::test::detail::pointers(command);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(::open(input.c_str(), O_RDONLY), STDIN_FILENO);
      ::dup2(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDOUT_FILENO);
      ::dup2(::open((output.string() + ".err").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~running() { end(SIGKILL); }
  /// True once it has ended by itself.
  bool over() {
    if (!over_ && ::waitpid(child_, &status_, WNOHANG) == child_) over_ = true;
    return over_;
  }
  void end(int signal) {
    if (over()) return;
    ::kill(child_, signal);
    ::waitpid(child_, &status_, 0);
    over_ = true;
  }
  int status() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_); }

 private:
  ::pid_t child_ = -1;
  int status_ = 0;
  bool over_ = false;
};

class tool_session : public ::testing::Test {
 protected:
  static constexpr int lines = 10'000;

  tool_session() {
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream input{folder / "input"};
    for (int i = 1; i <= lines; ++i) input << "line " << i << '\n';
  }
  ~tool_session() override { fs::remove_all(folder); }

  std::vector<std::string> command(const std::string& tool, const std::vector<std::string>& more) const {
    std::vector<std::string> all{RECADO_PROGRAM, tool, "-h", "127.0.0.1", "-p", std::to_string(broker.port())};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static std::string text_of(const fs::path& file) {
    std::ifstream in{file};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::uintmax_t size_of(const fs::path& file) const { return fs::exists(file) ? fs::file_size(file) : 0; }
  recado::test::program_run::result session(const std::vector<std::string>& more) const {
    std::vector<std::string> all{RECADO_PROGRAM, "session"};
    all.insert(all.end(), more.begin(), more.end());
    return recado::test::program_run{.command = all}();
  }
  void expect_all_once(const fs::path& file) const {
    const std::string got = text_of(file), wanted = text_of(folder / "input");
    if (got == wanted) return;
    const auto [a, b] = std::ranges::mismatch(got, wanted);
    const auto at = static_cast<std::size_t>(a - got.begin());
    FAIL() << "differs at byte " << at << " of " << wanted.size() << ": '" << got.substr(at < 40 ? 0 : at - 40, 80)
           << "' instead of '" << wanted.substr(at < 40 ? 0 : at - 40, 80) << "'";
  }

  const fs::path folder = fs::path{RECADO_TEST_FOLDER} / ("session_" + std::to_string(::getpid()));
  recado::test::mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", folder.string() + "_broker"};
  std::mt19937 random{1};
};

TEST_F(tool_session, each_line_is_published_exactly_once_whatever_is_killed) {
  const int wanted = kills_wanted();
  const std::string kept = (folder / "kept").string();
  running reader{command("sub", {"-i", "reader", "-c", "-q", "2", "-t", "lines"}), "/dev/null", folder / "read"};
  int kills = 0, seen = 0;
  for (bool done = false; !done;) {
    const auto how = kills % 2 == 0 ? "flush" : "fsync";
    running publisher{command("pub", {"-i", "killed", "--session", kept, "--session-durability", how, "-l", "-q", "2",
                                      "-t", "lines"}),
                      folder / "input", folder / "pub"};
    const auto share = text_of(folder / "input").size() / static_cast<std::size_t>(wanted);
    const auto target = size_of(folder / "read") + random() % (share / 2);
    const bool more = kills < wanted;
    ASSERT_TRUE(within(120s, [&] { return publisher.over() || (more && size_of(folder / "read") > target); }))
        << text_of(folder / "pub.err");
    if (publisher.over()) {
      ASSERT_EQ(publisher.status(), 0) << text_of(folder / "pub.err");
      done = true;
    } else {
      publisher.end(SIGKILL);
      ++kills;
      const auto shown = session({"show", kept, "--json"});
      ASSERT_EQ(shown.status, 0) << shown.err;
      const auto told = nlohmann::json::parse(shown.out);
      for (const auto& message : told["messages"]) {
        EXPECT_GE(message["line"].get<int>(), 1);
        EXPECT_LE(message["line"].get<int>(), lines);
        ++seen;
      }
      // All was acknowledged and said so, and the kill came before the end: another run would take the input for a new
      // one.
      done = told["messages"].empty() && told["note"] == nlohmann::json::array({0, 0});
      ASSERT_EQ(session({"check", kept}).status, 0);
      if (kills % 5 == 0 && kills <= 50) broker.stop(SIGTERM), broker.start();
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

TEST_F(tool_session, each_message_is_received_exactly_once_whatever_is_killed) {
  const int wanted = kills_wanted();
  const std::string kept = (folder / "kept").string();
  const fs::path got = folder / "got";
  const std::vector<std::string> subscribe{
      "-i", "killed", "--session", kept, "-q", "2", "-t", "lines", "--session-durability", "flush"};
  auto once = subscribe;
  once.push_back("-E");
  running first{command("sub", once), "/dev/null", got};
  ASSERT_TRUE(within(20s, [&] { return first.over(); }));
  ASSERT_EQ(first.status(), 0) << text_of(got.string() + ".err");
  running publisher{command("pub", {"-l", "-M", "20", "-q", "2", "-t", "lines"}), folder / "input", folder / "pub"};
  ASSERT_TRUE(within(120s, [&] { return publisher.over(); }));
  ASSERT_EQ(publisher.status(), 0);
  int kills = 0;
  const auto all = fs::file_size(folder / "input");
  while (size_of(got) < all || kills < wanted / 2) {
    running subscriber{command("sub", subscribe), "/dev/null", got};
    const auto target = std::min(all - 1, size_of(got) + random() % (all * 2 / static_cast<std::size_t>(wanted)));
    ASSERT_TRUE(within(120s, [&] { return subscriber.over() || size_of(got) > target; }));
    ASSERT_FALSE(subscriber.over()) << text_of(got.string() + ".err");
    subscriber.end(SIGKILL);
    ++kills;
    if (kills == 5) broker.stop(SIGTERM), broker.start();
  }
  auto last = subscribe;
  last.insert(last.end(), {"-W", "2"});
  running tail{command("sub", last), "/dev/null", got};
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
  {
    std::fstream journal{kept + "/journal", std::ios::in | std::ios::out | std::ios::binary};
    journal.seekp(110), journal.put('!');
  }
  const auto damaged = session({"check", kept});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_NE(damaged.err.find("entries are lost"), std::string::npos) << damaged.err << damaged.out;
  EXPECT_EQ(session({"clear", kept}).status, 0);
  EXPECT_EQ(nlohmann::json::parse(session({"show", kept, "--json"}).out)["subscriptions"].size(), 0U);
  const auto measured = session({"measure", folder.string(), "--messages", "20"});
  EXPECT_EQ(measured.status, 0) << measured.err;
  EXPECT_NE(measured.out.find("fsync"), std::string::npos);
}

}  // namespace
}  // namespace recado::app::tools
