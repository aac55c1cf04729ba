// A small stream machine for testing drivers: messages of a two-byte length and as many bytes, echoed on demand.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <recado/wire/cursor.hpp>
#include <recado/wire/machine.hpp>

namespace recado::test {

/// Answers each message as an event, queues what `say` gives, and remembers what it was told.
class message_machine {
 public:
  struct event {
    enum class kind { message, closed, timed_out } what;
    bytes payload{};
    fault why{};
  };

  explicit message_machine(std::size_t room = 64 * 1024) { out_.reserve(room), room_ = room; }

  /// False if there is no room for it now.
  bool say(std::string_view text) {
    if (out_.size() + 2 + text.size() > room_) return false;
    out_.push_back(static_cast<std::byte>(text.size() >> 8));
    out_.push_back(static_cast<std::byte>(text.size()));
    for (char c : text) out_.push_back(static_cast<std::byte>(c));
    return true;
  }
  void wake_at(instant when) { deadline_ = when; }
  /// Messages stay unread while this is true, as when there is no room for an answer.
  bool refuses = false;
  int opened_count = 0;
  std::vector<fault> lost_with;

  void opened(instant) { ++opened_count; }
  void lost(fault why, instant) { lost_with.push_back(why), lost_ = true; }
  std::optional<event> receive(bytes& in, instant now) {
    if (lost_) return lost_ = false, event{event::kind::closed, {}, lost_with.back()};
    if (now >= deadline_) return deadline_ = never, event{event::kind::timed_out};
    wire::reader reader{in};
    const bytes payload = reader.take(reader.u16());
    if (refuses || reader.failed()) return std::nullopt;
    in = reader.rest();
    return event{event::kind::message, payload};
  }
  bytes pending(instant) { return out_; }
  void sent(std::size_t n) { out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(n)); }
  instant deadline() const { return deadline_; }

 private:
  std::vector<std::byte> out_;
  std::size_t room_;
  instant deadline_ = never;
  bool lost_ = false;
};
static_assert(stream_machine<message_machine>);

/// The bytes of one such message, as text.
inline std::string framed(std::string_view text) {
  std::string result{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  return result.append(text);
}

}  // namespace recado::test
