// TLS options, and what a run says about itself.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <recado/chain/words.hpp>
#include <recado/drive/posix/clock.hpp>

#include "../command.hpp"
#include "../console.hpp"
#include "client.hpp"
#include "json.hpp"

namespace recado::app::tools {
namespace {

constexpr duration soon = std::chrono::hours{24 * 14};

class lines final : public text_sink {
 public:
  void write(std::string_view piece) override { text.append(piece); }
  std::string text;
};

std::vector<std::byte> key_of(std::string_view hex) {
  std::vector<std::byte> result;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const std::string digits{hex.substr(i, 2)};
    char* end = nullptr;
    value = static_cast<unsigned>(std::strtoul(digits.c_str(), &end, 16));
    if (*end != 0) return {};
    result.push_back(static_cast<std::byte>(value));
  }
  return hex.size() % 2 == 0 ? result : std::vector<std::byte>{};
}

[[noreturn]] void refuse(tls::error why, const settings& how) {
  std::string cause = "TLS: " + std::string{words(why)};
  using tls::error;
  if (why == error::ca_file_unreadable || why == error::ca_invalid) cause += " (" + how.ca_file + ")";
  if (why == error::certificate_file_unreadable || why == error::certificate_invalid)
    cause += " (" + how.certificate + ")";
  if (why == error::key_file_unreadable || why == error::key_invalid) cause += " (" + how.key + ")";
  if (why == error::crl_file_unreadable || why == error::crl_invalid) cause += " (" + how.crl_file + ")";
  throw failure(cause, std::string{remedy(why)});
}

}  // namespace

void client::load_tls() {
  tls::client_options to;
  clock_.set(posix::realtime(), posix::now());
  to.clock = &clock_;
  to.ca = tls::source::file(how_.ca_file);
  to.ca_path = how_.ca_path;
  to.system_store = how_.system_store || (how_.ca_file.empty() && how_.ca_path.empty() && how_.psk.empty());
  to.crl = tls::source::file(how_.crl_file);
  to.certificate = tls::source::file(how_.certificate);
  to.key = tls::source::file(how_.key);
  if (how_.insecure) to.check = tls::peer_check::chain_but_not_its_name;
  if (how_.tls_version == "tlsv1.2") to.highest = tls::version::v1_2;
  if (how_.tls_version == "tlsv1.3") to.lowest = tls::version::v1_3;
  to.ciphers = how_.ciphers;
  to.alpn = how_.alpn;
  to.report_chain = true;
  to.handshake_patience = how_.timeout;
  if (!how_.psk.empty()) {
    psk_ = key_of(how_.psk);
    if (psk_.empty()) throw failure("the pre-shared key is not hexadecimal", "give pairs of digits without 0x");
    to.psk = {how_.psk_identity, psk_};
  }
  if (!how_.key_log.empty() && watch_.keys() != nullptr)
    throw failure("--tls-keylog and --pcapng are both given", "the recording holds the keys already: give one of them");
  if (!how_.key_log.empty()) {
    auto file = capture::private_file::open(how_.key_log, capture::opening::append);
    if (!file)
      throw failure("the key log '" + how_.key_log + "' could not be opened: " + std::strerror(file.error()),
                    "check the folder and its permissions");
    key_file_.emplace(std::move(*file));
  }
  to.keys = key_file_ ? &*key_file_ : watch_.keys();
  if (const auto loaded = context_.load(to); !loaded) refuse(loaded.error(), how_);
  tls_outgoing_.resize(128 << 10), tls_plaintext_.resize(256 << 10);
  filter_.emplace(context_, tls::openssl::filter::memory{tls_outgoing_, tls_plaintext_});
  if (const auto set = filter_->set_peer(how_.host); !set) refuse(set.error(), how_);
  stack_.add(*filter_);
}

void client::show(const tls::certificate_seen& what) {
  lines text;
  if (how_.show_chain && !how_.quiet) {
    tls::print(*what.seen, what.checked, text);
    err() << "certificate\n" << std::string_view{text.text};
    err().flush();
  }
  const utc_time now = clock_.at(posix::now());
  if (how_.quiet || what.seen->not_after <= now || what.seen->not_after - now > soon) return;
  const auto days = std::chrono::duration_cast<std::chrono::hours>(what.seen->not_after - now).count() / 24;
  say("warning: a certificate of the broker ends in " + std::to_string(days) + " days; have it renewed");
}

void client::say(std::string_view text) const {
  if (how_.quiet) return;
  out().flush();
  err() << "recado " << name_of(how_.which) << ": " << text << '\n';
  err().flush();
}

void client::event_line(std::string_view event, std::string_view more) const {
  if (!how_.json || how_.which == tool::pub) return;
  json line;
  line.open('{').key("event").string(event);
  if (!more.empty()) line.key("cause").string(more);
  out() << std::string_view{line.close('}').text()} << '\n';
}

int client::report() {
  if (how_.stats) {
    print_stats();
    say(std::to_string(watch_.bytes_out()) + " bytes sent, " + std::to_string(watch_.bytes_in()) + " bytes received");
  }
  const int recording = watch_.recording_error() != 0 ? watch_.recording_error() : key_file_ ? key_file_->error() : 0;
  if (outcome_.status == status::success && recording != 0)
    outcome_ = {status::failed, std::string{"the recording could not be written: "} + std::strerror(recording),
                "make room or write elsewhere"};
  if (!outcome_.cause.empty()) {
    if (outcome_.remedy.empty()) say(outcome_.cause);
    else say(outcome_.cause + "; " + outcome_.remedy);
  }
  return outcome_.status;
}

}  // namespace recado::app::tools
