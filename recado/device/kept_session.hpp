// The session of the device in the journal on the board's storage: what outlives its power.
#pragma once

#include <expected>
#include <span>

#include <recado/chain/outbox.hpp>
#include <recado/chain/session_store.hpp>
#include <recado/device/configuration.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/store/journal.hpp>

namespace recado::device {

using chain::has_session_journal;

/// What the journal works in; must outlive it.
struct journal_memory {
  std::span<store::index_entry> index;  ///< more than four entries for each message that is received at a time
  mutable_bytes scratch;                ///< `store::scratch_bytes_min` or more
  std::span<std::uint32_t> places;      ///< one for each place in flight of the session
};

/// The session's journal, the order of its life being `open`, then `connected` and the like whenever they happen.
class kept_session {
 public:
  /// How it was found.
  struct found {
    store::mount_report report;   ///< what mounting the journal found
    chain::stored_counts counts;  ///< how many messages of which kind came back
    bool known = false;           ///< a server has this session; it is to be resumed
    bool subscribed = false;      ///< to the secret topic, as is configured
  };

  /// Both must outlive it.
  kept_session(store::storage& below, const journal_memory& given)
      : records_(below, given.index, given.scratch), store_(records_, given.places) {}

  /// Mounts the journal, or begins one, and puts back what is in it. A fault says why the device can't go on with it.
  /// `clock` tells how long messages waited meanwhile, as soon as it is trusted.
  std::expected<found, fault> open(const configuration& chosen, std::string_view client_id, mqtt::session& into,
                                   chain::outbox& queue, const wall_clock& clock, instant now);

  /// The server accepted the session; unless the subscription is known to hold it will be asked for. Errors: of the
  /// journal.
  std::expected<void, store::error> connected(const mqtt::session& session, const configuration& chosen,
                                              std::string_view client_id, bool subscribed,
                                              const chain::session_places& places);
  /// The broker granted the subscription to the secret topic. Errors: of the journal.
  std::expected<void, store::error> subscribed(const configuration& chosen);
  /// The device is about to end it: what becomes of that may never be heard. Errors: of the journal.
  std::expected<void, store::error> unsubscribed(const configuration& chosen);
  /// What the session and the outbox write to.
  chain::session_store& store() { return store_; }

 private:
  store::journal records_;
  chain::session_store store_;
};

}  // namespace recado::device
