// recado rr: a request, and the first answer to it.
#include <recado/drive/posix/clock.hpp>

#include "../console.hpp"
#include "client.hpp"
#include "gatherer.hpp"
#include "output.hpp"
#include "payload.hpp"

namespace recado::app::tools {
namespace {

class requester final : public client {
 public:
  explicit requester(const settings& how)
      : client(how), printer_(how_), gatherer_(how_.message_max), payload_(payload_of(how_)) {}

 private:
  void on_connected(const mqtt::connected&, instant now) override {
    if (how_.wait && ends_at_ == never) ends_at_ = now + *how_.wait;
    const mqtt::subscription filter[] = {{.filter = how_.response_topic, .qos = how_.qos}};
    mqtt::subscribe_properties more;
    more.user_properties = how_.subscribe.pick([](mqtt::property id) { return id == mqtt::property::user_property; });
    if (const auto asked = session_.subscribe(filter, more); !asked) impossible("subscribe", asked.error());
  }

  void impossible(std::string_view what, mqtt::error why) {
    end({status::failed, "it is not possible to " + std::string{what} + ": " + std::string{words(why)},
         std::string{remedy(why)}});
  }

  void on_event(mqtt::session_event& what, instant) override {
    if (auto* message = gatherer_.take(what)) return on_message(*message);
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
      ask();
    }
    if (auto* done = std::get_if<mqtt::acknowledged>(&what); done != nullptr && mqtt::is_failure(done->reason))
      end(refusal("the request", done->reason, done->properties));
    if (auto* wanted = std::get_if<mqtt::wants_payload>(&what))
      (void)session_.supply(as_bytes(std::string_view{payload_}.substr(wanted->offset)));
  }

  void ask() {
    mqtt::message what{.topic = how_.topics[0], .qos = how_.qos};
    if (payload_.size() > (1 << 20)) what.payload_from_source = static_cast<std::uint32_t>(payload_.size());
    else what.payload = as_bytes(payload_);
    property_list list;
    if (how_.version_5() && !how_.publish.has(mqtt::property::response_topic))
      list.add({.id = mqtt::property::response_topic, .name = {}, .text = how_.response_topic});
    for (const auto& each : how_.publish.values()) list.add(each);
    what.properties = list.all();
    if (const auto sent = session_.publish(what); !sent) impossible("publish the request", sent.error());
  }

  void on_message(const mqtt::message_received& what) {
    if (answered_ || (how_.no_retained && what.retain)) return;
    answered_ = true;
    printer_.print(what);
  }

  bool work(instant now) override {
    if (answered_ && session_.receiving() == 0) leave();
    else if (now >= ends_at_)
      leave(how_.version_5() ? mqtt::reason::disconnect_with_will_message : mqtt::reason::normal_disconnection,
            {status::timed_out, "no answer came on '" + printable(how_.response_topic) + "' within the time of -W",
             "check that somebody answers requests on '" + printable(how_.topics[0]) + "'"});
    return false;
  }
  instant next_work() const override { return ends_at_; }
  void on_interrupt(int) override { end({130, "interrupted before an answer came", {}}); }
  bool comes_back() const override { return !answered_; }

  printer printer_;
  gatherer gatherer_;
  std::string payload_;
  bool answered_ = false;
  instant ends_at_ = never;
};

}  // namespace

int request(const settings& how) { return std::make_unique<requester>(how)->run(); }

}  // namespace recado::app::tools
