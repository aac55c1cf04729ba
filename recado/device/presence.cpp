#include <recado/device/presence.hpp>

#include <recado/chain/words.hpp>

namespace recado::device {

using namespace std::string_view_literals;

std::optional<led_command> parse_command(bytes payload) {
  const std::string_view text = as_text(payload);
  if (text.size() < 5 || !text.starts_with("LD"sv)) return std::nullopt;
  const unsigned led = static_cast<unsigned>(text[2] - '0');
  if (text[2] < '1' || led > led_count) return std::nullopt;
  const std::string_view verb = text.substr(3);
  if (verb == "ON"sv) return led_command{led, true};
  if (verb == "OFF"sv) return led_command{led, false};
  return std::nullopt;
}

presence::presence(const complete_configuration& chosen, const board& on, mqtt::session& session,
                   mutable_bytes outbox_memory)
    : chosen_(chosen),
      on_(on),
      session_(session),
      outbox_(outbox_memory),
      texts_(texts_of(chosen.device.language, chosen.texts)),
      qos_(chosen.broker.qos) {}

void presence::came_online(instant now) {
  online_ = was_online_ = true;
  drain(now);  // at first, so that the hello has room
  say(texts_.connected, now);
  const std::chrono::seconds rhythm{chosen_.device.publish_s};
  if (rhythm != rhythm.zero() && next_date_ == never) next_date_ = now + rhythm;
  drain(now);
}

void presence::on_message(const mqtt::message_received& message, instant now) {
  if (message.topic != chosen_.broker.secret_topic) return;
  const auto command = parse_command(message.payload);
  if (!command) {
    ++refused_;
    on_.console.line(console_level::warning, "a message on the secret topic is no command and was ignored");
    return;
  }
  ++commands_;
  on_.leds.set(command->led, command->on);
  char memory[160];
  buffer_sink text{memory};
  write_led_text(command->on ? texts_.led_on : texts_.led_off, command->led, text);
  say(text.view(), now);
}

void presence::step(instant now) {
  if (now >= next_date_ && (online_ || keeps_offline())) {
    next_date_ += std::chrono::seconds{chosen_.device.publish_s};
    if (next_date_ <= now) next_date_ = now + std::chrono::seconds{chosen_.device.publish_s};  // it slept
    say_date(now);
  }
  if (online_) drain(now);
}

void presence::say_date(instant now) {
  char memory[160];
  buffer_sink text{memory};
  format_time(texts_.date, to_civil(on_.clock.at(now), chosen_.zone), text);
  if (!outbox_.more_than_half_full()) return say(text.view(), now);
  refuse(text.view(), make_fault(chain::error::outbox_full),
         "the outbox is more than half full, and the rest is for answers to commands");
}

void presence::say(std::string_view text, instant now) {
  const auto kept = outbox_.push({.topic = chosen_.broker.public_topic, .payload = as_bytes(text), .qos = qos_}, now);
  if (!kept) return refuse(text, make_fault(kept.error()));
  char memory[200];
  buffer_sink line{memory};
  line << (online_ ? "publishing " : "keeping for later ") << text;
  on_.console.line(console_level::info, line);
}

void presence::refuse(std::string_view text, const fault& why, std::string_view cause) {
  char memory[300];
  buffer_sink line{memory};
  line << '"' << text << "\" was not published: ";
  if (cause.empty()) chain::describe_cause(why, line);
  else line << cause;
  if (const auto advice = chain::remedy_of(why); !advice.empty()) line << "; " << advice;
  on_.console.line(console_level::warning, line);
}

void presence::drain(instant now) {
  while (const auto sent = outbox_.publish(session_, now)) {
    if (*sent) continue;
    using enum mqtt::error;
    const mqtt::error why = sent->error();
    if (why == not_kept && session_.in_flight() != 0) return;  // there will be room
    if (why == no_room || why == receive_maximum_reached || why == flight_table_full || why == not_connected) return;
    char memory[256];
    buffer_sink line{memory};
    line << "a message was not published: ";
    chain::describe(make_fault(why), line);
    on_.console.line(console_level::error, line);
    outbox_.pop();
  }
}

void presence::begin_farewell(instant now) {
  if (goodbye_ == goodbye::none) goodbye_ = goodbye::emptying;
  continue_farewell(nullptr, now);
}

// Each step waits for the answer of the one before; whoever conducts bounds the whole.
void presence::continue_farewell(const mqtt::session_event* happened, instant now) {
  if (goodbye_ == goodbye::none || !session_.online()) return;
  if (goodbye_ == goodbye::emptying) {
    drain(now);
    if (!outbox_.empty()) return;
    const std::string_view filters[] = {chosen_.broker.secret_topic};
    const auto asked = session_.unsubscribe(filters);
    if (!asked) return;
    awaited_ = *asked;
    goodbye_ = goodbye::unsubscribing;
    return;
  }
  if (goodbye_ == goodbye::unsubscribing) {
    const auto* done = happened != nullptr ? std::get_if<mqtt::unsubscribed>(happened) : nullptr;
    if (done == nullptr || done->token != awaited_) return;
    if (!was_online_) {  // who never said hello, as in the test mode, doesn't say goodbye either
      if (session_.disconnect()) goodbye_ = goodbye::disconnecting;
      return;
    }
    mqtt::message message;
    message.topic = chosen_.broker.public_topic, message.payload = as_bytes(texts_.disconnected), message.qos = qos_;
    const auto sent = session_.publish(message);
    if (!sent) return;
    on_.console.line(console_level::info, texts_.disconnected);
    awaited_ = *sent;
    goodbye_ = goodbye::publishing;
    happened = nullptr;
  }
  if (goodbye_ == goodbye::publishing) {
    const auto* done = happened != nullptr ? std::get_if<mqtt::acknowledged>(happened) : nullptr;
    const bool answered = !awaited_ || (done != nullptr && done->token == awaited_);
    if (!answered) return;
    if (session_.disconnect()) goodbye_ = goodbye::disconnecting;
  }
}

}  // namespace recado::device
