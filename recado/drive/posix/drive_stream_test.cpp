#include <recado/drive/posix/drive_stream.hpp>

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/tapped.hpp>
#include <tests/support/count_calls.hpp>
#include <tests/support/message_machine.hpp>
#include <tests/support/sockets.hpp>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;
using test::framed;
using test::message_machine;
using kind = message_machine::event::kind;

static_assert(stream_machine<tapped<message_machine>>);

// A connected stream with a machine on it, whose far end the test plays.
class stream_test : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(loop_.open()); }

  void open(const tcp_options& options = {}) {
    where_ = listener_.where();
    ASSERT_TRUE(stream_.connect(loop_, {&where_, 1}, options, now()));
    far_.emplace(listener_.accept());
    turn_until([&] { return machine_.opened_count == 1; });
  }
  // Turns until something is true; fails when it doesn't become true.
  void turn_until(const std::function<bool()>& done) {
    const instant patience = now() + 10s;
    while (!done()) {
      ASSERT_LT(now(), patience);
      const auto result = turn();
      if (done()) return;
      ASSERT_FALSE(result.ended) << "the stream has ended";
      loop_.wait(std::min(result.deadline, patience));
    }
  }
  void turn_to_the_end() {
    turn_until([&] { return ended_; });
  }
  progress turn() {
    const auto result = drive(machine_, stream_, buffer_, now(), [this](message_machine::event& event) {
      if (event.what == kind::message) heard_.emplace_back(as_text(event.payload));
      if (event.what == kind::closed) closed_with_.push_back(event.why);
      return on_message_ && event.what == kind::message ? on_message_(event) : flow::go_on;
    });
    ended_ = ended_ || result.ended;
    return result;
  }

  loop loop_;
  test::listener listener_;
  endpoint where_;
  std::optional<test::peer> far_;
  message_machine machine_;
  tcp_stream stream_;
  std::array<std::byte, 64 * 1024> memory_{};
  receive_buffer buffer_{memory_};
  std::function<flow(message_machine::event&)> on_message_;
  std::vector<std::string> heard_;
  std::vector<fault> closed_with_;
  bool ended_ = false;
};

TEST_F(stream_test, messages_go_both_ways) {
  open();
  machine_.say("hello");
  turn();
  EXPECT_EQ(far_->read(7), framed("hello"));
  far_->write(framed("good day"));
  turn_until([&] { return heard_.size() == 1; });
  EXPECT_EQ(heard_[0], "good day");
  EXPECT_EQ(stream_.peer(), where_);
}

TEST_F(stream_test, half_a_packet_waits_for_the_rest) {
  open();
  const std::string whole = framed("first") + framed("second");
  for (char byte : whole) {
    far_->write({&byte, 1});
    loop_.wait(now() + 10s);
    turn();
  }
  EXPECT_EQ(heard_, (std::vector<std::string>{"first", "second"}));
}

TEST_F(stream_test, many_messages_come_and_go_with_each_system_call) {
  open();
  const int n = 2'000;
  std::string all;
  for (int i = 0; i < n; ++i) all += framed("twelve bytes");
  far_->write(all);
  on_message_ = [this](message_machine::event& event) {
    EXPECT_TRUE(machine_.say(as_text(event.payload)));
    return flow::go_on;
  };
  const auto before = test::counts();
  turn_until([&] { return heard_.size() == n; });
  const auto after = test::counts();
  EXPECT_LE(after.receives - before.receives, 8u) << "at least 250 messages a call";
  EXPECT_LE(after.sends - before.sends, 8u);
  EXPECT_EQ(far_->read(all.size()), all);
}

TEST_F(stream_test, a_burst_of_commands_leaves_with_one_send_and_without_a_read) {
  open();
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(machine_.say("a message of some length"));
  const auto before = test::counts();
  turn();
  EXPECT_EQ(test::counts().sends - before.sends, 1u);
  EXPECT_EQ(test::counts().receives - before.receives, 0u);
}

TEST_F(stream_test, nothing_is_allocated_in_steady_state) {
  open();
  far_->write(framed("ping"));
  turn_until([&] { return heard_.size() == 1; });
  std::size_t heard = 0;
  const auto count = [&](message_machine::event&) { ++heard; };
  std::array<char, 6> one{0, 4, 'p', 'o', 'n', 'g'};
  const auto before = test::counts().allocations;
  for (std::size_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(machine_.say("pong"));
    ASSERT_EQ(::write(far_->fd(), one.data(), one.size()), 6);
    while (heard == i) {
      loop_.wait(never);
      drive(machine_, stream_, buffer_, now(), count);
    }
    ASSERT_EQ(::recv(far_->fd(), one.data(), one.size(), MSG_WAITALL), 6);
  }
  EXPECT_EQ(test::counts().allocations - before, 0u);
  EXPECT_EQ(heard, 100u);
}

// original defect 16: what a short write left was never sent
TEST_F(stream_test, a_slow_reader_gets_everything_in_pieces) {
  open({.send_buffer = 4'096});
  machine_ = message_machine{4 << 20};
  machine_.opened_count = 1;
  const std::string text(60'000, 'x');
  std::string all;
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(machine_.say(text));
    all += framed(text);
  }
  turn();
  ASSERT_FALSE(machine_.pending(now()).empty()) << "the socket took all of it at once";
  EXPECT_FALSE(stream_.writable());
  std::string read;
  char piece[5'000];
  const instant patience = now() + 10s;
  while (read.size() < all.size() && now() < patience) {
    const auto count = ::recv(far_->fd(), piece, sizeof piece, MSG_DONTWAIT);
    if (count > 0) read.append(piece, static_cast<std::size_t>(count));
    if (count < 0) loop_.wait(patience);
    turn();
  }
  EXPECT_TRUE(read == all);
}

TEST_F(stream_test, what_is_not_consumed_holds_the_peer_back_without_spinning) {
  std::array<std::byte, 1'024> small{};
  buffer_ = receive_buffer{small};
  open();
  machine_.refuses = true;
  std::string all;
  for (int i = 0; i < 200; ++i) all += framed("message " + std::to_string(i));
  far_->write(all);
  turn_until([&] { return buffer_.full(); });
  const auto before = test::counts().receives;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(turn().deadline, never);
  EXPECT_TRUE(loop_.wait(now() + 2ms).empty());
  EXPECT_EQ(test::counts().receives, before);
  machine_.refuses = false;
  turn_until([&] { return heard_.size() == 200; });
  EXPECT_EQ(heard_.back(), "message 199");
}

TEST_F(stream_test, the_deadline_of_the_machine_is_observed) {
  open();
  const instant when = now() + 2ms;
  machine_.wake_at(when);
  EXPECT_EQ(turn().deadline, when);
  loop_.wait(when);
  bool told = false;
  drive(machine_, stream_, buffer_, now(), [&](auto& event) { told = event.what == kind::timed_out; });
  EXPECT_TRUE(told);
}

TEST_F(stream_test, a_pause_keeps_what_the_event_points_to) {
  open();
  far_->write(framed("one") + framed("two"));
  bytes kept;
  on_message_ = [&](message_machine::event& event) { return kept = event.payload, flow::pause; };
  turn_until([&] { return heard_.size() == 1; });
  EXPECT_EQ(as_text(kept), "one");
  const instant deadline = turn().deadline;
  EXPECT_LE(deadline, now());
  EXPECT_EQ(as_text(kept), "two");
}

TEST_F(stream_test, the_end_of_the_peer_comes_after_its_last_words) {
  open();
  far_->write(framed("last words"));
  far_->close();
  turn_to_the_end();
  EXPECT_EQ(heard_, std::vector<std::string>{"last words"});
  ASSERT_EQ(closed_with_.size(), 1u);
  EXPECT_TRUE(is(closed_with_[0], stream_error::closed_by_peer));
  EXPECT_EQ(machine_.lost_with.size(), 1u);
}

TEST_F(stream_test, a_peer_that_only_stopped_talking_still_gets_the_answer) {
  open();
  far_->write(framed("question"));
  far_->close_output();
  on_message_ = [this](auto&) { return machine_.say("answer"), flow::go_on; };
  turn_to_the_end();
  EXPECT_EQ(far_->read(8), framed("answer"));
  EXPECT_TRUE(is(closed_with_.at(0), stream_error::closed_by_peer));
}

TEST_F(stream_test, a_reset_is_told_as_one) {
  open();
  far_->reset();
  turn_to_the_end();
  EXPECT_TRUE(is(closed_with_.at(0), stream_error::reset));
  EXPECT_EQ(closed_with_[0].detail, static_cast<std::uint32_t>(ECONNRESET));
}

TEST_F(stream_test, what_the_peer_said_before_it_refused_to_listen_is_heard) {
  open();
  far_->write(framed("go away"));
  far_->close();
  // The first send is answered by RST, so that the second fails: neither hides the message.
  ASSERT_TRUE(stream_.send(as_bytes("x"), now()));
  loop_.wait(now() + 10s);
  machine_.say("y");
  turn_to_the_end();
  EXPECT_EQ(heard_, std::vector<std::string>{"go away"});
  EXPECT_EQ(closed_with_.size(), 1u);
}

TEST_F(stream_test, a_finish_flushes_and_waits_for_the_peers_end) {
  open({.linger = 10s});
  const instant began = now();
  far_->write(framed("stop"));
  on_message_ = [this](auto&) { return machine_.say("goodbye"), flow::finish; };
  turn_until([&] { return heard_.size() == 1; });
  EXPECT_EQ(far_->read(9), framed("goodbye"));
  EXPECT_TRUE(far_->at_end());
  EXPECT_FALSE(ended_);
  far_->write("what is thrown away");
  far_->close();
  turn_to_the_end();
  EXPECT_LT(now(), began + 10s) << "the peer's end is the end";
  EXPECT_TRUE(machine_.lost_with.empty()) << "it was its own wish";
}

// original defect 29: it read until the peer had nothing more to say, for ever if need be
TEST_F(stream_test, a_peer_that_talks_for_ever_cannot_keep_the_end_from_coming) {
  open({.linger = 5ms});
  stream_.finish(now());
  const std::string noise(100'000, '!');
  while (!ended_) {
    ::send(far_->fd(), noise.data(), noise.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    const auto result = turn();
    if (ended_) break;
    EXPECT_LE(result.deadline, now() + 5ms);
    loop_.wait(result.deadline);
  }
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(stream_.state(), tcp_stream::phase::closed);
}

// original defect 29
TEST_F(stream_test, a_peer_that_reads_nothing_cannot_either) {
  open({.linger = 5ms, .send_buffer = 4'096});
  machine_ = message_machine{8 << 20};
  for (int i = 0; i < 100; ++i) machine_.say(std::string(60'000, 'x'));
  turn();
  stream_.finish(now());
  for (auto result = turn(); !result.ended; result = turn()) loop_.wait(result.deadline);
  EXPECT_EQ(stream_.state(), tcp_stream::phase::closed);
}

struct watcher final : tap {
  std::string seen;
  void datagram_seen(direction, const endpoint&, const endpoint&, bytes, instant) override {}
  void stream_opened(const stream_identity& stream, instant) override {
    seen += stream.local.port != 0 && stream.peer.port != 0 ? "opened " : "?";
  }
  void stream_bytes(const stream_identity&, direction way, content what, bytes data, instant) override {
    seen += way == direction::in ? "<" : ">";
    seen += what == content::wire ? "w" : "p";
    seen += std::to_string(data.size()) + " ";
  }
  void stream_closed(const stream_identity&, fault why, instant) override {
    seen += words(static_cast<stream_error>(why.code));
  }
};

TEST_F(stream_test, a_tap_sees_the_wire_and_the_plaintext) {
  watcher tap;
  stream_.observe(&tap);
  open();
  tapped<message_machine> inner{machine_};
  inner.observe(&tap, stream_.identity());
  machine_.say("abc");
  drive(inner, stream_, buffer_, now(), [](auto&) {});
  EXPECT_EQ(far_->read(5), framed("abc"));
  far_->write(framed("defg"));
  far_->close();
  while (!drive(inner, stream_, buffer_, now(), [](auto&) {}).ended) loop_.wait(never);
  EXPECT_EQ(tap.seen, "opened >w5 >p5 <w6 <p6 the peer closed the connection");
}

// Connecting.

// original defects 28 and 43: the socket leaked when the connection failed, and nobody was told
TEST_F(stream_test, a_refused_connection_is_told_and_nothing_leaks) {
  const endpoint nobody = listener_.where();
  listener_.close();
  const int first_free = ::dup(0);
  ::close(first_free);
  const auto started = stream_.connect(loop_, {&nobody, 1}, {}, now());
  if (started) turn_to_the_end();
  EXPECT_TRUE(is(stream_.why(), stream_error::refused));
  EXPECT_EQ(stream_.fd(), -1);
  const int still_free = ::dup(0);
  EXPECT_EQ(first_free, still_free);
  ::close(still_free);
  EXPECT_EQ(machine_.opened_count, 0);
}

// original defect 28: no time limit for connecting
TEST_F(stream_test, a_silent_host_is_given_up_after_the_timeout) {
  // A full accept queue drops SYNs, as a host that is switched off does.
  test::listener full{ip_address::v4(127, 0, 0, 1), 0};
  const endpoint where = full.where();
  std::vector<descriptor> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    const socket_address to{where};
    ::connect(waiting.back().get(), to.get(), to.length);
  }
  const instant start = now();
  ASSERT_TRUE(stream_.connect(loop_, {&where, 1}, {.connect_timeout = 10ms}, start));
  EXPECT_EQ(stream_.deadline(), start + 10ms);
  turn_to_the_end();
  EXPECT_TRUE(is(closed_with_.at(0), stream_error::timed_out));
}

TEST_F(stream_test, the_next_address_is_tried_when_one_refuses) {
  test::listener gone;
  const std::array<endpoint, 3> candidates{gone.where(), endpoint{ip_address::v4(127, 0, 0, 1), 1}, listener_.where()};
  gone.close();
  ASSERT_TRUE(stream_.connect(loop_, candidates, {}, now()));
  turn_until([&] { return machine_.opened_count == 1; });
  EXPECT_EQ(stream_.peer(), candidates[2]);
  listener_.accept().write(framed("hello"));
  turn_until([&] { return heard_.size() == 1; });
}

TEST_F(stream_test, ipv6_as_well) {
  std::array<std::byte, 16> one{};
  one[15] = std::byte{1};
  test::listener here{ip_address::v6(one)};
  const endpoint where = here.where();
  ASSERT_TRUE(stream_.connect(loop_, {&where, 1}, {}, now()));
  turn_until([&] { return machine_.opened_count == 1; });
  EXPECT_EQ(stream_.identity().local.address, ip_address::v6(one));
}

TEST_F(stream_test, the_most_telling_fault_of_several_is_kept) {
  const endpoint nobody = listener_.where();
  listener_.close();
  const std::array<endpoint, 2> candidates{nobody, endpoint{ip_address::v4_broadcast(), 1}};
  if (stream_.connect(loop_, candidates, {}, now())) turn_to_the_end();
  EXPECT_TRUE(is(stream_.why(), stream_error::refused));
}

TEST_F(stream_test, no_address_at_all_is_an_error_at_once) { EXPECT_FALSE(stream_.connect(loop_, {}, {}, now())); }

TEST_F(stream_test, options_reach_the_socket) {
  open({.keep_alive_idle = 30s, .user_timeout = 7s});
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    ::getsockopt(stream_.fd(), level, name, &value, &length);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, 1 /* TCP_NODELAY */), 1);  // original defect 28: Nagle left on
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, 4 /* TCP_KEEPIDLE */), 30);
  EXPECT_EQ(option(IPPROTO_TCP, 18 /* TCP_USER_TIMEOUT */), 7'000);
}

TEST_F(stream_test, multipath_is_spoken_where_it_is_known_and_tcp_with_others) {
  const int known = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
  if (known >= 0) ::close(known);
  open({.multipath = true});
  int protocol = 0;
  socklen_t length = sizeof protocol;
  ASSERT_EQ(::getsockopt(stream_.fd(), SOL_SOCKET, SO_PROTOCOL, &protocol, &length), 0);
  EXPECT_EQ(protocol, known >= 0 ? IPPROTO_MPTCP : IPPROTO_TCP);
  far_->write(framed("by one path"));
  turn_until([&] { return heard_.size() == 1; });
}

TEST_F(stream_test, an_interface_that_does_not_exist_is_told) {
  where_ = listener_.where();
  tcp_options options;
  options.interface.assign("nosuch0");
  const auto started = stream_.connect(loop_, {&where_, 1}, options, now());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().where, layer::link);
}

TEST_F(stream_test, a_socket_of_somebody_else_is_adopted) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  far_.emplace(ends[1]);
  ASSERT_TRUE(stream_.adopt(loop_, ends[0], {}, now()));
  far_->write(framed("by hand"));
  turn_until([&] { return heard_.size() == 1; });
  EXPECT_EQ(machine_.opened_count, 1);
}

TEST_F(stream_test, it_can_be_used_again) {
  open();
  far_->close();
  turn_to_the_end();
  ended_ = false;
  ASSERT_TRUE(stream_.connect(loop_, {&where_, 1}, {}, now()));
  far_.emplace(listener_.accept());
  turn_until([&] { return machine_.opened_count == 2; });
}

}  // namespace
}  // namespace recado::posix
