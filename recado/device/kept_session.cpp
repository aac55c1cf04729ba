#include <recado/device/kept_session.hpp>

#include <array>

namespace recado::device {
namespace {

mqtt::version version_of(const configuration& chosen) {
  return chosen.broker.version == protocol::v5_0 ? mqtt::version::v5_0 : mqtt::version::v3_1_1;
}

mqtt::subscription wanted_by(const configuration& chosen) {
  return {.filter = chosen.broker.secret_topic, .qos = chosen.broker.qos};
}

}  // namespace

std::expected<kept_session::found, fault> kept_session::open(const configuration& chosen, std::string_view client_id,
                                                             mqtt::session& into, chain::outbox& queue,
                                                             const wall_clock& clock, instant now) {
  found result;
  const auto mounted = records_.mount();
  if (mounted) result.report = *mounted;
  else if (mounted.error() != store::error::empty) return std::unexpected{make_fault(mounted.error())};
  else if (const auto made = records_.format(); !made) return std::unexpected{make_fault(made.error())};
  std::array<std::byte, 512> space;
  if (const auto facts = store_.facts(space)) {
    const bool same =
        facts->version == version_of(chosen) && facts->client_identifier == client_id && facts->places == into.places();
    if (!same) return std::unexpected{make_fault(chain::error::other_session)};
    result.known = true;
  }
  const auto restored = store_.restore(into);
  if (!restored) return std::unexpected{make_fault(restored.error())};
  result.counts = *restored;
  const auto one = store_.next_subscription(0, space);
  result.subscribed = one && one->what == wanted_by(chosen);
  queue.keep_in(&store_, &clock);
  if (const auto waiting = queue.restore(now); !waiting) return std::unexpected{make_fault(waiting.error())};
  return result;
}

// What the server has forgotten, or has otherwise than it is wanted now, is forgotten here before it is asked for: the
// answer may never be heard.
std::expected<void, store::error> kept_session::connected(const mqtt::session& session, const configuration& chosen,
                                                          std::string_view client_id, bool subscribed,
                                                          const chain::session_places& places) {
  if (!subscribed)
    if (auto done = unsubscribed(chosen); !done) return done;
  if (auto done = store_.remember_places(places.known()); !done) return done;
  return store_.remember({.version = session.version(),
                          .places = static_cast<std::uint16_t>(session.places()),
                          .session_expiry_s = session.announced().session_expiry_s,
                          .client_identifier = client_id});
}

std::expected<void, store::error> kept_session::subscribed(const configuration& chosen) {
  return store_.subscribed(wanted_by(chosen), 0);
}

std::expected<void, store::error> kept_session::unsubscribed(const configuration& chosen) {
  return store_.unsubscribed(chosen.broker.secret_topic);
}

}  // namespace recado::device
