// Prints the transition tables of QoS 1 and 2 as Promela, so that what spin checks is what the session uses.
// An argument N flips the Nth entry of them, to see that spin finds it; the first five are the sender's, the others the
// receiver's.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <recado/mqtt/flights.hpp>
#include <recado/mqtt/received.hpp>

namespace {

using recado::mqtt::after;
using recado::mqtt::answer_packet;
using recado::mqtt::incoming_transition;
using recado::mqtt::on_publish_of;
using recado::mqtt::on_pubrel_of;
using recado::mqtt::packet_type;
using recado::mqtt::stage;
using recado::mqtt::step;
using recado::mqtt::transition;

constexpr const char* name(stage what) {
  switch (what) {
    case stage::puback:
      return "WAITS_PUBACK";
    case stage::pubrec:
      return "WAITS_PUBREC";
    case stage::pubcomp:
      return "WAITS_PUBCOMP";
    default:
      return "UNUSED";
  }
}
constexpr const char* name(answer_packet what) {
  switch (what) {
    case answer_packet::puback:
      return "PUBACK";
    case answer_packet::pubrec:
      return "PUBREC";
    case answer_packet::refused:
      return "REFUSED";
    default:
      return "PUBCOMP";
  }
}
constexpr const char* name(step what) {
  return what == step::release ? "RELEASE" : what == step::finish ? "FINISH" : "WRONG";
}

int flipped = 0;
int entry = 0;
bool flip() { return ++entry == flipped; }

// A flipped entry finishes too early, or not at all.
transition maybe_flipped(transition rule) {
  if (rule.then == step::wrong || !flip()) return rule;
  return rule.then == step::finish ? transition{stage::pubcomp, step::release}
                                   : transition{stage::unused, step::finish};
}

void print_outgoing() {
  std::puts("inline outgoing(now, packet, next, then) {\n  if");
  for (const stage now : {stage::puback, stage::pubrec, stage::pubcomp})
    for (const answer_packet packet : {answer_packet::puback, answer_packet::pubrec, answer_packet::refused,
                                       answer_packet::pubcomp}) {
      const transition rule = maybe_flipped(after(now, packet));
      std::printf("  :: now == %s && packet == %s -> next = %s; then = %s\n", name(now), name(packet), name(rule.next),
                  name(rule.then));
    }
  std::puts("  fi\n}");
}

void print_incoming() {
  std::puts("inline incoming(known, packet, known_after, deliver, answer) {\n  if");
  for (const bool known : {false, true})
    for (const bool pubrel : {false, true}) {
      const incoming_transition rule = pubrel ? on_pubrel_of(known) : on_publish_of(known);
      const bool wrong = flip();  // of PUBLISH the delivery, of PUBREL what is known after it
      std::printf("  :: known == %d && packet == %s -> known_after = %d; deliver = %d; answer = %s\n", known,
                  pubrel ? "PUBREL" : "PUBLISH", rule.known_after != (wrong && pubrel),
                  rule.deliver != (wrong && !pubrel), rule.answer == packet_type::pubrec ? "PUBREC" : "PUBCOMP");
    }
  std::puts("  fi\n}");
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) flipped = std::atoi(arguments[1]);
  print_outgoing();
  print_incoming();
  return 0;
}
