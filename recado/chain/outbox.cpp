#include <recado/chain/outbox.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace recado::chain {

/// What stands before each message. Behind it: topic, properties as on the wire, payload, and its number in the store
/// if it has one.
struct outbox::record {
  std::int64_t expires_us = INT64_MAX;  // on the time line of `instant`
  std::uint32_t payload = 0;
  std::uint32_t properties = 0;
  std::uint32_t tag = 0;
  std::uint16_t topic = 0;
  std::uint8_t qos = 0;
  std::uint8_t marks = 0;

  static constexpr std::uint8_t retain = 1, dead = 2, kept = 4, undated = 8;
  held_message held(utc_time since = {}) const;
  std::size_t content() const { return std::size_t{topic} + properties + payload; }
  std::size_t size() const { return header_bytes + content() + ((marks & kept) != 0 ? number_bytes : 0); }
  bool expired(instant now) const { return has_outbox_extras && now.time_since_epoch().count() >= expires_us; }
};

namespace {

// Where the value of the Message Expiry Interval stands among properties as on the wire.
std::optional<std::size_t> expiry_at(const mqtt::properties& list) {
  std::size_t at = 0;
  for (const mqtt::property_value& one : list) {
    if (one.id == mqtt::property::message_expiry_interval) return at + 1;
    at += mqtt::wire_item<mqtt::property_value>::size(one);
  }
  return std::nullopt;
}

std::optional<mqtt::property_value> expiry_of(const mqtt::properties& list) {
  if constexpr (!has_outbox_extras) return std::nullopt;
  return list.find(mqtt::property::message_expiry_interval);
}

// Whole seconds that are left, begun ones included; never more than at first.
void write_seconds_left(std::byte* to, std::int64_t expires_us, instant now) {
  const std::int64_t left = (expires_us - now.time_since_epoch().count() + 999'999) / 1'000'000;
  const auto value = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, UINT32_MAX));
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

}  // namespace

outbox::record outbox::header_at(std::size_t at) const {
  static_assert(sizeof(record) == header_bytes);
  record result;
  std::memcpy(&result, memory_.data() + at, sizeof result);
  return result;
}

std::size_t outbox::behind(std::size_t at) const { return at + header_at(at).size(); }
bool outbox::dead(std::size_t at) const { return (header_at(at).marks & record::dead) != 0; }

waiting_message outbox::message_at(std::size_t at, instant now) const {
  const record head = header_at(at);
  const bytes rest = memory_.subspan(at + header_bytes);
  const mutable_bytes listed = memory_.subspan(at + header_bytes + head.topic, head.properties);
  const mqtt::properties list{mqtt::sequence<mqtt::property_value>::of_wire(listed)};
  if (has_outbox_extras && head.expires_us != INT64_MAX)
    if (const auto where = expiry_at(list)) write_seconds_left(listed.data() + *where, head.expires_us, now);
  return {.topic = as_text(rest.first(head.topic)),
          .payload = rest.subspan(head.topic + head.properties, head.payload),
          .qos = static_cast<mqtt::qos>(head.qos),
          .retain = (head.marks & record::retain) != 0,
          .tag = head.tag,
          .properties = list};
}

std::expected<void, error> outbox::push(const waiting_message& what, instant now) {
  const std::size_t listed = what.properties.wire_size();
  const bool kept = has_session_journal && kept_in_ != nullptr && what.qos != mqtt::qos::at_most_once;
  const std::size_t needed = cost(what) + (kept ? number_bytes : 0);
  if (needed > memory_.size() || messages_max() == 0 || what.topic.size() > mqtt::string_bytes_max)
    return std::unexpected{error::message_too_long};
  if (!fits(needed)) expire(now);
  if (!fits(needed)) make_room(needed, now);
  if (!fits(needed)) return std::unexpected{error::outbox_full};
  record head{.payload = static_cast<std::uint32_t>(what.payload.size()),
              .properties = static_cast<std::uint32_t>(listed),
              .tag = what.tag,
              .topic = static_cast<std::uint16_t>(what.topic.size()),
              .qos = static_cast<std::uint8_t>(what.qos),
              .marks = static_cast<std::uint8_t>((what.retain ? record::retain : 0) | (kept ? record::kept : 0))};
  if (kept) make_room_in_store(head, now);
  if (needed > memory_.size() - end_) compact();
  if (const auto expiry = expiry_of(what.properties)) {
    head.expires_us = (now + std::chrono::seconds{expiry->number}).time_since_epoch().count();
    if (kept && !knows_time()) head.marks |= record::undated;
  }
  copy(as_bytes(what.topic), memory_.subspan(end_ + header_bytes));
  what.properties.write(memory_.data() + end_ + header_bytes + what.topic.size());
  copy(what.payload, memory_.subspan(end_ + header_bytes + what.topic.size() + listed));
  const auto number = kept ? hold(head, now) : std::expected<std::uint32_t, error>{0U};
  if (!number) return std::unexpected{number.error()};
  append(head, *number);
  return {};
}

// Its content lies behind the place of its head already.
void outbox::append(const record& head, std::uint32_t number) {
  std::memcpy(memory_.data() + end_, &head, sizeof head);
  if ((head.marks & record::kept) != 0)
    std::memcpy(memory_.data() + end_ + header_bytes + head.content(), &number, number_bytes);
  undated_ = undated_ || (head.marks & record::undated) != 0;
  end_ += head.size(), held_ += head.size(), ++count_;
  if constexpr (has_outbox_extras) next_expiry_ = std::min(next_expiry_, instant{duration{head.expires_us}});
}

std::uint32_t outbox::number_at(std::size_t at) const {
  if constexpr (!has_session_journal) return 0;
  const record head = header_at(at);
  std::uint32_t number = 0;
  if ((head.marks & record::kept) != 0)
    std::memcpy(&number, memory_.data() + at + header_bytes + head.content(), number_bytes);
  return number;
}

held_message outbox::record::held(utc_time since) const {
  return {.tag = tag,
          .qos = static_cast<mqtt::qos>(qos),
          .retain = (marks & retain) != 0,
          .topic = topic,
          .properties = properties,
          .payload = payload,
          .since = since};
}

std::expected<std::uint32_t, error> outbox::hold(const record& head, instant now) {
  const bytes content[] = {memory_.subspan(end_ + header_bytes, head.content())};
  const bool dated = head.expires_us != INT64_MAX && knows_time();
  const auto number = kept_in_->hold(head.held(dated ? clock_->at(now) : utc_time{}), content);
  if (number) return *number;
  using store::error;
  if (number.error() == error::full || number.error() == error::index_full)
    return std::unexpected{chain::error::outbox_full};
  return std::unexpected{number.error() == error::too_long ? chain::error::message_too_long : chain::error::not_kept};
}

bool outbox::gives_way_in_store(const record& head) const {
  return (head.marks & record::kept) != 0 && may_give_way(head);
}

// False: even without all that may give way the store has no room, so nothing is to be dropped.
bool outbox::crowding_out_helps(const record& head) const {
  if constexpr (!has_outbox_extras) return false;
  std::size_t dropped = 0;
  std::uint32_t freed = 0;
  for (std::size_t at = begin_; at < end_; at = behind(at))
    if (gives_way_in_store(header_at(at))) ++dropped, freed += kept_in_->cost_of_held(number_at(at));
  return dropped != 0 && kept_in_->has_room(head.held(), dropped, freed);
}

// What has expired leaves the store first, then the oldest that may give way. Not by trying: a refused `hold` would
// take the note that belongs to the message.
void outbox::make_room_in_store(const record& head, instant now) {
  const held_message what = head.held();
  if (kept_in_->has_room(what)) return;
  expire(now);
  if (kept_in_->has_room(what) || !crowding_out_helps(head)) return;
  for (std::size_t at = begin_; at < end_ && !kept_in_->has_room(what);) {
    const record one = header_at(at);
    const std::size_t next = at + one.size();
    if (gives_way_in_store(one)) lose(at, outbox_loss::crowded_out, now);
    at = next;
  }
}

std::expected<std::size_t, store::error> outbox::restore(instant now) {
  restored_at_ = now;
  std::size_t count = 0;
  std::optional<std::uint32_t> number;
  for (std::uint32_t from = 0; (number = kept_in_->next_held(from)); from = *number + 1) {
    const auto one = kept_in_->head_of_held(*number);
    if (!one) return std::unexpected{store::error::damaged};
    record head{.payload = one->payload,
                .properties = one->properties,
                .tag = one->tag,
                .topic = one->topic,
                .qos = static_cast<std::uint8_t>(one->qos),
                .marks = static_cast<std::uint8_t>(record::kept | (one->retain ? record::retain : 0))};
    if (head.size() > memory_.size() - end_ || !fits(head.size())) break;
    const auto read = kept_in_->read_held(*number, memory_.subspan(end_ + header_bytes, head.content()));
    if (!read) return std::unexpected{read.error()};
    if (*read != head.content()) return std::unexpected{store::error::damaged};
    const mqtt::properties list{mqtt::sequence<mqtt::property_value>::of_wire(
        memory_.subspan(end_ + header_bytes + head.topic, head.properties))};
    if (const auto expiry = expiry_of(list)) {
      head.expires_us = (now + std::chrono::seconds{expiry->number}).time_since_epoch().count();
      head.marks |= record::undated;
    }
    append(head, *number), ++count;
  }
  date_all(now);
  return count;
}

// What came before the clock was known.
void outbox::date_all(instant now) {
  if (!has_session_journal || !undated_ || !knows_time()) return;
  undated_ = false;
  for (std::size_t at = begin_; at < end_; at = behind(at))
    if ((header_at(at).marks & (record::dead | record::undated)) == record::undated) date(at, now);
  next_expiry_ = instant::min();  // looked for anew
}

// It counts from the restart so far: what passed before is taken off. If nobody knows how much, what is left counts
// from now on, also over the next restart; without room for that in the store it does not.
void outbox::date(std::size_t at, instant now) {
  record head = header_at(at);
  const std::uint32_t number = number_at(at);
  const auto kept = kept_in_->head_of_held(number);
  head.marks = static_cast<std::uint8_t>(head.marks & ~record::undated);
  if (kept && kept->since != utc_time{})
    head.expires_us -= std::max(clock_->at(restored_at_) - kept->since, duration{}).count();
  std::memcpy(memory_.data() + at, &head, sizeof head);
  if (!kept || kept->since != utc_time{}) return;
  (void)message_at(at, now);  // its properties say what is left
  (void)kept_in_->hold_again(number, head.held(clock_->at(now)), memory_.subspan(at + header_bytes, head.content()));
}

std::optional<std::expected<mqtt::token, mqtt::error>> outbox::publish(mqtt::session& by, instant now) {
  const auto next = front(now);
  if (!next) return std::nullopt;
  const std::uint32_t number = number_at(begin_);
  if (number != 0) kept_in_->take_held(number);
  mqtt::message what;
  what.topic = next->topic, what.payload = next->payload, what.qos = next->qos, what.retain = next->retain;
  what.tag = next->tag, what.properties = next->properties;
  const auto sent = by.publish(what);
  if (number != 0) kept_in_->take_held(0);
  if (sent) pop();
  return sent;
}

std::optional<waiting_message> outbox::front(instant now) {
  date_all(now);
  while (count_ != 0 && header_at(begin_).expired(now)) lose(begin_, outbox_loss::expired, now);
  if (count_ == 0) return std::nullopt;
  return message_at(begin_, now);
}

void outbox::pop() {
  assert(count_ != 0);
  remove(begin_);
}

void outbox::expire(instant now) {
  if constexpr (!has_outbox_extras) return;
  date_all(now);
  if (now < next_expiry_) return;
  next_expiry_ = never;
  for (std::size_t at = begin_; at < end_;) {
    const record head = header_at(at);
    const std::size_t next = at + head.size();
    if ((head.marks & record::dead) == 0) {
      if (head.expired(now)) lose(at, outbox_loss::expired, now);
      else next_expiry_ = std::min(next_expiry_, instant{duration{head.expires_us}});
    }
    at = next;
  }
}

void outbox::clear() {
  begin_ = end_ = count_ = held_ = 0;
  next_expiry_ = never;
}

bool outbox::may_give_way(const record& head) const {
  if constexpr (!has_outbox_extras) return false;
  if ((head.marks & record::dead) != 0 || limits_.when_full == outbox_policy::refuse) return false;
  return limits_.when_full == outbox_policy::drop_oldest || head.qos == 0;
}

// Drops the oldest that may be dropped, as many as it takes; none if all of them would not be enough.
void outbox::make_room(std::size_t needed, instant now) {
  if constexpr (!has_outbox_extras) return;
  std::size_t freed = 0, left = count_;
  for (std::size_t at = begin_; at < end_; at = behind(at))
    if (const record head = header_at(at); may_give_way(head)) freed += head.size(), --left;
  if (held_ - freed + needed > memory_.size() || left >= messages_max()) return;
  for (std::size_t at = begin_; at < end_ && !fits(needed);) {
    const record head = header_at(at);
    const std::size_t next = at + head.size();
    if (may_give_way(head)) lose(at, outbox_loss::crowded_out, now);
    at = next;
  }
}

void outbox::lose(std::size_t at, outbox_loss why, instant now) {
  if (listener_ != nullptr) listener_->lost(message_at(at, now), why);
  remove(at);
}

void outbox::remove(std::size_t at) {
  record head = header_at(at);
  if (const std::uint32_t number = number_at(at); number != 0) (void)kept_in_->drop_held(number);  // `commit` tells
  head.marks |= record::dead;
  std::memcpy(memory_.data() + at, &head, sizeof head);
  held_ -= head.size(), --count_;
  while (begin_ < end_ && dead(begin_)) begin_ = behind(begin_);
  if (begin_ == end_) begin_ = end_ = 0;
  if (count_ == 0) next_expiry_ = never;
}

// Slides what lives over the gaps.
void outbox::compact() {
  std::size_t to = 0;
  for (std::size_t at = begin_; at < end_;) {
    const std::size_t size = header_at(at).size();
    if (!dead(at)) {
      std::memmove(memory_.data() + to, memory_.data() + at, size);
      to += size;
    }
    at += size;
  }
  begin_ = 0, end_ = to;
}

}  // namespace recado::chain
