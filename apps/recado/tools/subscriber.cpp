// recado sub.
#include <recado/client/message.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/mqtt/topic.hpp>

#include <algorithm>

#include "../console.hpp"
#include "client.hpp"
#include "gatherer.hpp"
#include "output.hpp"

namespace recado::app::tools {
namespace {

class subscriber final : public client {
 public:
  explicit subscriber(const settings& how) : client(how), printer_(how_), gatherer_(how_.message_max) {}

 private:
  /// After the last message that was wanted, exchanges of QoS 2 may come to their end for so long.
  static constexpr duration farewell_patience = std::chrono::seconds{2};

  void on_connected(const mqtt::connected&, instant now) override {
    if (how_.wait && ends_at_ == never) ends_at_ = now + *how_.wait;
    subscribe();
    if (!leaving()) unsubscribe();
  }

  void subscribe() {
    if (how_.topics.empty()) return;
    std::vector<mqtt::subscription> filters;
    for (const std::string& each : how_.topics) {
      mqtt::subscription one{.filter = each, .qos = how_.qos};
      one.retain_as_published = how_.retain_as_published;
      one.retain_handling = static_cast<mqtt::retain_handling>(how_.retain_handling.value_or(0));
      filters.push_back(one);
    }
    mqtt::subscribe_properties more;
    for (const auto& each : how_.subscribe.values())
      if (each.id == mqtt::property::subscription_identifier) more.subscription_identifier = each.number;
    more.user_properties = how_.subscribe.pick([](mqtt::property id) { return id == mqtt::property::user_property; });
    const auto asked = session_.subscribe(filters, more);
    if (!asked) return impossible("subscribe", asked.error());
    subscription_ = *asked;
  }

  void unsubscribe() {
    for (const std::string& each : how_.unsubscribe) {
      const std::string_view filter[] = {each};
      const auto asked = session_.unsubscribe(filter, how_.unsubscribe_properties.all());
      if (!asked) return impossible("unsubscribe", asked.error());
      ++unsubscriptions_;
    }
  }

  void impossible(std::string_view what, mqtt::error why) {
    end({status::failed, "it is not possible to " + std::string{what} + ": " + std::string{words(why)},
         std::string{remedy(why)}});
  }

  void on_event(mqtt::session_event& what, instant now) override {
    if (auto* message = gatherer_.take(what)) return on_message(*message, now);
    if (gatherer_.too_long())
      return end(
          {status::too_large,
           "a message of " + std::to_string(gatherer_.announced()) + " bytes is longer than --max-message allows",
           "raise --max-message"});
    if (auto* done = std::get_if<mqtt::subscribed>(&what)) on_subscribed(*done);
    if (auto* done = std::get_if<mqtt::unsubscribed>(&what)) on_unsubscribed(*done);
    if (auto* done = std::get_if<mqtt::acknowledged>(&what); done != nullptr && mqtt::is_failure(done->reason))
      say(refusal("to clear a retained message", done->reason, done->properties).cause);
  }

  void on_subscribed(const mqtt::subscribed& what) {
    if (what.outcome != mqtt::outcome::answered) return;
    std::size_t refused = 0;
    outcome first;
    for (std::size_t i = 0; i < what.reasons.size(); ++i) {
      if (!mqtt::is_failure(what.reasons[i])) continue;
      outcome one =
          refusal("the subscription to '" + printable(how_.topics[i]) + "'", what.reasons[i], what.properties);
      if (refused++ == 0) first = one;
      else say(one.cause);
    }
    event_line("subscribed");
    if (refused == what.reasons.size()) return end(std::move(first));
    if (refused != 0) {
      say(first.cause + "; " + first.remedy);
      first.cause = "not all subscriptions were accepted", first.remedy = "see above";
      partly_ = first;
    }
    subscribed_ = true;
    if (how_.exit_after_subscribe && unsubscriptions_ == 0) leave(mqtt::reason::normal_disconnection, partly_);
  }

  void on_unsubscribed(const mqtt::unsubscribed& what) {
    if (what.outcome != mqtt::outcome::answered) return;
    for (const mqtt::reason each : what.reasons)
      if (mqtt::is_failure(each)) return end(refusal("to unsubscribe", each, what.properties));
    event_line("unsubscribed");
    if (--unsubscriptions_ != 0) return;
    if (how_.topics.empty() || how_.exit_after_subscribe) leave(mqtt::reason::normal_disconnection, partly_);
  }

  void on_message(const mqtt::message_received& what, instant now) {
    if (enough_) return;
    ++received_;
    received_bytes_ += what.payload.size();
    if (how_.retained_only && !what.retain) return stop_soon(now);
    const bool hidden = std::ranges::any_of(
        how_.filters_out, [&](const std::string& filter) { return mqtt::matches(filter, what.topic); });
    if (hidden) return;
    if (how_.remove_retained && what.retain) clear_.emplace_back(what.topic);
    if (how_.no_retained && what.retain) return;
    printer_.print(what);
    if (how_.count != 0 && ++printed_ == how_.count) stop_soon(now);
  }

  void stop_soon(instant now) { enough_ = true, ends_at_ = now + farewell_patience; }

  bool work(instant now) override {
    while (!clear_.empty()) {
      const auto sent = session_.publish({.topic = clear_.back(), .qos = mqtt::qos::at_least_once, .retain = true});
      if (!sent) break;
      clear_.pop_back();
    }
    const bool settled = clear_.empty() && session_.receiving() == 0 && session_.in_flight() == 0;
    if (enough_ && (settled || now >= ends_at_)) leave(mqtt::reason::normal_disconnection, partly_);
    else if (!enough_ && now >= ends_at_) timed_out();
    return false;
  }

  void timed_out() {
    leave(how_.version_5() ? mqtt::reason::disconnect_with_will_message : mqtt::reason::normal_disconnection,
          {status::timed_out,
           "the time of -W is over, " + std::to_string(printed_or_received()) + " messages arrived",
           {}});
  }
  std::uint64_t printed_or_received() const { return received_; }

  instant next_work() const override { return ends_at_; }
  void on_interrupt(int) override {
    leave(how_.version_5() ? mqtt::reason::disconnect_with_will_message : mqtt::reason::normal_disconnection,
          how_.count != 0 ? outcome{130, "interrupted before all messages had come", {}} : partly_);
  }
  bool comes_back() const override { return !enough_ && posix::now() < ends_at_; }
  void print_stats() override {
    say(std::to_string(received_) + " messages received, " + std::to_string(received_bytes_) + " bytes of payload");
  }

  printer printer_;
  gatherer gatherer_;
  mqtt::token subscription_;
  std::size_t unsubscriptions_ = 0;
  bool subscribed_ = false;
  bool enough_ = false;
  std::uint64_t received_ = 0, received_bytes_ = 0, printed_ = 0;
  instant ends_at_ = never;
  outcome partly_;
  std::vector<std::string> clear_;
};

}  // namespace

int subscribe(const settings& how) { return std::make_unique<subscriber>(how)->run(); }

}  // namespace recado::app::tools
