// recado pub.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <recado/drive/posix/clock.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "../command.hpp"
#include "../console.hpp"
#include "client.hpp"
#include "input_position.hpp"
#include "line_input.hpp"
#include "payload.hpp"

namespace recado::app::tools {
namespace {

class publisher final : public client {
 public:
  explicit publisher(const settings& how) : client(how) {
    if (how_.from == input::lines) lines_.emplace(STDIN_FILENO);
    else message_ = content{how_};
    total_ = how_.from == input::lines ? 0 : how_.repeat * how_.topics.size();
    if (lines_ && !lines_->watch(loop_)) throw failure("standard input cannot be waited for", "give a file or a pipe");
    go_on();
    progress_ = err().is_terminal() && !how_.quiet && !how_.debug && !how_.trace;
  }

 private:
  void on_connected(const mqtt::connected& what, instant now) override {
    next_ = now;
    announced_ = what.properties.has(mqtt::property::receive_maximum);
  }

  // An earlier run took so many lines, and of the next one so many topics. A pipe can't be looked at beforehand: what
  // comes through it after an input that ended is a new one.
  void go_on() {
    if (!kept_) return;
    held_ = kept_->store().counts().held;
    if (held_ != 0 && !how_.quiet)
      say(counted(held_, "message waits", "messages wait") + " in " + kept_->folder() + " and " +
          (held_ == 1 ? "goes" : "go") + " first");
    if (!lines_) return;
    for (const std::string& each : how_.topics) seed_ = checksum_with(each, seed_);  // to others nothing was published
    checksum_ = checksum_before_ = seed_;
    kept_->note_from_now_on(noted::input);
    const auto last = input_position_of(kept_->position(noted::input));
    if (!last) return;
    const same_input same = begins_with(STDIN_FILENO, *last, seed_);
    if (last->ended && same != same_input::yes) return;
    if (same == same_input::no) throw failure(other_input(last->line), other_input_remedy());
    skip_ = last->line, expected_ = last->checksum, open_ = last->open;
    topic_ = last->topic < how_.topics.size() ? last->topic : 0;
    if (skip_ + topic_ == 0 || how_.quiet) return;
    if (last->ended)
      say("an earlier run took " + counted(skip_, "line", "lines") +
          " of this input: going on behind, if there are more ('recado session clear --input " + kept_->folder() +
          "' begins anew)");
    else say("an earlier run was interrupted: going on behind line " + std::to_string(skip_) + " of the input");
  }
  static std::string other_input(std::uint64_t lines) {
    return "an earlier run took " + counted(lines, "line", "lines") +
           " of its input and was interrupted, and this input begins with others";
  }
  std::string other_input_remedy() const {
    return "give that one again, or give up its rest by 'recado session clear --input " + kept_->folder() + "'";
  }
  // What the journal keeps with the message: its line, and where the next run goes on.
  void mark() {
    if (!kept_) return;
    kept_->store().label(lines_ ? line_ : done_ + 1);
    if (!lines_) return;
    const bool last_topic = topic_ + 1 >= how_.topics.size();
    input_position at{.line = line_, .open = !lines_->whole(), .checksum = checksum_};
    if (!last_topic)
      at = {.line = line_ - 1, .topic = static_cast<std::uint16_t>(topic_ + 1), .checksum = checksum_before_};
    kept_->store().note(note_of(at));
  }
  // All lines are in the journal, or acknowledged: another input may follow.
  void mark_end() {
    if (!kept_ || !lines_ || end_marked_ || !lines_->ended() || have_line_ || lines_->error() != 0) return;
    if (line_ < skip_) return end({status::failed, other_input(skip_), other_input_remedy()});
    (void)kept_->records().put_note(
        note_of({.line = line_, .ended = true, .open = !lines_->whole(), .checksum = checksum_}));
    end_marked_ = true;
  }

  // Without a connection what is given waits in the journal.
  bool work_offline(instant now) override {
    for (int batch = 0; kept_ && batch < 256; ++batch) {
      if (lines_ ? !next_line() : done_ == total_) return mark_end(), false;
      if (now < next_ || !hold(topic_now())) return false;
      if (!after_one(now)) return false;
    }
    return kept_ != nullptr;
  }
  const std::string& topic_now() const {
    const std::size_t topics = how_.topics.size();
    return how_.topics[topics == 1 || lines_ ? topic_ : done_ % topics];
  }
  mqtt::properties properties_of_publish() const {
    return how_.publish.pick([](mqtt::property id) { return id != mqtt::property::topic_alias; });
  }
  /// True if the journal took it; it may have no room.
  bool hold(const std::string& topic) {
    if (message_.in_pieces()) return too_long_to_keep();
    const mqtt::properties list = properties_of_publish();
    waiting_.resize(list.wire_size());
    list.write(waiting_.data());
    const bytes pieces[] = {as_bytes(topic), waiting_, as_bytes(message_.whole())};
    mark();
    const auto done = kept_->store().hold({.qos = how_.qos,
                                           .retain = how_.retain,
                                           .topic = static_cast<std::uint16_t>(topic.size()),
                                           .properties = static_cast<std::uint32_t>(waiting_.size()),
                                           .payload = static_cast<std::uint32_t>(message_.size()),
                                           .since = posix::realtime()},
                                          pieces);
    if (done) return ++held_, true;
    no_room_ = done.error() == store::error::full || done.error() == store::error::index_full;
    if (!no_room_)
      end({status::failed, "the message cannot be kept: " + kept_->cause(done.error()),
           std::string{remedy(done.error())}});
    return false;
  }
  /// A line that can't be published, ever, doesn't stand in the way of those behind it: true if it was passed over.
  bool pass_over(const outcome& how) {
    if (!kept_ || !lines_) return end(how), false;
    note_refusal(how);
    topic_ = how_.topics.size() - 1;  // to none of the topics
    const auto done =
        kept_->records().put_note(note_of({.line = line_, .open = !lines_->whole(), .checksum = checksum_}));
    if (!done) return end({status::failed, "the session cannot be kept: " + kept_->cause(), kept_->remedy()}), false;
    return true;
  }
  bool too_long_to_keep() {
    return pass_over({status::oversize_packet,
                      (lines_ ? "line " + std::to_string(line_) : std::string{"the message"}) + " has " +
                          std::to_string(message_.size()) +
                          " bytes, and a session keeps messages up to 1 MiB less some",
                      "publish it without --session"});
  }

  // What was given is kept for the next run, as far as it is there and the journal has room.
  void connection_given_up(outcome& how) override {
    while (work_offline(posix::now())) continue;
    const std::uint64_t left = held_ + session_.in_flight();
    if (left == 0 || !kept_ || kept_->store().commit()) return;
    how.cause += "; " + counted(left, "message is", "messages are") + " kept in " + kept_->folder() +
                 ", the next run publishes " + (left == 1 ? "it" : "them") +
                 (no_room_ ? "; there is no room for more, what came behind was not taken" : "");
    const std::string suspected = losses() > 1 ? suspected_message() : std::string{};
    if (suspected.empty()) return;
    how.cause += "; " + suspected;
    if (how.status == status::connection_lost)
      how.remedy = "see the broker's log and raise its limit, or give up what is kept ('recado session show " +
                   kept_->folder() + "' lists it) by 'recado session clear " + kept_->folder() + "'";
  }

  // A broker of 3.1.1 can't say how long a message may be: it ends the connection, and does so again for each run that
  // resumes the session.
  void lost_again() override {
    if (const std::string suspected = suspected_message(); !suspected.empty()) say(suspected);
  }
  /// In words, if a message is on its way.
  std::string suspected_message() const {
    if (!kept_) return {};
    chain::stored_message longest;
    std::size_t count = 0;
    for (std::uint32_t from = 0; const auto one = kept_->store().next_message(from); ++count)
      if (one->size > longest.size) longest = *one;
    if (count == 0) return {};
    return "the broker may not take " +
           (count == 1 ? std::string{"the message on its way, of "}
                       : "one of " + std::to_string(count) + " messages on their way, the longest of ") +
           std::to_string(longest.size) + " bytes" +
           (lines_ && longest.label != 0 ? " (line " + std::to_string(longest.label) + ")" : "");
  }

  /// What waited in the journal goes first: true if nothing of it is left.
  bool drain() {
    while (held_ != 0) {
      chain::session_store& from = kept_->store();
      const auto number = from.next_held(held_from_);
      const auto found = number ? from.head_of_held(*number) : std::nullopt;
      if (session_.in_flight() >= in_flight_max()) return false;
      const chain::held_message head = found.value_or(chain::held_message{});
      waiting_.resize(head.size());
      if (!found || from.read_held(*number, waiting_).value_or(SIZE_MAX) != waiting_.size())
        return end({status::failed, "a message that waits cannot be read", "see 'recado session check'"}), false;
      if (!publish_held(head, *number)) return false;
      held_from_ = *number + 1, --held_;
    }
    if (expired_ != 0 && !how_.quiet)
      say(counted(expired_, "message that waited has", "messages that waited have") + " expired and " +
          (expired_ == 1 ? "was" : "were") + " not published");
    expired_ = 0;
    return true;
  }
  /// The one in `waiting_`. False if it has to wait on.
  bool publish_held(const chain::held_message& head, std::uint32_t number) {
    const mutable_bytes all{waiting_};
    const mqtt::properties list{
        mqtt::sequence<mqtt::property_value>::of_wire(all.subspan(head.topic, head.properties))};
    const std::vector<mqtt::property_value> left = counted_down(list, head.since);
    if (list.has(mqtt::property::message_expiry_interval) && left.empty())
      return (void)kept_->store().drop_held(number), ++expired_, true;
    mqtt::message what;
    what.topic = as_text(all.first(head.topic)), what.payload = all.subspan(head.topic + head.properties);
    what.qos = head.qos, what.retain = head.retain;
    what.properties = left.empty() ? list : mqtt::properties{left};
    kept_->store().take_held(number);
    const auto sent = session_.publish(what);
    kept_->store().take_held(0);
    if (!sent && waits(sent.error())) return false;
    if (!sent && sent.error() == mqtt::error::not_kept) return not_kept();
    if (!sent && sent.error() == mqtt::error::needs_version_5)  // the next run may speak it
      return end(misuse("a message that waits cannot be published", sent.error())), false;
    if (!sent) given_up(sent.error(), number);
    return true;
  }
  /// The properties with what is left of the Message Expiry Interval of a message that has waited since then; none if
  /// they have none, or if nothing is left.
  static std::vector<mqtt::property_value> counted_down(const mqtt::properties& list, utc_time since) {
    if (!list.has(mqtt::property::message_expiry_interval)) return {};
    std::vector<mqtt::property_value> all;
    for (mqtt::property_value one : list) {
      if (one.id == mqtt::property::message_expiry_interval) {
        one.number = chain::seconds_left(one.number, since, posix::realtime());
        if (one.number == 0) return {};
      }
      all.push_back(one);
    }
    return all;
  }
  // The broker takes it as little another time.
  void given_up(mqtt::error why, std::uint32_t number) {
    (void)kept_->store().drop_held(number);
    const outcome how = misuse("a message that waited cannot be published", why);
    say(how.cause + "; " + how.remedy);
    if (refused_.status == 0) refused_.status = how.status;
  }
  static bool waits(mqtt::error why) {
    return why == mqtt::error::no_room || why == mqtt::error::receive_maximum_reached ||
           why == mqtt::error::flight_table_full || why == mqtt::error::payload_pending ||
           why == mqtt::error::not_connected;
  }
  bool not_kept() {
    const bool full = kept_->store().why() == store::error::full || kept_->store().why() == store::error::index_full;
    if (full && session_.in_flight() != 0) return false;
    return end({status::failed, "the message cannot be kept: " + kept_->cause(), kept_->remedy()}), false;
  }

  bool work(instant now) override {
    if (!drain()) return false;
    if (lines_ ? !next_line() : done_ == total_) return finish_if_done(), false;
    if (now < next_) return false;
    for (int batch = 0; batch < 256; ++batch) {
      if (!send(topic_now())) return false;
      if (!after_one(now)) return finish_if_done(), !leaving();
      if (lines_ && !next_line()) return finish_if_done(), false;
    }
    return true;
  }

  /// What follows a message that was taken: false if no other may follow at once.
  bool after_one(instant now) {
    have_line_ = lines_ && ++topic_ < how_.topics.size();
    if (!have_line_) topic_ = 0;
    ++done_;
    show_progress(now);
    if (lines_) return true;
    if (done_ == total_) return false;
    if (how_.repeat_delay != duration{}) return next_ = now + how_.repeat_delay, false;
    return true;
  }

  bool next_line() {
    while (!have_line_) {
      if (!lines_->next(message_.line())) return false;
      if (kept_) checksum_before_ = std::exchange(checksum_, checksum_with(message_.line(), checksum_));
      have_line_ = ++line_ > skip_;
      if (line_ != skip_) continue;
      const auto taken = open_ ? part_with(message_.line(), checksum_before_, expected_) : std::nullopt;
      if (open_ ? !taken : checksum_ != expected_) {
        end({status::failed, other_input(skip_), other_input_remedy()});
        return false;
      }
      have_line_ = open_ && *taken < message_.line().size();  // it has grown: its rest is a line
      if (have_line_) message_.line().erase(0, *taken);
    }
    return true;
  }

  // A broker of 3.1.1 can't say how many messages it takes at once, and one of 5.0 need not. mosquitto takes 20 unless
  // it is told otherwise, queues what is beyond that, and forgets it when the connection breaks.
  std::size_t in_flight_max() const {
    constexpr std::size_t unless_told = 20;
    if (how_.in_flight) return *how_.in_flight;
    return announced_ ? SIZE_MAX : unless_told;
  }

  /// True if the session took the message.
  bool send(const std::string& topic) {
    mqtt::message what;
    what.topic = topic, what.qos = how_.qos, what.retain = how_.retain;
    what.properties = properties_of_publish();
    for (const auto& each : how_.publish.values())
      if (each.id == mqtt::property::topic_alias) what.topic_alias = static_cast<std::uint16_t>(each.number);
    if (message_.in_pieces()) what.payload_from_source = static_cast<std::uint32_t>(message_.size());
    else what.payload = as_bytes(message_.whole());
    if (kept_ && message_.in_pieces() && how_.qos != mqtt::qos::at_most_once) return too_long_to_keep();
    if (session_.in_flight() >= in_flight_max()) return false;
    const bool kept_line = lines_ && what.payload_from_source != 0 && how_.qos != mqtt::qos::at_most_once;
    if (kept_line && long_line_in_flight_) return false;  // `supplying_` has room for one
    if (kept_line) what.tag = long_line;
    mark();
    const auto sent = session_.publish(what);
    if (sent) {
      if (lines_ && what.payload_from_source != 0) supplying_ = message_.line();
      long_line_in_flight_ = long_line_in_flight_ || kept_line;
      sent_bytes_ += message_.size();
      return true;
    }
    if (waits(sent.error())) return false;
    if (sent.error() == mqtt::error::not_kept) return not_kept();
    return pass_over(refusal_of(sent.error()));
  }

  outcome refusal_of(mqtt::error why) {
    auto [number, cause, remedy_text, verdict] = misuse("the message cannot be published", why);
    if (why == mqtt::error::larger_than_server_takes)
      cause += " (" + std::to_string(message_.size()) + " bytes of payload, at most " +
               std::to_string(session_.announced().maximum_packet_size) + " a packet)";
    const int most = static_cast<int>(session_.announced().maximum_qos);
    if (why == mqtt::error::qos_not_available)
      remedy_text = "publish with -q " + std::to_string(most) + (most == 0 ? "" : " or less");
    if (why == mqtt::error::retain_not_available) remedy_text = "leave -r out";
    return {number, std::move(cause), std::move(remedy_text)};
  }

  void on_event(mqtt::session_event& what, instant now) override {
    if (auto* wanted = std::get_if<mqtt::wants_payload>(&what)) {
      supply(wanted->offset);
    } else if (auto* done = std::get_if<mqtt::acknowledged>(&what)) {
      ++acknowledged_;
      show_progress(now);
      if (how_.json) tell(*done);
      if (done->tag == long_line) long_line_in_flight_ = false;
      if (!mqtt::is_failure(done->reason)) return;
      const outcome how = done->outcome == mqtt::outcome::session_lost
                              ? outcome{status::connection_lost,
                                        "the broker forgot the session: whether a message arrived is not known",
                                        "see at the receivers, and publish it again if it is missing"}
                              : refusal("the message", done->reason, done->properties);
      note_refusal(how);
    }
  }

  // Of one message it is how this ends. Of several the first is told at once, as there may be more for years, and the
  // others are counted.
  void note_refusal(const outcome& how) {
    const bool several = lines_ || total_ > 1;
    if (++refusals_ == 1) {
      refused_ = how;
      if (several) say(how.cause + "; " + how.remedy), refused_.cause.clear(), refused_.remedy.clear();
    } else {
      refused_.cause = std::to_string(refusals_) + " messages in all were refused or lost";
    }
  }

  void supply(std::size_t offset) {
    const std::string_view line = supplying_;
    const std::expected<std::string_view, std::string> piece =
        lines_ ? line.substr(std::min(offset, line.size())) : message_.piece(offset);
    if (!piece) return end({status::failed, piece.error(), "publish it again when it is whole"});
    if (const auto taken = session_.supply(as_bytes(*piece)); !taken) return end(refusal_of(taken.error()));
    percent_ = 100 * offset / std::max<std::size_t>(message_.size(), 1);
    show_progress(posix::now());
  }

  void tell(const mqtt::acknowledged& what) {
    out() << "{\"event\":\"acknowledged\",\"mid\":";
    out().number(what.token.packet_identifier) << ",\"reason\":";
    out().number(static_cast<unsigned>(what.reason)) << "}\n";
  }

  /// All was sent and acknowledged: goodbye.
  void finish_if_done() {
    const bool all_given = lines_ ? lines_->ended() && !have_line_ : done_ == total_;
    if (all_given) mark_end();
    if (!all_given || leaving() || held_ != 0 || session_.in_flight() != 0 || session_.sending_payload()) return;
    if (lines_ && lines_->error() != 0)
      return end({status::failed, std::string{"standard input could not be read: "} + std::strerror(lines_->error()),
                  "give a file or a pipe with lines there"});
    clear_progress();
    leave(mqtt::reason::normal_disconnection, refused_);
  }

  instant next_work() const override {
    const bool waiting = !lines_ && done_ != total_ && how_.repeat_delay != duration{};
    return waiting ? next_ : never;
  }
  std::string_view awaited() const override {
    if (how_.qos == mqtt::qos::at_least_once) return "PUBACK";
    return session_.completing() == session_.in_flight() ? "PUBCOMP" : "PUBREC";
  }
  /// Without a session that the broker keeps, to publish again could publish twice.
  bool comes_back() const override { return how_.keep_session || kept_ != nullptr; }
  /// Nor where nobody knows what became of a message.
  bool may_go_elsewhere() const override {
    const bool settled = how_.qos != mqtt::qos::at_most_once && session_.in_flight() == 0;
    return comes_back() || done_ == 0 || settled;
  }
  bool wants_proof() const override { return how_.qos == mqtt::qos::at_most_once && done_ != 0; }
  void on_interrupt(int signal) override {
    end({128 + signal,
         "interrupted after " + counted(done_, "message", "messages") + ", " + std::to_string(session_.in_flight()) +
             " of them not acknowledged",
         {}});
  }
  void print_stats() override {
    say(counted(done_, "message", "messages") + " published, " + std::to_string(acknowledged_) + " acknowledged, " +
        std::to_string(sent_bytes_) + " bytes of payload");
  }

  void show_progress(instant now) {
    if (!progress_ || now - shown_ < std::chrono::milliseconds{200}) return;
    if (shown_ == instant{}) {  // only what takes long is worth a line
      shown_ = now;
      return;
    }
    shown_ = now, line_shown_ = true;
    err() << "\r\033[K";
    err().number(done_);
    if (total_ > 1) err() << " of ", err().number(total_);
    err() << " published";
    if (how_.qos != mqtt::qos::at_most_once) err() << ", ", err().number(acknowledged_) << " acknowledged";
    if (!lines_ && session_.sending_payload()) err() << ", the last is on its way: ", err().number(percent_) << " %";
    err() << '\r';
    err().flush();
  }
  void clear_progress() {
    if (line_shown_) err() << "\r\033[K", err().flush();
  }

  std::optional<line_input> lines_;
  content message_;
  std::string supplying_;                                  // the long line whose payload is asked for
  static constexpr std::uint32_t long_line = 0xffff'fffe;  // tag of a line whose payload is asked for in pieces
  bool long_line_in_flight_ = false;
  bool have_line_ = false;
  bool announced_ = false;  // the broker said its receive maximum, which the session keeps
  bool progress_ = false, line_shown_ = false;
  std::size_t topic_ = 0;
  std::uint64_t line_ = 0, skip_ = 0;                 // the line that is sent; those that an earlier run took,
  std::uint32_t expected_ = 0, seed_ = 0;             // their checksum, and that of no lines
  bool open_ = false;                                 // the last of them had no line feed yet
  std::uint32_t checksum_ = 0, checksum_before_ = 0;  // of all lines up to this one, and up to the one before
  std::uint64_t percent_ = 0;                         // of a long message, on its way
  bool end_marked_ = false;
  bool no_room_ = false;         // for another message that waits
  std::uint64_t held_ = 0;       // messages that wait in the journal,
  std::uint32_t held_from_ = 0;  // from that number on
  std::uint64_t expired_ = 0;    // of them, as they waited
  std::vector<std::byte> waiting_;
  std::uint64_t done_ = 0, total_ = 0, acknowledged_ = 0, refusals_ = 0, sent_bytes_ = 0;
  instant next_{}, shown_{};
  outcome refused_;
};

}  // namespace

int publish(const settings& how) { return std::make_unique<publisher>(how)->run(); }

}  // namespace recado::app::tools
