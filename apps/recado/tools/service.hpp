// Where the brokers of a domain are, by its SRV records (RFC 2782).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <recado/core/bytes.hpp>
#include <recado/core/entropy.hpp>
#include <recado/drive/posix/loop.hpp>

namespace recado::app::tools {

/// One SRV record.
struct service_target {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string host;  ///< empty: the domain says that it has no such service
};

/// Puts the records into the order in which to try them: by priority, and by lot according to the weights among those
/// of one priority (RFC 2782, "Weight").
void put_in_order(std::vector<service_target>& targets, entropy& random);
/// The SRV records of a DNS answer; nothing if it is malformed.
std::optional<std::vector<service_target>> read_service(bytes answer);

/// One question for SRV records to the system's resolver with its servers, time-outs and TCP, in a thread of its own
/// because that call can't be ended. Who asked may go away at any moment.
class service_question {
 public:
  enum class result : std::uint8_t { found, no_such_name, no_records, no_answer, malformed };

  /// Asks for `name` ("_mqtt._tcp.example.org"); `to_wake` is woken when the answer is there.
  static std::shared_ptr<service_question> start(const std::string& name, posix::loop& to_wake);
  /// Once the answer is there: what came of it, and `found` in no order.
  std::optional<result> done(std::vector<service_target>& found);
  /// Nobody is interested any more.
  void abandon();

 private:
  void run(const std::string& name);
  void finish(result what, std::vector<service_target> found);

  std::mutex mutex_;
  posix::loop* to_wake_ = nullptr;
  std::optional<result> result_;
  std::vector<service_target> found_;
};

}  // namespace recado::app::tools
