// The same arguments for recado and for mosquitto's own client, each against a broker that records: the bytes on the
// wire, standard output and the exit status have to be the same, except where a row says what recado does instead.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tests/support/program_run.hpp>
#include <tests/support/scripted_broker.hpp>

namespace recado::app::tools::test {

struct row {
  std::string_view program;    ///< "pub", "sub" or "rr"
  std::string_view arguments;  ///< words; '…' keeps blanks; PORT the port, FOLDER a folder of the test's own
  recado::test::service broker{};
  std::string_view input{};
  std::vector<std::string_view> environment{};
  bool alone = false;       ///< -h and -p are not added
  bool pid_in_id = false;   ///< the client identifier ends with the process number
  bool any_digits = false;  ///< the output tells the time: all digits are alike
  bool any_order = false;   ///< packets of several exchanges may stand in any order
  bool not_there = false;   ///< mosquitto's client isn't run: it hangs here, or lacks the option
  // where recado differs, and has to
  std::optional<int> status{};
  std::optional<std::string_view> output{};
  bool other_wire = false;                 ///< the bytes on the wire are not compared
  std::optional<std::string_view> wire{};  ///< or have to be these, in hexadecimal, a packet a line
};

/// What mosquitto's client takes and recado refuses before it connects.
inline row refused(std::string_view program, std::string_view arguments) {
  row result{program, arguments};
  result.status = 1, result.output = "", result.wire = "";
  return result;
}
/// What mosquitto's client refuses and recado does.
inline row done(std::string_view program, std::string_view arguments, std::string_view wire) {
  row result{program, arguments};
  result.status = 0, result.output = "", result.wire = wire;
  return result;
}
inline row in_any_order(row what) {
  what.any_order = true;
  return what;
}

/// The same where mosquitto's client would wait for ever.
inline row refused_alone(std::string_view program, std::string_view arguments) {
  row result = refused(program, arguments);
  result.not_there = true;
  return result;
}

struct ending {
  recado::test::program_run::result run;
  std::string wire;  ///< what the broker heard, connection by connection
  std::size_t connections = 0;
};

/// Words of a line: blanks part them, '…' keeps them together.
std::vector<std::string> words_of(std::string_view line);
/// A folder below the build for the files of the rows.
std::string folder();
/// Runs one program against a broker of its own.
ending run(const std::string& program, const row& what);
/// Compares both for each row.
void compare(std::span<const row> table);

}  // namespace recado::app::tools::test
