// What a session does however it was built, for the tests that compile it with parts left out.
#pragma once

#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {

/// A message of each QoS to the server, and one each of QoS 1 and 2 from it. The session is connected.
inline dialogue& exchanges_every_qos(dialogue& talk) {
  return talk
      .does([](session& s) {
        publishes(qos::at_most_once, "a", "0")(s);
        publishes(qos::at_least_once, "a", "1", 1)(s);
        publishes(qos::exactly_once, "a", "2", 2)(s);
      })
      .sends(message_of(qos::at_most_once, 0, "a", "0"))
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "a", "2"))
      .hears(answer(puback, 1))
      .hears(answer(pubrec, 2))
      .sends(answer(pubrel, 2))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #1 tag 1")
      .tells("acknowledged #2 tag 2")
      .hears(message_of(qos::at_least_once, 7, "t", "x"))
      .hears(message_of(qos::exactly_once, 8, "t", "y"))
      .tells("message t 'x' qos 1")
      .tells("message t 'y' qos 2")
      .sends(answer(puback, 7))
      .sends(answer(pubrec, 8))
      .hears(answer(pubrel, 8))
      .sends(answer(pubcomp, 8));
}

/// Loses the connection in the midst of two exchanges, and goes on with them in the session that the server still has.
inline dialogue& goes_on_where_it_stopped(dialogue& talk, const connect_options& again, const connack& present) {
  return talk.connects(again)
      .does([](session& s) {
        publishes(qos::at_least_once, "a", "1")(s);
        publishes(qos::exactly_once, "b", "2")(s);
      })
      .sends(message_of(qos::at_least_once, 1, "a", "1"))
      .sends(message_of(qos::exactly_once, 2, "b", "2"))
      .hears(answer(pubrec, 2))
      .sends(answer(pubrel, 2))
      .loses()
      .connects(again, present)
      .sends(message_of(qos::at_least_once, 1, "a", "1", true))
      .sends(answer(pubrel, 2))
      .hears(answer(puback, 1))
      .hears(answer(pubcomp, 2))
      .tells("acknowledged #1 tag 0")
      .tells("acknowledged #2 tag 0");
}

}  // namespace recado::mqtt::test
