#include "tls_context.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <recado/drive/posix/clock.hpp>

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

/// Asks for the key's pass phrase: a file, or the terminal. What is wrong with that waits until OpenSSL, which asks,
/// has put away what it holds: nothing may be thrown through it.
class phrase_source final : public tls::pass_phrase_source {
 public:
  explicit phrase_source(const settings& how) : how_(how) {}
  std::size_t ask(std::span<char> out) override {
    try {
      return get(out);
    } catch (...) {
      trouble_ = std::current_exception();
      return 0;
    }
  }
  void rethrow() const {
    if (trouble_) std::rethrow_exception(trouble_);
  }

 private:
  std::size_t get(std::span<char> out) {
    const std::string& path = how_.pass_phrase_file;
    const std::string what = "the key " + (how_.key.empty() ? how_.certificate : how_.key);
    const pki::secret phrase =
        path.empty() ? ask_passphrase(what, false, "--passphrase-file") : read_passphrase_file(path);
    if (phrase.view().size() > out.size()) return 0;
    std::ranges::copy(phrase.view(), out.begin());
    return phrase.view().size();
  }

  const settings& how_;
  std::exception_ptr trouble_;
};

}  // namespace

void refuse_tls(tls::error why, const settings& how) {
  std::string cause = "TLS: " + std::string{words(why)};
  using tls::error;
  if (why == error::ca_file_unreadable || why == error::ca_invalid)
    cause += " (" + (how.ca_file.empty() ? how.ca_path : how.ca_file) + ")";
  if (why == error::certificate_file_unreadable || why == error::certificate_invalid)
    cause += " (" + how.certificate + ")";
  if (why == error::key_file_unreadable || why == error::key_invalid)
    cause += " (" + (how.key.empty() ? how.certificate : how.key) + ")";
  if (why == error::crl_file_unreadable || why == error::crl_invalid) cause += " (" + how.crl_file + ")";
  throw failure(cause, std::string{remedy_of(why)});
}

tls_context::tls_context(const settings& how, const tls_wishes& more) {
  tls::client_options to;
  phrase_source phrase{how};
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
