// Running CMake and Ninja for a board, and what came out.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <recado/pki/failure.hpp>
#include <recado/pki/file.hpp>

#include "command.hpp"
#include "console.hpp"
#include "firmware.hpp"
#include "lab/plan.hpp"
#include "lab/process.hpp"

namespace recado::app::firmware {

namespace {

namespace fs = std::filesystem;

/// A program of the toolchain, and the Debian package that brings it.
struct tool {
  const char* program;
  const char* package;
};
constexpr std::array tools{
    tool{"cmake", "cmake"},
    tool{"ninja", "ninja-build"},
    tool{"arm-none-eabi-g++", "gcc-arm-none-eabi"},
    tool{"arm-none-eabi-size", "binutils-arm-none-eabi"},
};
constexpr const char* compiler = tools[2].program;
/// A header of each library that the compiler's package doesn't bring.
constexpr std::array libraries{
    tool{"stdio.h", "libnewlib-arm-none-eabi"},
    tool{"expected", "libstdc++-arm-none-eabi-newlib"},
};

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders{path != nullptr ? path : "/usr/bin:/bin"};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((fs::path{folder} / program).c_str(), X_OK) == 0) return true;
  return false;
}

void require_tools(const fs::path& log) {
  std::string packages;
  for (const tool& each : tools)
    if (!in_path(each.program)) packages += ' ' + std::string{each.package};
  if (in_path(compiler))
    for (const tool& each : libraries)
      if (lab::run({{compiler, "-std=c++23", "-fsyntax-only", "-include", each.program, "-x", "c++", "/dev/null"},
                    log}) != 0)
        packages += ' ' + std::string{each.package};
  if (!packages.empty())
    throw failure("what builds for a board is missing here", "install the Debian packages:" + packages);
}

fs::path source_folder(const fs::path& given) {
  const fs::path folder = fs::absolute(given.empty() ? fs::path{RECADO_SOURCE_DIR} : given).lexically_normal();
  if (fs::exists(folder / "boards" / "common" / "firmware_configuration.hpp")) return folder;
  throw failure("there are no sources of recado in '" + folder.string() + "'", "name a checkout with --source");
}

/// The first line of the log that says what went wrong.
std::string first_error(const fs::path& log) {
  std::ifstream in{log};
  for (std::string line; std::getline(in, line);)
    for (const char* mark : {"error:", "Error", "E: ", "undefined reference", "overflowed"})
      if (line.find(mark) != std::string::npos) return line;
  return "see its log";
}

void run_step(const char* what, const std::vector<std::string>& words, const fs::path& log) {
  const pid_t parent = getpid();
  if (lab::run({words, log}, [parent] { lab::end_with_parent(parent, SIGTERM); }) == 0) return;
  throw failure(std::string{what} + " failed: " + first_error(log), "all of it is in " + log.string());
}

/// What stands in the second line of arm-none-eabi-size: text, data, bss.
build_result sizes_of(const fs::path& image, const fs::path& folder) {
  const fs::path log = folder / "size.txt";
  fs::remove(log);
  run_step("measuring the image", {"arm-none-eabi-size", image.string()}, log);
  std::ifstream in{log};
  std::string titles;
  std::uint64_t text = 0, data = 0, bss = 0;
  if (!std::getline(in, titles) || !(in >> text >> data >> bss))
    throw failure("arm-none-eabi-size wrote no sizes", "see " + log.string());
  return {text + data, data + bss};
}

void copy_private(const fs::path& from, const fs::path& to) {
  const pki::secret image{pki::read_file(from)};
  pki::write_file(to, image.view(), pki::mode_private, pki::existing::replace);
}

build_result build_in(const fs::path& folder, const fs::path& from, const build_request& what,
                      const pki::secret& source) {
  const pki::folder_lock alone{folder};
  const fs::path generated = folder / "configuration.cpp", log = folder / "build.log";
  pki::write_file(generated, source.view(), pki::mode_private, pki::existing::replace);
  fs::remove(log);
  require_tools(log);
  err() << "building for " << std::string_view{what.board} << " (" << std::string_view{what.preset} << ") ...\n";
  err().flush();
  if (fs::exists(from / "tools" / "sources"))
    run_step("fetching lwIP and Mbed TLS", {(from / "tools" / "sources").string()}, log);
  const std::string preset = what.board + (what.emulator_exit ? "-test" : "");
  if (!fs::exists(folder / "build.ninja"))
    run_step("configuring",
             {"cmake", "-S", from.string(), "--preset", preset, "-B", folder.string(),
              "-DRECADO_FIRMWARE_CONFIGURATION=" + generated.string(), "-DRECADO_FIRMWARE_PRESET=" + what.preset},
             log);
  run_step("building", {"ninja", "-C", folder.string(), "firmware"}, log);
  const fs::path image = folder / "bin" / "firmware.elf";
  fs::permissions(image, fs::perms::owner_read | fs::perms::owner_write);
  copy_private(image, what.output);
  return sizes_of(image, folder);
}

}  // namespace

build_result build(const build_request& what, const pki::secret& source) {
  const board& target = find_board(what.board);
  const fs::path from = source_folder(what.source);
  const fs::path folder = from / "build" / "firmware" /
                          (std::string{target.name} + '-' + what.preset + (what.emulator_exit ? "-test" : ""));
  try {
    pki::refuse_place(what.output);  // rather than after minutes
    pki::make_folder(folder, 0700);
    return build_in(folder, from, what, source);
  } catch (const pki::failure& error) {
    throw failure(error.what(), std::string{error.remedy()});
  } catch (const lab::lab_error& error) {
    throw failure(error.text);
  }
}

}  // namespace recado::app::firmware
