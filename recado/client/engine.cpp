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
constexpr std::size_t scram_bytes = 4096;
constexpr std::size_t brokers_max = 32;
// Nobody waits longer.
constexpr duration forever = std::chrono::hours{24 * 365 * 100};
// A connection that held for so long begins a new series of attempts.
constexpr duration stable = std::chrono::seconds{10};
// Server References that are followed in a row.
constexpr std::uint8_t references_max = 4;

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

// What is beyond all sense means "as much as there may be", and must not overflow where it's added to something.
options within_bounds(options how) {
  how.connect_timeout = std::min(how.connect_timeout, forever);
  how.sizes.in_flight = std::max(how.sizes.in_flight, std::uint16_t{1});
  how.sizes.message_max = std::min<std::size_t>(how.sizes.message_max, mqtt::packet_bytes_max);
  how.outbox.messages_max = std::min(how.outbox.messages_max, how.outbox.bytes_max / chain::outbox::header_bytes);
  return how;
}

// A topic without wildcards, whatever the identifier: + and # are written as a URL would write them.
std::string answers_topic(std::string_view identifier) {
  std::string result = "recado/answers/";
  for (const char c : identifier) {
    if (c == '+') result += "%2B";
    else if (c == '#') result += "%23";
    else result += c;
  }
  return result;
}

// Options that say nothing without TLS. How much is verified, what ALPN offers and a key log may be set for either.
bool means_tls(const tls_options& tls) {
  for (const std::string* each : {&tls.ca_file, &tls.ca, &tls.ca_path, &tls.crl_file, &tls.crl, &tls.certificate_file,
                                  &tls.certificate, &tls.key_file, &tls.key, &tls.pass_phrase, &tls.psk_identity})
    if (!each->empty()) return true;
  return tls.system_store || !tls.psk_key.empty();
}

}  // namespace

engine::engine(options how)
    : options_(within_bounds(std::move(how))),
      gathered_max_(std::min(gathered_max, options_.sizes.transmit / 4)),
      transmit_(std::max<std::size_t>(options_.sizes.transmit, 4096)),
      outgoing_(options_.sizes.in_flight + 64U),  // besides messages: SUBSCRIBE, UNSUBSCRIBE
      received_identifiers_(mqtt::received_bitmap_words),
      incoming_aliases_(alias_count * alias_topic_bytes),
      outgoing_aliases_(alias_count * alias_topic_bytes),
      session_(memory_of(transmit_, outgoing_, received_identifiers_, incoming_aliases_, outgoing_aliases_,
                         std::max<std::size_t>(options_.sizes.receive, 4096))),
      guarded_(session_, mutex_, *this),
      conductor_({}, entropy_),
      scram_memory_(scram_bytes),
      receive_memory_(std::max<std::size_t>(options_.sizes.receive, 4096)),
      receive_buffer_(receive_memory_),
      flights_(options_.sizes.in_flight + options_.outbox.messages_max),
      sources_(flights_.size()),
      free_flights_(flights_.size()),
      verdicts_(verdicts_kept),
      piece_(piece_bytes),
      outbox_memory_(options_.outbox.bytes_max),
      outbox_(outbox_memory_, {options_.outbox.messages_max, options_.outbox.when_full}, this) {
  for (std::size_t i = 0; i < flights_.size(); ++i) flights_[i].number = i + flights_.size();
  matched_.reserve(64);
  identifier_ = options_.client_identifier.empty() ? random_identifier(entropy_) : options_.client_identifier;
  response_topic_ = options_.response_topic.empty() ? answers_topic(identifier_) : options_.response_topic;
}

engine::~engine() {
  const auto forget = [](auto& secret) { wipe(std::as_writable_bytes(std::span{secret})); };
  if (options_.password) forget(*options_.password);
  forget(options_.tls.key), forget(options_.tls.pass_phrase), forget(options_.tls.psk_key);
  for (auto* list : {&brokers_, &referred_})
    for (url& one : *list)
      if (one.password) forget(*one.password);
}

engine::patience engine::patience_of(duration timeout) const {
  if (timeout == default_timeout) timeout = options_.timeout;
  return {timeout >= forever, timeout};
}

bool engine::wait_on(std::condition_variable& what, lock&, patience& how) {
  if (stopping_) return true;
  if (rest_ == rest::dozing && gathered_ != 0 && !send_beside(posix::now())) wake();
  ++inside_;
  const bool in_time = mutex_.with_inner([&](std::unique_lock<std::mutex>& inner) {
    if (how.forever) return what.wait(inner), true;
    return what.wait_until(inner, how.end()) == std::cv_status::no_timeout;
  });
  if (--inside_ == 0 && stopping_) changed_.notify_all();
  return in_time;
}

bool engine::wait_for_room(lock& held, patience& how) {
  ++waiting_for_room_;
  const bool in_time = wait_on(changed_, held, how);
  --waiting_for_room_;
  return in_time;
}

void engine::changed() { changed_.notify_all(); }

std::optional<failure> engine::unusable() const {
  if (stopping_) return make_failure(error::closed);
  if (!up_ && failed_) return last_failure_;
  if (!up_) return make_failure(error::not_connected);
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

connection_status engine::status() const {
  const std::scoped_lock held{mutex_};
  connection_status result{.state = conductor_.state(),
                           .failed_rounds = conductor_.rounds(),
                           .waiting = outbox_.size(),
                           .last_failure = last_failure_};
  if (up_ && result.state == chain::reconnect_state::idle) result.state = chain::reconnect_state::resolving;
  if (result.state != chain::reconnect_state::idle && !brokers_.empty()) result.broker = address_of(where());
  if (conductor_.retry_at() != never)
    result.retry_in = std::max(conductor_.retry_at() - posix::now(), duration::zero());
  return result;
}

std::expected<void, failure> engine::load_tls() {
  const tls_options& from = options_.tls;
  stack_.reset(), filter_.reset(), tls_context_.reset();
  const auto source_of = [](const std::string& file, const std::string& memory) {
    return tls::source{file, as_bytes(memory)};
  };
  tls::client_options how;
  how.check = from.check;
  how.ca = source_of(from.ca_file, from.ca), how.crl = source_of(from.crl_file, from.crl), how.ca_path = from.ca_path;
  how.certificate = source_of(from.certificate_file, from.certificate), how.key = source_of(from.key_file, from.key);
  const bool psk = !from.psk_identity.empty();
  how.system_store = from.system_store || (!how.ca.given() && from.ca_path.empty() && !psk);
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
  return {};
}

// What was meant to be encrypted must not leave in the clear because of a letter that is missing.
std::expected<std::vector<url>, failure> engine::read_brokers(std::span<const std::string_view> brokers) const {
  if (brokers.empty()) return std::unexpected{make_failure(error::bad_url)};
  if (brokers.size() > brokers_max) return std::unexpected{make_failure(error::too_many_brokers)};
  const bool meant = means_tls(options_.tls);
  std::vector<url> result;
  for (const std::string_view each : brokers) {
    auto one = parse_url(each);
    if (!one) return std::unexpected{std::move(one.error())};
    if (meant && !one->secure) return std::unexpected{make_failure(error::tls_without_mqtts)};
    result.push_back(std::move(*one));
  }
  return result;
}

std::expected<void, failure> engine::begin_thread() {
  if (thread_.joinable()) return {};
  if (const auto opened = loop_.open(); !opened) return std::unexpected{make_failure(opened.error())};
  try {
    thread_ = std::thread{[self = shared_from_this()] { self->run(); }};
  } catch (const std::system_error&) {
    return std::unexpected{make_failure(link_error::no_resources)};
  }
  own_thread_ = thread_.get_id();
  return {};
}

chain::reconnect_policy engine::policy(bool retry_first) const {
  return {.brokers = static_cast<std::uint8_t>(brokers_.size()),
          .patience = options_.connect_timeout,
          .retry = options_.backoff,
          .stable = stable,
          .rounds_max = options_.attempts_max,
          .retry_first = retry_first,
          .retry_lost = options_.reconnect,
          .retry_final = options_.retry_final,
          .references_max = options_.follow_references ? references_max : std::uint8_t{0}};
}

std::expected<void, failure> engine::begin(lock&, std::span<const std::string_view> brokers, bool retry_first) {
  if (stopping_) return std::unexpected{make_failure(error::closed)};
  if (up_) return std::unexpected{make_failure(error::already_connected)};
  auto where = read_brokers(brokers);
  if (!where) return std::unexpected{std::move(where.error())};
  const bool durable = options_.version == mqtt::version::v3_1_1 && !options_.clean_start;
  if (durable && options_.client_identifier.empty())
    return std::unexpected{make_failure(mqtt::error::client_identifier_needed)};
  brokers_ = std::move(*where);
  wall_clock_.set(posix::realtime(), posix::now());
  const bool secure = std::any_of(brokers_.begin(), brokers_.end(), [](const url& one) { return one.secure; });
  if (secure)
    if (auto loaded = load_tls(); !loaded) return loaded;
  if (auto begun = begin_thread(); !begun) return begun;
  conductor_.configure(policy(retry_first));
  leaving_ = failed_ = stood_ = stop_told_ = false;
  session_at_.clear();
  last_failure_ = {};
  up_ = start_due_ = true;
  work();
  return {};
}

std::expected<void, failure> engine::connect(std::span<const std::string_view> brokers) {
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (auto begun = begin(held, brokers, options_.retry_first); !begun) return begun;
  const std::uint64_t before = ends_;
  while (!stood_ && !stopping_ && ends_ == before) wait_for_change(held);
  if (stood_ && ends_ == before) return {};
  return std::unexpected{unusable().value_or(make_failure(error::closed))};
}

std::expected<void, failure> engine::start(std::span<const std::string_view> brokers) {
  lock held{mutex_};
  return begin(held, brokers, true);
}

std::expected<void, failure> engine::reauthenticate(duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  for (;;) {
    if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
    const std::uint32_t before = authentications_, failures = conductor_.failures();
    const auto begun = online_ ? session_.reauthenticate()
                               : std::expected<void, mqtt::error>{std::unexpected{mqtt::error::not_connected}};
    if (!begun && !goes_by(begun.error())) return std::unexpected{make_failure(begun.error())};
    if (begun) work();
    while (begun && authentications_ == before && conductor_.failures() == failures && !unusable())
      if (!wait_for_change(held, how)) return std::unexpected{make_failure(error::timed_out)};
    if (authentications_ != before) return {};
    if (conductor_.failures() != failures) return std::unexpected{last_failure_};
    if (!begun && !wait_for_room(held, how)) return std::unexpected{make_failure(error::timed_out)};
  }
}

std::expected<void, failure> engine::disconnect(duration timeout) {
  patience how = patience_of(timeout);
  lock held{mutex_};
  if (in_own_thread()) return std::unexpected{make_failure(error::called_from_handler)};
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  const auto busy = [this] { return session_.in_flight() != 0 || subscriptions_.unsettled() != 0 || !outbox_.empty(); };
  bool all_done = true;
  while (!unusable() && busy() && all_done) all_done = wait_for_room(held, how);
  if (auto bad = unusable()) return std::unexpected{std::move(*bad)};
  leaving_ = true;
  work();
  wake_publishers();
  changed();
  for (const std::uint64_t before = ends_; ends_ == before && !stopping_;) wait_for_change(held);
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
  while (inside_ != 0)
    mutex_.with_inner([this](std::unique_lock<std::mutex>& inner) { return changed_.wait(inner), true; });
  const bool own = in_own_thread();
  if (own) silenced_ = true, stream_.observe(nullptr);
  held.unlock();
  if (!thread_.joinable()) return;
  if (own) thread_.detach();
  else thread_.join();
}

}  // namespace recado::client
