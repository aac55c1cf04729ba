// What happens to bytes once the connection is secured, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

using testing::HasSubstr;

std::string noise(std::size_t size) {
  std::mt19937 source{42};
  std::string text(size, 0);
  for (char& c : text) c = static_cast<char>(source());
  return text;
}

// Both directions at once through whatever buffers there are.
void exchange(client& c, server& s, const std::string& up, const std::string& down) {
  std::size_t written = 0;
  s.write(down);
  for (int idle = 0; idle < 3;) {
    const std::size_t n = c.it.write(as_bytes(up).subspan(written), c.now);
    written += n;
    const std::size_t before = c.received.size() + s.received.size();
    c.talk(s);
    idle = n == 0 && before == c.received.size() + s.received.size() ? idle + 1 : 0;
  }
  EXPECT_EQ(written, up.size());
  EXPECT_TRUE(s.received == up);
  EXPECT_TRUE(c.received == down);
}

// original defect 22: to want more bytes was an error like any other
TEST(tls_transfer, any_fragmentation_gives_the_same) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t piece : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 16u, 100u, 1000u}) {
      client c{usual()};
      c.piece = piece;
      server s{{.highest = version}};
      s.begin(), c.open(), c.talk(s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      exchange(c, s, noise(3000), noise(5000));
    }
  }
}

TEST(tls_transfer, small_buffers_carry_much) {
  const identity rsa = make({.name = "r", .alternative_names = world::names}, rsa_key(4096), &the_world().authority);
  const std::string own = pem(rsa), key = key_pem(rsa.key.get());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const auto& [outgoing, plaintext] :
         {std::pair{outgoing_bytes_min, plaintext_bytes_min}, {outgoing_bytes_min + 1, std::size_t{65}}, {5000, 777}}) {
      auto options = usual();
      options.certificate = memory(own), options.key = memory(key);
      client c{options, outgoing, plaintext};
      server s{{.highest = version, .wants_client_certificate = true}};
      s.begin(), c.open(), c.talk(s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      exchange(c, s, noise(200'000), noise(200'000));
    }
  }
}

TEST(tls_transfer, holds_back_what_is_not_consumed) {
  client c{usual(), 17 * 1024, 1000};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.secured);
  const std::string sent = noise(50'000);
  s.write(sent);
  const std::string cipher = s.says();
  bytes in = as_bytes(cipher);
  std::string got;
  EXPECT_FALSE(c.it.receive(in, c.now));
  EXPECT_EQ(c.it.plaintext().size(), 1000u);
  EXPECT_EQ(c.it.deadline(), never);  // full: only the one above can help
  const std::size_t left = in.size();
  EXPECT_FALSE(c.it.receive(in, c.now));
  EXPECT_EQ(in.size(), left);
  while (!c.it.plaintext().empty()) {
    const std::size_t n = std::min<std::size_t>(c.it.plaintext().size(), 300);
    got += as_text(c.it.plaintext().first(n));
    c.it.consumed(n);
    EXPECT_EQ(c.it.deadline(), got.size() < 49152 ? instant::min() : c.it.deadline());
    EXPECT_FALSE(c.it.receive(in, c.now));
  }
  EXPECT_TRUE(got == sent);
  EXPECT_TRUE(in.empty());
}

TEST(tls_transfer, plaintext_stays_contiguous) {
  client c{usual(), 17 * 1024, 4096};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  std::string expected, got;
  for (int i = 0; i < 400; ++i) {
    const std::string message = noise(static_cast<std::size_t>(37 + i % 90));
    expected += message;
    s.write(message);
    const std::string cipher = s.says();
    bytes in = as_bytes(cipher);
    EXPECT_FALSE(c.it.receive(in, c.now));
    EXPECT_TRUE(in.empty());
    const bytes here = c.it.plaintext();
    EXPECT_TRUE(expected.substr(got.size()) == as_text(here));
    const std::size_t taken = here.size() * 2 / 3;  // always leaves half a packet
    got += as_text(here.first(taken));
    c.it.consumed(taken);
  }
}

TEST(tls_transfer, pending_bytes_stay_where_they_are) {
  client c{usual(), 4096, 4096};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_EQ(c.it.write(as_bytes("first"), c.now), 5u);
  const bytes first = c.it.pending(c.now);
  const std::string content{as_text(first)};
  for (int i = 0; i < 200; ++i) (void)c.it.write(as_bytes("more"), c.now);
  EXPECT_EQ(c.it.pending(c.now).data(), first.data());
  EXPECT_TRUE(as_text(first) == content);
  // All of them leave together, and in pieces of any size.
  std::string whole{as_text(c.it.pending(c.now))};
  s.hear(as_bytes(whole));
  EXPECT_TRUE(s.received.starts_with("firstmoremoremore"));
  const std::size_t taken = (s.received.size() - 5) / 4;
  EXPECT_GT(taken, 100u);
  c.it.sent(7);
  EXPECT_EQ(c.it.pending(c.now).data(), first.data() + 7);
}

TEST(tls_transfer, writes_as_few_records_as_possible) {
  client c{usual(), 40 * 1024};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  const std::string data = noise(record_content_max);
  EXPECT_EQ(c.it.write(as_bytes(data), c.now), data.size());
  EXPECT_EQ(c.it.pending(c.now).size(), data.size() + 22);  // one record: 5 + 1 + 16 bytes more (RFC 8446 §5.2)
}

TEST(tls_transfer, encrypts_and_decrypts_at_once) {
  client c{usual()};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.it.pending(c.now).empty());
  EXPECT_EQ(c.it.write(as_bytes("now"), c.now), 3u);
  EXPECT_EQ(c.it.pending(c.now).size(), 3u + 22);
  s.write("too");
  const std::string cipher = s.says();
  bytes in = as_bytes(cipher);
  EXPECT_FALSE(c.it.receive(in, c.now));
  EXPECT_EQ(as_text(c.it.plaintext()), "too");
}

TEST(tls_transfer, survives_key_updates_with_a_full_buffer) {
  client c{usual(), outgoing_bytes_min, 4096};
  server s{{.highest = TLS1_3_VERSION}};
  s.begin(), c.open(), c.talk(s);
  ASSERT_TRUE(c.seen.secured);
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    const std::string text = noise(300);
    std::size_t n = 0;
    while ((n = c.it.write(as_bytes(text), c.now)) != 0) expected += text.substr(0, n);
    s.update_keys();
    s.write("x");
    std::string cipher = s.says();
    bytes in = as_bytes(cipher);
    while (c.take(in)) {  // the answer to the update may have no room yet
    }
    c.talk(s);
  }
  EXPECT_TRUE(s.received == expected);
  EXPECT_EQ(c.received, std::string(20, 'x'));
  EXPECT_FALSE(c.seen.closed) << c.seen.line;
}

// original defect 23: TLS_Close sends no close_notify.
TEST(tls_transfer, says_goodbye_behind_what_was_written) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{usual(), outgoing_bytes_min};
    server s{{.highest = version}};
    s.begin(), c.open(), c.talk(s);
    std::size_t written = 0;
    while (c.it.write(as_bytes("0123456789abcdef"), c.now) == 16) written += 16;
    c.it.close(c.now);
    EXPECT_FALSE(c.it.ready());
    EXPECT_EQ(c.it.write(as_bytes("late"), c.now), 0u);
    EXPECT_EQ(c.it.deadline(), instant::min());
    c.talk(s);
    EXPECT_GE(s.received.size(), written);
    EXPECT_TRUE(s.orderly_end);
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error::closed_here));
    EXPECT_EQ(c.it.deadline(), never);
  }
}

// original defect 22: no end could be told from another
TEST(tls_transfer, tells_the_orderly_end_from_a_cut) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const bool orderly : {false, true}) {
      client c{usual()};
      server s{{.highest = version}};
      s.begin(), c.open(), c.talk(s);
      s.write("last words");
      if (orderly) s.shutdown();
      const std::string cipher = s.says();
      bytes in = as_bytes(cipher);
      // The plaintext can be read before the end is told.
      EXPECT_FALSE(c.it.receive(in, c.now));
      EXPECT_EQ(as_text(c.it.plaintext()), "last words");
      EXPECT_EQ(c.it.deadline(), orderly ? instant::min() : never);
      if (!orderly) c.it.lost(make_fault(stream_error::closed_by_peer), c.now);
      c.hear();
      ASSERT_TRUE(c.seen.closed);
      EXPECT_TRUE(is(*c.seen.closed, orderly ? error::closed_by_peer : error::truncated)) << c.seen.line;
      c.seen.closed.reset();
      c.lose();
      EXPECT_FALSE(c.seen.closed);  // told once
    }
  }
}

TEST(tls_transfer, passes_on_what_happened_below) {
  client c{usual()};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  c.lose(stream_error::interface_down);
  ASSERT_TRUE(c.seen.closed);
  EXPECT_TRUE(is(*c.seen.closed, stream_error::interface_down));
  EXPECT_THAT(c.seen.line, HasSubstr("the network interface is down; check the cable"));
}

TEST(tls_transfer, notices_a_changed_record) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{usual()};
    server s{{.highest = version}};
    s.begin(), c.open(), c.talk(s);
    s.write("important");
    std::string cipher = s.says();
    cipher.back() = static_cast<char>(cipher.back() ^ 1);
    c.inbox = cipher;
    c.hear();
    ASSERT_TRUE(c.seen.closed);
    EXPECT_TRUE(is(*c.seen.closed, error::record_damaged)) << c.seen.line;
    EXPECT_EQ(c.received, "");
    EXPECT_FALSE(c.it.pending(c.now).empty());  // the alert
  }
}

TEST(tls_transfer, ends_even_if_nobody_consumes) {
  client c{usual(), 4096, 100};
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  s.write(noise(1000));
  const std::string cipher = s.says();
  bytes in = as_bytes(cipher);
  EXPECT_FALSE(c.it.receive(in, c.now));
  c.it.lost(make_fault(stream_error::closed_by_peer), c.now);
  EXPECT_FALSE(c.it.ready());
  EXPECT_EQ(c.it.deadline(), instant::min());
  std::optional<event> told;
  for (int i = 0; i < 3 && !told; ++i) told = c.it.receive(in, c.now);
  ASSERT_TRUE(told && std::holds_alternative<closed>(*told));
  EXPECT_EQ(c.it.deadline(), never);
}

// original defects 22 and 24: no error told from another, nothing released.
TEST(tls_transfer, a_cut_after_any_byte_is_told_once_and_in_words) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client c{usual()};
    server s{{.highest = version}};
    const auto life = [&](std::size_t limit) {
      s.begin(), c.open(), c.talk(s, limit);
      if (c.sent + c.heard >= limit) return;
      (void)c.it.write(as_bytes("ping"), c.now);
      s.write("pong");
      c.talk(s, limit);
    };
    life(SIZE_MAX);
    ASSERT_EQ(c.received, "pong");
    const std::size_t all = c.sent + c.heard;
    for (std::size_t limit = 0; limit < all; limit += 11) {
      c.lose();
      life(limit);
      ASSERT_FALSE(c.seen.closed) << limit << c.seen.line;
      const bool secured = c.seen.secured.has_value();
      c.lose();
      ASSERT_TRUE(c.seen.closed) << limit;
      EXPECT_TRUE(is(*c.seen.closed, secured ? error::truncated : error::closed_in_handshake)) << c.seen.line;
      EXPECT_FALSE(c.it.ready());
      EXPECT_EQ(c.it.deadline(), never);
      EXPECT_TRUE(c.it.pending(c.now).empty());
    }
  }
}

// RFC 8446 §5.1: the version in a record's header is ignored; nothing authenticates it in a handshake.
bool is_minor_version(std::string_view records, std::size_t at) {
  std::size_t header = 0;
  while (header + 5 <= records.size() && header <= at) {
    if (at == header + 2) return true;
    const unsigned high = static_cast<unsigned char>(records[header + 3]),
                   low = static_cast<unsigned char>(records[header + 4]);
    header += 5u + (high << 8u | low);
  }
  return false;
}

TEST(tls_transfer, a_flipped_bit_anywhere_ends_the_handshake) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server s{{.highest = version}};
    client c{usual()};
    for (std::size_t at = 0;; at += 13) {
      s.begin(), c.open();
      const bytes hello = c.it.pending(c.now);
      s.hear(hello), c.it.sent(hello.size());
      c.inbox = s.says();
      if (at >= c.inbox.size()) break;
      if (is_minor_version(c.inbox, at)) {
        c.lose();
        continue;
      }
      c.inbox[at] = static_cast<char>(c.inbox[at] ^ (1 << at % 8));
      c.talk(s);
      EXPECT_FALSE(s.done() && c.it.ready()) << at;
      c.lose();
      EXPECT_TRUE(c.seen.closed) << at;
      EXPECT_FALSE(c.seen.line.empty());
    }
  }
}

}  // namespace
}  // namespace recado::tls::tests
