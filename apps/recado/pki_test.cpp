// The command line of "recado pki", as a user calls it.
#include <gmock/gmock.h>

#include <recado/pki/shell_test.hpp>

namespace recado::app {
namespace {

namespace fs = std::filesystem;
using pki::shell;
using pki::shell_result;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class pki_command : public pki::in_folder {
 protected:
  shell_result run(const std::string& arguments) const {
    return shell("cd " + word(".") + " && setsid " RECADO_PROGRAM " pki " + arguments + " </dev/null");
  }
  void succeeds(const std::string& arguments, const char* says = "") const {
    const shell_result done = run(arguments);
    EXPECT_EQ(done.status, 0) << arguments << '\n' << done.output;
    EXPECT_THAT(done.output, HasSubstr(says));
  }
  /// One line on standard error, with cause and remedy.
  void fails(int status, const std::string& arguments, const char* says) const {
    const shell_result done = run(arguments);
    EXPECT_EQ(done.status, status) << arguments << '\n' << done.output;
    EXPECT_THAT(done.output, HasSubstr(says)) << arguments;
    EXPECT_THAT(done.output, StartsWith("recado pki"));
    EXPECT_EQ(std::count(done.output.begin(), done.output.end(), '\n'), 1) << done.output;
  }
};

TEST_F(pki_command, from_nothing_to_a_verified_broker_and_a_revoked_board) {
  fails(1, "server broker.lab", "there is no PKI in 'pki'; make one with 'recado pki init'");
  succeeds("init --organization Casa", "renew the revocation lists by ");
  fails(1, "init", "exists already; use --force to replace it");
  succeeds("server broker.lab --ip 10.77.0.2 --dns broker", "issued CN = broker.lab");
  succeeds("client board --key-type ed25519", "pki/clients/board.key");
  succeeds("verify broker.lab --purpose server --host 10.77.0.2", "accepted");
  fails(1, "verify broker.lab --host other.lab", "was issued for other names; issue one with --dns");
  succeeds("revoke board --reason superseded", "revoked clients/board.crt");
  fails(1, "verify board", "CN = board is revoked; issue a new one");
  succeeds("verify board --no-crl", "(revocation was not checked)");
  succeeds("list", "superseded");
  succeeds("crl --days 7", "renewed");
  succeeds("crl --to 2099-12-31", "by 2099-12-31 00:00:00 UTC ('recado pki crl'), or whoever");
  succeeds("client lamp");
  succeeds("revoke lamp", "renew the revocation lists by 20");
  succeeds("show ca", "CN = Casa Root CA");
  const shell_result piped = shell("cd " + word(".") + " && cat pki/ca.crt | " RECADO_PROGRAM " pki show /dev/stdin");
  EXPECT_EQ(piped.status, 0) << piped.output;
  EXPECT_THAT(piped.output, HasSubstr("CN = Casa Root CA"));
  succeeds("show pki/ca.crl pki/clients/board.key", "not shown");
}

TEST_F(pki_command, a_pass_phrase_for_a_key_that_is_not_encrypted_is_refused) {
  succeeds("init");
  succeeds("client board");
  save("secret", "sesame\n");
  for (const char* each : {"client lamp", "server broker.lab", "revoke board", "crl"})
    fails(2, each + std::string{" --ca-passphrase-file secret"},
          "the keys of the authorities in 'pki' are not encrypted, and --ca-passphrase-file is given; leave "
          "--ca-passphrase-file out");
  succeeds("list", "valid");
  fails(2, "export board --format der --with-key --key-passphrase-file secret",
        "the key 'pki/clients/board.key' is not encrypted, and --key-passphrase-file is given");
  fails(2, "show board pki/clients/board.key --key-passphrase-file secret",
        "no encrypted key is to be shown, and --key-");
  fails(2, "csr lamp --key pki/clients/board.key --key-passphrase-file secret", "is not encrypted, and --key-");
  fails(2, "client lamp --encrypt-key --key-passphrase-file secret",
        "--encrypt-key asks for the pass phrase, and --key-passphrase-file gives it; give one of them");
  succeeds("client lamp --key-passphrase-file secret");
  succeeds("show pki/clients/lamp.key --key-passphrase-file secret");
  succeeds("init --dir locked --ca-passphrase-file secret");
  succeeds("client board --dir locked --ca-passphrase-file secret");
}

TEST_F(pki_command, mistakes_are_one_line_with_a_remedy) {
  succeeds("init");
  succeeds("client board");
  fails(2, "servr x", "unknown command 'servr'; did you mean 'server'?");
  fails(2, "server", "NAME is required; see 'recado pki server --help'");
  fails(2, "server a b", "unexpected argument 'b'");
  fails(2, "server a --pi 1.2.3.4", "unknown option '--pi'; did you mean '--ip'?");
  fails(2, "sign x.csr --as broker", "--as");
  fails(2, "server a --ip 1.2.3", "'1.2.3' is no IP address; give host names with --dns");
  fails(2, "server a --dns 1.2.3.4", "give it with --ip");
  fails(1, "server 1.2.3", "is no host name");
  fails(2, "server a --key-type rsa-1024", "did you mean 'rsa-");
  fails(2, "client x --days -3", "-3 days are no sensible validity");
  fails(2, "client x --days 0", "0 days are no sensible validity; give 1 to ");
  fails(2, "client x --from 9999-12-30 --days 2", "end after the year 9999, the last that a certificate can name");
  fails(2, "crl --days 0", "0 days are no sensible validity; give 1 to ");
  fails(2, "client x --to 2020-13-01", "is no date; write it like");
  fails(1, "sign missing.csr", "cannot read 'missing.csr': No such file or directory; check the path");
  fails(1, "show boardd", "did you mean 'board'?");
  fails(1, "revoke bord", "did you mean 'board'?");
  fails(2, "revoke board --reason keyCompromised", "did you mean 'keyCompromise'?");
  fails(1, "verify /dev/null", "/dev/null");
  succeeds("csr asked");
  save("empty", "");
  fails(1, "csr other --key empty", "is no private key");
  EXPECT_FALSE(fs::exists(path("pki/requests/other.key")));
  fails(2, "csr other --key pki/requests/asked.key --key-type rsa-4096", "about a new one");
  fails(2, "csr other --key pki/requests/asked.key --encrypt-key", "about a new one");
  fails(2, "sign pki/requests/asked.csr --dns a.lab", "names of a server; add --as server");
  fails(2, "export board --namespace x", "add --format header");
  fails(2, "export board --key-passphrase-file empty", "no key is to be opened");
  succeeds("revoke board");
  fails(1, "verify board --crl empty", "holds no revocation list");
  fs::remove(path("pki/ca.crl"));
  fails(1, "verify board", "there is no revocation list 'pki/ca.crl'; make it with 'recado pki crl'");
}

TEST_F(pki_command, pass_phrases_come_from_files_and_never_from_standard_input) {
  save("phrase", "correct horse\nsecond line");
  save("wrong", "battery\n");
  save("empty", "\n");
  save("long", std::string(1025, 'x'));
  fails(1, "init --ca-passphrase-file long", "has more than 1024 bytes; choose a shorter one");
  fails(1, "init --ca-passphrase-file empty", "the pass phrase in 'empty' is empty; write it on the file's first line");
  fails(1, "init --encrypt-key", "there is no terminal to ask on; give it in a file with --ca-passphrase-file");
  succeeds("init --ca-passphrase-file phrase");
  fails(1, "client board", "no terminal to ask on; give it in a file with --ca-passphrase-file");
  fails(1, "client board --ca-passphrase-file wrong", "does not open with that pass phrase");
  succeeds("client board --ca-passphrase-file phrase --key-passphrase-file wrong");
  succeeds("show pki/clients/board.key", "private key, encrypted");
  succeeds("show pki/clients/board.key --key-passphrase-file wrong", "ECDSA P-256");
  EXPECT_EQ(shell("openssl pkey -noout -passin file:" + word("wrong") + " -in " + word("pki/clients/board.key")).status,
            0);
}

TEST_F(pki_command, exports_are_what_openssl_and_a_compiler_read) {
  succeeds("init");
  succeeds("client board");
  succeeds("export board --format der --with-key", "board.key.der");
  succeeds("export board", "board.pem");
  succeeds("export board --format header --with-key --namespace my::credentials -o board.hpp", "board.hpp");
  fails(1, "export board", "board.pem' exists already; use --force");
  fails(1, "export board --format header --namespace class -o x.hpp", "is no name of a C++ namespace");
  succeeds("client other");
  fs::copy_file(path("pki/clients/board.key"), path("pki/clients/other.key"), fs::copy_options::overwrite_existing);
  for (const char* form : {"pem", "der", "header"})
    fails(1, std::string{"export other --with-key --format "} + form, "is not the key of");
  EXPECT_FALSE(fs::exists(path("pki/clients/other.der")));
  fails(1, "export ca --with-key --force", "there is no private key 'pki/ca.key'; export without --with-key");
  EXPECT_EQ(shell("openssl x509 -inform DER -noout -in " + word("pki/clients/board.der")).status, 0);
  EXPECT_EQ(shell("openssl pkey -inform DER -noout -in " + word("pki/clients/board.key.der")).status, 0);
  EXPECT_EQ(shell("stat -c %a " + word("board.hpp") + " " + word("pki/clients/board.key.der")).output, "600\n600\n");
  EXPECT_EQ(shell("grep -c BEGIN " + word("pki/clients/board.pem")).output, "3\n");
  save(
      "main.cpp",
      "#include <cstdio>\n#include \"board.hpp\"\n#include \"board.hpp\"\n"
      "static_assert(sizeof my::credentials::mqtt_ca_certificate > 100 && sizeof my::credentials::private_key > 100);\n"
      "static_assert(sizeof my::credentials::root_ca_certificate > 100);\n"
      "int main() { std::fwrite(my::credentials::certificate, 1, sizeof my::credentials::certificate, stdout); }\n");
  const shell_result built = shell("cd " + word(".") +
                                   " && c++ -std=c++17 -Wall -Wextra -Werror main.cpp -o main && "
                                   "./main | cmp - pki/clients/board.der");
  EXPECT_EQ(built.status, 0) << built.output;
  EXPECT_THAT(run("export ca -o -").output, StartsWith("-----BEGIN CERTIFICATE-----"));
}

TEST_F(pki_command, a_request_for_a_public_broker) {
  succeeds("csr board --subject \"C=ES,ST=Madrid,L=Madrid,O=Casa,CN=board\"", "pki/requests/board.csr");
  EXPECT_EQ(shell("openssl req -verify -noout -in " + word("pki/requests/board.csr")).status, 0);
  EXPECT_EQ(shell("stat -c %a " + word("pki/requests/board.key")).output, "600\n");
  succeeds("csr other --key pki/requests/board.key");
  EXPECT_FALSE(fs::exists(path("pki/requests/other.key")));
  succeeds("init");
  succeeds("sign pki/requests/board.csr", "pki/clients/board.crt");
  succeeds("verify board --purpose client", "accepted");
}

}  // namespace
}  // namespace recado::app
