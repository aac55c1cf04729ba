#include <recado/ntp/error.hpp>

namespace recado::ntp {
namespace {

// Pointers alone, which the compiler puts into a table; views would be code for each text.
constexpr const char* cause_of(error code) {
  switch (code) {
    case error::no_server:
      return "no NTP server is known"_packed;
    case error::time_out:
      return "no NTP server answered in time"_packed;
    case error::unreachable:
      return "no NTP server can be reached"_packed;
    case error::unsynchronised:
      return "the NTP server doesn't know the time itself (unsynchronised)"_packed;
    case error::denied:
      return "the NTP server denies its service (kiss-o'-death DENY or RSTR)"_packed;
    case error::rate_limited:
      return "the NTP server was asked too often (kiss-o'-death RATE)"_packed;
    case error::kiss:
      return "the NTP server sent a kiss-o'-death"_packed;
    case error::too_far:
      return "the NTP server is too far from its reference clock (root delay and dispersion)"_packed;
    case error::before_build_date:
      return "the NTP server's time is before the build date of this program"_packed;
    case error::implausible:
      return "the NTP server's time stamps contradict themselves"_packed;
  }
  return "an unknown NTP error"_packed;
}

constexpr const char* advice_of(error code) {
  switch (code) {
    case error::no_server:
      return "name an NTP server, or let DHCP give one"_packed;
    case error::time_out:
      return "check the NTP server's address, the network, and that UDP port 123 is let through"_packed;
    case error::unreachable:
      return "check the NTP server's address and the routes to it"_packed;
    case error::unsynchronised:
      return "wait until the server has found its own time, or name another"_packed;
    case error::denied:
      return "name an NTP server that serves this network"_packed;
    case error::rate_limited:
      return "wait, or name another NTP server"_packed;
    case error::kiss:
    case error::too_far:
    case error::implausible:
      return "name another NTP server"_packed;
    case error::before_build_date:
      return "correct the server's clock, or name another NTP server"_packed;
  }
  return "report this"_packed;
}

}  // namespace

phrase words(error code) { return phrase{cause_of(code)}; }
phrase remedy(error code) { return phrase{advice_of(code)}; }

}  // namespace recado::ntp
