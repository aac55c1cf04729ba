// Options that are given and can have no effect: each is refused, as its user meant something by it.
#include "../command.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

/// Refuses `option` where `given`: why it has no effect, and what to do about it.
void refuse_if(bool given, const std::string& cause, std::string remedy) {
  if (given) throw failure(cause, std::move(remedy));
}

void check_publishing(const settings& what) {
  refuse_if(what.repeat_delay != duration{} && what.from == input::lines,
            "--repeat-delay is about --repeat, and -l publishes each line once", "leave --repeat-delay out");
  refuse_if(what.repeat_delay != duration{} && what.repeat == 1,
            "--repeat-delay waits between repetitions, and there are none", "add --repeat COUNT, or leave it out");
}

/// What only a subscription makes sense of, as it is called; empty if nothing of it is given.
std::string of_subscriptions(const settings& what) {
  if (what.qos != mqtt::qos::at_most_once) return "-q";
  if (what.retain_as_published) return "--retain-as-published";
  if (what.retain_handling) return "--retain-handling";
  if (!what.subscribe.empty()) return "-D SUBSCRIBE";
  if (what.count != 0) return "-C";
  if (!what.filters_out.empty()) return "-T";
  if (what.retained_only) return "--retained-only";
  if (what.remove_retained) return "--remove-retained";
  if (what.no_retained) return "-R";
  if (what.random_percent < 100) return "--random-filter";
  if (what.message_rate) return "--message-rate";
  if (what.in_place) return "--watch";
  return {};
}

void check_subscribing(const settings& what) {
  if (what.which != tool::sub) return;
  refuse_if(what.unsubscribe.empty() && !what.unsubscribe_properties.empty(),
            "-D UNSUBSCRIBE is given, and nothing is unsubscribed", "add -U FILTER, or leave it out");
  const std::string in_vain = what.topics.empty() ? of_subscriptions(what) : std::string{};
  refuse_if(!in_vain.empty(), in_vain + " is about a subscription, and with -U alone there is none",
            "add -t FILTER, or leave " + in_vain + " out");
}

void check_session_effects(const settings& what) {
  refuse_if(what.session_durability && what.session.empty(),
            "--session-durability says what a kept session survives, and none is kept",
            "add --session DIR, or leave it out");
  refuse_if(what.references && !what.version_5(), "MQTT 3.1.1 has no Server References",
            "add -V 5, or leave --references out");
  refuse_if(what.references && !what.unix_path.empty(), "no Server Reference is followed from a Unix socket",
            "leave --references out");
}

void check_words(const settings& what) {
  refuse_if(what.message_rate && what.random_percent < 100, "--message-rate counts all messages",
            "leave --random-filter out");
  refuse_if(what.pretty && !(what.format ? prints_json(*what.format) : what.json),
            "--pretty is about JSON, and none is printed", "add --json or -F with %j, or leave it out");
  refuse_if(what.show_secrets && !what.trace, "--show-secrets is about the packets of --trace",
            "add --trace, or leave it out");
  refuse_if(what.quiet && (what.stats || what.show_chain),
            std::string{"--quiet prints nothing of "} + (what.stats ? "--stats" : "--chain"),
            "leave one of the two out");
}

}  // namespace

void check_effects(const settings& what) {
  check_publishing(what);
  check_subscribing(what);
  check_session_effects(what);
  check_words(what);
}

}  // namespace recado::app::tools
