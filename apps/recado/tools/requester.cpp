// recado rr: a request, and the first answer to it.
//
// With Correlation Data (-D PUBLISH correlation-data) an answer with other ones is another request's and is passed over
// (5.0 §4.10.1). One without any is taken: the standard only advises who answers to send them back, mosquitto's own
// answers below $CONTROL lack them, and nothing shows that it is another's.
#include <cstdio>

#include "../console.hpp"
#include "client.hpp"
#include "gatherer.hpp"
#include "output.hpp"
#include "payload.hpp"

namespace recado::app::tools {
namespace {

/// What the request carries, if it does.
std::optional<std::string> correlation_data(const property_list& publish) {
  for (const auto& each : publish.values())
    if (each.id == mqtt::property::correlation_data) return each.text;
  return std::nullopt;
}

class requester final : public client {
 public:
  explicit requester(const settings& how) : client(how), printer_(how_), gatherer_(how_.message_max), payload_(how_) {}

 private:
  void on_connected(const mqtt::connected&, instant) override {
    const mqtt::subscription filter[] = {
        {.filter = how_.response_topic,
         .qos = how_.qos,
         .retain_as_published = how_.retain_as_published,
         .retain_handling = static_cast<mqtt::retain_handling>(how_.retain_handling.value_or(0))}};
    mqtt::subscribe_properties more;
    more.user_properties = how_.subscribe.pick([](mqtt::property id) { return id == mqtt::property::user_property; });
    if (const auto asked = session_.subscribe(filter, more); !asked) impossible("subscribe", asked.error());
  }

  void impossible(std::string_view what, mqtt::error why) {
    outcome how = misuse("it is not possible to " + std::string{what}, why);
    if (why == mqtt::error::larger_than_server_takes) how.remedy = "shorten the response topic";
    end(std::move(how));
  }

  void on_event(mqtt::session_event& what, instant now) override {
    if (passes_over(what)) return;
    if (auto* message = gatherer_.take(what)) return on_message(*message, now);
    if (gatherer_.too_long())
      return end(
          {status::too_large,
           "the answer of " + std::to_string(gatherer_.announced()) + " bytes is longer than --max-message allows",
           "raise --max-message"});
    if (auto* done = std::get_if<mqtt::subscribed>(&what)) {
      if (done->outcome != mqtt::outcome::answered) return;
      if (mqtt::is_failure(done->reasons[0]))
        return end(refusal("the subscription to '" + printable(how_.response_topic) + "'", done->reasons[0],
                           done->properties));
      asked_at_ = now;
      ask();
    }
    if (auto* done = std::get_if<mqtt::acknowledged>(&what); done != nullptr && mqtt::is_failure(done->reason))
      end(refusal("the request", done->reason, done->properties));
    if (auto* wanted = std::get_if<mqtt::wants_payload>(&what)) supply(wanted->offset);
  }

  void supply(std::size_t offset) {
    const auto piece = payload_.piece(offset);
    if (!piece) return end({status::failed, piece.error(), "ask again when it is whole"});
    if (const auto taken = session_.supply(as_bytes(*piece)); !taken) impossible("publish the request", taken.error());
  }

  void ask() {
    mqtt::message what{.topic = how_.topics[0], .qos = how_.qos};
    if (payload_.in_pieces()) what.payload_from_source = static_cast<std::uint32_t>(payload_.size());
    else what.payload = as_bytes(payload_.whole());
    property_list list = how_.publish;
    if (how_.version_5()) list.add({.id = mqtt::property::response_topic, .name = {}, .text = how_.response_topic});
    what.properties = list.all();
    if (const auto sent = session_.publish(what); !sent) return impossible("publish the request", sent.error());
    asked_ = true;
  }

  /// True if `what` is a message, or a piece of one, that answers another request.
  bool passes_over(const mqtt::session_event& what) {
    if (const auto* whole = std::get_if<mqtt::message_received>(&what)) return is_of_another(whole->properties);
    if (const auto* begin = std::get_if<mqtt::message_begin>(&what)) others_ = is_of_another(begin->properties);
    return others_ &&
           (std::holds_alternative<mqtt::message_begin>(what) || std::holds_alternative<mqtt::message_part>(what) ||
            std::holds_alternative<mqtt::message_end>(what) || std::holds_alternative<mqtt::message_aborted>(what));
  }

  bool is_of_another(const mqtt::properties& answer) {
    constexpr auto id = mqtt::property::correlation_data;
    if (!sent_data_ || !answer.has(id) || answer.text(id) == *sent_data_) return false;
    if (passed_over_++ == 0)
      say("an answer with other Correlation Data came on '" + printable(how_.response_topic) +
          "', to a request of somebody else: it is passed over, and so are further ones");
    return true;
  }

  void on_message(const mqtt::message_received& what, instant now) {
    if (answered_ || (how_.no_retained && what.retain)) return;
    answered_ = true;
    printer_.print(what);
    if (!how_.latency) return;
    char time[64];
    std::snprintf(time, sizeof time, "Latency: %.3f ms\n",
                  std::chrono::duration<double, std::milli>(now - asked_at_).count());
    out() << std::string_view{time};
  }

  bool work(instant) override {
    if (answered_ && session_.receiving() == 0) leave();
    return false;
  }
  std::string_view awaited() const override {
    return !asked_ ? "SUBACK" : how_.qos == mqtt::qos::at_least_once ? "PUBACK" : "PUBREC or PUBCOMP";
  }
  std::string so_far() const override {
    if (passed_over_ != 0)
      return "no answer came on '" + printable(how_.response_topic) + "', only " +
             counted(passed_over_, "answer", "answers") + " to other requests";
    return "no answer came on '" + printable(how_.response_topic) + "' (does somebody answer requests on '" +
           printable(how_.topics[0]) + "'?)";
  }
  bool has_all() const override { return answered_; }
  void on_interrupt(int signal) override { end({128 + signal, "interrupted before an answer came", {}}); }
  bool comes_back() const override { return !answered_; }

  printer printer_;
  gatherer gatherer_;
  content payload_;
  const std::optional<std::string> sent_data_ = correlation_data(how_.publish);
  std::uint64_t passed_over_ = 0;  // answers to others' requests
  bool others_ = false;            // so is the one whose pieces come now
  bool asked_ = false, answered_ = false;
  instant asked_at_{};
};

}  // namespace

int request(const settings& how) { return std::make_unique<requester>(how)->run(); }

}  // namespace recado::app::tools
