// The tools with the TLS library of boards, against a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tls_for_tests.hpp"

namespace recado::test {
namespace {

using testing::HasSubstr;

TEST(tools_tls_backend, each_library_talks_to_mosquitto_in_every_secured_way) {
  const secured_broker to;
  const broker_of_1_2 old;
  const auto mine = files::issue("mine", {.name = "me", .extended_key_usage = "clientAuth"}, &to.with.middle);
  const words psk = {"--psk", "00112233445566778899aabbccddeeff", "--psk-identity", "me", "-p", std::to_string(to.psk)};
  const struct {
    const char* what;
    words options;
  } rows[] = {
      {"TLS 1.3", to.at(to.tls)},
      {"TLS 1.2", old.reached()},
      {"client certificate", to.at(to.mutual) + words{"--cert", mine.cert, "--key", mine.key}},
      {"pre-shared key", psk},
      {"WebSocket", to.at(to.web) + words{"--ws"}},
  };
  for (const char* library : {"openssl", "mbedtls"}) {
    for (const auto& row : rows) {
      SCOPED_TRACE(std::string{library} + ", " + row.what);
      const words with = row.options + words{"-t", "t", "-q", "2", "--tls-backend", library};
      const auto sent = run("pub", with + words{"-m", library, "-r"});
      EXPECT_EQ(sent.status, 0) << sent.err;
      const auto got = run("sub", with + words{"-C", "1", "-W", "10"});
      EXPECT_EQ(got.status, 0) << got.err;
      EXPECT_EQ(got.out, std::string{library} + "\n");
    }
  }
}

TEST(tools_tls_backend, both_say_the_same_of_what_is_wrong) {
  const secured_broker to;
  const words message = {"-t", "t", "-m", "m", "-q", "1"};
  const struct {
    const char* what;
    words options, said;
  } rows[] = {
      {"another authority",
       {"--cafile", to.with.foreign_ca, "-p", std::to_string(to.tls)},
       {"signed by an unknown authority"}},
      {"no client certificate", to.at(to.mutual), {"the server requires a client certificate"}},
      {"no such suite", to.at(to.tls) + words{"--ciphers", "NONE-OF-THESE"}, {"no cipher suite of those given"}},
  };
  for (const auto& row : rows) {
    words lines;
    for (const char* library : {"openssl", "mbedtls"}) {
      SCOPED_TRACE(std::string{library} + ", " + row.what);
      const auto done = run("pub", message + row.options + words{"--tls-backend", library});
      EXPECT_NE(done.status, 0);
      for (const std::string& each : row.said) EXPECT_THAT(done.err, HasSubstr(each));
      lines.push_back(done.err);
    }
    EXPECT_EQ(lines[0], lines[1]);
  }
  const auto unknown = run("pub", message + words{"--tls-backend", "gnutls"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("give openssl or mbedtls"));
}

TEST(tools_tls_backend, the_probe_shows_the_chain_by_either) {
  const secured_broker to;
  for (const char* library : {"openssl", "mbedtls"}) {
    const auto done = program_run{.command = {RECADO_PROGRAM, "probe", "tls", "127.0.0.1", "-p", std::to_string(to.tls),
                                              "--cafile", to.with.ca, "--tls-backend", library},
                                  .input = {},
                                  .environment = {}}();
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("CN=Middle CA"));
    EXPECT_THAT(done.out, HasSubstr("TLS_AES_256_GCM_SHA384"));
  }
}

}  // namespace
}  // namespace recado::test
