// Sessions that are resumed, and keys that are logged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include <recado/tls/single_session.hpp>
#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

class memory_store final : public session_store {
 public:
  void keep(std::string_view host, bytes session) override { kept[std::string{host}] = as_text(session); }
  bytes find(std::string_view host) override {
    const auto it = kept.find(std::string{host});
    return it == kept.end() ? bytes{} : as_bytes(it->second);
  }
  void forget(std::string_view host) override { kept.erase(std::string{host}); }
  std::map<std::string, std::string> kept;
};

client_options with(session_store& store) {
  auto options = usual();
  options.sessions = &store;
  return options;
}

void meet(client& c, server& s, const char* host = "broker.lab") {
  c.lose();
  s.begin(), c.open(host), c.talk(s);
}

TEST(tls_session, resumes_with_1_2_and_1_3) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    memory_store store;
    client c{with(store)};
    server s{{.highest = version}};
    for (int round = 0; round < 4; ++round) {
      meet(c, s);
      ASSERT_TRUE(c.seen.secured) << c.seen.line;
      EXPECT_EQ(c.seen.secured->resumed, round != 0);
      EXPECT_EQ(s.resumed(), round != 0);
      EXPECT_TRUE(c.seen.secured->verified);
      EXPECT_EQ(c.seen.alpn, "");
      (void)c.it.write(as_bytes("ping"), c.now);
      c.talk(s);
      EXPECT_EQ(s.received, "ping");
      EXPECT_EQ(store.kept.count("broker.lab"), 1u);
    }
  }
}

TEST(tls_session, uses_a_ticket_of_1_3_once) {
  memory_store store;
  client c{with(store)};
  server s{{}};
  meet(c, s);
  ASSERT_EQ(store.kept.size(), 1u);
  c.lose(), c.open();
  EXPECT_TRUE(store.kept.empty());  // RFC 8446 §C.4
}

TEST(tls_session, fits_in_place) {
  single_session<> store;
  single_session<64> tiny;
  client c{with(store)}, d{with(tiny)};
  server s{{}};
  for (int round = 0; round < 3; ++round) {
    meet(c, s);
    ASSERT_TRUE(c.seen.secured);
    EXPECT_EQ(c.seen.secured->resumed, round != 0);
    EXPECT_EQ(store.host(), "broker.lab");
    EXPECT_TRUE(store.find("a.example").empty());
    meet(d, s);
    ASSERT_TRUE(d.seen.secured);
    EXPECT_FALSE(d.seen.secured->resumed);
    EXPECT_TRUE(tiny.kept().empty());
  }
  store.forget("a.example");
  EXPECT_FALSE(store.kept().empty());
  store.forget("broker.lab");
  EXPECT_TRUE(store.kept().empty());
}

TEST(tls_session, survives_a_server_that_forgot) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    memory_store store;
    client c{with(store)};
    server s{{.highest = version}}, restarted{{.highest = version}};
    meet(c, s);
    meet(c, restarted);
    ASSERT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_FALSE(c.seen.secured->resumed);
  }
}

TEST(tls_session, never_resumes_what_it_would_not_accept_now) {
  memory_store store;
  server s{{}};
  client c{with(store)};
  meet(c, s);
  ASSERT_TRUE(c.seen.secured);
  const auto kept = store.kept;
  const std::string both = pem(the_world().root) + pem(the_world().foreign), list = crl(the_world().authority, {});
  const std::string own = pem(the_world().device), key = key_pem(the_world().device.key.get());
  const auto resumed = [&](auto change, const char* host = "broker.lab") {
    store.kept = kept;
    store.kept[host] = kept.at("broker.lab");
    auto options = with(store);
    change(options);
    client other{options};
    meet(other, s, host);
    return other.seen.secured && other.seen.secured->resumed;
  };
  EXPECT_TRUE(resumed([](auto&) {}));
  EXPECT_TRUE(resumed([](auto&) {}, "a.example"));
  EXPECT_FALSE(resumed([](auto&) {}, "b.example"));
  EXPECT_FALSE(resumed([](auto& o) { o.clock = &clock_at(day(2031, 1, 1)); }));
  EXPECT_FALSE(resumed([](auto& o) { o.clock = &clock_at(day(2025, 1, 1)); }));
  EXPECT_FALSE(resumed([&](auto& o) { o.ca = memory(both); }));
  EXPECT_FALSE(resumed([&](auto& o) { o.crl = memory(list); }));
  EXPECT_FALSE(resumed([&](auto& o) { o.certificate = memory(own), o.key = memory(key); }));
  // What began without verification isn't resumed with it.
  auto careless = with(store);
  careless.check = peer_check::nothing_anyone_may_answer;
  client d{careless};
  store.kept.clear();
  meet(d, s);
  ASSERT_TRUE(d.seen.secured);
  ASSERT_EQ(store.kept.size(), 1u);
  meet(c, s);
  EXPECT_FALSE(c.seen.secured->resumed);
}

// A back end may keep more than the bytes while it lives; the store and what is loaded decide all the same.
TEST(tls_session, asks_the_store_and_what_is_loaded_in_one_context_too) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    memory_store store;
    server s{{.highest = version}};
    client c{with(store)};
    const auto resumed = [&] {
      meet(c, s);
      EXPECT_TRUE(c.seen.secured) << c.seen.line;
      return c.seen.secured && c.seen.secured->resumed;
    };
    EXPECT_FALSE(resumed());
    EXPECT_TRUE(resumed());
    const std::string both = pem(the_world().root) + pem(the_world().foreign);
    auto options = with(store);
    options.ca = memory(both);
    c.lose();
    ASSERT_TRUE(c.shared.load(options));
    EXPECT_FALSE(resumed());
    EXPECT_TRUE(resumed());
    store.kept.clear();
    EXPECT_FALSE(resumed());
    const auto older = store.kept;
    EXPECT_TRUE(resumed());
    store.kept = older;
    EXPECT_TRUE(resumed());  // from its bytes
    store.kept.at("broker.lab").pop_back();
    EXPECT_FALSE(resumed());
  }
}

TEST(tls_session, ignores_damaged_bytes) {
  memory_store store;
  server s{{.highest = TLS1_2_VERSION}};
  client c{with(store)};
  meet(c, s);
  const std::string good = store.kept.at("broker.lab");
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
    store.kept["broker.lab"] = at % 2 ? bad : good.substr(0, at);
    meet(c, s);
    EXPECT_TRUE(c.seen.secured || c.seen.closed) << at;  // a wrong master secret fails like a wrong record
    EXPECT_TRUE(!c.seen.closed || store.kept.empty());
  }
}

class lines final : public key_log {
 public:
  void line(std::string_view text) override { seen.emplace(text); }
  std::set<std::string> seen;
};

std::set<std::string>& server_lines() {
  static std::set<std::string> all;
  return all;
}

// A key log decrypts a recording if it says what the other side says, too.
TEST(tls_session, logs_the_keys_that_the_server_has) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    lines log;
    auto options = usual();
    options.keys = &log;
    client c{options};
    server s{{.highest = version}};
    server_lines().clear();
    s.begin();
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(s.ssl()),
                                [](const SSL*, const char* line) { server_lines().insert(line); });
    c.open(), c.talk(s);
    ASSERT_TRUE(c.seen.secured);
    if (!logs_exporter_secret) {  // with which nothing is encrypted
      std::erase_if(server_lines(), [](const auto& line) { return line.starts_with("EXPORTER_SECRET "); });
    }
    EXPECT_EQ(log.seen, server_lines());
    const auto has = [&](std::string_view label) {
      return std::any_of(log.seen.begin(), log.seen.end(), [&](const auto& line) { return line.starts_with(label); });
    };
    EXPECT_EQ(has("CLIENT_RANDOM "), version == TLS1_2_VERSION);
    EXPECT_EQ(has("CLIENT_TRAFFIC_SECRET_0 "), version == TLS1_3_VERSION);
    EXPECT_EQ(has("SERVER_HANDSHAKE_TRAFFIC_SECRET "), version == TLS1_3_VERSION);
  }
}

}  // namespace
}  // namespace recado::tls::tests
