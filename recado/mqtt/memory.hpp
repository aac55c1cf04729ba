// The memory of a session, given by its owner, and a template that holds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <recado/core/bytes.hpp>

namespace recado::mqtt {

/// A place for one PUBLISH of QoS 1 or 2, SUBSCRIBE or UNSUBSCRIBE that waits for its answer. The session's own.
struct outgoing_flight {
  std::uint32_t offset = 0;             ///< of its bytes in the transmit log
  std::uint32_t length = 0;             ///< of its bytes; 0 once they are no longer needed
  std::uint32_t payload = 0;            ///< bytes of payload that come from the application's source
  std::uint32_t tag = 0;                ///< the application's; of SUBSCRIBE and UNSUBSCRIBE the number of filters
  std::uint16_t packet_identifier = 0;  ///< on the wire
  std::uint16_t older = 0;              ///< its neighbour in the order of sending
  std::uint16_t newer = 0;              ///< and the other
  std::uint8_t stage = 0;               ///< which answer it waits for
  std::uint8_t marks = 0;               ///< the session's notes
};

/// A place for one received message of QoS 1 or 2 whose acknowledgement has not left yet. The session's own.
struct owed_acknowledgement {
  std::uint16_t packet_identifier = 0;  ///< on the wire
  std::uint8_t packet = 0;              ///< PUBACK, PUBREC, rarely PUBCOMP; 0: it is not to be sent any more
  std::uint8_t reason = 0;              ///< its reason code
  bool ready = false;                   ///< may be sent
  std::uint16_t newest = 0xffff;        ///< of those whose identifiers belong to this place, modulo their number
  std::uint16_t next = 0;               ///< the one after it among those; behind the newest comes the oldest
};

/// The memory that a session works in; it must outlive the session. What is left empty isn't available.
struct memory {
  /// The transmit log: what is to be sent, and messages of QoS 1 and 2 until they are acknowledged. At least
  /// `transmit_bytes_min`; a packet has to fit into it beside what is kept. Where nothing is kept and 320 KiB wait to
  /// be sent, a message of QoS 0 has no room beyond the first 640 KiB, so that these stay in the processor's caches.
  mutable_bytes transmit;
  /// One for each exchange in flight, at most 65,535.
  std::span<outgoing_flight> outgoing;
  /// The identifiers of received QoS 2 messages between PUBREC and PUBCOMP. If it has `received_bitmap_words`
  /// elements or more it is used as a bitmap of all identifiers and can't be full; else as a table, which, when full,
  /// ends the connection with `error::incoming_table_full` unless the server heeds our Receive Maximum.
  std::span<std::uint16_t> received;
  /// For deferred acknowledgements, and those that wait while a long message is sent; one for each message, at most
  /// 65,535.
  std::span<owed_acknowledgement> owed;
  /// The topics behind the server's aliases, divided evenly among `incoming_alias_count` of them.
  mutable_bytes incoming_aliases;
  std::uint16_t incoming_alias_count = 0;  ///< how many
  /// The topics that have an alias in this direction, divided evenly among `outgoing_alias_count` of them.
  mutable_bytes outgoing_aliases;
  std::uint16_t outgoing_alias_count = 0;  ///< how many
  /// The largest packet that is awaited whole: the driver's receive buffer must hold as much. A larger PUBLISH
  /// arrives in pieces (its topic and properties still have to fit), any other ends the connection.
  std::uint32_t receive_size = 0;
};

/// Elements of `memory::received` from which on it is a bitmap.
inline constexpr std::size_t received_bitmap_words = 65'536 / 16;
/// The least transmit log that a session takes.
inline constexpr std::size_t transmit_bytes_min = 128;

/// What a `session_storage` holds; the defaults suit a device.
struct storage_sizes {
  std::size_t transmit = 1024;       ///< bytes of the transmit log
  std::size_t receive = 1024;        ///< the driver's receive buffer
  std::size_t outgoing = 8;          ///< exchanges in flight
  std::size_t received = 8;          ///< QoS 2 messages being received; `received_bitmap_words` or more: all of them
  std::size_t owed = 8;              ///< acknowledgements that wait
  std::size_t incoming_aliases = 0;  ///< topic aliases of the server
  std::size_t outgoing_aliases = 0;  ///< topic aliases of this side
  std::size_t alias_topic = 64;      ///< bytes per topic alias, two of them for its length
};

/// The arrays of a session. Nothing but storage: `session s{storage.get(), entropy}`.
template <storage_sizes Sizes = storage_sizes{}>
struct session_storage {
  std::array<std::byte, Sizes.transmit> transmit;                                      ///< see `memory`
  std::array<outgoing_flight, Sizes.outgoing> outgoing;                                ///< see `memory`
  std::array<std::uint16_t, Sizes.received> received;                                  ///< see `memory`
  std::array<owed_acknowledgement, Sizes.owed> owed;                                   ///< see `memory`
  std::array<std::byte, Sizes.incoming_aliases * Sizes.alias_topic> incoming_aliases;  ///< see `memory`
  std::array<std::byte, Sizes.outgoing_aliases * Sizes.alias_topic> outgoing_aliases;  ///< see `memory`

  /// All of it.
  memory get() {
    return {.transmit = transmit,
            .outgoing = outgoing,
            .received = received,
            .owed = owed,
            .incoming_aliases = incoming_aliases,
            .incoming_alias_count = Sizes.incoming_aliases,
            .outgoing_aliases = outgoing_aliases,
            .outgoing_alias_count = Sizes.outgoing_aliases,
            .receive_size = Sizes.receive};
  }
};

}  // namespace recado::mqtt
