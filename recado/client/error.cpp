#include <recado/client/error.hpp>

#include <array>

#include <recado/chain/words.hpp>

namespace recado::client {
namespace {

struct row {
  error what;
  std::string_view words, remedy;
};
constexpr row rows[] = {
    {error::bad_url, "that is no address of a broker", "write it as mqtt://host, mqtts://user:password@host:8883"},
    {error::name_not_found, "no address is known for that host name", "check its spelling and the system's DNS"},
    {error::timed_out, "the call's time is over", "check the network, or give it more time"},
    {error::called_from_handler, "a call that waits was made in a handler",
     "use start_publish there, or another thread"},
    {error::closed, "the client was closed meanwhile", "connect again"},
    {error::not_connected, "there is no connection", "call connect, and look at what it returns"},
    {error::already_connected, "there is a connection already", "disconnect first"},
    {error::message_too_long, "the message doesn't fit the transmit buffer",
     "publish it in pieces (publish_pieces), or give a larger sizes.transmit"},
    {error::refused_by_server, "the server refused it", "see the reason, and the server's log"},
    {error::session_lost, "the server forgot the session while the message was on its way",
     "nobody knows whether it arrived: publish it again if twice is better than never"},
    {error::no_such_subscription, "there is no such subscription", "unsubscribe once"},
    {error::tls_without_mqtts, "TLS options are given, but the address says mqtt://, which is not encrypted",
     "write mqtts://, or leave the TLS options out"},
    {error::message_expired, "the message expired while it waited for a connection",
     "give it a longer Message Expiry Interval, or none"},
    {error::message_crowded_out, "newer messages took the message's place in the outbox",
     "give a larger outbox, or choose another outbox.when_full"},
    {error::longer_than_taken, "a received message is longer than sizes.message_max", "allow more, if it is meant"},
    {error::needs_version_5, "MQTT 3.1.1 has no such thing", "connect with MQTT 5.0"},
    {error::no_payload_source, "the payload is to come from a source, and there is none", "give publish_pieces one"},
    {error::longer_than_outbox, "the message is longer than the whole outbox, and there is no connection yet",
     "publish it once there is one, or give a larger outbox.bytes_max"},
    {error::nobody_receives, "the queue is full of messages of the resumed session, and nobody receives",
     "call receive, or subscribe with a handler"},
    {error::too_many_brokers, "these are more brokers than the 32 that a client tries", "give 32 of them at most"},
};

// What the session finds both in what a server sends and in what the application gives: the remedy where it's the
// latter.
struct mistake {
  mqtt::error what;
  std::string_view remedy;
};
constexpr std::string_view look_at_properties =
    "correct the properties that the call was given; recado/mqtt/property.hpp says which may stand where";
constexpr mistake mistakes[] = {
    {mqtt::error::bad_utf8, "give it as UTF-8"},
    {mqtt::error::null_character, "leave U+0000 out"},
    {mqtt::error::bad_topic_name, "give a topic of at least one character, without + and #"},
    {mqtt::error::bad_topic_filter,
     "write + and # as whole levels, # as the last one, and a shared filter as $share/NAME/FILTER"},
    {mqtt::error::bad_qos, "choose QoS 0, 1 or 2"},
    {mqtt::error::bad_subscription_options, "choose QoS 0, 1 or 2, and one of the values of retain_handling"},
    {mqtt::error::shared_no_local, "leave no_local out of a shared subscription"},
    {mqtt::error::empty_topic, "give a topic"},
    {mqtt::error::no_topic_filters, "give at least one"},
    {mqtt::error::unknown_property, look_at_properties},
    {mqtt::error::misplaced_property, look_at_properties},
    {mqtt::error::forbidden_property, look_at_properties},
    {mqtt::error::duplicated_property, look_at_properties},
    {mqtt::error::bad_property_value, look_at_properties},
};

const row* find(std::uint16_t code) {
  for (const row& one : rows)
    if (static_cast<std::uint16_t>(one.what) == code) return &one;
  return nullptr;
}

}  // namespace

std::string_view words(error what) {
  const row* found = find(static_cast<std::uint16_t>(what));
  return found != nullptr ? found->words : "unknown error";
}

std::string_view remedy(error what) {
  const row* found = find(static_cast<std::uint16_t>(what));
  return found != nullptr ? found->remedy : std::string_view{};
}

failure make_failure(fault why, std::string_view cause, mqtt::reason reason) {
  failure result{why, reason, {}};
  if (!why) return result;
  std::array<char, 1024> memory;
  buffer_sink out{memory};
  const row* own = why.where == layer::application ? find(why.code) : nullptr;
  if (own == nullptr && why.where == layer::application) {  // of the outbox, whose faults the device has, too
    out << "client: ", chain::describe_cause(why, out);
    out << "; " << chain::remedy_of(why);
  } else if (own == nullptr) {
    chain::describe(why, out, cause);
  } else {
    out << "client: " << (cause.empty() ? own->words : cause) << "; " << own->remedy;
  }
  if (reason != mqtt::reason::success) out << " (reason: " << words(reason) << ")";
  result.line = out.view();
  return result;
}

failure make_failure(mqtt::error code) {
  failure result = make_failure(recado::make_fault(code));
  for (const mistake& one : mistakes) {
    if (one.what != code) continue;
    std::array<char, 512> memory;
    buffer_sink out{memory};
    out << "MQTT: " << words(code) << "; " << one.remedy;
    result.line = out.view();
  }
  return result;
}

}  // namespace recado::client
