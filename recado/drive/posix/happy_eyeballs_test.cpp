// Several addresses at once (RFC 8305), with the instants made up and the sockets real; and Unix sockets.
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <tests/support/sockets.hpp>

#include <sys/un.h>

namespace recado::posix {
namespace {

using namespace std::chrono_literals;
using phase = tcp_stream::phase;

/// Takes no connection any more: what is asked gets no answer (Linux drops it when the queue is full).
class silent_listener {
 public:
  silent_listener() : listener_(ip_address::v4(127, 0, 0, 1), 0) {
    const socket_address there{listener_.where()};
    for (descriptor& one : fillers_) {
      one.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      (void)::connect(one.get(), there.get(), there.length);
    }
  }
  endpoint where() const { return listener_.where(); }

 private:
  test::listener listener_;
  std::array<descriptor, 4> fillers_;
};

/// A port that refuses.
endpoint refusing() {
  test::listener gone;
  const endpoint where = gone.where();
  gone.close();
  return where;
}

class happy_eyeballs : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(loop_.open()); }
  void connect(std::vector<endpoint> to) {
    to_ = std::move(to);
    ASSERT_TRUE(stream_.connect(loop_, to_, {}, start_));
  }
  /// Lets the kernel finish what it can, at the instant that the test makes up.
  void advance(instant at) {
    loop_.wait(now() + 50ms);
    stream_.advance(at);
  }

  loop loop_;
  std::vector<endpoint> to_;
  tcp_stream stream_;
  const instant start_{1000s};
};

TEST_F(happy_eyeballs, a_silent_address_is_overtaken_after_250_ms) {  // RFC 8305 §5
  const silent_listener silent;
  test::listener good;
  connect({silent.where(), good.where()});
  EXPECT_EQ(stream_.deadline(), start_ + 250ms);
  advance(start_ + 249ms);
  ASSERT_EQ(stream_.state(), phase::connecting);
  EXPECT_EQ(stream_.peer(), silent.where());
  stream_.advance(start_ + 250ms);
  EXPECT_EQ(stream_.peer(), good.where());
  EXPECT_EQ(stream_.deadline(), start_ + 10s) << "no candidate is left, but the first may still answer";
  advance(start_ + 251ms);
  ASSERT_EQ(stream_.state(), phase::open);
  EXPECT_EQ(stream_.peer(), good.where());
  test::peer far = good.accept();
  EXPECT_EQ(*stream_.send(as_bytes("hi"), start_), 2u);
  EXPECT_EQ(far.read(2), "hi");
}

TEST_F(happy_eyeballs, a_refusal_makes_the_next_begin_at_once) {
  test::listener good;
  connect({refusing(), refusing(), good.where()});
  for (int i = 0; i < 5 && stream_.state() == phase::connecting; ++i) advance(start_);
  ASSERT_EQ(stream_.state(), phase::open);
  EXPECT_EQ(stream_.peer(), good.where());
}

TEST_F(happy_eyeballs, the_losers_are_closed) {
  test::listener first, second;
  connect({first.where(), second.where()});
  stream_.advance(start_);
  stream_.advance(start_ + 250ms);  // both are under way; neither was looked at yet
  advance(start_ + 251ms);
  ASSERT_EQ(stream_.state(), phase::open);
  EXPECT_EQ(stream_.peer(), first.where());
  EXPECT_TRUE(second.accept().at_end());
}

TEST_F(happy_eyeballs, every_attempt_has_its_own_patience) {
  const silent_listener one, two;
  connect({one.where(), two.where()});
  advance(start_ + 250ms);
  EXPECT_EQ(stream_.deadline(), start_ + 10s);
  advance(start_ + 10s);
  ASSERT_EQ(stream_.state(), phase::connecting);
  EXPECT_EQ(stream_.deadline(), start_ + 10s + 250ms);
  advance(start_ + 10s + 250ms);
  ASSERT_EQ(stream_.state(), phase::closed);
  EXPECT_TRUE(is(stream_.why(), stream_error::timed_out));
}

TEST_F(happy_eyeballs, more_candidates_than_attempts_wait_for_their_turn) {
  const silent_listener silent;
  test::listener good;
  connect({silent.where(), silent.where(), silent.where(), silent.where(), good.where()});
  for (int i = 1; i < 8; ++i) advance(start_ + i * 250ms);
  EXPECT_EQ(stream_.state(), phase::connecting);
  EXPECT_EQ(stream_.peer(), silent.where());
  advance(start_ + 10s);
  advance(start_ + 10s + 1ms);
  ASSERT_EQ(stream_.state(), phase::open);
  EXPECT_EQ(stream_.peer(), good.where());
}

TEST_F(happy_eyeballs, closing_ends_all_attempts) {
  const silent_listener silent;
  connect({silent.where(), silent.where()});
  advance(start_ + 250ms);
  stream_.close();
  EXPECT_EQ(stream_.state(), phase::closed);
  EXPECT_EQ(stream_.deadline(), never);
}

TEST_F(happy_eyeballs, closing_tells_all_who_were_asked) {
  test::listener first, second;
  connect({first.where(), second.where()});
  stream_.advance(start_);
  stream_.advance(start_ + 250ms);
  stream_.close();
  EXPECT_TRUE(first.accept().at_end());
  EXPECT_TRUE(second.accept().at_end());
}

TEST(interleave_families, lets_both_take_turns) {  // RFC 8305 §4
  const auto v4 = [](std::uint8_t i) { return endpoint{ip_address::v4(10, 0, 0, i), 1}; };
  const auto v6 = [](std::uint8_t i) {
    std::array<std::byte, 16> octets{};
    octets[15] = std::byte{i};
    return endpoint{ip_address::v6(octets), 1};
  };
  std::vector<endpoint> all{v6(1), v6(2), v6(3), v4(1), v4(2)};
  interleave_families(all);
  EXPECT_EQ(all, (std::vector{v6(1), v4(1), v6(2), v4(2), v6(3)}));
  std::vector<endpoint> other{v4(1), v4(2), v6(1)};
  interleave_families(other);
  EXPECT_EQ(other, (std::vector{v4(1), v6(1), v4(2)}));
  interleave_families({});
}

TEST(unix_socket, carries_a_stream_and_says_what_is_wrong) {
  loop where;
  ASSERT_TRUE(where.open());
  const std::string path = std::filesystem::relative(RECADO_TEST_FILES "/eyeballs.sock").string();
  std::filesystem::remove(path);
  tcp_stream stream;
  const auto missing = stream.connect_unix(where, path, {}, now());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().detail, static_cast<std::uint32_t>(ENOENT));
  EXPECT_FALSE(stream.connect_unix(where, std::string(108, 'a'), {}, now()));
  EXPECT_FALSE(stream.connect_unix(where, "", {}, now()));
  const descriptor listening{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  path.copy(here.sun_path, path.size());
  ASSERT_EQ(::bind(listening.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  EXPECT_FALSE(stream.connect_unix(where, path, {}, now())) << "nobody listens yet";
  ASSERT_EQ(::listen(listening.get(), 4), 0);
  ASSERT_TRUE(stream.connect_unix(where, path, {}, now()));
  stream.advance(now());
  ASSERT_EQ(stream.state(), phase::open);
  EXPECT_FALSE(stream.peer().address);
  test::peer far{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  EXPECT_EQ(*stream.send(as_bytes("hi"), now()), 2u);
  EXPECT_EQ(far.read(2), "hi");
  far.write("ho");
  where.wait(now() + 10s);
  std::array<std::byte, 8> memory{};
  EXPECT_EQ(*stream.receive(memory, now()), 2u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace recado::posix
