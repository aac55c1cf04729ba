#include "tls_context.hpp"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <recado/drive/posix/clock.hpp>
#include <recado/tls/folders.hpp>

#include "../command.hpp"
#include "../passphrase.hpp"
#include "outcome.hpp"

namespace recado::app::tools {
namespace {

std::vector<std::byte> key_of(std::string_view hex) {
  std::vector<std::byte> result;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string digits{hex.substr(i, 2)};
    char* end = nullptr;
    const unsigned long value = std::strtoul(digits.c_str(), &end, 16);
    if (*end != 0 || digits[0] == '-' || digits[0] == '+' || digits[0] == ' ') return {};
    result.push_back(static_cast<std::byte>(value));
  }
  return hex.size() % 2 == 0 ? result : std::vector<std::byte>{};
}

/// The first of the folders that is none, or all of them.
std::string missing_folder(const std::string& folders) {
  std::string result = folders;
  (void)tls::takes_folders(folders, [&](std::string_view one) {
    std::error_code unknown;
    if (std::filesystem::is_directory(one, unknown)) return true;
    result = one;
    return false;
  });
  return result;
}

}  // namespace

void refuse_tls(tls::error why, const settings& how) {
  std::string cause = "TLS: " + std::string{words(why)};
  using tls::error;
  if (why == error::ca_file_unreadable || why == error::ca_invalid)
    cause += " (" + (how.ca_file.empty() ? missing_folder(how.ca_path) : how.ca_file) + ")";
  if (why == error::certificate_file_unreadable || why == error::certificate_invalid)
    cause += " (" + how.certificate + ")";
  if (why == error::key_file_unreadable || why == error::key_invalid)
    cause += " (" + (how.key.empty() ? how.certificate : how.key) + ")";
  if (why == error::crl_file_unreadable || why == error::crl_invalid) cause += " (" + how.crl_file + ")";
  throw failure(cause, std::string{remedy_of(why)});
}

tls_context::tls_context(const settings& how, const tls_wishes& more) {
  tls::client_options to;
  key_passphrase phrase{"the key " + (how.key.empty() ? how.certificate : how.key),
                        passphrase_from(how.pass_phrase_file, "--passphrase-file")};
  refuse_needless(how.pass_phrase_file, how.key.empty() ? how.certificate : how.key, "--passphrase-file", exit_failure);
  context_.choose(how.backend);
  clock_.set(posix::realtime(), posix::now());
  to.clock = &clock_;
  to.ca = tls::source::file(how.ca_file);
  to.ca_path = how.ca_path;
  to.system_store = how.system_store || (how.ca_file.empty() && how.ca_path.empty() && how.psk.empty());
  to.crl = tls::source::file(how.crl_file);
  to.certificate = tls::source::file(how.certificate);
  to.key = tls::source::file(how.key);
  to.ask = &phrase;
  if (how.insecure) to.check = tls::peer_check::chain_but_not_its_name;
  if (how.tls_version == "tlsv1.2") to.highest = tls::version::v1_2;
  if (how.tls_version == "tlsv1.3") to.lowest = tls::version::v1_3;
  to.ciphers = how.ciphers;
  to.alpn = how.alpn;
  to.report_chain = more.report_chain;
  to.handshake_patience = more.patience;
  to.sessions = more.sessions;
  take_psk(how);
  if (!psk_.empty()) to.psk = {how.psk_identity, psk_};
  if (!how.key_log.empty() && more.keys != nullptr)
    throw failure("--tls-keylog and --pcapng are both given", "the recording holds the keys already: give one of them");
  if (!how.key_log.empty()) open_key_log(how.key_log);
  to.keys = key_file_ ? &*key_file_ : more.keys;
  const auto loaded = context_.load(to);
  phrase.rethrow();
  if (!loaded) refuse_tls(loaded.error(), how);
}

void tls_context::take_psk(const settings& how) {
  if (how.psk.empty()) return;
  psk_ = key_of(how.psk);
  if (psk_.empty()) throw failure("the pre-shared key is not hexadecimal", "give pairs of digits without 0x");
  if (psk_.size() < tls::psk_bytes_min)
    throw failure("a pre-shared key of " + std::to_string(psk_.size() * 8) + " bits can be guessed, and is not used",
                  "give the broker and this client one of " + std::to_string(tls::psk_bytes_min * 8) +
                      " bits (28 hexadecimal digits) or more");
}

void tls_context::open_key_log(const std::string& path) {
  auto file = capture::private_file::open(path, capture::opening::append);
  if (!file)
    throw failure("the key log '" + path + "' could not be opened: " + std::strerror(file.error()),
                  "check the folder and its permissions");
  key_file_.emplace(std::move(*file));
}

}  // namespace recado::app::tools
