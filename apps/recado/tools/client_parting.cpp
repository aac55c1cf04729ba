// The end of a connection on which messages of QoS 0 were sent: nothing acknowledges them, so how it ends is listened
// to.
#include <utility>

#include <recado/drive/posix/clock.hpp>

#include "client.hpp"

namespace recado::app::tools {
namespace {

using namespace std::chrono_literals;

/// For the broker's end, if nothing lies between; most brokers end the connection at DISCONNECT.
constexpr duration end_patience = 1s;
/// With TLS or WebSocket the goodbye of these is held back so long: a broker that has not read it would answer it by a
/// reset that says nothing about the messages.
constexpr duration layered_patience = 500ms;
/// How often to ask whether the peer's system has acknowledged all; nothing else tells.
constexpr duration acknowledgement_pause = 5ms;

}  // namespace

void client::listen_to_the_end(const outcome& how) {
  if (how.status != status::success || !wants_proof()) return;
  stack_.parting().listen_on(how_.version.value_or(mqtt::version::v3_1_1));
  parting_ = true;
}

instant client::part(instant now) {
  if (half_closed_) return hear_the_end(now);
  const auto handler = [&](happening& what) { return hear(what, now); };
  const posix::progress done = posix::drive(stack_.outermost(), stream_, buffer_, now, handler);
  if (done.ended) return stream_over(now), now;
  if (too_late(now)) return now;
  if (!stack_.parting().listening() || !stack_.outermost().pending(now).empty())
    return std::min(done.deadline, limit());  // all of it has to leave first
  if (parting_ends_ == never)
    parting_ends_ = now + std::min(how_.timeout, route_.layered() ? layered_patience : end_patience);
  if (!route_.layered()) {
    half_closed_ = true;
    if (const auto waiting = stream_.unacknowledged(); waiting) stream_.shut_down_output(now);
    else refused_ = waiting.error();                          // the system tells it once
    if (stream_.state() == posix::tcp_stream::phase::closed)  // a reset came in between
      return part_by(make_fault(stream_error::reset)), now;
    return hear_the_end(now);
  }
  if (now < parting_ends_) return std::min(done.deadline, parting_ends_);
  stack_.parting().release(), parting_ = false;
  return now;
}

// After FIN, until the peer's FIN. Its FIN alone may be older than what was sent: then a reset answers that.
instant client::hear_the_end(instant now) {
  while (!peer_ended_) {  // also after a reset: what came before it is still there
    const auto got = stream_.receive(buffer_.room(), now);
    if (!got && !is(got.error(), stream_error::closed_by_peer)) return part_by(got.error()), now;
    peer_ended_ = !got;
    if (!got || *got == 0) break;
    buffer_.filled(*got);
    bytes in = buffer_.data();
    const std::size_t before = in.size();
    if (auto what = stack_.outermost().receive(in, now)) (void)hear(*what, now);
    if (ending_said_) return stop(ending_), now;
    buffer_.consumed(before - in.size());
  }
  const auto waiting = refused_ ? std::unexpected(refused_) : stream_.unacknowledged();
  if (!waiting) return part_by(waiting.error()), now;
  if (*waiting < std::exchange(untaken_, *waiting)) answered_at_ = now;  // slowly, but it goes on
  if (*waiting == 0 && (peer_ended_ || now >= parting_ends_)) return stop(outcome_), now;
  if (*waiting != 0 && now >= answered_at_ + how_.timeout)
    return stop({status::timed_out,
                 "timed out: the broker's system took nothing more of what was sent within " + in_seconds(how_.timeout),
                 "check the network and the broker"}),
           now;
  return *waiting != 0 ? now + acknowledgement_pause : parting_ends_;
}

// The stream is at its end: by a reset, which means that not all was read, or in order.
void client::part_by(const fault& why) {
  const bool all_left = parting_ends_ != never;
  if (all_left && !is(why, stream_error::reset)) return stop(outcome_);
  outcome how = outcome_of(why);
  how.status = status::connection_lost;
  how.cause = "the connection was lost before the broker had taken everything: " + how.cause;
  how.remedy = "see the broker's log: it may have refused the messages; with -q 1 it acknowledges each";
  stop(std::move(how));
}

}  // namespace recado::app::tools
