#include <recado/client/guarded_session.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace recado::client {
namespace {

// Under one lock, so that others get it, too.
constexpr int heard_max = 1024;

bool lies_in(bytes all, std::string_view part) {
  const auto* from = reinterpret_cast<const std::byte*>(part.data());
  return std::less_equal{}(all.data(), from) && std::less_equal{}(from + part.size(), all.data() + all.size());
}

void consume(bytes& in, std::size_t n) { in = in.subspan(std::min(n, in.size())); }

}  // namespace

void guarded_session::forget() {
  next_ = count_ = size_ = 0;
  other_.reset();
  sorted_ = false;
}

void guarded_session::opened(instant now) {
  const std::scoped_lock held{mutex_};
  forget();
  inner_.opened(now);
}

// What was heard before is still answered: the session holds it for received.
void guarded_session::lost(fault why, instant now) {
  const std::scoped_lock held{mutex_};
  inner_.lost(why, now);
}

instant guarded_session::deadline() const {
  const std::scoped_lock held{mutex_};
  return answered_all() ? inner_.deadline() : instant::min();
}

std::optional<std::span<entry* const>> guarded_session::receivers() const {
  if (!sorted_) return std::nullopt;
  const message& last = batch_[next_ - 1];
  return std::span{receivers_}.subspan(last.receivers, last.receivers_end - last.receivers);
}

std::optional<guarded_session::event> guarded_session::receive(bytes& in, instant now) {
  if (answered_all()) {
    consume(in, std::exchange(size_, 0));
    hear(in, now);
  }
  sorted_ = next_ != count_;
  if (sorted_) {
    const message& one = batch_[next_++];
    consume(in, one.size);
    return std::optional<event>{std::in_place, std::in_place_type<mqtt::message_received>, one.what};
  }
  consume(in, std::exchange(size_, 0));
  if (!other_) return std::nullopt;
  const std::scoped_lock held{mutex_};
  owner_.batch_over();
  return std::exchange(other_, std::nullopt);
}

// A batch, as long as it consists of messages and nothing stands against hearing on.
void guarded_session::hear(bytes in, instant now) {
  const std::scoped_lock held{mutex_};
  owner_.batch_over();
  next_ = count_ = 0;
  receivers_.clear();
  bytes rest = in;
  for (int heard = 0; heard != heard_max && count_ != batch_max; ++heard) {
    bytes none;
    bytes& from = paused ? none : rest;
    const std::size_t before = from.size();
    auto what = inner_.receive(from, now);
    size_ += before - from.size();
    if (!what && before == from.size()) return;
    if (what && !keep(*what, in)) {
      other_ = std::move(what);
      return;
    }
  }
}

// True if it is dealt with, or in the batch.
bool guarded_session::keep(event& what, bytes in) {
  if (const auto* done = std::get_if<mqtt::acknowledged>(&what)) return count_ == 0 && owner_.settle(*done);
  const auto* one = std::get_if<mqtt::message_received>(&what);
  // A topic that stands for an alias lies in the session, and goes with the next message.
  if (one == nullptr || !lies_in(in, one->topic)) return false;
  const auto first = static_cast<std::uint32_t>(receivers_.size());
  if (!owner_.sort(*one, receivers_)) return false;
  const auto end = static_cast<std::uint32_t>(receivers_.size());
  if (end != first) batch_[count_++] = {*one, std::exchange(size_, 0), first, end};
  return true;
}

}  // namespace recado::client
