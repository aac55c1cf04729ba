// The proxies' handshakes as tables of bytes, in every fragmentation, with every lie.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include <recado/transport/http_connect.hpp>
#include <recado/transport/socks5.hpp>
#include <recado/transport/text.hpp>

namespace recado::transport {
namespace {

using namespace std::string_literals;

template <class Filter>
struct proxy {
  std::array<std::byte, 1024> incoming{}, outgoing{};
  Filter filter{memory{incoming, outgoing}};
  instant now{};

  std::string said() {
    const bytes out = filter.pending(now);
    std::string text{as_text(out)};
    filter.sent(out.size());
    return text;
  }
  /// Gives `data` in pieces and answers the first event; what was not consumed stays in `rest`.
  std::optional<event> hears(std::string_view data, std::size_t piece = 1000) {
    rest = data;
    std::optional<event> result;
    for (;;) {
      bytes in = as_bytes(std::string_view{rest}.substr(0, piece));
      const std::size_t before = in.size();
      auto one = filter.receive(in, now);
      rest.erase(0, before - in.size());
      if (one && !result) result = one;
      if (!one && in.size() == before) return result;
    }
  }
  std::string rest;
};

fault why(const std::optional<event>& what) {
  const auto* end = what ? std::get_if<closed>(&*what) : nullptr;
  return end ? end->why : fault{};
}

TEST(base64, is_as_rfc_4648_shows) {
  const char* const rows[][2] = {{"", ""},
                                 {"f", "Zg=="},
                                 {"fo", "Zm8="},
                                 {"foo", "Zm9v"},
                                 {"foob", "Zm9vYg=="},
                                 {"fooba", "Zm9vYmE="},
                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& row : rows) {
    const std::string_view data{row[0]};
    for (std::size_t cut = 0; cut <= data.size(); ++cut) {
      std::array<char, 16> text{};
      buffer_sink out{text};
      print_base64(as_bytes(data.substr(0, cut)), as_bytes(data.substr(cut)), out);
      EXPECT_EQ(out.view(), row[1]);
    }
  }
}

TEST(http_connect, asks_and_passes_bytes_through_in_every_fragmentation) {
  for (std::size_t piece = 1; piece < 60; ++piece) {
    proxy<http_connect> to;
    ASSERT_TRUE(to.filter.set_target("broker.lab", 8883));
    ASSERT_TRUE(to.filter.set_credentials("Aladdin", "open sesame"));
    to.filter.opened(to.now);
    EXPECT_EQ(to.said(),
              "CONNECT broker.lab:8883 HTTP/1.1\r\nHost: broker.lab:8883\r\n"
              "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");  // RFC 7617 §2
    EXPECT_EQ(to.filter.write(as_bytes("early"), to.now), 0u);
    const auto event = to.hears("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello", piece);
    ASSERT_TRUE(event && std::holds_alternative<established>(*event)) << piece;
    EXPECT_EQ(as_text(to.filter.plaintext()), "hello");
    to.filter.consumed(5);
    EXPECT_EQ(to.filter.write(as_bytes("there"), to.now), 5u);
    EXPECT_EQ(to.said(), "there");
    EXPECT_EQ(to.filter.deadline(), never);
  }
}

TEST(http_connect, brackets_addresses_of_ipv6_and_refuses_forbidden_characters) {
  proxy<http_connect> to;
  ASSERT_TRUE(to.filter.set_target("2001:db8::1", 1883));
  to.filter.opened(to.now);
  EXPECT_EQ(to.said(), "CONNECT [2001:db8::1]:1883 HTTP/1.1\r\nHost: [2001:db8::1]:1883\r\n\r\n");
  for (const std::string& host : {""s, "a b"s, "a\r\nX: y"s, "a/b"s, std::string(256, 'a')})
    EXPECT_EQ(to.filter.set_target(host, 1), std::unexpected(error::bad_target)) << host;
  EXPECT_EQ(to.filter.set_target("a", 0), std::unexpected(error::bad_target));
  EXPECT_EQ(to.filter.set_credentials("a:b", "c"), std::unexpected(error::bad_credentials));
  EXPECT_EQ(to.filter.set_credentials("a", "c\n"), std::unexpected(error::bad_credentials));
}

TEST(http_connect, tells_every_refusal) {
  struct {
    std::string answer;
    fault why;
  } const rows[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", make_fault(error::proxy_wants_credentials)},
      {"HTTP/1.1 403 Forbidden\r\n\r\n", make_fault(error::proxy_refused, 403)},
      {"HTTP/1.0 502 Bad Gateway\r\nA: b\r\n\r\n", make_fault(error::proxy_refused, 502)},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 x\r\n\r\n", make_fault(error::proxy_refused, 503)},
      {"HTTP/2 200 x\r\n\r\n", make_fault(error::not_http)},
      {"HTTP/1.1 20x\r\n\r\n", make_fault(error::not_http)},
      {"HTTP/1.1 2000\r\n\r\n", make_fault(error::not_http)},
      {"HTTP/1.1 200 x\r\nno colon\r\n\r\n", make_fault(error::not_http)},
      {"HTTP/1.1 200 x\r\na:\x01\r\n\r\n", make_fault(error::not_http)},
      {"SSH-2.0-OpenSSH\r\n", make_fault(error::not_http)},
      {"HTTP/1.1 200 x\r\n" + std::string(2000, 'a'), make_fault(error::answer_too_long)},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.answer.substr(0, 40));
    proxy<http_connect> to;
    ASSERT_TRUE(to.filter.set_target("a", 1));
    to.filter.opened(to.now);
    EXPECT_EQ(why(to.hears(row.answer)), row.why);
    EXPECT_FALSE(to.filter.ready());
    EXPECT_FALSE(words(static_cast<error>(row.why.code)).empty());
    EXPECT_FALSE(remedy(static_cast<error>(row.why.code)).empty());
  }
}

TEST(tunnel, ends_in_time_and_with_the_stream_and_serves_again) {
  proxy<http_connect> to;
  ASSERT_TRUE(to.filter.set_target("a", 1));
  to.filter.opened(to.now);
  EXPECT_EQ(to.filter.deadline(), to.now + handshake_time_default);
  to.now += handshake_time_default;
  EXPECT_EQ(why(to.hears("")), make_fault(error::timed_out));
  EXPECT_FALSE(to.hears(""));
  to.filter.opened(to.now);
  to.filter.lost(make_fault(stream_error::reset), to.now);
  EXPECT_EQ(why(to.hears("")), make_fault(stream_error::reset));
  to.filter.opened(to.now);
  ASSERT_TRUE(to.hears("HTTP/1.1 200 x\r\n\r\n"));
  EXPECT_TRUE(to.filter.ready());
}

TEST(tunnel, holds_back_what_it_has_no_room_for) {
  proxy<http_connect> to;
  ASSERT_TRUE(to.filter.set_target("a", 1));
  to.filter.opened(to.now);
  to.said();
  (void)to.hears("HTTP/1.1 200 x\r\n\r\n" + std::string(3000, 'p'));
  EXPECT_EQ(to.filter.plaintext().size(), 1024u);
  EXPECT_EQ(to.rest.size(), 3000u - 1024u);
  EXPECT_EQ(to.filter.write(as_bytes(std::string(3000, 'q')), to.now), 1024u);
}

TEST(socks5, asks_and_passes_bytes_through_in_every_fragmentation) {
  struct {
    const char* host;
    std::string request, answer;
  } const rows[] = {
      {"broker.lab", "\5\1\0\3\12broker.lab\x07\x5b"s, "\5\0\0\1\1\2\3\4\0\1"s},
      {"10.0.0.2", "\5\1\0\1\12\0\0\2\x07\x5b"s, "\5\0\0\3\3abc\0\1"s},
      {"::1", "\5\1\0\4"s + std::string(15, '\0') + "\1\x07\x5b", "\5\0\0\4"s + std::string(18, '\7')},
  };
  for (const auto& row : rows) {
    for (std::size_t piece = 1; piece < 30; ++piece) {
      proxy<socks5> to;
      ASSERT_TRUE(to.filter.set_target(row.host, 1883));
      to.filter.opened(to.now);
      EXPECT_EQ(to.said(), "\5\1\0"s);
      EXPECT_FALSE(to.hears("\5\0"s, piece));
      EXPECT_EQ(to.said(), row.request);
      const auto event = to.hears(row.answer + "hello", piece);
      ASSERT_TRUE(event && std::holds_alternative<established>(*event));
      EXPECT_EQ(as_text(to.filter.plaintext()), "hello");
    }
  }
}

TEST(socks5, logs_in) {  // RFC 1929 §2
  proxy<socks5> to;
  ASSERT_TRUE(to.filter.set_target("a", 1));
  ASSERT_TRUE(to.filter.set_credentials("me", "pw"));
  to.filter.opened(to.now);
  EXPECT_EQ(to.said(), "\5\2\0\2"s);
  EXPECT_FALSE(to.hears("\5\2"s));
  EXPECT_EQ(to.said(), "\1\2me\2pw"s);
  EXPECT_FALSE(to.hears("\1\0"s));
  EXPECT_EQ(to.said(), "\5\1\0\3\1a\0\1"s);
}

TEST(socks5, tells_every_refusal) {
  struct {
    std::string answer;
    fault why;
  } const rows[] = {
      {"\4\0"s, make_fault(error::not_socks)},
      {"HTTP"s, make_fault(error::not_socks)},
      {"\5\xff"s, make_fault(error::proxy_wants_credentials)},
      {"\5\1"s, make_fault(error::not_socks)},
      {"\5\2\1\1"s, make_fault(error::socks_credentials)},
      {"\5\2\5"s, make_fault(error::not_socks)},
      {"\5\0\5\5"s, make_fault(error::socks_refused, 5)},
      {"\5\0\4"s, make_fault(error::not_socks)},
      {"\5\0\5\0\1\1\1"s, make_fault(error::not_socks)},
      {"\5\0\5\0\0\2\1"s, make_fault(error::not_socks)},
  };
  for (const auto& row : rows) {
    proxy<socks5> to;
    ASSERT_TRUE(to.filter.set_target("a", 1));
    ASSERT_TRUE(to.filter.set_credentials("me", "pw"));
    to.filter.opened(to.now);
    EXPECT_EQ(why(to.hears(row.answer, 1)), row.why) << testing::PrintToString(row.answer);
  }
}

TEST(transport_words, say_what_a_number_means_and_what_helps) {
  const struct {
    error code;
    std::uint32_t detail;
    std::string_view meaning, remedy;
  } rows[] = {
      {error::socks_refused, 5, "connection refused", "the proxy's rules"},
      {error::socks_refused, 77, "unknown reply", "the proxy's rules"},
      {error::proxy_refused, 503, "Service Unavailable", "the proxy's rules"},
      {error::upgrade_refused, 200, "OK", "web page"},
      {error::upgrade_refused, 308, "Permanent Redirect", "redirects aren't followed"},
      {error::upgrade_refused, 400, "Bad Request", "check the path of the URL, and that the port"},
      {error::upgrade_refused, 401, "Unauthorized", "login by HTTP"},
      {error::upgrade_refused, 403, "Forbidden", "own rules"},
      {error::upgrade_refused, 404, "Not Found", "check the path"},
      {error::upgrade_refused, 429, "Too Many Requests", "later"},
      {error::upgrade_refused, 502, "Bad Gateway", "the broker behind"},
      {error::upgrade_refused, 504, "Gateway Timeout", "the broker behind"},
      {error::upgrade_refused, 599, "", "check the path of the URL, and that the port"},
      {error::closed_by_server, 1000, "normal closure", "server's log"},
      {error::closed_by_server, 1005, "no status given", "server's log"},
      {error::closed_by_server, 1008, "policy violation", "check user and password"},
      {error::closed_by_server, 1009, "message too big", "smaller messages"},
      {error::closed_by_server, 1013, "try again later", "later"},
      {error::closed_by_server, 4999, "", "server's log"},
      {error::bad_frame, 1008, "", "ask who runs it"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(words_of_detail(row.code, row.detail), row.meaning);
    EXPECT_NE(remedy(row.code, row.detail).find(row.remedy), std::string_view::npos) << remedy(row.code, row.detail);
  }
}

}  // namespace
}  // namespace recado::transport
