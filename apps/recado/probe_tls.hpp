// TLS for the probes of streams.
#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include <apps/tls_backend/backend.hpp>
#include <recado/capture/key_log_file.hpp>
#include <recado/drive/posix/clock.hpp>

#include "passphrase.hpp"
#include "probe.hpp"

namespace recado::app::probe {

using tls_filter = tls_either_filter;

// The same options as the device's; what is wrong with them is said before anything is sent.
class tls_setup {
 public:
  explicit tls_setup(const stream_options& how) {
    using namespace recado::tls;
    const auto by = tls_backend_of(how.tls_backend);
    if (!by) throw usage_error("--tls-backend " + how.tls_backend, std::string{tls_backend_trouble(how.tls_backend)});
    context_.choose(*by);
    clock_.set(posix::realtime(), posix::now());
    options_.clock = &clock_;
    options_.report_chain = true;
    options_.alpn = how.alpn;
    options_.ca = source::file(how.ca_file);
    options_.ca_path = how.ca_path;
    options_.system_store = how.system_store || (how.ca_file.empty() && how.ca_path.empty());
    options_.crl = source::file(how.crl_file);
    options_.certificate = source::file(how.certificate_file);
    options_.key = source::file(how.key_file);
    if (how.insecure) options_.check = peer_check::nothing_anyone_may_answer;
    if (how.tls_version == "1.2") options_.highest = version::v1_2;
    if (how.tls_version == "1.3") options_.lowest = version::v1_3;
    refuse_needless(how.pass_phrase_file, how.key_file.empty() ? how.certificate_file : how.key_file,
                    "--passphrase-file");
    if (!how.pass_phrase_file.empty()) pass_phrase_.emplace(read_passphrase_file(how.pass_phrase_file));
    if (pass_phrase_) options_.pass_phrase = as_bytes(pass_phrase_->view());
    if (!how.key_log_file.empty()) log_keys_to(how.key_log_file);
    if (const auto loaded = context_.load(options_); !loaded) throw failure_of(make_fault(loaded.error()));
    filter_.emplace(context_, tls_filter::memory{outgoing_, plaintext_});
    if (const auto set = filter_->set_peer(how.host); !set) throw failure_of(make_fault(set.error()));
  }
  tls_filter& filter() { return *filter_; }
  /// Throws `failure` if secrets are missing in the key log.
  void check_key_log() const {
    if (const int why = keys_ ? keys_->error() : 0; why != 0)
      throw failure(std::string{"the key log could not be written: "} + std::strerror(why),
                    "make room or write elsewhere");
  }

 private:
  void log_keys_to(const std::string& path) {
    auto file = capture::private_file::open(path, capture::opening::append);
    if (!file)
      throw failure("the key log '" + path + "' could not be opened: " + std::strerror(file.error()),
                    "check the folder and its permissions");
    keys_.emplace(std::move(*file));
    options_.keys = &*keys_;
  }

  wall_clock clock_;
  recado::tls::client_options options_;
  std::optional<pki::secret> pass_phrase_;
  std::optional<capture::key_log_file> keys_;
  std::array<std::byte, 32'768> outgoing_;
  std::array<std::byte, 32'768> plaintext_;
  tls_either_context context_;
  std::optional<tls_filter> filter_;  // of the library that was chosen
};

}  // namespace recado::app::probe
