#include "lab_board.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "command.hpp"
#include "console.hpp"
#include "firmware.hpp"
#include "lab/emulator.hpp"

namespace recado::app {

namespace {

/// The options of `recado firmware` that mean something in the lab.
firmware::image_request request_of(std::vector<std::string> words) {
  firmware::image_request result;
  std::string button;
  CLI::App parser;
  parser.set_help_flag();
  parser.add_option("-c,--config", result.config);
  parser.add_option("-s,--set", result.settings);
  parser.add_option("--preset", result.build.preset)->check(CLI::IsMember(firmware::presets()));
  parser.add_option("--button", button)->check(CLI::IsMember({"held", "free"}));
  std::ranges::reverse(words);  // as CLI11 wants them
  try {
    parser.parse(words);
  } catch (const CLI::ParseError& error) {
    throw usage_error(error.what(), "with --board, -- is followed by --config, --set, --preset or --button");
  }
  result.test_mode = button == "held";
  return result;
}

/// The console of the board, line by line: what another line comes between must be whole.
class board_console {
 public:
  void take(std::string_view text) {
    for (const char each : text) {
      if (each == '\r') continue;
      line_ += each;
      if (each == '\n') show();
    }
    out().flush();
  }
  void show() {
    out() << std::string_view{line_};
    line_.clear();
  }
  ~board_console() {
    show();
    out().flush();
  }
  board_console() = default;
  board_console(const board_console&) = delete;
  board_console& operator=(const board_console&) = delete;

 private:
  std::string line_;
};

/// As the panel of a PC shows it.
void show_light(unsigned led, bool on) {
  out() << "LED ";
  out().number(led) << (on ? " on\n" : " off\n");
  out().flush();
}

}  // namespace

std::filesystem::path image_for(const emulated_run& what, const lab::folder& where) {
  if (what.board != "mps2-an500")
    throw usage_error("QEMU has no board '" + what.board + "'", "the lab runs mps2-an500");
  if (!what.image.empty() && !what.words.empty())
    throw usage_error("an image has its configuration in it already", "leave out --image, or what follows --");
  if (!what.image.empty()) {
    const std::filesystem::path image = std::filesystem::absolute(what.image);
    if (!std::filesystem::is_regular_file(image))
      throw failure("there is no image '" + what.image + "'", "make one with 'recado firmware'");
    return image;
  }
  firmware::image_request request = request_of(what.words);
  if (request.config.empty()) request.config = where.device_config();
  request.build.board = what.board, request.build.emulator_exit = true;
  const lab::emulator_files files = lab::emulator_files_of(where);
  std::filesystem::create_directories(files.root);
  std::filesystem::permissions(files.root, std::filesystem::perms::owner_all);
  request.build.output = files.image();
  const pki::secret source = firmware::generate(request);
  firmware::build(request.build, source);
  return files.image();
}

int run_emulated(const lab::folder& where, const std::filesystem::path& image, const std::filesystem::path& dump) {
  return lab::call_on(where, "board", [&] {
    board_console shown;
    const lab::emulator_sight seen{[&](std::string_view text) { shown.take(text); }, show_light};
    return lab::emulate({where, image, dump, {"-semihosting-config", "enable=on,target=native"}}, seen);
  });
}

}  // namespace recado::app
