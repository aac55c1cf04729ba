// The session on a socket, face to face with a real broker: both versions, every QoS in both directions, sessions that
// outlive their connections, wills, retained messages, names and passwords, and payloads larger than any buffer.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/mqtt/session.hpp>
#include <tests/support/child_process.hpp>
#include <tests/support/net_namespace.hpp>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;
using mqtt::error;
using mqtt::qos;
using mqtt::version;

const endpoint broker_address{ip_address::v4(127, 0, 0, 1), 1883};
constexpr auto patience = 10s;
constexpr std::size_t breaks_max = 12;

// What was heard of one message.
struct heard {
  std::string topic, payload;
  qos level{};
  bool retain = false;
  bool operator==(const heard&) const = default;
};

// A client with a receive buffer of 1 KiB and a transmit log of 4 KiB.
class client {
 public:
  explicit client(std::string name) : name_(std::move(name)), machine_(storage_.get()) {
    EXPECT_TRUE(loop_.open().has_value());
  }

  mqtt::connect_options options(version which, bool clean) const {
    mqtt::connect_options out{.version = which, .client_identifier = name_, .clean_start = clean};
    out.user_name = "board", out.password = as_bytes("secret");
    if (which == version::v5_0 && !clean) out.session_expiry_s = 3600;
    return out;
  }
  // Connects and waits for the answer.
  void connect(const mqtt::connect_options& how) {
    online_ = ended_ = false, closed_.reset();
    ASSERT_TRUE(machine_.connect(how).has_value());
    ASSERT_TRUE(stream_.connect(loop_, {&broker_address, 1}, {}, now()).has_value());
    until([&] { return online_ || closed_; });
  }
  void connect(version which, bool clean) { connect(options(which, clean)); }
  // The stream is gone without a word, in the middle of whatever it was doing.
  void breaks() {
    const fault why = make_fault(stream_error::reset);
    stream_.close(why, now());
    machine_.lost(why, now());
    buffer_.clear();
    broken_ = false;
  }
  void subscribe(const char* filter, qos most) {
    const mqtt::subscription one[] = {{.filter = filter, .qos = most}};
    ASSERT_TRUE(machine_.subscribe(one).has_value());
    const auto before = subscribed_;
    until([&] { return subscribed_ != before; });
  }
  void publish(const mqtt::message& what) {
    const auto done = machine_.publish(what);
    ASSERT_TRUE(done.has_value()) << words(done.error());
  }
  void disconnect() {
    ASSERT_TRUE(machine_.disconnect().has_value());
    until([&] { return ended_; });
  }
  // Turns until something is true. A connection that breaks on purpose is taken up again where it was.
  void until(const std::function<bool()>& done) {
    const instant limit = now() + patience;
    while (!done()) {
      ASSERT_LT(now(), limit);
      const auto result = turn();
      if (broken_) {
        breaks();
        connect(again_);
        if (testing::Test::HasFatalFailure()) return;
        continue;
      }
      if (done()) return;
      ASSERT_FALSE(result.ended) << "the stream has ended: " << words(static_cast<error>(why_.code));
      loop_.wait(std::min(result.deadline, limit));
    }
  }
  // One turn: what is to be sent leaves.
  progress turn() {
    const auto result =
        drive(machine_, stream_, buffer_, now(), [this](mqtt::session::event& what) { return on(what); });
    ended_ = ended_ || result.ended;
    return result;
  }
  // From now on the connection breaks after every so many events, a dozen times.
  void break_every(unsigned events, const mqtt::connect_options& again) { break_every_ = events, again_ = again; }

  mqtt::session& machine() { return machine_; }
  const std::vector<heard>& messages() const { return messages_; }
  std::size_t acknowledged() const { return acknowledged_; }
  std::size_t reconnected() const { return reconnected_; }
  bool session_present() const { return present_; }
  const std::optional<mqtt::reason>& refused() const { return closed_; }
  void serve(std::string payload) { source_ = std::move(payload); }

 private:
  flow on(mqtt::session::event& what) {
    if (const auto* e = std::get_if<mqtt::connected>(&what)) online_ = true, present_ = e->session_present;
    if (const auto* e = std::get_if<mqtt::message_received>(&what))
      messages_.push_back({std::string{e->topic}, std::string{as_text(e->payload)}, e->qos, e->retain});
    if (const auto* e = std::get_if<mqtt::message_begin>(&what))
      messages_.push_back({std::string{e->topic}, {}, e->qos, e->retain});
    if (const auto* e = std::get_if<mqtt::message_part>(&what)) messages_.back().payload += as_text(e->payload);
    if (std::holds_alternative<mqtt::message_aborted>(what)) messages_.pop_back();
    if (const auto* e = std::get_if<mqtt::acknowledged>(&what)) {
      EXPECT_EQ(e->outcome, mqtt::outcome::answered);
      ++acknowledged_;
    }
    if (std::holds_alternative<mqtt::subscribed>(what)) ++subscribed_;
    if (const auto* e = std::get_if<mqtt::wants_payload>(&what)) {
      EXPECT_TRUE(machine_.supply(as_bytes(source_).subspan(e->offset)).has_value());
    }
    if (const auto* e = std::get_if<mqtt::closed>(&what)) {
      closed_ = e->reason, why_ = e->why;
      return flow::finish;
    }
    const bool message_or_answer =
        std::holds_alternative<mqtt::message_received>(what) || std::holds_alternative<mqtt::acknowledged>(what);
    if (break_every_ == 0 || reconnected_ == breaks_max || !message_or_answer || ++events_ % break_every_ != 0)
      return flow::go_on;
    broken_ = true;
    ++reconnected_;
    return flow::pause;
  }

  std::string name_;
  // Room for all messages of a test: mosquitto 2.0.11 exceeds Receive Maximum at QoS 2 when a session goes on.
  mqtt::session_storage<mqtt::storage_sizes{.transmit = 4096, .receive = 1024, .outgoing = 16, .received = 128}>
      storage_;
  mqtt::session machine_;
  loop loop_;
  tcp_stream stream_;
  std::array<std::byte, 1024> memory_{};
  receive_buffer buffer_{memory_};
  mqtt::connect_options again_;
  std::string source_;
  std::vector<heard> messages_;
  std::optional<mqtt::reason> closed_;
  fault why_{};
  std::size_t acknowledged_ = 0, subscribed_ = 0, reconnected_ = 0;
  unsigned break_every_ = 0, events_ = 0;
  bool online_ = false, present_ = false, ended_ = false, broken_ = false;
};

// A broker of each test's own, in a network of its own, that wants a name and a password.
class session_and_mosquitto : public testing::TestWithParam<version> {
 protected:
  void SetUp() override {
    test::leave_the_machines_network();
    namespace fs = std::filesystem;
    folder_ = fs::path{RECADO_TEST_FILES} / ("mosquitto." + std::to_string(::getpid()));
    fs::create_directories(folder_);
    const std::string users = (folder_ / "users").string(), config = (folder_ / "conf").string();
    ASSERT_EQ(std::system((RECADO_SERVERS "/usr/bin/mosquitto_passwd -c -b '" + users + "' board secret").c_str()), 0);
    std::ofstream{config}
        << "user root\nlog_dest stderr\nlog_type information\nlistener 1883 127.0.0.1\nallow_anonymous false\n"
           "max_inflight_messages 20\nmax_queued_messages 1000\npassword_file "
        << users << "\n";
    broker_.emplace(std::vector<std::string>{RECADO_SERVERS "/usr/sbin/mosquitto", "-c", config});
    ASSERT_TRUE(broker_->says("running")) << broker_->said();
  }
  void TearDown() override {
    broker_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::optional<test::child_process> broker_;
  std::filesystem::path folder_;
};

std::string name_of_version(const testing::TestParamInfo<version>& info) {
  return info.param == version::v5_0 ? "v5_0" : "v3_1_1";
}
INSTANTIATE_TEST_SUITE_P(both, session_and_mosquitto, testing::Values(version::v5_0, version::v3_1_1), name_of_version);

TEST_P(session_and_mosquitto, every_qos_goes_both_ways) {
  // [MQTT-4.2-1] [MQTT311-7.0.0-2] [MQTT311-7.1.2-1]
  client one{"one"};
  one.connect(GetParam(), true);
  one.subscribe("t/#", qos::exactly_once);
  std::vector<heard> expected;
  for (int i = 0; i < 30; ++i) {
    const auto level = static_cast<qos>(i % 3);
    expected.push_back({"t/" + std::to_string(i), "payload " + std::to_string(i), level, false});
    one.publish({.topic = expected.back().topic, .payload = as_bytes(expected.back().payload), .qos = level});
    if (i % 6 == 5) one.until([&] { return one.messages().size() == expected.size(); });
  }
  one.until([&] { return one.acknowledged() == 20; });
  // Each QoS is in order; QoS 2 takes one more round than the others.
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    std::vector<heard> sent, got;
    std::ranges::copy_if(expected, std::back_inserter(sent), [&](const heard& h) { return h.level == level; });
    std::ranges::copy_if(one.messages(), std::back_inserter(got), [&](const heard& h) { return h.level == level; });
    EXPECT_EQ(got, sent);
  }
  EXPECT_EQ(one.machine().in_flight(), 0u);
  one.disconnect();
}

// The publisher's connection breaks again and again, before it hears answers; then the subscriber's, before it answers.
TEST_P(session_and_mosquitto, sessions_survive_broken_connections) {
  for (const qos level : {qos::at_least_once, qos::exactly_once}) {
    for (const bool publisher_breaks : {true, false}) {
      SCOPED_TRACE("QoS " + std::to_string(static_cast<int>(level)) + (publisher_breaks ? " out" : " in"));
      const std::string name = std::to_string(static_cast<int>(level)) + (publisher_breaks ? "o" : "i");
      client out{"out" + name}, in{"in" + name};
      out.connect(GetParam(), true), out.disconnect();  // nothing is left of older ones
      in.connect(GetParam(), false), in.subscribe(name.c_str(), level);
      out.connect(GetParam(), false);
      client& breaking = publisher_breaks ? out : in;
      breaking.break_every(3, breaking.options(GetParam(), false));
      std::vector<std::string> sent;
      for (int i = 0; i < 40; ++i) {
        sent.push_back(std::to_string(i));
        out.publish({.topic = name, .payload = as_bytes(sent.back()), .qos = level});
        if (publisher_breaks && i % 8 == 3) {  // sent, and nobody knows whether it arrived
          out.turn(), out.breaks(), out.connect(GetParam(), false);
          EXPECT_TRUE(out.session_present());
        }
        if (i % 8 == 7) out.until([&] { return out.acknowledged() == sent.size(); });
      }
      ASSERT_FALSE(HasFatalFailure());
      const auto all_there = [&] { return !in.messages().empty() && in.messages().back().payload == sent.back(); };
      in.until(all_there);
      EXPECT_GT(breaking.reconnected(), 5u);
      std::vector<std::string> got;
      for (const heard& one : in.messages())
        if (level == qos::exactly_once || got.empty() || std::ranges::find(got, one.payload) == got.end())
          got.push_back(one.payload);
      EXPECT_EQ(got, sent) << "all, in order; with QoS 2 once";
      EXPECT_EQ(out.machine().in_flight(), 0u);
    }
  }
}

TEST_P(session_and_mosquitto, messages_wait_for_an_absent_subscriber) {
  client out{"out"}, in{"in"};
  in.connect(GetParam(), false);
  EXPECT_FALSE(in.session_present());
  in.subscribe("waits", qos::exactly_once);
  in.breaks();
  out.connect(GetParam(), true);
  for (int i = 0; i < 50; ++i) {
    out.publish({.topic = "waits", .payload = as_bytes(std::to_string(i)), .qos = static_cast<qos>(1 + i % 2)});
    if (i % 10 == 9) out.until([&] { return out.machine().in_flight() == 0; });
  }
  in.connect(GetParam(), false);
  EXPECT_TRUE(in.session_present());
  in.until([&] { return in.messages().size() == 50; });
}

TEST_P(session_and_mosquitto, a_will_is_published_when_the_stream_breaks) {
  client watcher{"watcher"}, mortal{"mortal"};
  watcher.connect(GetParam(), true);
  watcher.subscribe("last/words", qos::at_least_once);
  auto how = mortal.options(GetParam(), true);
  how.will = mqtt::will{"last/words", as_bytes("[PLACA DESCONECTADA]"), qos::at_least_once, false, {}};
  mortal.connect(how);
  mortal.disconnect();  // no will: it said goodbye
  mortal.connect(how);
  mortal.breaks();
  watcher.until([&] { return !watcher.messages().empty(); });
  watcher.publish({.topic = "last/words", .payload = as_bytes("mine"), .qos = qos::at_least_once});
  watcher.until([&] { return watcher.messages().back().payload == "mine"; });
  ASSERT_EQ(watcher.messages().size(), 2u);
  EXPECT_EQ(watcher.messages()[0], (heard{"last/words", "[PLACA DESCONECTADA]", qos::at_least_once, false}));
}

TEST_P(session_and_mosquitto, retained_messages_are_kept_and_deleted) {
  client out{"out"}, in{"in"};
  out.connect(GetParam(), true);
  out.publish({.topic = "kept", .payload = as_bytes("old"), .qos = qos::at_least_once, .retain = true});
  out.publish({.topic = "deleted", .payload = as_bytes("old"), .qos = qos::at_least_once, .retain = true});
  out.publish({.topic = "deleted", .payload = {}, .qos = qos::at_least_once, .retain = true});
  out.until([&] { return out.acknowledged() == 3; });
  in.connect(GetParam(), true);
  in.subscribe("#", qos::exactly_once);
  in.until([&] { return in.messages().size() == 1; });
  out.publish({.topic = "kept", .payload = as_bytes("new"), .qos = qos::at_least_once, .retain = true});
  out.until([&] { return out.acknowledged() == 4; });
  in.until([&] { return in.messages().size() == 2; });
  ASSERT_EQ(in.messages().size(), 2u);
  EXPECT_EQ(in.messages()[0], (heard{"kept", "old", qos::at_least_once, true}));
  EXPECT_EQ(in.messages()[1], (heard{"kept", "new", qos::at_least_once, false}));
}

TEST_P(session_and_mosquitto, a_wrong_password_is_refused) {
  client one{"one"};
  auto how = one.options(GetParam(), true);
  how.password = as_bytes("guess");
  one.connect(how);
  EXPECT_EQ(one.refused(), mqtt::reason::not_authorized);
}

// 64 KiB through a transmit log of 4 KiB to a receive buffer of 1 KiB, and once more after a break in the middle.
TEST_P(session_and_mosquitto, payloads_larger_than_all_buffers_pass_in_pieces) {
  std::string payload;
  for (int i = 0; i < 65'536; ++i) payload += static_cast<char>('a' + i * 7 % 26);
  for (const qos level : {qos::at_most_once, qos::at_least_once, qos::exactly_once}) {
    SCOPED_TRACE("QoS " + std::to_string(static_cast<int>(level)));
    const std::string name = "large" + std::to_string(static_cast<int>(level));
    client out{"out" + name}, in{"in" + name};
    in.connect(GetParam(), true);
    in.subscribe(name.c_str(), level);
    out.connect(GetParam(), false);
    out.serve(payload);
    out.publish({.topic = name, .qos = level, .payload_from_source = 65'536});
    if (level != qos::at_most_once) {
      out.breaks();
      out.connect(GetParam(), false);
      out.until([&] { return out.acknowledged() == 1; });
    }
    out.until([&] { return out.machine().publish({.topic = name, .payload = as_bytes("end")}).has_value(); });
    out.turn();
    in.until([&] { return !in.messages().empty() && in.messages().back().payload == "end"; });
    ASSERT_EQ(in.messages().size(), 2u);
    EXPECT_TRUE(in.messages()[0].payload == payload);
    EXPECT_EQ(in.messages()[0].level, level);
  }
}

}  // namespace
}  // namespace recado::posix
