#include <recado/chain/reconnect.hpp>

#include <algorithm>

namespace recado::chain {

std::string_view words(reconnect_state what) {
  switch (what) {
    case reconnect_state::idle:
      return "idle";
    case reconnect_state::resolving:
      return "resolving";
    case reconnect_state::opening:
      return "opening";
    case reconnect_state::online:
      return "online";
    case reconnect_state::pausing:
      return "pausing";
    case reconnect_state::leaving:
      return "leaving";
  }
  return "";
}

reconnect_state reconnect::state() const {
  switch (phase_) {
    case phase::idle:
    case phase::over:
      return reconnect_state::idle;
    case phase::resolve:
    case phase::resolving:
      return reconnect_state::resolving;
    case phase::open:
    case phase::opening:
      return reconnect_state::opening;
    case phase::online:
      return reconnect_state::online;
    case phase::pausing:
      return reconnect_state::pausing;
    case phase::leave:
    case phase::leaving:
      return reconnect_state::leaving;
  }
  return reconnect_state::idle;
}

reconnect_want reconnect::resume(const reconnect_happening& what, instant now) {
  using kind = reconnect_want::kind;
  take(what, now);
  if (drop_due_) {
    drop_due_ = false;
    return {.what = kind::drop};
  }
  switch (phase_) {
    case phase::resolve:
      phase_ = phase::resolving, until_ = now + how_.patience;
      return {.what = kind::resolve, .broker = order_.now()};
    case phase::open:
      if (address_ != 0) until_ = now + how_.patience;
      phase_ = phase::opening;
      return {.what = kind::open, .broker = order_.now(), .address = address_};
    case phase::leave:
      phase_ = phase::leaving, until_ = now + how_.farewell;
      return {.what = kind::farewell};
    case phase::over:
      phase_ = phase::idle, until_ = never;
      return {.what = kind::end};
    default:
      return {.until = phase_ == phase::online ? never : until_};
  }
}

void reconnect::take(const reconnect_happening& what, instant now) {
  using kind = reconnect_happening::kind;
  switch (what.what) {
    case kind::start:
      if (phase_ != phase::idle) return;
      backoff_.reset();
      order_.begin();
      rounds_ = failures_ = 0, last_fault_ = {}, was_online_ = false;
      begin_round();
      return;
    case kind::resolved:
      if (phase_ == phase::resolving) phase_ = phase::open, address_ = 0, addresses_ = what.count;
      return;
    case kind::accepted:
      if (phase_ != phase::opening) return;
      phase_ = phase::online, online_since_ = now, rounds_ = 0, was_online_ = true;
      return;
    case kind::failed:
      return on_failed(what, now);
    case kind::stop:
      return on_stop(now);
    case kind::gone:
      if (phase_ == phase::leaving) phase_ = phase::over;
      return;
    case kind::time_passed:
      return on_time(now);
  }
}

void reconnect::on_time(instant now) {
  if (now < until_) return;
  if (phase_ == phase::pausing) {
    begin_round();
  } else if (phase_ == phase::resolving || phase_ == phase::opening) {
    drop_due_ = true;
    on_failed(reconnect_happening::failed(make_fault(stream_error::timed_out)), now);
  } else if (phase_ == phase::leaving) {
    drop_due_ = true, phase_ = phase::over;
  }
}

void reconnect::on_stop(instant now) {
  switch (phase_) {
    case phase::idle:
    case phase::over:
    case phase::leave:
    case phase::leaving:
      return;
    case phase::online:
      phase_ = phase::leave;
      return;
    default:
      drop_due_ = phase_ == phase::resolving || phase_ == phase::opening;
      phase_ = phase::over, until_ = now;
  }
}

void reconnect::on_failed(const reconnect_happening& what, instant now) {
  if (phase_ == phase::leave || phase_ == phase::leaving) {
    phase_ = phase::over;
    return;
  }
  const bool lost = phase_ == phase::online;
  if (!lost && phase_ != phase::resolving && phase_ != phase::opening) return;
  last_fault_ = what.why, ++failures_;
  if (lost && now - online_since_ >= how_.stable) backoff_.reset(), order_.went_well();
  if (lost && !how_.retry_lost) {
    phase_ = phase::over;
    return;
  }
  const broker_verdict verdict = order_.failed(what.why, what.count);
  if (verdict == broker_verdict::follow) {
    phase_ = phase::resolve;
    return;
  }
  if (lost) return pause(now);
  const bool same = verdict == broker_verdict::again && phase_ == phase::opening && !what.every_address;
  if (same && ++address_ < addresses_) {
    phase_ = phase::open;
    return;
  }
  next_broker(now);
}

void reconnect::begin_round() { phase_ = order_.first() ? phase::resolve : phase::over; }

void reconnect::next_broker(instant now) {
  if (order_.next()) phase_ = phase::resolve;
  else round_over(now);
}

void reconnect::round_over(instant now) {
  ++rounds_;
  const bool first = !was_online_ && !how_.retry_first;
  const bool enough = how_.rounds_max != 0 && rounds_ >= how_.rounds_max;
  if (first || enough) phase_ = phase::over;
  else pause(now);
}

void reconnect::pause(instant now) {
  if (!order_.anybody()) {
    phase_ = phase::over;
    return;
  }
  phase_ = phase::pausing, until_ = now + longer(backoff_.next(*random_), duration{1});
}

}  // namespace recado::chain
