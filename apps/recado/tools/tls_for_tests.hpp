// A PKI made at test time, as files, and servers that use it: OpenSSL's s_server and mosquitto.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <recado/tls/openssl/tests/pki.hpp>
#include <tests/support/mosquitto.hpp>
#include <tests/support/program_run.hpp>

#include "words_for_tests.hpp"

namespace recado::test {

using namespace std::string_literals;
using namespace recado::tls::openssl::tests;

inline std::string path(const std::string& name) {
  const std::filesystem::path folder =
      std::filesystem::path{RECADO_TEST_FOLDER} / testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::create_directories(folder);
  return (folder / name).string();
}
inline std::string keep(const std::string& name, const std::string& content) {
  std::ofstream{path(name), std::ios::binary} << content;
  return path(name);
}

inline program_run::result run(const std::string& tool, words options, words environment = {}) {
  options.insert(options.begin(), {RECADO_PROGRAM, tool});
  return program_run{.command = std::move(options), .input = {}, .environment = std::move(environment)}();
}

/// Certificates of every kind, as files.
struct files {
  identity root = make({.name = "Root CA", .authority = true}, ec_key());
  identity middle = make({.name = "Middle CA", .authority = true}, ec_key(), &root);
  identity foreign = make({.name = "Foreign CA", .authority = true}, ec_key());
  std::string ca = keep("ca.pem", pem(root)), foreign_ca = keep("foreign.pem", pem(foreign));

  struct pair {
    std::string cert, key;
  };
  /// One of its own, signed by `issuer` and with that behind it.
  static pair issue(const std::string& name, const wish& what, const identity* issuer, bool with_issuer = true,
                    recado::tls::openssl::key_handle key = ec_key()) {
    const identity made = make(what, std::move(key), issuer);
    return store(name, made, with_issuer ? issuer : nullptr);
  }
  static pair store(const std::string& name, const identity& made, const identity* issuer) {
    return {keep(name + ".pem", pem(made) + (issuer != nullptr ? pem(*issuer) : "")),
            keep(name + ".key", key_pem(made.key.get()))};
  }
  static constexpr const char* here = "DNS:localhost,IP:127.0.0.1";
  static wish server() { return {.name = "broker", .alternative_names = here, .extended_key_usage = "serverAuth"}; }

  pair good = issue("good", server(), &middle);
};
inline const files& the_files() {
  static const files made;
  return made;
}

/// OpenSSL's test server on a port of its own.
class s_server {
 public:
  explicit s_server(const files::pair& identity, const words& more = {})
      : port_(free_port()),
        process_(words{"/usr/bin/openssl", "s_server", "-rev", "-accept", "127.0.0.1:" + std::to_string(port_), "-cert",
                       identity.cert, "-cert_chain", identity.cert, "-key", identity.key} +
                 more) {
    EXPECT_TRUE(process_.says("ACCEPT")) << process_.said();
    process_.drain();
  }
  std::string port() const { return std::to_string(port_); }

 private:
  std::uint16_t port_;
  child_process process_;
};

/// mosquitto with a listener for each way to be secured.
struct secured_broker {
  const files& with = the_files();
  std::uint16_t tls = free_port(), mutual = free_port(), psk = free_port(), web = free_port();
  std::string socket = std::filesystem::relative(path("s")).string();  // a Unix socket's path has to be short
  std::string keys =
      keep("psk", "me:00112233445566778899aabbccddeeff\nshort:abcdef01\nenough:00112233445566778899aabbccdd\n");
  mosquitto broker{RECADO_SERVERS "/usr/sbin/mosquitto", path("secured"), settings()};

  std::string listener(std::uint16_t port, const std::string& more) const {
    return "listener " + std::to_string(port) + " 127.0.0.1\n" + more;
  }
  std::string settings() const {
    const std::string own = "certfile " + with.good.cert + "\nkeyfile " + with.good.key + "\n";
    return "allow_anonymous true\npsk_file " + keys + "\n" + listener(tls, own) +
           listener(mutual, own + "cafile " + with.ca + "\nrequire_certificate true\n") + "listener 0 " + socket +
           "\n" + own + listener(psk, "psk_hint x\nciphers PSK\n") + listener(web, "protocol websockets\n" + own);
  }
  words at(std::uint16_t port) const { return {"--cafile", with.ca, "-p", std::to_string(port)}; }
};

/// mosquitto with TLS 1.2 and nothing newer. Its own `tls_version` is only the least, so OpenSSL is told.
class broker_of_1_2 {
 public:
  broker_of_1_2() {
    ::setenv("OPENSSL_CONF", limit_.c_str(), 1);
    const files::pair& own = the_files().good;
    broker_.emplace(RECADO_SERVERS "/usr/sbin/mosquitto", path("old"),
                    "allow_anonymous true\nlistener " + std::to_string(port_) + " 127.0.0.1\ncertfile " + own.cert +
                        "\nkeyfile " + own.key + "\n");
    ::unsetenv("OPENSSL_CONF");
  }
  words reached() const { return {"--cafile", the_files().ca, "-p", std::to_string(port_)}; }

 private:
  std::uint16_t port_ = free_port();
  std::string limit_ = keep("old.cnf",
                            "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limit\n"
                            "[limit]\nMaxProtocol = TLSv1.2\n");
  std::optional<mosquitto> broker_;
};

}  // namespace recado::test
