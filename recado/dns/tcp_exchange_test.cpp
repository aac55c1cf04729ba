#include <gtest/gtest.h>

#include <recado/dns/messages_test.hpp>
#include <recado/dns/tcp_exchange.hpp>

namespace recado::dns {
namespace {

using namespace std::chrono_literals;
using testing::good;
using testing::message_builder;
using testing::name_of;

class dns_tcp_exchange : public ::testing::Test {
 protected:
  void SetUp() override { answer_ = message_builder{}.head(7, good).question("a.example", record_type::a).octets(); }

  std::vector<std::byte> framed(std::size_t surplus = 0) const {
    std::vector<std::byte> result{static_cast<std::byte>(answer_.size() >> 8), static_cast<std::byte>(answer_.size())};
    result.insert(result.end(), answer_.begin(), answer_.end());
    result.insert(result.end(), surplus, std::byte{0xee});
    return result;
  }
  /// Opens the stream and lets the query out in pieces of at most `piece` octets.
  std::vector<std::byte> ask(std::size_t piece) {
    EXPECT_TRUE(exchange_.start({7, &about_, record_type::a, true}, now_));
    EXPECT_TRUE(exchange_.pending(now_).empty());
    exchange_.opened(now_);
    std::vector<std::byte> sent;
    for (bytes out = exchange_.pending(now_); !out.empty(); out = exchange_.pending(now_)) {
      out = out.first(std::min(piece, out.size()));
      sent.insert(sent.end(), out.begin(), out.end());
      exchange_.sent(out.size());
    }
    return sent;
  }
  std::optional<tcp_exchange::event> hear(bytes data) {
    const auto event = exchange_.receive(data, now_);
    left_ = data.size();
    return event;
  }
  std::optional<fault> closed_by(const std::optional<tcp_exchange::event>& event) {
    if (!event || !std::holds_alternative<tcp_exchange::closed>(*event)) return {};
    return std::get<tcp_exchange::closed>(*event).why;
  }

  const name about_ = name_of("a.example");
  std::vector<std::byte> answer_;
  std::array<std::byte, 600> memory_{};
  tcp_exchange exchange_{memory_};
  instant now_{std::chrono::hours{1}};
  std::size_t left_ = 0;
};

TEST_F(dns_tcp_exchange, puts_the_length_before_the_query) {
  // [RFC1035-4.2.2-a]
  std::array<std::byte, query_octets_max> query_octets{};
  const std::size_t length = *encode({7, &about_, record_type::a, true}, query_octets);
  for (std::size_t piece : {1u, 2u, 3u, 1000u}) {
    const auto sent = ask(piece);
    ASSERT_EQ(sent.size(), length + 2);
    EXPECT_EQ(std::to_integer<std::size_t>(sent[0]) * 256 + std::to_integer<std::size_t>(sent[1]), length);
    EXPECT_TRUE(equal(bytes{sent}.subspan(2), bytes{query_octets}.first(length)));
  }
}

TEST_F(dns_tcp_exchange, puts_the_answer_together_from_any_two_or_three_pieces) {
  // [RFC1035-4.2.2-a]
  const auto whole = framed(3);
  const std::size_t end = whole.size() - 3;
  for (std::size_t a = 0; a <= end; ++a) {
    for (std::size_t b = a; b <= end; b += 7) {
      ask(1000);
      auto event = hear(bytes{whole}.first(a));
      if (!event) event = hear(bytes{whole}.subspan(a, b - a));
      if (!event) event = hear(bytes{whole}.subspan(b));
      ASSERT_TRUE(event) << a << ' ' << b;
      ASSERT_TRUE(std::holds_alternative<tcp_exchange::answered>(*event));
      EXPECT_TRUE(equal(std::get<tcp_exchange::answered>(*event).message, answer_));
      EXPECT_EQ(exchange_.deadline(), never);
    }
  }
}

TEST_F(dns_tcp_exchange, leaves_what_follows_the_answer) {
  ask(1000);
  EXPECT_TRUE(hear(framed(3)));
  EXPECT_EQ(left_, 3u);
  EXPECT_FALSE(hear(framed()));
}

TEST_F(dns_tcp_exchange, octet_by_octet) {
  ask(1);
  const auto whole = framed();
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) ASSERT_FALSE(hear(bytes{whole}.subspan(i, 1))) << i;
  EXPECT_TRUE(hear(bytes{whole}.last(1)));
}

TEST_F(dns_tcp_exchange, can_be_lost_after_every_octet) {
  const auto whole = framed();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    ask(1000);
    EXPECT_FALSE(hear(bytes{whole}.first(cut)));
    exchange_.lost(make_fault(stream_error::closed_by_peer), now_);
    EXPECT_LE(exchange_.deadline(), now_);
    const auto why = closed_by(hear({}));
    ASSERT_TRUE(why) << cut;
    EXPECT_TRUE(is(*why, stream_error::closed_by_peer));
    EXPECT_FALSE(hear({}));
    EXPECT_EQ(exchange_.deadline(), never);
  }
}

TEST_F(dns_tcp_exchange, can_be_refused_and_can_time_out) {
  ASSERT_TRUE(exchange_.start({7, &about_, record_type::a, true}, now_));
  exchange_.lost(make_fault(stream_error::refused), now_);
  EXPECT_TRUE(is(*closed_by(hear({})), stream_error::refused));

  ASSERT_TRUE(exchange_.start({7, &about_, record_type::a, true}, now_));
  EXPECT_EQ(exchange_.deadline(), now_ + tcp_ms_max);
  now_ = exchange_.deadline() - 1us;
  EXPECT_FALSE(hear({}));
  now_ += 1us;
  EXPECT_TRUE(is(*closed_by(hear({})), error::time_out));
}

TEST_F(dns_tcp_exchange, refuses_what_is_too_long_or_too_short) {
  ask(1000);
  EXPECT_TRUE(is(*closed_by(hear(testing::from_hex("ff ff 00"))), error::answer_too_long));
  ask(1000);
  EXPECT_TRUE(is(*closed_by(hear(testing::from_hex("00 0b"))), error::malformed_answer));
}

TEST_F(dns_tcp_exchange, needs_memory_for_the_query) {
  std::array<std::byte, 20> small{};
  for (std::size_t size = 0; size <= small.size(); ++size) {
    tcp_exchange exchange{mutable_bytes{small}.first(size)};
    EXPECT_EQ(exchange.start({7, &about_, record_type::a, true}, now_).error(), error::no_room);
    EXPECT_EQ(exchange.deadline(), never);
  }
}

}  // namespace
}  // namespace recado::dns
