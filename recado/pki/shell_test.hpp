// Running other programs from tests, in a folder that is removed at the end.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace recado::pki {

namespace fs = std::filesystem;

struct shell_result {
  int status = -1;
  std::string output;
};

/// Runs a shell command; the output holds standard error too.
inline shell_result shell(const std::string& command) {
  shell_result done;
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) return done;
  char chunk[4096];
  for (std::size_t n = 0; (n = std::fread(chunk, 1, sizeof chunk, pipe)) != 0;) done.output.append(chunk, n);
  const int status = ::pclose(pipe);
  done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

class in_folder : public testing::Test {
 protected:
  in_folder() {
    std::string name = (fs::temp_directory_path() / "recado-XXXXXX").string();
    folder_ = ::mkdtemp(name.data()) != nullptr ? fs::path{name} : fs::path{};
  }
  ~in_folder() override {
    std::error_code error;
    if (!folder_.empty()) fs::remove_all(folder_, error);
  }
  fs::path path(const std::string& name) const { return folder_ / name; }
  /// The path in quotes for the shell.
  std::string word(const std::string& name) const { return "'" + path(name).string() + "'"; }
  std::string content(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void save(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

  fs::path folder_;
};

}  // namespace recado::pki
