// What the user of recado bench asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <recado/core/instant.hpp>

#include "../tools/settings.hpp"

namespace recado::app::bench {

/// What is measured.
enum class kind : std::uint8_t { publish, receive, rtt, connect, fleet };
/// "publish"
std::string_view name_of(kind which);

struct plan {
  kind what = kind::publish;
  tools::settings how;                          ///< where, who, and TLS
  std::string topic = "recado/bench";           ///< with several clients or rtt: in front of /NUMBER
  std::size_t size = 16;                        ///< bytes of payload
  std::uint32_t clients = 1;                    ///< connections; of connect: at a time
  std::optional<std::uint64_t> count;           ///< messages or connections in all
  std::optional<duration> time;                 ///< or so long
  double rate = 0;                              ///< messages or connections a second in all; 0: as fast as possible
  std::uint16_t in_flight = 0;                  ///< unacknowledged messages of a client at most; 0: the usual
  duration interval = std::chrono::minutes{1};  ///< of fleet: between two messages of a device
  bool resume = false;                          ///< of connect: resume TLS sessions
  bool json = false;                            ///< a report in JSON,
  std::string json_file;                        ///< there; empty: on standard output

  bool publishes() const { return what == kind::publish || what == kind::rtt; }
  bool subscribes() const { return what == kind::receive || what == kind::rtt; }
  /// The topic that a client publishes to.
  std::string topic_of(std::uint32_t client) const;
  /// The filter that a client subscribes to.
  std::string filter_of(std::uint32_t client) const;
};

/// Each of them runs until its end, prints the report and answers the exit status; throws `failure`.
int measure_traffic(const plan& what);
int measure_connects(const plan& what);
int measure_fleet(const plan& what);

}  // namespace recado::app::bench
