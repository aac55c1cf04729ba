// Options that are given and can have no effect: each is refused, as its user meant something by it.
#include <algorithm>

#include "../command.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

/// True if it stands on the command line: what stands in a file of options is for other calls, too.
bool is_given(const settings& what, std::string_view option) {
  return std::ranges::find(what.given, find_option(what.which, option)) != what.given.end();
}

/// Refuses the option where it is given `in_vain`: why it has no effect, and what to do about it.
void refuse(const settings& what, std::string_view option, bool in_vain, const std::string& cause, std::string remedy) {
  if (in_vain && is_given(what, option)) throw failure(cause, std::move(remedy));
}

void check_publishing(const settings& what) {
  refuse(what, "--repeat-delay", what.repeat_delay != duration{} && what.from == input::lines,
         "--repeat-delay is about --repeat, and -l publishes each line once", "leave --repeat-delay out");
  refuse(what, "--repeat-delay", what.repeat_delay != duration{} && what.repeat == 1,
         "--repeat-delay waits between repetitions, and there are none", "add --repeat COUNT, or leave it out");
}

/// Of what only a subscription makes sense of, what is given; empty if nothing is.
std::string of_subscriptions(const settings& what) {
  if (!what.subscribe.empty() && is_given(what, "-D")) return "-D SUBSCRIBE";
  for (const std::string_view each : {"-q", "--retain-as-published", "--retain-handling", "-C", "-T", "--retained-only",
                                      "--remove-retained", "-R", "--random-filter", "--message-rate", "--watch"})
    if (is_given(what, each)) return std::string{each};
  return {};
}

void check_subscribing(const settings& what) {
  if (what.which != tool::sub) return;
  refuse(what, "-D", what.unsubscribe.empty() && !what.unsubscribe_properties.empty(),
         "-D UNSUBSCRIBE is given, and nothing is unsubscribed", "add -U FILTER, or leave it out");
  const std::string in_vain = what.topics.empty() ? of_subscriptions(what) : std::string{};
  if (!in_vain.empty())
    throw failure(in_vain + " is about a subscription, and with -U alone there is none",
                  "add -t FILTER, or leave " + in_vain + " out");
}

void check_session_effects(const settings& what) {
  refuse(what, "--session-durability", what.session.empty(),
         "--session-durability says what a kept session survives, and none is kept",
         "add --session DIR, or leave it out");
  refuse(what, "--reconnect", what.which == tool::pub && !what.keep_session,
         "pub comes back only where its session lasts: to publish again could publish twice",
         "add --session DIR or -c, or leave --reconnect out");
  refuse(what, "--references", !what.version_5(), "MQTT 3.1.1 has no Server References",
         "add -V 5, or leave --references out");
  refuse(what, "--references", !what.unix_path.empty(), "no Server Reference is followed from a Unix socket",
         "leave --references out");
}

void check_words(const settings& what) {
  refuse(what, "--random-filter", what.message_rate, "--message-rate counts all messages", "leave --random-filter out");
  refuse(what, "--pretty", !(what.format ? prints_json(*what.format) : what.json),
         "--pretty is about JSON, and none is printed", "add --json or -F with %j, or leave it out");
  refuse(what, "--show-secrets", !what.trace, "--show-secrets is about the packets of --trace",
         "add --trace, or leave it out");
  for (const std::string option : {"--stats", "--chain"})
    refuse(what, option, what.quiet, "--quiet prints nothing of " + option, "leave one of the two out");
}

}  // namespace

void check_effects(const settings& what) {
  check_publishing(what);
  check_subscribing(what);
  check_session_effects(what);
  check_words(what);
  if (is_given(what, "-p") || is_given(what, "-L") || is_given(what, "-h")) check_unix(what);
}

}  // namespace recado::app::tools
