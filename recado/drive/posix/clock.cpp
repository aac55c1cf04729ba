#include <recado/drive/posix/clock.hpp>

#include <cerrno>

namespace recado::posix {
namespace {

duration since_epoch(const timespec& time) {
  return duration{std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000};
}

duration read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return since_epoch(time);
}

}  // namespace

instant now() { return instant{read(CLOCK_MONOTONIC)}; }

utc_time realtime() { return utc_time{read(CLOCK_REALTIME)}; }

instant instant_of(const timespec& realtime_stamp, instant now) {
  const duration age = read(CLOCK_REALTIME) - since_epoch(realtime_stamp);
  // A stamp from the future or from long ago means that somebody set the clock meanwhile.
  if (age < duration::zero() || age > std::chrono::seconds{10}) return now;
  return now - age;
}

std::expected<void, fault> set_realtime(utc_time time) {
  const auto micros = time.time_since_epoch().count();
  const timespec value{static_cast<time_t>(micros / 1'000'000), static_cast<long>(micros % 1'000'000 * 1'000)};
  if (clock_settime(CLOCK_REALTIME, &value) == 0) return {};
  const auto code = errno == EPERM ? link_error::not_permitted : link_error::other;
  return std::unexpected(make_fault(code, static_cast<std::uint32_t>(errno)));
}

}  // namespace recado::posix
