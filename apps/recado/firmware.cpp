// recado firmware: the device application with its configuration and certificates as an image for a board.
#include "firmware.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include <recado/pki/failure.hpp>
#include <recado/pki/file.hpp>

#include "command.hpp"
#include "console.hpp"

namespace recado::app {

namespace firmware {

namespace {

void forget_paths(device::configuration& chosen) {
  chosen.tls.ca = chosen.tls.certificate = chosen.tls.key = chosen.tls.key_password_file = chosen.tls.crl = {};
  chosen.tls.psk_file = {};
}

}  // namespace

pki::secret generate(const image_request& what) {
  const board& target = find_board(what.build.board);
  linux_board::configuration_file file;
  if (!what.config.empty()) file.read(what.config);
  for (const std::string& each : what.settings) file.override_with(each);
  file.finish();
  std::vector<std::string> notes;
  if (file.readable()) notes = resolve_for(target, what.build.preset, file);
  if (!file.problems().empty())
    throw configuration_error(file.describe_problems(), "'recado run --options' explains every key");
  const credentials with = read_credentials(file.values);
  for (const std::string& each : notes) err() << painted{style::faint, "note: "} << std::string_view{each} << '\n';
  forget_paths(file.values);
  return source_of(file.values, with, what.test_mode);
}

namespace {

struct command_options {
  image_request image;
  std::string button, generate, source, output;
};

int write_source(const command_options& options, const pki::secret& source) {
  try {
    pki::write_file(options.generate, source.view(), pki::mode_private, pki::existing::replace);
  } catch (const pki::failure& error) {
    throw failure(error.what(), std::string{error.remedy()});
  }
  out() << "written: " << std::string_view{options.generate} << ", which defines recado::firmware::configuration()\n";
  return exit_success;
}

int make(command_options options) {
  options.image.test_mode = options.button == "held";
  options.image.build.source = options.source, options.image.build.output = options.output;
  if (options.generate.empty() == options.output.empty())
    throw usage_error(
        options.output.empty() ? "where to write is missing" : "--output and --generate exclude each other",
        "-o FILE.elf for an image, --generate FILE.cpp for its source alone");
  if (!options.generate.empty() && (!options.source.empty() || options.image.build.emulator_exit))
    throw usage_error("--source and --emulator-exit are about an image, and --generate makes none",
                      "leave them out, or give --output instead");
  const pki::secret source = generate(options.image);
  if (!options.generate.empty()) return write_source(options, source);
  const build_result done = build(options.image.build, source);
  out() << "written: " << std::string_view{options.output} << ", flash ";
  out().number(done.flash_bytes) << " bytes, RAM ";
  out().number(done.ram_bytes) << " bytes; the private key is in it\n";
  return exit_success;
}

}  // namespace

}  // namespace firmware

void add_firmware(CLI::App& root) {
  const auto options = std::make_shared<firmware::command_options>();
  auto& image = options->image;
  CLI::App* command = root.add_subcommand("firmware", "Make an image for a board, with configuration and certificates");
  command->add_option("-c,--config", image.config, "Configuration in TOML; without one, the defaults");
  command->add_option("-s,--set", image.settings, "One setting, before the file's: section.name=value (repeatable)");
  command->add_option("-b,--board", image.build.board, "mps2-an500 (in QEMU) or nucleo-h723zg")->required();
  command
      ->add_option("--preset", image.build.preset,
                   "full; opaque: the private key in PSA, which lets nobody read it, at more for each record; or tiny: "
                   "TLS 1.3 with ChaCha20-Poly1305 only")
      ->check(CLI::IsMember(firmware::presets()))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "The image to write (mode 0600: it holds the key)");
  command->add_option("--generate", options->generate, "Write only the C++ source with the configuration (mode 0600)");
  command->add_option("--button", options->button, "The button while starting: held enters the test mode")
      ->check(CLI::IsMember({"held", "free"}));
  command->add_flag("--emulator-exit", image.build.emulator_exit,
                    "For QEMU alone: its exit status tells how the application ended (semihosting)");
  command->add_option("--source", options->source, "Checkout of recado (default: the one this program was built from)");
  on_run(*command, [options] { return firmware::make(*options); });
}

}  // namespace recado::app
