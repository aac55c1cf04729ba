// What `recado lab` does, as functions.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "keeper.hpp"
#include "plan.hpp"

namespace recado::lab {

/// How to bring a lab up.
struct up_options {
  folder where;
  bool loopback = false;  ///< don't try namespaces
  bool tied = false;      ///< the lab ends with this process
  pid_t tied_to = 0;      ///< the lab ends with that process; 0: with none
  extra_lines extra;
};

/// What became of `up`.
struct up_result {
  state is;
  bool was_up = false;     ///< nothing was to do
  bool fell_back = false;  ///< no namespaces are allowed here: loopback
};

/// The folder of the lab when none is named: build/lab of the checkout that this program was built in.
std::filesystem::path default_folder();

/// Brings the lab up, certificates included; a lab that is up already is left as it is.
up_result up(const up_options& options);
/// Takes the lab down. False if none was up.
bool down(const folder& where);
/// Turns this process into a command on a host of the lab, so that signals and the terminal are the command's.
[[noreturn]] void become_on(const folder& where, const std::string& host_name, const std::vector<std::string>& words);
/// Runs a command on a host of the lab and returns its status. A signal sent to this process is handed on to it.
int execute_on(const folder& where, const std::string& host_name, const std::vector<std::string>& words);
/// The same with a function in place of the command, in a process of its own; its lab_errors end it with status 1.
int call_on(const folder& where, const std::string& host_name, const std::function<int()>& what);
/// Records the network with dumpcap while it lives. The file has mode 0600.
class recording {
 public:
  recording(const folder& where, const std::filesystem::path& file);
  ~recording();
  recording(const recording&) = delete;
  recording& operator=(const recording&) = delete;

 private:
  void await_last_packet() const;

  folder where_;
  std::filesystem::path file_;
  pid_t process_ = 0;
};

/// The plan of a lab that is up.
plan plan_of(const state& what);
/// The state of the lab in this folder; throws lab_error if it isn't up.
state require_up(const folder& where);

}  // namespace recado::lab
