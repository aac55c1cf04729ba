#include <sim/plan.hpp>

#include <algorithm>
#include <cstdio>

#include <sim/random.hpp>

namespace recado::sim {
namespace {

using namespace std::chrono_literals;

struct row {
  std::string_view name;
  std::uint32_t weight;
  std::uint32_t seconds;
  nature what;
  std::string_view text;
};
constexpr row rows[] = {
#define RECADO_SIM_MISHAP_ROW(name, weight, seconds, what, text) {#name, weight, seconds, nature::what, text},
    RECADO_SIM_MISHAPS(RECADO_SIM_MISHAP_ROW)
#undef RECADO_SIM_MISHAP_ROW
};

const row& row_of(mishap what) { return rows[static_cast<std::size_t>(what)]; }

constexpr std::uint32_t weight_sum = [] {
  std::uint32_t sum = 0;
  for (const row& one : rows) sum += one.weight;
  return sum;
}();

mishap draw_kind(random_source& random, const settings& how) {
  for (;;) {
    std::uint32_t left = random.below(weight_sum);
    std::size_t at = 0;
    while (left >= rows[at].weight) left -= rows[at++].weight;
    if (const auto drawn = static_cast<mishap>(at); possible(drawn, how)) return drawn;
  }
}

settings draw_settings(random_source& random) {
  settings how;
  how.version = random.one_in(3) ? mqtt::version::v3_1_1 : mqtt::version::v5_0;
  const bool v5 = how.version == mqtt::version::v5_0;
  how.ladder = random.one_in(2);
  how.secure = random.one_in(2);
  how.journal = random.one_in(2);
  how.holds = how.journal && random.one_in(2);
  how.deferred = how.journal || random.one_in(2);  // what counts as delivered is the application's word
  how.sector_bytes = 1024U << random.below(2);
  how.sectors = random.between(5, 8);
  how.program_bytes = 1U << random.below(6);
  how.names_itself = !v5 || !random.one_in(4);
  how.when_lost = random.one_in(3) ? mqtt::lost_session::report : mqtt::lost_session::publish_again;
  how.keep_alive_s = static_cast<std::uint16_t>(random.one_in(8) ? 0 : random.between(12, 240));
  if (v5) {
    how.session_expiry_s = random.one_in(4) ? random.between(60, 600) : 0xffff'ffff;
    if (random.one_in(2)) how.receive_maximum = static_cast<std::uint16_t>(random.between(1, 6));
    if (random.one_in(3)) how.maximum_packet_size = random.between(96, 1500);
    how.wants_problem_information = !random.one_in(4);
    how.incoming_aliases = static_cast<std::uint16_t>(random.below(4));
    how.outgoing_aliases = static_cast<std::uint16_t>(random.below(4));
  }
  how.authenticates = v5 && random.one_in(2);
  how.has_will = !random.one_in(4);
  how.will_qos = static_cast<mqtt::qos>(random.below(3));
  how.will_retained = random.one_in(4);
  if (v5 && random.one_in(2)) how.will_delay_s = random.between(1, 120);
  how.transmit = random.between(320, 1600);
  how.outgoing = random.between(1, 12);
  how.received = random.one_in(16) ? mqtt::received_bitmap_words : random.between(1, 10);
  how.owed = random.between(1, 8);
  how.receive = random.between(how.secure ? 256 : 160, 700);  // of a filter it holds one record
  how.outbox = random.between(600, 4000);
  how.outbox_messages = random.one_in(3) ? random.between(4, 30) : SIZE_MAX;
  how.when_full = static_cast<chain::outbox_policy>(random.below(3));
  how.window = random.between(64, 6000);
  how.messages = random.between(messages_min, messages_min + 24);
  how.latency = random.time(200us, 60ms);
  how.hears_all = !random.one_in(4);
  how.reconnects = !how.ladder && !random.one_in(4);
  how.hosts = static_cast<std::uint8_t>(random.between(1, hosts_max));
  how.retries_final = random.one_in(2);
  how.follows = !random.one_in(4);
  return how;
}

}  // namespace

std::string_view name_of(mishap what) { return row_of(what).name; }
std::string_view words(mishap what) { return row_of(what).text; }
bool is_fault(mishap what) { return row_of(what).what == nature::fault; }

bool possible(mishap what, const settings& how) {
  switch (what) {
    case mishap::broker_strict:
    case mishap::broker_generous:
    case mishap::broker_rejects:
    case mishap::broker_refers:  // 3.1.1 has no words for any of these
      return how.version == mqtt::version::v5_0;
    case mishap::host_away:
      return how.hosts > 1;
    case mishap::device_authenticates:
      return how.authenticates;
    case mishap::connect_late:  // nobody is left who would answer a challenge
      return !how.authenticates;
    case mishap::datagrams_suffer:
    case mishap::dhcp_silent:
    case mishap::dhcp_moves:
    case mishap::ntp_silent:
    case mishap::ntp_lies:
    case mishap::clock_jumps:
      return how.ladder;
    case mishap::dns_silent:
    case mishap::dns_fails:
      return how.ladder || how.reconnects;
    case mishap::power_fails_in_write:
      return how.journal;
    default:
      return true;
  }
}

plan make_plan(std::uint64_t seed) {
  plan all;
  all.seed = seed;
  random_source random{seed, 1};
  all.how = draw_settings(random);
  random_source chips{seed, 9};
  if (!chips.one_in(3)) all.how.page_bytes = 64U << chips.below(2);
  all.how.dates = !chips.one_in(4);
  all.how.deferred = all.how.deferred && !(all.how.journal && chips.one_in(4));
  const std::uint32_t count = random.between(faults_min, faults_min + 14);
  all.mishaps.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    planned one;
    one.what = draw_kind(random, all.how);
    one.at = instant{} + random.time(1s, life_length - 30s);
    const std::chrono::seconds longest{row_of(one.what).seconds};
    if (longest != 0s) one.length = random.time(10ms, longest);
    one.size = random.one_in(2) ? random.below(24) : random.below(400);
    all.mishaps.push_back(one);
  }
  std::ranges::sort(all.mishaps, {}, &planned::at);
  return all;
}

void insert(plan& into, const std::vector<planned>& more) {
  for (const planned& one : more)
    into.mishaps.insert(std::ranges::upper_bound(into.mishaps, one.at, {}, &planned::at), one);
}

std::string print(const plan& all) {
  std::string out;
  char line[400];
  const settings& how = all.how;
  std::snprintf(
      line, sizeof line,
      "MQTT %s%s%s%s%s%s, brokers %u, acknowledges %s, keep alive %u s, session expiry %u s, transmit log %zu, "
      "flights %zu, "
      "received %zu, owed %zu, receive buffer %zu, outbox %zu, window %u, pages %u, when the session is lost: %s, "
      "when the outbox is full: %s\n",
      how.version == mqtt::version::v5_0 ? "5.0" : "3.1.1", how.secure ? " in a filter" : "",
      how.holds     ? " with a journal that holds what waits"
      : how.journal ? " with a journal"
                    : "",
      how.authenticates ? ", authenticated" : "", how.has_will ? ", with a will" : "",
      how.ladder       ? " up the whole ladder"
      : how.reconnects ? " by chain::reconnect"
                       : "",
      how.hosts, how.deferred ? "when told" : "at once", how.keep_alive_s, how.session_expiry_s, how.transmit,
      how.outgoing, how.received, how.owed, how.receive, how.outbox, how.window, how.page_bytes,
      how.when_lost == mqtt::lost_session::report ? "report" : "publish again",
      how.when_full == chain::outbox_policy::refuse        ? "refuse"
      : how.when_full == chain::outbox_policy::drop_oldest ? "drop the oldest"
                                                           : "drop the oldest of QoS 0");
  out += line;
  for (std::size_t i = 0; i < all.mishaps.size(); ++i) {
    const planned& one = all.mishaps[i];
    std::snprintf(line, sizeof line, "mishap %2zu at %11.6f s: %s", i,
                  static_cast<double>(one.at.time_since_epoch().count()) / 1e6, std::string{words(one.what)}.c_str());
    out += line;
    std::snprintf(line, sizeof line, " (%.3f s, %u)\n", static_cast<double>(one.length.count()) / 1e6, one.size);
    out += line;
  }
  return out;
}

}  // namespace recado::sim
