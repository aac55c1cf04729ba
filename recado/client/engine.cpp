#include <recado/client/engine.hpp>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace recado::client {
namespace {

constexpr std::size_t alias_count = 64;
constexpr std::size_t alias_topic_bytes = 256;
constexpr std::size_t verdicts_kept = 1000;
constexpr std::size_t piece_bytes = 64 << 10;

mqtt::memory memory_of(std::vector<std::byte>& transmit, std::vector<mqtt::outgoing_flight>& outgoing,
                       std::vector<std::uint16_t>& received, std::vector<std::byte>& incoming_aliases,
                       std::vector<std::byte>& outgoing_aliases, std::size_t receive) {
  return {.transmit = transmit,
          .outgoing = outgoing,
          .received = received,
          .owed = {},
          .incoming_aliases = incoming_aliases,
          .incoming_alias_count = alias_count,
          .outgoing_aliases = outgoing_aliases,
          .outgoing_alias_count = alias_count,
          .receive_size = static_cast<std::uint32_t>(receive)};
}

std::string random_identifier(entropy& random) {
  std::array<char, 32> memory;
  buffer_sink out{memory};
  out << "recado-";
  out.hex(random.u64(), 16);
  return std::string{out.view()};
}

}  // namespace

engine::engine(options how)
    : options_(std::move(how)),
      transmit_(std::max<std::size_t>(options_.sizes.transmit, 4096)),
      outgoing_(options_.sizes.in_flight + 64U),  // besides messages: SUBSCRIBE, UNSUBSCRIBE
      received_identifiers_(mqtt::received_bitmap_words),
      incoming_aliases_(alias_count * alias_topic_bytes),
      outgoing_aliases_(alias_count * alias_topic_bytes),
      session_(memory_of(transmit_, outgoing_, received_identifiers_, incoming_aliases_, outgoing_aliases_,
                         std::max<std::size_t>(options_.sizes.receive, 4096))),
      guarded_(session_, mutex_),
      receive_memory_(std::max<std::size_t>(options_.sizes.receive, 4096)),
      receive_buffer_(receive_memory_),
      flights_(std::max<std::size_t>(options_.sizes.in_flight, 1)),
      verdicts_(verdicts_kept),
      piece_(piece_bytes) {
  for (std::uint32_t i = static_cast<std::uint32_t>(flights_.size()); i-- > 0;) {
    flights_[i].number = i + flights_.size();
    free_flights_.push_back(i);
  }
  matched_.reserve(64);
  identifier_ = options_.client_identifier.empty() ? random_identifier(entropy_) : options_.client_identifier;
  response_topic_ = options_.response_topic.empty() ? "recado/answers/" + identifier_ : options_.response_topic;
  backoff_ = chain::backoff{options_.backoff};
}

engine::patience engine::patience_of(duration timeout) const {
  if (timeout == default_timeout) timeout = options_.timeout;
  if (timeout == no_timeout) return {true, {}};
  return {false, clock::now() + timeout};
}

bool engine::wait_on(std::condition_variable& what, lock& held, const patience& how) {
  if (stopping_) return true;
  ++inside_;
  bool in_time = true;
  if (how.forever) what.wait(held);
  else in_time = what.wait_until(held, how.until) == std::cv_status::no_timeout;
  if (--inside_ == 0 && stopping_) changed_.notify_all();
  return in_time;
}

bool engine::wait_for_room(lock& held, const patience& how) {
  ++waiting_for_room_;
  const bool in_time = wait_on(changed_, held, how);
  --waiting_for_room_;
  return in_time;
}

void engine::work() {
  work_ = true;
  if (!std::exchange(sleeping_, false)) return;
  loop_.wake();
}

void engine::changed() { changed_.notify_all(); }

std::optional<failure> engine::unusable() const {
  if (stopping_) return make_failure(error::closed);
  if (state_ == state::idle && failed_) return last_failure_;
  if (state_ == state::idle) return make_failure(error::not_connected);
  if (leaving_) return make_failure(error::closed);
  return std::nullopt;
}

// What the passing of time or an answer of the server may mend.
bool engine::goes_by(mqtt::error what) const {
  switch (what) {
    case mqtt::error::no_room:
    case mqtt::error::receive_maximum_reached:
    case mqtt::error::flight_table_full:
    case mqtt::error::payload_pending:
    case mqtt::error::not_connected:
      return true;
    default:
      return false;
  }
}

bool engine::online() const {
  const std::scoped_lock held{mutex_};
  return online_ && !leaving_;
}

std::expected<void, failure> engine::load_tls() {
  const tls_options& from = options_.tls;
  stack_.reset(), filter_.reset(), tls_context_.reset();
  tls::client_options how;
  how.check = from.check;
  how.ca.path = from.ca_file, how.ca_path = from.ca_path, how.crl.path = from.crl_file;
  const bool psk = !from.psk_identity.empty();
  how.system_store = from.system_store || (from.ca_file.empty() && from.ca_path.empty() && !psk);
  how.certificate.path = from.certificate_file, how.key.path = from.key_file;
  how.pass_phrase = as_bytes(from.pass_phrase);
  how.psk = {from.psk_identity, from.psk_key};
  how.alpn = from.alpn;
  how.clock = &wall_clock_, how.keys = from.keys, how.sessions = &tickets_;
  how.handshake_patience = options_.connect_timeout;
  tls_context_.emplace();
  if (const auto loaded = tls_context_->load(how); !loaded) return std::unexpected{make_failure(loaded.error())};
  tls_outgoing_.resize(std::max<std::size_t>(tls_outgoing_.size(), 128 << 10));
  tls_plaintext_.resize(receive_memory_.size());
  filter_.emplace(*tls_context_, tls::openssl::filter::memory{tls_outgoing_, tls_plaintext_});
  if (const auto set = filter_->set_peer(where_.host); !set) return std::unexpected{make_failure(set.error())};
  stack_.emplace(*filter_, guarded_);
  return {};
}

std::expected<void, failure> engine::connect(std::string_view broker) {
  auto where = parse_url(broker);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (stopping_) return std::unexpected{make_failure(error::closed)};
  if (state_ != state::idle) return std::unexpected{make_failure(error::already_connected)};
  if (!where) return std::unexpected{where.error()};
  where_ = std::move(*where);
  wall_clock_.set(posix::realtime(), posix::now());
  stack_.reset();
  if (where_.secure)
    if (auto loaded = load_tls(); !loaded) return loaded;
  if (!thread_.joinable()) {
    if (const auto opened = loop_.open(); !opened) return std::unexpected{make_failure(opened.error())};
    try {
      thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
    } catch (const std::system_error&) {
      return std::unexpected{make_failure(link_error::no_resources)};
    }
    own_thread_ = thread_.get_id();
  }
  was_online_ = leaving_ = failed_ = began_ = false;
  attempts_ = 0;
  backoff_.reset();
  state_ = state::starting;
  work();
  while (!online_ && !stopping_ && !failed_ && state_ != state::idle) wait_for_change(held, {true, {}});
  if (online_) return {};
  return std::unexpected{unusable().value_or(last_failure_)};
}

std::expected<void, failure> engine::disconnect(duration timeout) {
  const patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  bool all_done = true;
  while (!unusable() && (session_.in_flight() != 0 || unsettled_ != 0) && all_done) all_done = wait_for_room(held, how);
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  leaving_ = true;
  if (online_) say_goodbye();
  work();
  wake_publishers();
  changed();
  while (state_ != state::idle && !stopping_) wait_for_change(held, {true, {}});
  if (!all_done) return std::unexpected{make_failure(error::timed_out)};
  return {};
}

// A session that began clean ends with its goodbye.
void engine::say_goodbye() {
  const mqtt::property_value over[] = {{mqtt::property::session_expiry_interval, 0U}};
  mqtt::disconnect_options farewell;
  if (options_.clean_start && options_.session_expiry_s != 0 && options_.version == mqtt::version::v5_0)
    farewell.properties = over;
  if (!session_.disconnect(farewell)) (void)session_.disconnect();
}

void engine::close() {
  lock held{mutex_};
  stopping_ = true;
  work();
  wake_publishers();
  changed();
  changed_.wait(held, [this] { return inside_ == 0; });
  const bool own = in_own_thread();
  held.unlock();
  if (!thread_.joinable()) return;
  if (own) thread_.detach();
  else thread_.join();
}

}  // namespace recado::client
