#include "plan.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace recado::lab {

plan loopback_plan() { return {mode::loopback, "127.0.0.1", "127.0.0.1", 10053, 10123, 11883, 18883}; }

void save(const folder& where, const state& what) {
  nlohmann::json out;
  out["mode"] = what.how == mode::namespaces ? "namespaces" : "loopback";
  out["keeper"] = what.keeper;
  out["keeper_started"] = what.keeper_started;
  for (std::size_t i = 0; i < hosts.size(); ++i) out["hosts"][std::string{hosts[i].name}] = what.holders[i];
  const auto next = where.root / "state.json.new";
  std::ofstream{next} << out.dump(2) << '\n';
  std::filesystem::rename(next, where.state());
}

state load(const folder& where) {
  std::ifstream file{where.state()};
  const auto in = nlohmann::json::parse(file, nullptr, false);
  if (!in.is_object()) return {};
  state result;
  result.how = in.value("mode", "") == "loopback" ? mode::loopback : mode::namespaces;
  result.keeper = in.value("keeper", 0);
  result.keeper_started = in.value("keeper_started", std::uint64_t{0});
  for (std::size_t i = 0; i < hosts.size(); ++i)
    result.holders[i] = in.value("hosts", nlohmann::json::object()).value(std::string{hosts[i].name}, 0);
  return result;
}

std::uint64_t start_time(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
  std::string line{std::istreambuf_iterator<char>{file}, {}};
  const auto name_end = line.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos) return 0;
  std::istringstream fields{line.substr(name_end + 1)};
  std::string field;
  for (int number = 3; number <= 22 && fields >> field; ++number) {
    if (number == 3 && field == "Z") return 0;
  }
  return fields ? std::stoull(field) : 0;
}

bool alive(const state& what) { return what.keeper > 0 && start_time(what.keeper) == what.keeper_started; }

}  // namespace recado::lab
