#include "service.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <thread>

#include <recado/client/resolve.hpp>

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

namespace recado::app::tools {
namespace {

constexpr std::size_t answer_octets_max = 64 << 10;  // RFC 1035 §4.2.2

std::uint16_t number_at(const unsigned char* from) { return static_cast<std::uint16_t>(from[0] << 8 | from[1]); }

}  // namespace

void put_in_order(std::vector<service_target>& targets, entropy& random) {
  // Those without weight come first within their priority, so that they have a small chance, too.
  std::ranges::sort(targets, [](const service_target& a, const service_target& b) {
    return a.priority != b.priority ? a.priority < b.priority : (a.weight == 0) > (b.weight == 0);
  });
  for (auto next = targets.begin(); next != targets.end(); ++next) {
    const auto end = std::find_if(next, targets.end(), [&](auto& each) { return each.priority != next->priority; });
    std::uint64_t sum = 0;
    for (auto each = next; each != end; ++each) sum += each->weight;
    const std::uint64_t drawn = random.below(sum + 1);
    std::uint64_t running = next->weight;
    auto chosen = next;
    while (running < drawn) running += (++chosen)->weight;
    std::rotate(next, chosen, chosen + 1);
  }
}

std::optional<std::vector<service_target>> read_service(bytes answer) {
  const auto* data = reinterpret_cast<const unsigned char*>(answer.data());
  ns_msg message{};
  if (ns_initparse(data, static_cast<int>(answer.size()), &message) != 0) return std::nullopt;
  std::vector<service_target> result;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return std::nullopt;
    if (ns_rr_type(record) != ns_t_srv || ns_rr_class(record) != ns_c_in) continue;
    if (ns_rr_rdlen(record) < 7) return std::nullopt;
    const unsigned char* fields = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> host{};
    if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), fields + 6, host.data(), host.size()) < 0)
      return std::nullopt;
    std::string name{host.data()};
    while (name.ends_with('.')) name.pop_back();
    result.push_back({number_at(fields), number_at(fields + 2), number_at(fields + 4), std::move(name)});
  }
  return result;
}

std::shared_ptr<service_question> service_question::start(const std::string& name, posix::loop& to_wake) {
  auto job = std::make_shared<service_question>();
  job->to_wake_ = &to_wake;
  try {
    std::thread{[job, name] { job->run(name); }}.detach();
  } catch (const std::system_error&) {
    job->result_ = result::no_answer;
  }
  return job;
}

void service_question::run(const std::string& name) {
  client::leave_signals_to_others();
  struct __res_state state {};
  if (::res_ninit(&state) != 0) return finish(result::no_answer, {});
  std::vector<unsigned char> answer(answer_octets_max);
  const int size =
      ::res_nquery(&state, name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  const int trouble = state.res_h_errno;
  ::res_nclose(&state);
  if (size < 0) {
    return finish(trouble == HOST_NOT_FOUND ? result::no_such_name
                  : trouble == NO_DATA      ? result::no_records
                                            : result::no_answer,
                  {});
  }
  const auto taken = std::min(static_cast<std::size_t>(size), answer.size());
  auto found = read_service(std::as_bytes(std::span{answer}.first(taken)));
  if (!found) return finish(result::malformed, {});
  const bool none = found->empty();
  finish(none ? result::no_records : result::found, std::move(*found));
}

void service_question::finish(result what, std::vector<service_target> found) {
  const std::scoped_lock held{mutex_};
  result_ = what;
  found_ = std::move(found);
  if (to_wake_ != nullptr) to_wake_->wake();
}

std::optional<service_question::result> service_question::done(std::vector<service_target>& found) {
  const std::scoped_lock held{mutex_};
  if (result_) found = std::move(found_);
  return result_;
}

void service_question::abandon() {
  const std::scoped_lock held{mutex_};
  to_wake_ = nullptr;
}

}  // namespace recado::app::tools
