// TLS options, and what a run says about itself.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <recado/chain/words.hpp>
#include <recado/drive/posix/clock.hpp>

#include "../console.hpp"
#include "client.hpp"
#include "json.hpp"
#include "own_certificate.hpp"

namespace recado::app::tools {
namespace {

constexpr duration soon = std::chrono::hours{24 * 14};

class lines final : public text_sink {
 public:
  void write(std::string_view piece) override { text.append(piece); }
  std::string text;
};

/// The most memory that this process had at a time, in KiB (proc(5): VmHWM); 0 if that can't be read.
unsigned long peak_memory_kib() {
  std::ifstream file{"/proc/self/status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmHWM:")) return std::strtoul(line.c_str() + 6, nullptr, 10);
  return 0;
}

}  // namespace

void client::show(const tls::certificate_seen& what) {
  lines text;
  if (how_.show_chain && !how_.quiet) {
    tls::print(*what.seen, what.checked, text);
    err() << "certificate\n" << std::string_view{text.text};
    err().flush();
  }
  const utc_time now = route_.clock().at(posix::now());
  if (how_.quiet || what.seen->not_after <= now || what.seen->not_after - now > soon) return;
  const auto days = std::chrono::duration_cast<std::chrono::hours>(what.seen->not_after - now).count() / 24;
  say("warning: a certificate of the broker ends in " + std::to_string(days) + " days; have it renewed");
}

void client::warn_of_own_certificate() const {
  if (how_.certificate.empty()) return;
  const auto left = time_left(how_.certificate);
  if (!left || *left > soon) return;
  const auto days = std::chrono::duration_cast<std::chrono::hours>(*left).count() / 24;
  say("warning: the client certificate in " + how_.certificate +
      (*left <= duration{} ? " has ended" : " ends in " + std::to_string(days) + " days") + "; have it renewed");
}

void client::say(std::string_view text) const {
  if (how_.quiet) return;
  out().flush();
  if (err().is_terminal()) err() << "\r\033[K";  // over a line of progress
  err() << "recado " << name_of(how_.which) << ": " << text << '\n';
  err().flush();
}

void client::event_line(std::string_view event, std::string_view more) const {
  if (!how_.json || how_.which == tool::pub) return;
  json line;
  line.open('{').key("event").string(event);
  if (!more.empty()) line.key("cause").string(more);
  out() << std::string_view{line.close('}').text()} << '\n';
}

// While the reader of the output is slow the loop goes on: it wakes when there is room.
instant client::output_time(instant now) {
  constexpr duration look_again = std::chrono::milliseconds{100};
  if (out().held() == 0) return never;
  if (!std::exchange(output_watched_, true))  // a plain file can't be waited for, and always has room
    (void)loop_.watch(out().descriptor(), output_, posix::trigger::edge_both);
  return now + look_again;
}

// A failure is told at once, also while the reader of the output is slow.
int client::report() {
  out().flush();
  if (outcome_.status == status::success) out().drain(), leaving_ = false, check_output();
  if (how_.stats) {
    print_stats();
    say(std::to_string(watch_.bytes_out()) + " bytes sent, " + std::to_string(watch_.bytes_in()) + " bytes received, " +
        std::to_string(peak_memory_kib()) + " KiB of memory at most");
  }
  if (kept_ && kept_->records().lost_later() != 0)
    say("warning: the session in " + kept_->folder() + ": " +
        counted(kept_->records().lost_later(), "entry was", "entries were") + " damaged while it was in use, and lost");
  const int recording = watch_.recording_error() != 0 ? watch_.recording_error() : route_.key_log_error();
  if (outcome_.status == status::success && recording != 0)
    outcome_ = {status::failed, std::string{"the recording could not be written: "} + std::strerror(recording),
                "make room or write elsewhere"};
  if (!outcome_.cause.empty()) {
    if (outcome_.remedy.empty()) say(outcome_.cause);
    else say(outcome_.cause + "; " + outcome_.remedy);
  }
  out().drain();
  return outcome_.status;
}

}  // namespace recado::app::tools
