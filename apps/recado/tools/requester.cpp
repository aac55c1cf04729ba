// recado rr: a request, and the first answer to it.
#include <cstdio>

#include "../console.hpp"
#include "client.hpp"
#include "gatherer.hpp"
#include "output.hpp"
#include "payload.hpp"

namespace recado::app::tools {
namespace {

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
    return "no answer came on '" + printable(how_.response_topic) + "' (does somebody answer requests on '" +
           printable(how_.topics[0]) + "'?)";
  }
  bool has_all() const override { return answered_; }
  void on_interrupt(int signal) override { end({128 + signal, "interrupted before an answer came", {}}); }
  bool comes_back() const override { return !answered_; }

  printer printer_;
  gatherer gatherer_;
  content payload_;
  bool asked_ = false, answered_ = false;
  instant asked_at_{};
};

}  // namespace

int request(const settings& how) { return std::make_unique<requester>(how)->run(); }

}  // namespace recado::app::tools
