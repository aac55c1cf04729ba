#include <algorithm>

#include <netdb.h>

#include "route.hpp"

namespace recado::app::tools {
namespace {

/// For a name that has no address: a port, brackets or a URL in it are what other programs take there.
const char* remedy_for(std::string_view name) {
  if (name.contains("://")) return "-h takes a name or an address: give a URL by -L";
  if (name.starts_with('[')) return "-h takes an IPv6 address without brackets, and -p the port";
  if (std::ranges::count(name, ':') == 1) return "-h takes a name or an address: give the port by -p";
  return "check the name given by -h and the name server";
}

}  // namespace

void lookup::start(posix::loop& where) {
  abandon();
  loop_ = &where;
  if (!how_.unix_path.empty()) return;
  if (how_.by_service) question_ = service_question::start(service_name(), where);
  else ask(name(), how_.via ? how_.via->port : how_.port_in_use());
}

/// True once the records are there and the look-ups of their names have begun, or `trouble` is known.
bool lookup::take_service(outcome& trouble) {
  std::vector<service_target> targets;
  const auto result = question_->done(targets);
  if (!result) return false;
  question_.reset();
  using enum service_question::result;
  const std::string of = "the SRV records " + service_name();
  if (*result == no_answer)
    trouble = {status::failed, "no name server answered the question for " + of,
               "check the network and the name server"};
  else if (*result == malformed)
    trouble = {status::failed, "the answer to the question for " + of + " is malformed", "check the name server"};
  else if (*result != found)
    trouble = {status::failed, "there is no broker to be found: " + of + " don't exist",
               "leave -S out, or check the domain given by -h"};
  else if (targets.size() == 1 && targets[0].host.empty())  // RFC 2782: "."
    trouble = {status::failed, "the domain says by " + of + " that it has no such broker",
               "check the domain given by -h"};
  if (trouble.status != status::success) return true;
  put_in_order(targets, random_);
  for (const service_target& each : targets)
    if (!each.host.empty()) ask(each.host, each.port);
  return true;
}

bool lookup::done(std::vector<endpoint>& found, outcome& trouble) {
  if (question_ && !take_service(trouble)) return false;
  if (trouble.status != status::success) return true;
  bool all = true;
  for (name_question& each : names_) {
    int code = 0;
    if (!each.done) each.done = each.job->done(each.found, code);
    if (code != 0) name_trouble_ = code;
    all = all && each.done;
  }
  if (!all) return false;
  found.clear();
  for (const name_question& each : names_) found.insert(found.end(), each.found.begin(), each.found.end());
  names_.clear();
  if (found.empty() && how_.unix_path.empty())
    trouble = {status::failed,
               "the " + std::string{how_.via ? "proxy" : "broker"} + "'s name '" + printable(name()) +
                   "' has no address: " + ::gai_strerror(name_trouble_),
               how_.via ? "check the name given by --proxy and the name server"
               : how_.referred
                   ? "another server named it in its place: check the name server, and that server's settings"
                   : remedy_for(name())};
  return true;
}

void lookup::abandon() {
  if (question_) question_->abandon();
  for (const auto& each : names_) each.job->abandon();
  question_.reset();
  names_.clear();
}

outcome lookup::too_late() const {
  return {status::timed_out, "no name server told the address of '" + name() + "' in time",
          "check the network and the name server, or give an address"};
}

}  // namespace recado::app::tools
