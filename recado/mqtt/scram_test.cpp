// SCRAM-SHA-256 by itself, and through the session: in CONNECT and CONNACK, and again later by AUTH.
#include <recado/mqtt/scram.hpp>

#include <array>
#include <string>

#include <gtest/gtest.h>

#include <recado/core/base64.hpp>
#include <recado/tls/openssl/sha256.hpp>
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {
namespace {

// The example of RFC 7677 §3: user "user", password "pencil".
constexpr std::string_view client_nonce = "rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

// Gives the nonce of the example, again and again.
struct example_entropy final : entropy {
  void fill(mutable_bytes out) override { EXPECT_EQ(base64_decode(client_nonce, out), out.size()); }
};

struct subject_method {
  explicit subject_method(scram_options options = {}) {
    options.user_name = options.user_name.empty() ? "user" : options.user_name;
    options.password = options.password.empty() ? "pencil" : options.password;
    options.memory = options.memory.empty() ? mutable_bytes{memory} : options.memory;
    method.emplace(options, hashes, random);
  }
  std::string begin() {
    const auto data = method->begin();
    return data ? std::string{as_text(*data)} : std::string{words(data.error())};
  }
  std::string answer(std::string_view challenge) {
    const auto data = method->answer(as_bytes(challenge));
    return data ? std::string{as_text(*data)} : std::string{words(data.error())};
  }
  error finish(std::string_view data) { return method->finish(as_bytes(data)); }

  std::array<std::byte, scram_memory_bytes> memory{};
  tls::openssl::sha256 hashes;
  example_entropy random;
  std::optional<scram_sha_256> method;
};

TEST(scram, the_example_of_rfc_7677) {
  subject_method one;
  EXPECT_EQ(one.method->method(), "SCRAM-SHA-256");
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(one.begin(), client_first);
    EXPECT_EQ(one.answer(server_first), client_final);
    EXPECT_EQ(one.finish(server_final), error::none);
  }
  EXPECT_EQ((std::array<std::byte, scram_memory_bytes>{}), one.memory) << "everything is wiped";
}

TEST(scram, a_wrong_signature_of_the_server_is_refused) {
  std::string wrong{server_final};
  wrong[5] = wrong[5] == 'A' ? 'B' : 'A';
  for (const std::string_view said :
       {std::string_view{wrong}, std::string_view{""}, std::string_view{"v="}, std::string_view{"v=6rri"},
        server_final.substr(2), std::string_view{"e=other-error"}}) {
    subject_method one;
    one.begin();
    one.answer(server_first);
    EXPECT_EQ(one.finish(said), said == wrong           ? error::wrong_server_signature
                                : said.starts_with('e') ? error::refused_by_method
                                                        : error::bad_challenge)
        << said;
    EXPECT_EQ(one.finish(server_final), error::bad_challenge) << "the exchange is over";
  }
  subject_method other{{.user_name = {}, .password = "pencils"}};
  other.begin();
  EXPECT_NE(other.answer(server_first), client_final);
  EXPECT_EQ(other.finish(server_final), error::wrong_server_signature);
}

TEST(scram, a_server_that_skips_steps_is_refused) {
  subject_method one;
  EXPECT_EQ(one.finish(server_final), error::bad_challenge) << "nothing was begun";
  EXPECT_EQ(one.answer(server_first), words(error::bad_challenge));
  one.begin();
  EXPECT_EQ(one.finish(server_final), error::bad_challenge) << "the password was never asked for";
  one.begin();
  one.answer(server_first);
  EXPECT_EQ(one.answer(server_first), words(error::bad_challenge)) << "a second proof";
}

TEST(scram, what_is_wrong_with_a_challenge) {
  const std::string nonce = "r=" + std::string{client_nonce}, salt = ",s=W22ZaJ0SNY7soEsUEjb6gQ==";
  const std::string wrong[] = {"",
                               "r=",
                               nonce + salt + ",i=4096",                        // the server added nothing
                               "r=xOprNGfwEbeRWgbNEkqOabc" + salt + ",i=4096",  // not our nonce
                               "r=rOprNGfwEbeRWgbNEkq" + salt + ",i=4096",      // only a part of it
                               nonce + "a b" + salt + ",i=4096",
                               nonce + "\x7f" + salt + ",i=4096",
                               "m=x," + nonce + "abc" + salt + ",i=4096",  // an extension that must be understood
                               nonce + "abc,i=4096" + salt,                // in the wrong order
                               nonce + "abc" + salt,
                               nonce + "abc,s=,i=4096",
                               nonce + "abc,s=W22Z!,i=4096",
                               nonce + "abc,s=" + std::string(88, 'A') + ",i=4096",  // more salt than is taken
                               nonce + "abc" + salt + ",i=",
                               nonce + "abc" + salt + ",i=04096",
                               nonce + "abc" + salt + ",i=+4096",
                               nonce + "abc" + salt + ",i=4096x",
                               nonce + "abc" + salt + ",i=4294971392"};  // 4096 in 32 bits
  for (const std::string& challenge : wrong) {
    subject_method one;
    one.begin();
    EXPECT_EQ(one.answer(challenge), words(error::bad_challenge)) << challenge;
  }
  subject_method one;
  one.begin();
  EXPECT_TRUE(one.answer(nonce + "abc" + salt + ",i=4096,x=future").starts_with("c=biws,r=")) << "is let be";
}

TEST(scram, iterations_have_bounds) {
  const std::string front = "r=" + std::string{client_nonce} + "abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=";
  for (const char* count : {"1", "4095", "8001", "999999999"}) {
    subject_method one{{.user_name = {}, .password = {}, .iterations_max = 8000}};
    one.begin();
    EXPECT_EQ(one.answer(front + count), words(error::iterations_out_of_bounds)) << count;
  }
  for (const char* count : {"4096", "8000"}) {
    subject_method one{{.user_name = {}, .password = {}, .iterations_max = 8000}};
    one.begin();
    EXPECT_TRUE(one.answer(front + count).starts_with("c=biws")) << count;
  }
}

TEST(scram, names_and_passwords_are_printable_ascii) {
  EXPECT_EQ(subject_method{{.user_name = "a=b,c"}}.begin(), "n,,n=a=3Db=2Cc,r=" + std::string{client_nonce});
  for (const std::string_view text : {"caf\xc3\xa9", "tab\there", "\x7f"}) {
    EXPECT_EQ(subject_method{{.user_name = text}}.begin(), words(error::needs_saslprep));
    EXPECT_EQ((subject_method{{.user_name = {}, .password = text}}.begin()), words(error::needs_saslprep));
  }
  tls::openssl::sha256 hashes;
  example_entropy random;
  std::array<std::byte, scram_memory_bytes> memory{};
  scram_sha_256 nobody{{.user_name = "", .password = "p", .memory = memory}, hashes, random};
  EXPECT_EQ(error_of(nobody.begin()), error::needs_saslprep);
}

TEST(scram, every_lack_of_memory_is_said) {
  for (std::size_t size = 1; size < 200; ++size) {
    std::array<std::byte, 200> memory{};
    subject_method one{{.user_name = {}, .password = {}, .memory = mutable_bytes{memory}.first(size)}};
    const std::string first = one.begin();
    if (first == words(error::no_room)) continue;
    EXPECT_GE(size, client_first.size());
    const std::string final = one.answer(server_first);
    EXPECT_EQ(final, size < client_first.size() + client_final.size() ? words(error::no_room) : client_final);
  }
}

// A library that fails at its nth call.
struct failing final : sha256_functions {
  explicit failing(int calls) : left(calls) {}
  bool hash(bytes data, sha256_digest& out) override { return left-- > 0 && library.hash(data, out); }
  bool hmac(bytes key, std::span<const bytes> parts, sha256_digest& out) override {
    return left-- > 0 && library.hmac(key, parts, out);
  }
  bool pbkdf2(bytes password, bytes salt, std::uint32_t iterations, sha256_digest& out) override {
    return left-- > 0 && library.pbkdf2(password, salt, iterations, out);
  }
  tls::openssl::sha256 library;
  int left;
};

TEST(scram, a_library_that_fails_is_no_proof) {
  for (int calls = 0; calls < 6; ++calls) {
    failing hashes{calls};
    example_entropy random;
    std::array<std::byte, scram_memory_bytes> memory{};
    scram_sha_256 one{{.user_name = "user", .password = "pencil", .memory = memory}, hashes, random};
    ASSERT_TRUE(one.begin().has_value());
    EXPECT_EQ(error_of(one.answer(as_bytes(server_first))), error::cryptography_failed);
  }
}

// ---- through the session ----

mqtt::auth auth_of(reason code, std::string_view data) {
  static std::deque<std::array<property_value, 2>> kept;
  kept.push_back({{{property::authentication_method, "SCRAM-SHA-256"}, {property::authentication_data, data}}});
  return {.reason = code, .properties = std::span<const property_value>{kept.back()}};
}
connack accepted(std::string_view data) {
  return {.session_present = false, .reason = reason::success, .properties = auth_of(reason::success, data).properties};
}

// CONNECT, the challenge and its answer; what it uses lives as long as the test.
dialogue authenticates(std::string_view challenge = server_first) {
  mqtt::connect said;
  said.client_identifier = "c";
  static const property_value list[] = {{property::receive_maximum, 8U},
                                        {property::topic_alias_maximum, 2U},
                                        {property::authentication_method, "SCRAM-SHA-256"},
                                        {property::authentication_data, client_first}};
  said.properties = list;
  dialogue out{sizes{.transmit = 1024}};
  out.once()
      .does([](session& s) {
        static subject_method method;
        EXPECT_EQ(error_of(s.connect({.client_identifier = "c", .authenticator = &*method.method})), error::none);
      })
      .opens()
      .sends(said)
      .hears(auth_of(reason::continue_authentication, challenge));
  return out;
}

TEST(scram_session, connects_and_authenticates_again) {  // §4.12, §4.12.1, [MQTT-4.12.0-2] [MQTT-4.12.0-3]
  authenticates()
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(accepted(server_final))
      .tells("connected")
      .does([](session& s) { EXPECT_TRUE(s.reauthenticate().has_value()); })
      .does(refuses(error::authentication_not_expected, [](session& s) { return error_of(s.reauthenticate()); }))
      .sends(auth_of(reason::reauthenticate, client_first))
      .does(publishes(qos::at_least_once, "meanwhile", "x"))  // §4.12.1: other packets go on
      .sends(message_of(qos::at_least_once, 1, "meanwhile", "x"))
      .hears(auth_of(reason::continue_authentication, server_first))
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(answer(puback, 1))
      .tells("acknowledged #1 tag 0")
      .hears(auth_of(reason::success, server_final))
      .tells("authenticated '" + std::string{server_final} + "'")
      .check();
}

TEST(scram_session, a_server_without_the_password_gets_nothing) {
  std::string wrong{server_final};
  wrong[5] = wrong[5] == 'A' ? 'B' : 'A';
  authenticates()
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(accepted(wrong))
      .tells("closed: " + std::string{words(error::wrong_server_signature)})
      .sends(raw({0xe0, 1, 0x87}))
      .check();
  authenticates()
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(connack{})
      .tells("closed: " + std::string{words(error::bad_challenge)})
      .sends(raw({0xe0, 1, 0x87}))
      .check();
  authenticates("r=mine,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
      .tells("closed: " + std::string{words(error::bad_challenge)})
      .sends(raw({0xe0, 1, 0x87}))
      .check();
}

TEST(scram_session, a_re_authentication_that_fails_ends_the_connection) {
  authenticates()
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(accepted(server_final))
      .tells("connected")
      .does([](session& s) { EXPECT_TRUE(s.reauthenticate().has_value()); })
      .sends(auth_of(reason::reauthenticate, client_first))
      .hears(auth_of(reason::success, server_final))
      .tells("closed: " + std::string{words(error::bad_challenge)})
      .sends(raw({0xe0, 1, 0x87}))
      .check();
}

TEST(scram_session, a_refusal_is_told_with_the_servers_reason) {
  connack no;
  no.reason = reason::not_authorized;
  authenticates()
      .sends(auth_of(reason::continue_authentication, client_final))
      .hears(no)
      .tells("closed: the server refused the connection: Not authorized")
      .check();
}

TEST(scram_session, is_for_5_0_and_by_one_way_only) {
  subject_method method;
  subject who{{}};
  EXPECT_EQ(error_of(who.machine.connect({.version = version::v3_1_1, .authenticator = &*method.method})),
            error::needs_version_5);
  EXPECT_EQ(error_of(who.machine.connect({.authentication_method = "M", .authenticator = &*method.method})),
            error::two_authentications);
  EXPECT_EQ(error_of(who.machine.reauthenticate()), error::not_connected);
}

}  // namespace
}  // namespace recado::mqtt::test
