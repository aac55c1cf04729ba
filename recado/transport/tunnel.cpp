#include <recado/transport/tunnel.hpp>

namespace recado::transport {

void tunnel::opened(instant now) {
  in_.clear(), out_.clear();
  closed_ = false, why_ = {};
  state_ = state::handshake;
  deadline_ = now + handshake_time_;
  greet();
}

void tunnel::lost(fault why, instant) {
  out_.clear();
  if (state_ == state::handshake || state_ == state::answered || state_ == state::established) {
    state_ = state::failed;
    why_ = why;
  }
}

std::optional<event> tunnel::receive(bytes& in, instant now) {
  if (state_ == state::handshake && now >= deadline_) fail(error::timed_out);
  while (state_ == state::handshake && !in.empty()) {
    if (in_.append(in.first(1)) == 0) {
      fail(error::answer_too_long);
      break;
    }
    in = in.subspan(1);
    listen();
  }
  if (state_ == state::answered) {
    state_ = state::established;
    return established{};
  }
  if (state_ == state::failed) {
    state_ = state::ended;
    return closed{why_};
  }
  if (state_ != state::established) return std::nullopt;
  if (in_.room() == 0) in_.compact();
  in = in.subspan(in_.append(in));
  return std::nullopt;
}

instant tunnel::deadline() const {
  if (state_ == state::answered || state_ == state::failed) return instant::min();
  return state_ == state::handshake ? deadline_ : never;
}

std::size_t tunnel::write(bytes data, instant) { return ready() && !closed_ ? out_.append(data) : 0; }

void tunnel::say(bytes request) {
  if (out_.room() < request.size()) return fail(error::no_room);
  out_.append(request);
}

void tunnel::succeed() {
  in_.clear();
  state_ = state::answered;
}

void tunnel::fail(error why, std::uint32_t detail) {
  state_ = state::failed;
  why_ = make_fault(why, detail);
}

}  // namespace recado::transport
