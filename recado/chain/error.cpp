#include <recado/chain/error.hpp>

namespace recado::chain {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(error what) {
  switch (what) {
    case error::no_answer_in_time:
      return "nothing happened within the time allowed"_packed;
    case error::gave_up:
      return "as many rounds as allowed have failed"_packed;
    case error::no_time_server:
      return "no time server answered, and without the time certificates can't be checked"_packed;
    case error::no_broker:
      return "no broker is configured"_packed;
    case error::no_dns_server:
      return "no DNS server is known"_packed;
    case error::outbox_full:
      return "the outbox is full"_packed;
    case error::message_too_long:
      return "the message is longer than the whole outbox"_packed;
    case error::link_is_down:
      return "the link is down"_packed;
    case error::subscription_refused:
      return "the broker refused the subscription"_packed;
    case error::message_differs:
      return "the message that came back is not the one that was sent"_packed;
    case error::message_missing:
      return "the message that was sent did not come back in time"_packed;
    case error::storage_failed:
      return "the storage could not be read or written"_packed;
    case error::speaks_tls:
      return "the broker's port speaks TLS, and this device doesn't"_packed;
    case error::not_kept:
      return "the session's storage did not take the message"_packed;
    case error::other_session:
      return "the stored session is that of another client identifier, version or size"_packed;
    case error::closed_before_answer:
      return "the broker closed the connection without an answer"_packed;
  }
  return "unknown application error"_packed;
}

constexpr const char* advice_of(error what) {
  switch (what) {
    case error::no_answer_in_time:
      return "check the server's address and any firewall between"_packed;
    case error::gave_up:
      return "mend what the lines above name, or allow more with reconnect.rounds (0: for ever)"_packed;
    case error::no_time_server:
      return "check ntp.servers, or choose another ntp.on_failure"_packed;
    case error::no_broker:
      return "name one in broker.servers"_packed;
    case error::no_dns_server:
      return "name one in dns.servers, or give the server's address instead of its name"_packed;
    case error::outbox_full:
      return "wait until the broker has acknowledged some messages"_packed;
    case error::message_too_long:
      return "send less at once"_packed;
    case error::link_is_down:
      return "check the cable"_packed;
    case error::subscription_refused:
      return "check the broker's access rules for broker.secret_topic"_packed;
    case error::message_differs:
      return "check that nobody else publishes on broker.secret_topic"_packed;
    case error::message_missing:
      return "check that the broker lets this client read broker.secret_topic"_packed;
    case error::storage_failed:
      return "check the folder given by --storage and its rights"_packed;
    case error::speaks_tls:
      return "set tls.enabled = true, or check the port (broker.plain_port; 1883 is usual)"_packed;
    case error::not_kept:
      return "check the storage of the session, its room and its permissions"_packed;
    case error::other_session:
      return "configure what it was made with (recado session show), or"
             " give up what is in it: recado session clear"_packed;
    case error::closed_before_answer:
      return "if this port speaks TLS set tls.enabled = true, else see the broker's log"_packed;
  }
  return ""_packed;
}

}  // namespace

phrase words(error what) { return phrase{cause_of(what)}; }
phrase remedy(error what) { return phrase{advice_of(what)}; }

}  // namespace recado::chain
