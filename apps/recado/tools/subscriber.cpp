// recado sub.
#include <recado/client/message.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/mqtt/topic.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "../console.hpp"
#include "client.hpp"
#include "gatherer.hpp"
#include "kept_subscriptions.hpp"
#include "output.hpp"

namespace recado::app::tools {
namespace {

class subscriber final : public client {
 public:
  explicit subscriber(const settings& how) : client(how), printer_(how_), gatherer_(how_.message_max) {
    if (!kept_) return;
    remembered_.emplace(kept_->store());
    const auto position = output_position();
    if (!position) return;
    kept_->note_from_now_on(noted::output);
    const rewound was = rewind_output(kept_->position(noted::output));
    if (was.cut != 0)
      say("an earlier run was interrupted: " + std::to_string(was.cut) +
          " bytes of the output were taken back, their messages will come again");
    if (was.missing != 0)
      say("warning: the output is " + std::to_string(was.missing) +
          " bytes shorter than the session knows it: what was in them has been acknowledged and won't come again");
    if (const auto begins = output_position()) (void)kept_->records().put_note(*begins);
  }

  /// Runs to the end. If all that was printed is acknowledged then, nothing of it will be taken back.
  int run_in_order() {
    const int status = run();
    const bool whole = to_acknowledge_.empty() && !comes_again_ && out().held() == 0 && out().write_error() == 0;
    if (const auto ends = kept_ && whole ? output_position() : std::nullopt)
      (void)kept_->records().put_note(ended_at(*ends));
    return status;
  }

 private:
  /// After the last message that was wanted, exchanges of QoS 2 may come to their end for so long.
  static constexpr duration farewell_patience = std::chrono::seconds{2};
  static constexpr duration second = std::chrono::seconds{1};

  void on_connected(const mqtt::connected& what, instant now) override {
    if (how_.message_rate && rate_at_ == never) rate_at_ = now + second;
    comes_again_ = comes_again_ || !to_acknowledge_.empty();
    to_acknowledge_.clear();
    left_behind_ = 0;
    if (remembered_) remembered_->read();
    if (what.session_present && !what.in_doubt && holds_subscriptions()) subscribed_ = true;
    else subscribe();
    unsubscriptions_.clear(), unsubscriptions_asked_ = 0;
    if (!leaving()) unsubscribe();
  }

  mqtt::subscription subscription_to(const std::string& filter) const {
    mqtt::subscription one{.filter = filter, .qos = how_.qos};
    one.retain_as_published = how_.retain_as_published;
    one.retain_handling = static_cast<mqtt::retain_handling>(how_.retain_handling.value_or(0));
    return one;
  }

  // The server has them as they are asked for, as the journal knows: asking again would bring retained messages again.
  bool holds_subscriptions() {
    if (!remembered_ || how_.exit_after_subscribe) return false;
    return std::ranges::all_of(how_.topics, [&](const std::string& filter) {
      return remembered_->holds(subscription_to(filter), subscription_identifier());
    });
  }
  // Behind SUBSCRIBE comes UNSUBSCRIBE. What that ends, or SUBSCRIBE changes, is forgotten before: nobody may ever hear
  // the answer.
  bool ends(const std::string& filter) const { return std::ranges::count(how_.unsubscribe, filter) != 0; }
  std::uint32_t subscription_identifier() const {
    for (const auto& each : how_.subscribe.values())
      if (each.id == mqtt::property::subscription_identifier) return each.number;
    return 0;
  }

  void subscribe() {
    if (how_.topics.empty()) return;
    std::vector<mqtt::subscription> filters;
    for (const std::string& each : how_.topics) filters.push_back(subscription_to(each));
    for (const mqtt::subscription& each : filters)
      if (remembered_ && !remembered_->holds(each, subscription_identifier())) remembered_->ended(each.filter);
    mqtt::subscribe_properties more;
    more.subscription_identifier = subscription_identifier();
    more.user_properties = how_.subscribe.pick([](mqtt::property id) { return id == mqtt::property::user_property; });
    const auto asked = session_.subscribe(filters, more);
    if (!asked) return impossible("subscribe", asked.error());
    subscription_ = *asked;
    subscribed_ = false;
  }

  // As many as there are places for; their answers make room for the others.
  void unsubscribe() {
    for (; unsubscriptions_asked_ < how_.unsubscribe.size(); ++unsubscriptions_asked_) {
      const std::string_view filter[] = {how_.unsubscribe[unsubscriptions_asked_]};
      if (remembered_) remembered_->ended(filter[0]);
      const auto asked = session_.unsubscribe(filter, how_.unsubscribe_properties.all());
      const mqtt::error why = asked ? mqtt::error::none : asked.error();
      const bool full = why == mqtt::error::flight_table_full || why == mqtt::error::no_room;
      if (full && !unsubscriptions_.empty()) return;
      if (!asked) return impossible("unsubscribe", why);
      unsubscriptions_.insert(asked->packet_identifier);
    }
  }

  void impossible(std::string_view what, mqtt::error why) {
    outcome how = misuse("it is not possible to " + std::string{what}, why);
    if (why == mqtt::error::larger_than_server_takes) how.remedy = "shorten the topic filters, or give fewer at a time";
    end(std::move(how));
  }

  void on_event(mqtt::session_event& what, instant now) override {
    if (auto* message = gatherer_.take(what)) {
      if (how_.retained_only && !message->retain) end_of_retained(*message, now);
      if (enough_) return leave_behind(*message);
      const mqtt::receipt owed = message->receipt;
      on_message(*message, now);
      if (owed && kept_) to_acknowledge_.emplace_back(owed, out().given());
      else if (owed) (void)session_.acknowledge(owed);
      return;
    }
    if (gatherer_.too_long())
      return leave(
          how_.version_5() ? mqtt::reason::packet_too_large : mqtt::reason::normal_disconnection,
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
    outcome how;
    for (std::size_t i = 0; i < what.reasons.size(); ++i) {
      if (!mqtt::is_failure(what.reasons[i])) {
        if (remembered_ && !ends(how_.topics[i]))
          remembered_->granted(subscription_to(how_.topics[i]), subscription_identifier());
        continue;
      }
      outcome one = refusal("the subscription to '" + printable(how_.topics[i]) + "'", what.reasons[i], {});
      if (refused++ == 0) how = std::move(one);
      else how.cause += ", to '" + printable(how_.topics[i]) + "': " + reason_words(what.reasons[i]);
    }
    how.cause = with_reason(std::move(how.cause), what.properties);
    if (refused == what.reasons.size()) return end(std::move(how));
    event_line("subscribed");
    if (refused != 0) {
      if (partly_.status == 0) say(how.cause + "; " + how.remedy);  // now, as this may run for years; the end is silent
      partly_.status = how.status;
    }
    subscribed_ = true;
    if (how_.exit_after_subscribe && unsubscriptions_.empty()) leave(mqtt::reason::normal_disconnection, partly_);
  }

  void on_unsubscribed(const mqtt::unsubscribed& what) {
    if (what.outcome != mqtt::outcome::answered) return;
    for (const mqtt::reason each : what.reasons)
      if (mqtt::is_failure(each)) return end(refusal("to unsubscribe", each, what.properties));
    unsubscriptions_.erase(what.token.packet_identifier);
    event_line("unsubscribed");
    if (!leaving()) unsubscribe();
    if (!unsubscriptions_.empty()) return;
    if (how_.topics.empty() || how_.exit_after_subscribe) leave(mqtt::reason::normal_disconnection, partly_);
  }

  // What came behind the last that was wanted isn't acknowledged where the session has a next run, which gets it.
  void leave_behind(const mqtt::message_received& what) {
    if (what.receipt && what.qos == mqtt::qos::exactly_once) ++left_behind_;
  }

  // The first that isn't retained shows that those are over; it is for others, as what comes behind it.
  void end_of_retained(const mqtt::message_received& what, instant now) {
    if (enough_) return;
    if (what.receipt)
      say("a message that is not retained came: it stays at the broker, for a run that prints such ones");
    stop_soon(now);
  }

  void on_message(const mqtt::message_received& what, instant now) {
    ++received_;
    received_bytes_ += what.payload.size();
    const bool hidden = std::ranges::any_of(
        how_.filters_out, [&](const std::string& filter) { return mqtt::matches(filter, what.topic); });
    if (hidden) return;
    if (how_.no_retained && what.retain) return;
    if (how_.remove_retained && what.retain) clear_.emplace_back(what.topic);
    if (how_.message_rate) ++since_;
    else printer_.print(what);
    if (how_.count != 0 && ++printed_ == how_.count) stop_soon(now);
  }

  void stop_soon(instant now) { enough_ = true, ends_at_ = now + farewell_patience; }

  // What was printed has to be out of this program before the broker is told that it arrived; with the durability
  // `fsync` on the disk, too, as the journal is that says so.
  void acknowledge() {
    if (to_acknowledge_.empty()) return;
    out().flush();
    if (out().write_error() != 0) return;
    const std::uint64_t written = out().given() - out().held();
    if (to_acknowledge_.front().second > written) return;
    if (const int number = how_.durability() == posix::durability::fsync ? sync_output() : 0; number != 0)
      return end({status::failed, std::string{"the output could not be synced: "} + std::strerror(number),
                  "check the disk and its room"});
    comes_again_ = false;
    const auto end = output_position();
    while (!to_acknowledge_.empty() && to_acknowledge_.front().second <= written) {
      const auto [receipt, given] = to_acknowledge_.front();
      to_acknowledge_.pop_front();
      if (end) kept_->store().note({end->first, end->second - (out().given() - given)});  // where its text ends
      (void)session_.acknowledge(receipt);
    }
  }

  bool work(instant now) override {
    if (now >= rate_at_) tell_rate(now);
    acknowledge();
    while (!clear_.empty() && session_.in_flight() < how_.in_flight.value_or(65'535)) {
      const auto sent = session_.publish({.topic = clear_.front(), .qos = mqtt::qos::at_least_once, .retain = true});
      if (!sent) break;
      clear_.pop_front();
    }
    if (enough_ && !to_acknowledge_.empty()) out().drain(), acknowledge();
    const bool settled = clear_.empty() && session_.receiving() == left_behind_ && session_.in_flight() == 0;
    if (enough_ && (settled || now >= ends_at_)) leave(mqtt::reason::normal_disconnection, partly_);
    return false;
  }

  std::string_view awaited() const override {
    return !how_.topics.empty() && !subscribed_ ? "SUBACK" : !unsubscriptions_.empty() ? "UNSUBACK" : "PUBACK";
  }
  std::string so_far() const override { return counted(received_, "message", "messages") + " arrived"; }
  // Unless it was acknowledged it will come again.
  bool has_all() const override { return enough_ && to_acknowledge_.empty(); }
  outcome with_all() const override { return partly_; }
  bool awaits_answer() const override {
    return (!how_.topics.empty() && !subscribed_) || !unsubscriptions_.empty() || session_.in_flight() != 0;
  }

  /// How many messages came in the second that is over, or in each of those that nobody had time for.
  void tell_rate(instant now) {
    out().number(std::exchange(since_, 0)) << '\n';
    out().flush();
    rate_at_ += second;
    if (rate_at_ <= now) rate_at_ = now + second;
  }

  instant next_work() const override { return std::min(ends_at_, rate_at_); }
  void on_interrupt(int signal) override {
    leave(with_will(),
          how_.count != 0 ? outcome{128 + signal, "interrupted before all messages had come", {}} : partly_);
  }
  bool comes_back() const override { return !enough_; }
  void print_stats() override {
    say(counted(received_, "message", "messages") + " received, " + std::to_string(received_bytes_) +
        " bytes of payload");
  }

  std::optional<kept_subscriptions> remembered_;  // with --session
  printer printer_;
  gatherer gatherer_;
  mqtt::token subscription_;
  std::set<std::uint16_t> unsubscriptions_;  // their packet identifiers, until they are answered
  std::size_t unsubscriptions_asked_ = 0;    // of `how_.unsubscribe`, on this connection
  bool subscribed_ = false;
  bool enough_ = false;
  std::uint64_t received_ = 0, received_bytes_ = 0, printed_ = 0;
  std::uint64_t since_ = 0;  // the last line of --message-rate
  instant ends_at_ = never, rate_at_ = never;
  outcome partly_;
  std::size_t left_behind_ = 0;  // of QoS 2, not acknowledged
  std::deque<std::string> clear_;
  std::deque<std::pair<mqtt::receipt, std::uint64_t>> to_acknowledge_;  // with --session: printed, and given till then
  bool comes_again_ = false;  // what was printed on a connection that ended before it was acknowledged
};

}  // namespace

int subscribe(const settings& how) { return std::make_unique<subscriber>(how)->run_in_order(); }

}  // namespace recado::app::tools
