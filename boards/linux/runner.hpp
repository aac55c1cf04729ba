// The application on this machine: the board put together, and its loop.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include <apps/tls_backend/backend.hpp>
#include <recado/core/text.hpp>
#include <recado/device/application.hpp>
#include <recado/drive/tap.hpp>
#include <recado/tls/options.hpp>

#include "panel.hpp"

namespace recado::linux_board {

/// What the command line adds to the configuration.
struct run_choices {
  std::filesystem::path storage;
  store::storage* session = nullptr;  ///< where the session outlives the program; may be null
  bool button_held = false;
  bool set_system_clock = false;
  panel_style style;
  text_sink* out = nullptr;      ///< never null
  std::function<void()> flush;   ///< after each step
  tap* observer = nullptr;       ///< may be null
  tls::key_log* keys = nullptr;  ///< may be null
  tls::pass_phrase_source* ask = nullptr;
  bytes pass_phrase;
  app::tls_backend tls_by = app::tls_backend::openssl;
};

/// How a run ended.
struct run_result {
  fault failure;   ///< empty if it was ended on purpose
  int signal = 0;  ///< that ended it, or 0
};

/// Looks whether the authority, certificate, key and CRL of the configuration can be used, without connecting.
std::expected<void, fault> check_tls(const device::configuration& chosen, const run_choices& how);

/// Runs the application until it ends.
/// A fault before the application could start (no such interface, a certificate that can't be read) is the result's.
run_result run(const device::configuration& chosen, const run_choices& how, const device::test_plan* plan);

/// Measures with TLS, as configured, and without it, both connected at once and cycle by cycle in turn; both plans are
/// `by_turns`. The secret topics are the configured one with "/tls" and "/tcp" behind it, the second client identifier
/// has "-tcp" behind it, and the second connection goes to the same address at `plain_port`.
run_result compare(const device::configuration& chosen, const run_choices& how, const device::test_plan& secure,
                   const device::test_plan& plain);

}  // namespace recado::linux_board
