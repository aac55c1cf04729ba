// What is said about options before anything is sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <recado/tls/tests/server.hpp>

namespace recado::tls::tests {
namespace {

using testing::HasSubstr;

std::optional<error> problem(const client_options& options) {
  context it;
  const auto loaded = it.load(options);
  EXPECT_EQ(it.loaded(), loaded.has_value());
  return loaded ? std::nullopt : std::optional{loaded.error()};
}

class fixed_phrase final : public pass_phrase_source {
 public:
  explicit fixed_phrase(std::string text) : text_(std::move(text)) {}
  std::size_t ask(std::span<char> out) override {
    ++asked;
    return text_.copy(out.data(), out.size());
  }
  int asked = 0;

 private:
  std::string text_;
};

client_options with(std::string_view certificate, std::string_view key, std::string_view phrase = "") {
  auto options = usual();
  options.certificate = memory(certificate), options.key = memory(key), options.pass_phrase = as_bytes(phrase);
  return options;
}

TEST(tls_load, takes_every_key_in_every_form) {
  const auto check = [](key_handle made) {
    const identity own = make({.name = "own"}, std::move(made), &the_world().authority);
    const std::string text = pem(own), binary = der(own.certificate.get());
    EVP_PKEY* key = own.key.get();
    for (const auto& form : {key_pem(key), key_der(key), key_pem(key, "secret"), key_der(key, "secret")}) {
      EXPECT_EQ(problem(with(text, form, "secret")), std::nullopt);
      EXPECT_EQ(problem(with(binary, form, "secret")), std::nullopt);
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
      EXPECT_EQ(problem(with(text, key_traditional(key, "secret"), "secret")), std::nullopt);
      EXPECT_EQ(problem(with(text, key_traditional(key, "secret"), "wrong")), error::pass_phrase_wrong);
      EXPECT_EQ(problem(with(text, key_traditional(key, "secret"))), error::key_encrypted);
    }
    for (const auto& form : {key_pem(key, "secret"), key_der(key, "secret")}) {
      EXPECT_EQ(problem(with(text, form, "wrong")), error::pass_phrase_wrong);
      EXPECT_EQ(problem(with(text, form)), error::key_encrypted);
    }
  };
  check(ec_key());
  check(ec_key("P-384"));
  check(rsa_key(2048));
  if (has_ed25519) check(ed25519_key());
}

TEST(tls_load, asks_for_the_pass_phrase_only_if_needed) {
  const world& w = the_world();
  const std::string own = pem(w.device), plain = key_pem(w.device.key.get()),
                    locked = key_pem(w.device.key.get(), "abcd");
  fixed_phrase right{"abcd"}, wrong{"dcba"}, none{""};
  auto options = with(own, plain);
  options.ask = &right;
  EXPECT_EQ(problem(options), std::nullopt);
  EXPECT_EQ(right.asked, 0);
  options.key = memory(locked);
  EXPECT_EQ(problem(options), std::nullopt);
  EXPECT_EQ(right.asked, 1);
  options.ask = &wrong;
  EXPECT_EQ(problem(options), error::pass_phrase_wrong);
  options.ask = &none;
  EXPECT_EQ(problem(options), error::key_encrypted);
}

TEST(tls_load, finds_the_key_beside_the_certificate) {
  const world& w = the_world();
  const std::string certificates = pem(w.device) + pem(w.authority), key = key_pem(w.device.key.get());
  for (const auto& both : {certificates + key, key + certificates, "some words before\n" + certificates + key}) {
    auto options = usual();
    options.certificate = memory(both);
    EXPECT_EQ(problem(options), std::nullopt);
  }
}

TEST(tls_load, names_each_thing_that_is_wrong) {
  const world& w = the_world();
  const std::string own = pem(w.device), key = key_pem(w.device.key.get()), other = key_pem(w.stranger.key.get());
  const identity weak = make({.name = "weak"}, rsa_key(1024), &w.authority);
  const identity sha1 = make({.name = "sha1", .digest = EVP_sha1()}, ec_key(), &w.authority);
  const std::string own_as_der = der(w.device.certificate.get());
  const std::string weak_own = pem(weak), weak_key = key_pem(weak.key.get());
  const std::string sha1_own = pem(sha1), sha1_key = key_pem(sha1.key.get());
  const std::string half = pem(w.root) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::string psk(16, 'k'), long_name(300, 'n');
  const auto change = [](auto how) {
    auto options = usual();
    how(options);
    return options;
  };
  const std::pair<client_options, error> rows[] = {
      {change([](auto& o) { o.ca = source::file("/nowhere/ca.pem"); }), error::ca_file_unreadable},
      {change([](auto& o) { o.ca = source::file("/"); }), error::ca_file_unreadable},
      {change([](auto& o) { o.ca = memory("nonsense"); }), error::ca_invalid},
      {change([&](auto& o) { o.ca = memory(half); }), error::ca_invalid},
      {change([&](auto& o) { o.ca = memory(key); }), error::ca_invalid},
      {change([](auto& o) { o.ca = {}; }), error::no_authority},
      {change([](auto& o) { o.clock = nullptr; }), error::clock_missing},
      {change([](auto& o) { o.crl = source::file("/nowhere/crl.pem"); }), error::crl_file_unreadable},
      {change([&](auto& o) { o.crl = memory(own); }), error::crl_invalid},
      {change([](auto& o) { o.certificate = source::file("/nowhere/own.pem"); }), error::certificate_file_unreadable},
      {with("nonsense", key), error::certificate_invalid},
      {change([&](auto& o) { o.key = memory(key); }), error::certificate_missing},
      {change([&](auto& o) { o.certificate = memory(own); }), error::key_missing},
      {change([&](auto& o) { o.certificate = memory(own_as_der); }), error::key_missing},
      {change([&](auto& o) { o.certificate = memory(own), o.key = source::file("/nowhere/k"); }),
       error::key_file_unreadable},
      {with(own, "nonsense"), error::key_invalid},
      {with(own, own), error::key_invalid},
      {with(own, other), error::key_mismatch},
      {with(weak_own, weak_key), error::key_weak},
      {with(sha1_own, sha1_key), error::certificate_weak},
      {change([](auto& o) { o.ciphers = "NO-SUCH-CIPHER"; }), error::ciphers_invalid},
      {change([](auto& o) { o.ciphers = "eNULL@SECLEVEL=0", o.highest = version::v1_2; }), error::ciphers_invalid},
      {change([](auto& o) { o.ciphers = "ADH-AES256-GCM-SHA384@SECLEVEL=0", o.highest = version::v1_2; }),
       error::ciphers_invalid},
      {change([](auto& o) { o.suites = "TLS_NO_SUCH"; }), error::ciphers_invalid},
      {change([](auto& o) { o.lowest = version::v1_3, o.highest = version::v1_2; }), error::version_range_invalid},
      {change([](auto& o) { o.alpn = "mqtt,,h2"; }), error::alpn_invalid},
      {change([&](auto& o) { o.alpn = long_name; }), error::alpn_invalid},
      {change([](auto& o) {
         o.psk = {"device", as_bytes("thirteen byte")};
       }),
       error::psk_invalid},
      {change([&](auto& o) {
         o.psk = {"", as_bytes(psk)};
       }),
       error::psk_invalid},
      {change([&](auto& o) {
         o.psk = {long_name, as_bytes(psk)};
       }),
       error::psk_invalid},
  };
  for (const auto& [options, expected] : rows) {
    EXPECT_EQ(problem(options), expected) << words(expected);
    EXPECT_FALSE(words(expected).empty());
    EXPECT_FALSE(remedy(expected).empty());
  }
}

TEST(tls_load, keeps_what_it_had_when_it_fails) {
  client c{usual()};
  auto bad = usual();
  bad.ca = memory("nonsense");
  EXPECT_FALSE(c.shared.load(bad));
  server s{{}};
  s.begin(), c.open(), c.talk(s);
  EXPECT_TRUE(c.seen.secured);
}

TEST(tls_load, reads_files) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("recado-tls-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
  std::filesystem::create_directory(folder);
  const auto put = [&](const char* file, const std::string& text) {
    std::ofstream{folder / file, std::ios::binary} << text;
    return (folder / file).string();
  };
  const world& w = the_world();
  const std::string ca = put("ca.der", der(w.root.certificate.get())), own = put("own.pem", pem(w.device)),
                    key = put("own.key", key_der(w.device.key.get())),
                    list = put("list.crl", crl(w.authority, {}, true));
  char hashed[32];
  std::snprintf(hashed, sizeof hashed, "%08lx.0",
                X509_NAME_hash_ex(X509_get_subject_name(w.root.certificate.get()), nullptr, nullptr, nullptr));
  put(hashed, pem(w.root));
  auto options = usual();
  options.ca = source::file(ca), options.certificate = source::file(own), options.key = source::file(key);
  options.crl = source::file(list);
  auto by_folder = options;
  const std::string path = folder.string();
  by_folder.ca = {}, by_folder.ca_path = path;
  for (const auto& tried : {options, by_folder}) {
    client c{tried};
    ASSERT_TRUE(c.loaded) << words(c.loaded.error());
    server s{{.wants_client_certificate = true}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_TRUE(c.seen.secured) << c.seen.line;
    EXPECT_TRUE(s.done());
  }
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  auto piped = options;
  piped.key = source::file(pipe);
  std::jthread writer{[&] { std::ofstream{pipe} << std::string(100'000, '\n') + key_pem(w.device.key.get()); }};
  EXPECT_TRUE(client{piped}.loaded);
  auto endless = options;
  endless.ca = source::file("/dev/zero");
  EXPECT_FALSE(client{endless}.loaded);
  std::filesystem::create_directories(folder / "empty");
  for (const std::string& folders : {path + "/empty:" + path, ":" + path + "::", path + ":" + path + "/empty"}) {
    by_folder.ca_path = folders;
    client c{by_folder};
    ASSERT_TRUE(c.loaded) << folders;
    server s{{}};
    s.begin(), c.open(), c.talk(s);
    EXPECT_TRUE(c.seen.secured) << c.seen.line;
  }
  const std::string no_folder[] = {path + "/none", ca, path + ":" + path + "/none", path + "/none:" + path, ":"};
  for (const std::string& none : no_folder) {
    by_folder.ca_path = none;
    EXPECT_EQ(client{by_folder}.loaded.error(), error::ca_file_unreadable) << none;
  }
  std::filesystem::remove_all(folder);
}

TEST(tls_load, host_names) {
  const std::string long_name(254, 'a');
  for (const char* bad :
       {"", ".", ".lab", "a b", "a\tb", "a\177b", "user@host", "a/b", "caf\xc3\xa9.example", long_name.c_str()}) {
    client c{usual()};
    EXPECT_EQ(c.it.set_peer(bad).error(), error::host_invalid) << bad;
  }
  client c{usual()};
  server s{{}};
  s.begin(), c.open("broker.lab."), c.talk(s);  // the root's dot
  EXPECT_TRUE(c.seen.secured);
  EXPECT_EQ(s.name, "broker.lab");
  EXPECT_EQ(c.it.set_peer("other").error(), error::in_use);
}

TEST(tls_load, says_what_was_forgotten) {
  struct {
    bool load, name;
    std::size_t outgoing, plaintext;
    error expected;
  } const rows[] = {{false, true, 4096, 4096, error::not_loaded},
                    {true, false, 4096, 4096, error::host_invalid},
                    {true, true, 511, 4096, error::memory_too_small},
                    {true, true, 4096, 63, error::memory_too_small}};
  for (const auto& row : rows) {
    context shared;
    ASSERT_TRUE(!row.load || shared.load(usual()));
    std::vector<std::byte> outgoing(row.outgoing), plaintext(row.plaintext);
    filter f{shared, {outgoing, plaintext}};
    if (row.name) (void)f.set_peer("broker.lab");
    f.opened({});
    bytes none;
    const auto event = f.receive(none, {});
    ASSERT_TRUE(event && std::holds_alternative<closed>(*event));
    EXPECT_TRUE(is(std::get<closed>(*event).why, row.expected));
    EXPECT_TRUE(f.pending({}).empty());
    EXPECT_FALSE(f.receive(none, {}));
    EXPECT_EQ(f.deadline(), never);
  }
}

}  // namespace
}  // namespace recado::tls::tests
