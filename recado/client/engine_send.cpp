// How what was put into the session leaves: by the I/O thread, or at once by the thread that put it there.
#include <recado/client/engine.hpp>

#include <utility>

namespace recado::client {
namespace {

// What follows closer than that is left to the I/O thread, which sends many messages with one call.
constexpr duration apart = std::chrono::microseconds{20};
// What takes the system longer to copy than a thread takes to wake, if it is to be woken.
constexpr std::size_t beside_max = 16 << 10;

}  // namespace

void engine::wake() {
  rest_ = rest::none;
  loop_.wake();
}

// A message that comes soon after another wakes the I/O thread. If that was so some times in a row it dozes then.
void engine::leave_to_sleeper() {
  const instant now = posix::now();
  const bool close = now - std::exchange(left_at_, now) < apart;
  closely_ = close ? closely_ + 1 : 0;
  if (close || !send_beside(now)) wake();
}

// The I/O thread waits in its loop, and needs the mutex to go on. Encryption is its own, and so is whatever a turn does
// besides sending.
bool engine::may_send_beside() const {
  if (stack_ || options_.observer != nullptr || stream_.state() != posix::tcp_stream::phase::open) return false;
  return outbox_.empty() && subscriptions_.unsettled() == 0 && waiting_for_room_ == 0;
}

// True if nothing is left for the I/O thread, nor anything that it would wake too late for.
bool engine::send_beside(instant now) {
  gathered_ = 0;
  if (!may_send_beside()) return false;
  const instant before = session_.deadline();
  for (;;) {
    const bytes out = session_.pending(now);
    if (out.empty()) return session_.deadline() >= before;
    if (rest_ == rest::asleep && out.size() > beside_max) return false;
    const std::size_t taken = stream_.send_beside(out);
    session_.sent(taken);
    if (taken != out.size()) return false;
  }
}

}  // namespace recado::client
