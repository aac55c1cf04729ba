#include "tool.hpp"

#include <string_view>
#include <vector>

#include "../console.hpp"
#include "client.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

struct call {
  tool which;
  int skip;  ///< arguments before the options
};

std::optional<call> call_of(int argc, const char* const* argv) {
  if (argc < 1) return std::nullopt;
  std::string_view program{argv[0]};
  if (const auto slash = program.rfind('/'); slash != program.npos) program.remove_prefix(slash + 1);
  for (const tool each : {tool::pub, tool::sub, tool::rr}) {
    const std::string_view name = name_of(each);
    if (program.starts_with("mosquitto_") && program.substr(10) == name) return call{each, 1};
    if (argc > 1 && name == argv[1] && !program.starts_with("mosquitto_")) return call{each, 2};
  }
  return std::nullopt;
}

}  // namespace

const char* name_of_call(int argc, const char* const* argv) {
  const auto which = call_of(argc, argv);
  if (!which) return "";
  return which->which == tool::pub ? "recado pub" : which->which == tool::sub ? "recado sub" : "recado rr";
}

std::optional<int> run(int argc, const char* const* argv) {
  const auto which = call_of(argc, argv);
  if (!which) return std::nullopt;
  settings how;
  how.which = which->which;
  const std::vector<std::string_view> words(argv + which->skip, argv + argc);
  if (const std::string text = read_arguments(how, words); !text.empty()) {
    out() << std::string_view{text};
    return 0;
  }
  switch (how.which) {
    case tool::pub:
      return publish(how);
    case tool::sub:
      return subscribe(how);
    case tool::rr:
      return request(how);
  }
  return std::nullopt;
}

}  // namespace recado::app::tools
