#include <recado/chain/session_store.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include <recado/chain/session_record.hpp>

namespace recado::chain {
namespace {

using store::error;
using store::key;
using namespace session_record;

constexpr std::uint32_t released_mark = 0x8000'0000;
constexpr std::uint32_t message_number_max = released_mark - 0x1'0000;  // so many more may have to be released
constexpr key unanswered_connects{kind_unanswered, 0};  // they have left, and their answers are not known: how many
constexpr key lost_with_session{kind_lost, 0};          // the messages with lower numbers, 4, and the released ones, 4
constexpr std::size_t lost_bytes = 8;
// identifier 2, QoS 1, tag 4, label 8, and the number of the other record of the same message 4
constexpr std::size_t message_head_bytes = 19;
// label 8, tag 4, QoS and RETAIN 1, the bytes of topic 2 and properties 4, and since when it expires 8
constexpr std::size_t held_head_bytes = 27;
constexpr std::size_t held_pieces_max = 4;
// what a PUBLISH has beside topic, properties and payload: type 1, lengths of all 4, the topic 2 and the properties 4,
// packet identifier 2
constexpr std::size_t publish_head_bytes_max = 13;

}  // namespace

std::uint32_t seconds_left(std::uint32_t interval, utc_time since, utc_time now) {
  if (since == utc_time{} || now <= since) return interval;
  const duration left = std::chrono::seconds{interval} - (now - since);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(left).count(), 0));
}

session_store::session_store(store::journal& records, std::span<std::uint32_t> places)
    : records_(records), places_(places) {
  std::ranges::fill(places_, 0U);
}

// So much stays free of messages, for what follows from them.
std::uint32_t session_store::spare_bytes() const { return records_.live_bytes_max() / 4; }

void session_store::keep(const std::expected<void, error>& done) {
  if (done || failed_) return;
  why_ = done.error();
  failed_ = true;
}

const store::note* session_store::take_note() {
  if (!note_) return nullptr;
  taken_note_ = *note_;
  note_.reset();
  return &taken_note_;
}

// Messages leave a quarter of the room to what follows from them and to what is received; those of the queue did so
// when they came into it, and leave it now. One that was lost, and told of, may have had the identifier.
mqtt::error session_store::publishing(std::uint16_t identifier, const mqtt::message& what, bytes packet) {
  forget_told();
  if (failed_) return mqtt::error::not_kept;
  const std::uint32_t held = std::exchange(taking_, 0U);
  if (held == 0 && !has_place(0)) return why_ = error::index_full, mqtt::error::not_kept;
  if (!has_message_number()) return why_ = error::full, mqtt::error::not_kept;
  const auto from_queue = held != 0 ? head_of_held(held) : std::nullopt;
  numbers<message_head_bytes> head;
  head.put(identifier, 2);
  head.put(static_cast<std::uint64_t>(what.qos), 1);
  head.put(what.tag, 4);
  head.put(from_queue ? from_queue->label : label_, 8);
  head.put(held, 4);
  const bytes pieces[] = {head.octets(), packet};
  const std::uint32_t number = next_message_;
  // What the application says of its own state belonged to `hold`, not to this.
  const auto done = held != 0 ? records_.put({kind_message, number}, pieces)
                              : records_.put({kind_message, number}, pieces, take_note(), spare_bytes());
  if (!done) {
    why_ = done.error();
    failed_ = why_ == error::failed || why_ == error::not_mounted;
    return mqtt::error::not_kept;
  }
  ++next_message_;
  place_of(identifier) = number;
  if (held != 0) keep(records_.remove({kind_held, held}));
  return mqtt::error::none;
}

// Numbers begin anew when none is in use: their order is that of the messages, and a record may name another one's.
bool session_store::has_message_number() {
  if (std::max(next_message_, next_released_) < message_number_max) return true;
  if (records_.next(kind_message, 0) || records_.next(kind_released, 0)) return false;
  next_message_ = next_released_ = 1;
  lost_ = {};
  keep(records_.remove(lost_with_session));
  return true;
}

bool session_store::has_held_number() {
  if (next_held_ != UINT32_MAX) return true;
  if (records_.next(kind_held, 0) || records_.next(kind_message, 0)) return false;
  next_held_ = 1;
  return true;
}

// The new record first: should the power go between the two, `restore` knows which one is meant. Where damage took the
// message, tag and label are gone with it, and the exchange goes on: its identifier is what matters now.
void session_store::released(std::uint16_t identifier) {
  std::uint32_t& place = place_of(identifier);
  const std::uint32_t number = place;
  std::uint32_t unused = 0;
  const auto message = read_message({kind_message, number}, unused);
  const bool there = records_.next(kind_message, number) == number;
  if (!message && !there && records_.lost_later() == 0) return keep(std::unexpected{error::not_found});
  const stored_message known = message.value_or(stored_message{});
  numbers<message_head_bytes> head;
  head.put(identifier, 2);
  head.put(static_cast<std::uint64_t>(known.qos), 1);
  head.put(known.tag, 4);
  head.put(known.label, 8);
  head.put(number, 4);
  const bytes pieces[] = {head.octets()};
  keep(records_.put({kind_released, next_released_}, pieces));
  keep(records_.remove({kind_message, number}));
  place = next_released_++ | released_mark;
}

void session_store::finished(std::uint16_t identifier) {
  const std::uint32_t number = std::exchange(place_of(identifier), 0U);
  if (number == 0) return;
  const std::uint8_t kind = (number & released_mark) != 0 ? kind_released : kind_message;
  const std::uint32_t plain = number & ~released_mark;
  if (plain < lost_.of(kind)) told_.of(kind) = plain + 1;
  else keep(records_.remove({kind, plain}));
}

void session_store::took(mqtt::qos level, std::uint16_t identifier) {
  forget_told();
  if (level == mqtt::qos::exactly_once) keep_unanswered();
  const store::note* with = take_note();
  if (level == mqtt::qos::exactly_once) return keep(records_.put({kind_received, identifier}, {}, with));
  if (with != nullptr) keep(records_.put_note(*with));
}

void session_store::completed(std::uint16_t identifier) { keep(records_.remove({kind_received, identifier})); }

std::uint32_t& session_store::bounds::of(std::uint8_t kind) { return kind == kind_released ? released : messages; }

void session_store::session_lost(mqtt::lost_session how) {
  lose(how);
  keep(records_.clear(kind_received));
  keep(records_.clear(kind_subscription));  // the new session has none of them
  forget_unanswered();
}

// What is lost stays until the application was told. One record says so of all, and is the first to be written: should
// the power go behind it, the next run neither sends PUBREL for a message that the server doesn't know nor takes the
// answer for its delivery.
void session_store::lose(mqtt::lost_session how) {
  bounds lost = lost_;
  if (records_.next(kind_released, 0)) lost.released = next_released_;
  if (how == mqtt::lost_session::report && records_.next(kind_message, 0)) lost.messages = next_message_;
  if (lost == lost_) return;
  lost_ = lost;
  numbers<lost_bytes> what;
  what.put(lost.messages, 4);
  what.put(lost.released, 4);
  const bytes pieces[] = {what.octets()};
  keep(records_.put(lost_with_session, pieces));
}

session_store::bounds session_store::kept_lost() {
  numbers<lost_bytes> what;
  if (records_.read(lost_with_session, 0, what.octets()).value_or(0) != lost_bytes) return {};
  const auto messages = static_cast<std::uint32_t>(what.get(4));
  return {messages, static_cast<std::uint32_t>(what.get(4))};
}

// The application has heard of them by now: what leaves comes behind what it was told. They were told in the order of
// their numbers.
void session_store::forget_told() {
  bounds told = std::exchange(told_, {});
  if (told == bounds{}) return;
  bool others = false;
  for (const std::uint8_t kind : {kind_message, kind_released}) {
    std::optional<std::uint32_t> number;
    for (std::uint32_t from = 0; (number = records_.next(kind, from)) && *number < told.of(kind); from = *number + 1)
      keep(records_.remove({kind, *number}));
    others = others || (number && *number < lost_.of(kind));
  }
  if (others) return;
  lost_ = {};
  keep(records_.remove(lost_with_session));
}

// Nothing is written where nothing depends on the answer: without what the server may have forgotten unheard. What is
// received or subscribed later writes it then, before itself.
void session_store::unanswered(std::uint8_t count) {
  unanswered_ = count;
  if (records_.next(kind_received, 0) || records_.next(kind_subscription, 0)) keep_unanswered();
}

void session_store::keep_unanswered() {
  if (unanswered_ == unanswered_kept_) return;
  unanswered_kept_ = unanswered_;
  const std::byte count[] = {std::byte{unanswered_}};
  const bytes pieces[] = {count};
  keep(records_.put(unanswered_connects, pieces));
}

void session_store::forget_unanswered() {
  unanswered_ = unanswered_kept_ = 0;
  keep(records_.remove(unanswered_connects));
}

// The record was empty once, and stood for one.
std::uint8_t session_store::kept_unanswered() {
  if (!records_.size_of(unanswered_connects)) return 0;
  std::byte count[] = {std::byte{1}};
  (void)records_.read(unanswered_connects, 0, count);
  return std::to_integer<std::uint8_t>(count[0]);
}

void session_store::certain(bool subscriptions_hold) {
  if (!subscriptions_hold) keep(records_.clear(kind_subscription));
  forget_unanswered();
}

// Half of the bytes that messages leave free, and of the places in the index all but those of what else may come: that
// CONNECTs have no answer, a subscription, a message that leaves the queue. That a session was lost takes the place of
// the last, until the application was told.
std::uint16_t session_store::received_max() {
  constexpr std::size_t others = 3;
  const std::size_t places = records_.records_max() / 4, room = spare_bytes() / 2 / records_.stored_bytes(0, false);
  return static_cast<std::uint16_t>(
      std::clamp<std::size_t>(std::min(places - std::min(places, others), room), 1, 65'535));
}

fault session_store::commit() {
  unsettled_ = false;
  forget_told();
  if (!failed_) keep(records_.sync());
  return failed_ ? make_fault(why_) : fault{};
}

fault session_store::settle() { return unsettled_ ? commit() : fault{}; }

std::optional<stored_message> session_store::read_message(key name, std::uint32_t& other) {
  numbers<message_head_bytes> head;
  const auto size = records_.size_of(name);
  if (!size || *size < message_head_bytes) return std::nullopt;
  if (records_.read(name, 0, head.octets()).value_or(0) != message_head_bytes) return std::nullopt;
  stored_message result;
  result.identifier = static_cast<std::uint16_t>(head.get(2));
  result.qos = head.get(1) == 1 ? mqtt::qos::at_least_once : mqtt::qos::exactly_once;
  result.tag = static_cast<std::uint32_t>(head.get(4));
  result.label = head.get(8);
  other = static_cast<std::uint32_t>(head.get(4));
  result.released = name.kind == kind_released;
  result.size = static_cast<std::uint32_t>(*size - message_head_bytes);
  return result;
}

std::optional<stored_message> session_store::next_message(std::uint32_t& from) {
  const auto number = records_.next(kind_message, from);
  if (!number) return std::nullopt;
  from = *number + 1;
  std::uint32_t unused = 0;
  auto result = read_message({kind_message, *number}, unused);
  if (result) result->lost = *number < kept_lost().messages;
  return result;
}

std::optional<stored_message> session_store::next_released(std::uint32_t& from) {
  const auto number = records_.next(kind_released, from);
  if (!number) return std::nullopt;
  from = *number + 1;
  std::uint32_t unused = 0;
  auto result = read_message({kind_released, *number}, unused);
  if (result) result->lost = *number < kept_lost().released;
  return result;
}

std::optional<std::uint16_t> session_store::next_received(std::uint16_t from) const {
  const auto number = records_.next(kind_received, from);
  return number && *number <= 0xffff ? std::optional{static_cast<std::uint16_t>(*number)} : std::nullopt;
}

// Of two records for the same message the later one counts; the power went before the earlier one was removed.
std::expected<void, error> session_store::forget_halves() {
  for (const std::uint8_t kind : {kind_released, kind_message}) {
    std::optional<std::uint32_t> number;
    for (std::uint32_t from = 0; (number = records_.next(kind, from)); from = *number + 1) {
      std::uint32_t other = 0;
      if (!read_message({kind, *number}, other)) return std::unexpected{error::damaged};
      const std::uint8_t earlier = kind == kind_released ? kind_message : kind_held;
      if (auto done = records_.remove({earlier, other}); !done) return done;
    }
  }
  return {};
}

std::expected<void, error> session_store::restore_messages(mqtt::session& into) {
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 0; (number = records_.next(kind_message, from)); from = *number + 1) {
    const key name{kind_message, *number};
    std::uint32_t held = 0;
    const auto message = read_message(name, held);
    if (!message) return std::unexpected{error::damaged};
    if (*number < lost_.messages) {
      if (!into.restore_lost(message->identifier, message->qos, message->tag, false))
        return std::unexpected{error::index_full};
    } else {
      const auto space = into.restore(message->identifier, message->qos, message->tag, message->size);
      if (!space) return std::unexpected{error::index_full};
      const auto size = records_.read(name, message_head_bytes, *space);
      if (!size) return std::unexpected{size.error()};
    }
    place_of(message->identifier) = *number;
    next_message_ = *number + 1;
    next_held_ = std::max(next_held_, held + 1);  // numbers that a record refers to aren't given again
  }
  return {};
}

std::expected<void, error> session_store::restore_released(mqtt::session& into) {
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 0; (number = records_.next(kind_released, from)); from = *number + 1) {
    std::uint32_t earlier = 0;
    const auto message = read_message({kind_released, *number}, earlier);
    if (!message) return std::unexpected{error::damaged};
    const bool lost = *number < lost_.released;
    const auto done = lost ? into.restore_lost(message->identifier, message->qos, message->tag, true)
                           : into.restore_released(message->identifier, message->tag);
    if (!done) return std::unexpected{error::index_full};
    place_of(message->identifier) = *number | released_mark;
    next_released_ = *number + 1;
    next_message_ = std::max(next_message_, earlier + 1);
  }
  return {};
}

std::expected<stored_counts, error> session_store::restore(mqtt::session& into) {
  lost_ = kept_lost();
  if (auto done = forget_halves(); !done) return std::unexpected{done.error()};
  if (auto done = restore_messages(into); !done) return std::unexpected{done.error()};
  if (auto done = restore_released(into); !done) return std::unexpected{done.error()};
  next_message_ = std::max(next_message_, lost_.messages);  // new ones aren't lost
  next_released_ = std::max(next_released_, lost_.released);
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 1; (number = records_.next(kind_received, from)); from = *number + 1)
    if (!into.restore_received(static_cast<std::uint16_t>(*number))) return std::unexpected{error::index_full};
  for (std::uint32_t from = 0; (number = records_.next(kind_held, from)); from = *number + 1)
    next_held_ = std::max(next_held_, *number + 1);
  unanswered_kept_ = kept_unanswered();
  into.restore_unanswered(unanswered_kept_);
  into.keep_in(this);
  return counts();
}

stored_counts session_store::counts() const {
  const auto count = [&](std::uint8_t kind) {
    std::size_t result = 0;
    std::optional<std::uint32_t> number;
    for (std::uint32_t from = 0; (number = records_.next(kind, from)); from = *number + 1) ++result;
    return result;
  };
  return {count(kind_message), count(kind_released), count(kind_received), count(kind_held), count(kind_subscription)};
}

std::expected<std::uint32_t, error> session_store::hold(const held_message& what, std::span<const bytes> pieces) {
  // What waits is to find room when it is published, too.
  const std::size_t later = message_head_bytes + publish_head_bytes_max + what.size();
  const bool too_long = what.size() > spare_bytes() || later > records_.payload_bytes_max();
  if (too_long || pieces.size() >= held_pieces_max) return std::unexpected{error::too_long};
  if (!has_place(0)) return std::unexpected{error::index_full};
  if (!has_held_number()) return std::unexpected{error::full};
  const std::uint32_t number = next_held_;
  held_message labelled = what;
  labelled.label = label_;
  if (auto done = put_held(number, labelled, pieces, take_note(), spare_bytes()); !done)
    return std::unexpected{done.error()};
  ++next_held_;
  return number;
}

// What is kept free for others is free for this, too: it takes it for a moment only.
std::expected<void, error> session_store::hold_again(std::uint32_t number, const held_message& what, bytes content) {
  const auto old = head_of_held(number);
  if (!old) return std::unexpected{error::not_found};
  held_message labelled = what;
  labelled.label = old->label;
  return put_held(number, labelled, {&content, 1}, nullptr, 0);
}

std::expected<void, error> session_store::put_held(std::uint32_t number, const held_message& what,
                                                   std::span<const bytes> pieces, const store::note* with,
                                                   std::uint32_t spare) {
  numbers<held_head_bytes> head;
  head.put(what.label, 8);
  head.put(what.tag, 4);
  head.put(static_cast<std::uint64_t>(what.qos) | (what.retain ? 4U : 0U), 1);
  head.put(what.topic, 2);
  head.put(what.properties, 4);
  head.put(static_cast<std::uint64_t>(what.since.time_since_epoch().count()), 8);
  std::array<bytes, held_pieces_max> all{head.octets()};
  std::ranges::copy(pieces, all.begin() + 1);
  auto done = records_.put({kind_held, number}, all, with, spare);
  unsettled_ = unsettled_ || done;
  return done;
}

bool session_store::has_place(std::size_t dropped) const {
  return records_.records() - dropped + records_.records_max() / 4 < records_.records_max();
}

bool session_store::has_room(const held_message& what, std::size_t dropped, std::uint32_t freed) const {
  return what.size() <= spare_bytes() && has_place(dropped) &&
         records_.has_room(held_head_bytes + what.size(), note_.has_value(), spare_bytes(), freed);
}

// A note that the record carries stays, and is counted apart.
std::uint32_t session_store::cost_of_held(std::uint32_t number) {
  const auto size = records_.size_of({kind_held, number});
  return size ? records_.stored_bytes(*size, false) : 0;
}

std::optional<std::uint32_t> session_store::next_held(std::uint32_t from) const {
  return records_.next(kind_held, from);
}

std::optional<held_message> session_store::head_of_held(std::uint32_t number) {
  numbers<held_head_bytes> head;
  const auto size = records_.size_of({kind_held, number});
  if (!size || *size < held_head_bytes) return std::nullopt;
  if (records_.read({kind_held, number}, 0, head.octets()).value_or(0) != held_head_bytes) return std::nullopt;
  held_message result;
  result.label = head.get(8);
  result.tag = static_cast<std::uint32_t>(head.get(4));
  const std::uint64_t options = head.get(1);
  result.qos = static_cast<mqtt::qos>(options & 3);
  result.retain = (options & 4) != 0;
  result.topic = static_cast<std::uint16_t>(head.get(2));
  result.properties = static_cast<std::uint32_t>(head.get(4));
  result.since = utc_time{duration{static_cast<std::int64_t>(head.get(8))}};
  const std::uint64_t before = held_head_bytes + std::uint64_t{result.topic} + result.properties;
  if (*size < before || (options & 3) == 3) return std::nullopt;
  result.payload = static_cast<std::uint32_t>(*size - before);
  return result;
}

std::expected<std::size_t, error> session_store::read_held(std::uint32_t number, mutable_bytes into) {
  return records_.read({kind_held, number}, held_head_bytes, into);
}

std::expected<void, error> session_store::drop_held(std::uint32_t number) {
  return records_.remove({kind_held, number});
}

}  // namespace recado::chain
