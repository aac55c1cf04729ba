// How a connection begins, is authenticated and ended by the server.
#include <recado/core/utf8.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/mqtt/topic.hpp>

namespace recado::mqtt {
namespace {

[[gnu::noinline]] std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2'166'136'261U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return value | 1;  // 0: no method
}

error check_will(const connect_options& options) {
  if (!options.will) return error::none;
  if (options.will->qos > qos::exactly_once) return error::bad_qos;  // [MQTT-3.1.2-12]
  if (const error wrong = topic_name_error(options.will->topic); wrong != error::none) return wrong;
  if (options.version == version::v3_1_1 && !options.will->properties.empty()) return error::needs_version_5;
  if (const error wrong = check_properties(options.will->properties, property_in::will); wrong != error::none)
    return wrong;
  const bool text = options.will->properties.number(property::payload_format_indicator) == 1;
  return text && !is_utf8(options.will->payload) ? error::payload_not_utf8 : error::none;  // §3.1.3.2.3
}

// See `has_extras`.
bool asks_for_extras(const connect_options& options) {
  return options.authentication_method || options.authentication_data || options.authenticator != nullptr ||
         options.explainer != nullptr || options.acknowledge == acknowledge_when::deferred ||
         options.request_response_information || !options.request_problem_information;
}

error check_version_3(const connect_options& options) {
  if (!has_version_5 && options.version == version::v5_0) return error::version_not_built;
  if (is_v5(options.version)) return error::none;
  if (options.session_expiry_s != 0 || options.receive_maximum != 0 || options.maximum_packet_size != 0 ||
      options.request_response_information || !options.request_problem_information || options.authentication_method ||
      options.authentication_data || options.authenticator != nullptr || options.explainer != nullptr ||
      !options.user_properties.empty())
    return error::needs_version_5;
  if (options.password && !options.user_name) return error::password_without_user_name;  // [MQTT311-3.1.2-22]
  if (options.client_identifier.empty() && !options.clean_start)                         // [MQTT311-3.1.3-7]
    return error::client_identifier_needed;
  return error::none;
}

// The properties of CONNECT.
struct property_list {
  std::array<property_value, 8> values;
  std::size_t count = 0;
  // Nobody says what is so anyway.
  [[gnu::noinline]] void add(property id, std::uint32_t value, std::uint32_t absent) {
    if (value != absent) values[count++] = {id, value};
  }
  [[gnu::noinline]] void add(property id, std::string_view value) { values[count++] = {id, value}; }
  properties all() const { return std::span{values}.first(count); }
};

}  // namespace

error session::check(const connect_options& options) const {
  if (state_ == state::connecting || state_ == state::online) return error::already_connected;
  if (log_.capacity() < transmit_bytes_min || receive_size_ == 0) return error::memory_too_small;
  if (!has_extras && asks_for_extras(options)) return error::extra_not_built;
  if (options.acknowledge == acknowledge_when::deferred && owed_.capacity() == 0) return error::deferring_not_possible;
  if (options.authentication_data && !options.authentication_method) return error::missing_authentication_method;
  if (options.authentication_method && options.authenticator != nullptr) return error::two_authentications;
  if (const error wrong = check_version_3(options); wrong != error::none) return wrong;
  if (const error wrong = check_will(options); wrong != error::none) return wrong;
  if (const error wrong = check_text(options.client_identifier, text_rule::well_formed); wrong != error::none)
    return wrong;
  if (options.user_name)
    if (const error wrong = check_text(*options.user_name, text_rule::well_formed); wrong != error::none) return wrong;
  if (options.authentication_method)
    if (const error wrong = check_text(*options.authentication_method, text_rule::well_formed); wrong != error::none)
      return wrong;
  return check_properties(options.user_properties, user_properties_only);
}

void session::remember(const connect_options& options) {
  decoding_.protocol = options.version;
  decoding_.packet_bytes_max = options.maximum_packet_size != 0 ? options.maximum_packet_size : packet_bytes_max;
  server_ = {};
  clean_start_ = options.clean_start;
  nameless_ = options.client_identifier.empty() && !options.may_stay_nameless;
  asked_response_ = options.request_response_information;
  declined_problem_ = !options.request_problem_information;
  deferred_ = options.acknowledge == acknowledge_when::deferred;
  automatic_aliases_ = options.automatic_topic_aliases;
  when_lost_ = options.when_session_lost;
  requested_keep_alive_s_ = options.keep_alive_s;
  requested_expiry_s_ = options.session_expiry_s;
  authenticator_ = options.authenticator;
  explainer_ = options.explainer;
  connect_timeout_ = options.connect_timeout;
  ping_timeout_ = options.ping_timeout;
  const bool all = received_.is_bitmap() && journal_ == nullptr;
  const std::size_t table = all ? receive_maximum_default : std::max<std::size_t>(receivable(), 1);
  const std::size_t room = deferred_ ? std::min(table, owed_.capacity()) : table;
  const std::size_t wanted = options.receive_maximum != 0 ? options.receive_maximum : receive_maximum_default;
  receive_maximum_ = static_cast<std::uint16_t>(std::min(wanted, room));
}

// So many more messages of QoS 2 surely find room.
std::size_t session::receivable() const {
  const std::size_t room = received_.room();
  if (journal_ == nullptr) return room;
  const std::size_t most = journal_->received_max();
  return std::min(room, most - std::min(most, received_.size()));
}

std::expected<void, error> session::connect(const connect_options& options) {
  if (const error wrong = check(options); wrong != error::none) return result_of(wrong);
  if (!has_version_5 || !has_extras || options.authenticator == nullptr)
    return result_of(connect_by(options, options.authentication_method, options.authentication_data));
  const auto data = options.authenticator->begin();
  if (!data) return result_of(data.error());
  const std::optional<bytes> first = data->empty() ? options.authentication_data : *data;
  return result_of(connect_by(options, options.authenticator->method(), first));
}

error session::connect_by(const connect_options& options, const std::optional<std::string_view>& method,
                          const std::optional<bytes>& data) {
  if (state_ == state::ended) reset_connection();
  closed_due_ = connect_ready_ = false;
  log_.drop_unsent();
  remember(options);
  method_hash_ = method ? hash(*method) : 0;
  property_list list;
  if constexpr (has_version_5) {
    list.add(property::session_expiry_interval, options.session_expiry_s, 0);
    list.add(property::receive_maximum, receive_maximum_, receive_maximum_default);
    list.add(property::maximum_packet_size, options.maximum_packet_size, 0);
    list.add(property::topic_alias_maximum, incoming_aliases_.count(), 0);
  }
  if constexpr (has_version_5 && has_extras) {
    list.add(property::request_response_information, options.request_response_information, 0);
    list.add(property::request_problem_information, options.request_problem_information, 1);
    if (method) list.add(property::authentication_method, *method);
    if (data) list.add(property::authentication_data, as_text(*data));
  }
  const properties own = list.all();
  const mqtt::connect said{.protocol = options.version,
                           .clean_start = options.clean_start,
                           .keep_alive_s = options.keep_alive_s,
                           .properties = has_version_5 ? own.followed_by(options.user_properties) : properties{},
                           .client_identifier = options.client_identifier,
                           .will = options.will,
                           .user_name = options.user_name,
                           .password = options.password ? optional_bytes{*options.password} : optional_bytes{}};
  if (const error wrong = say(said); wrong != error::none) return wrong;
  last_connect_size_ = put_size_;
  connect_ready_ = true;
  return error::none;
}

error session::on_connack(const mqtt::connack& ack) {
  if (unheard_ != 0) --unheard_;  // this one is heard
  if (is_failure(ack.reason)) return closed_by_server(error::refused, ack.reason, ack.properties);
  if (ack.session_present && clean_start_)  // [MQTT-3.2.2-2] [MQTT-3.2.2-4]
    return behind_header(error::unexpected_session, field::session_present);
  if (const error wrong = check_unasked(ack); wrong != error::none) return wrong;
  if (has_version_5 && authenticator_ != nullptr)
    if (const error wrong = authenticator_->finish(as_bytes(ack.properties.text(property::authentication_data)));
        wrong != error::none)
      return wrong;
  if (const error wrong = has_version_5 ? check_method(ack.properties) : error::none; wrong != error::none)
    return wrong;
  heed(ack.properties);
  if (server_.maximum_packet_size < acknowledgement_bytes_max) return error::server_takes_too_little;
  state_ = state::online;
  was_online_ = true;
  authenticating_ = challenged_ = false;
  const std::string_view assigned = ack.properties.text(property::assigned_client_identifier);
  last_connect_size_ += static_cast<std::uint32_t>(assigned.size());  // the next one bears it, and needs its room
  if (ack.session_present) resume();
  else start_over();
  if (clean_start_ && !is_v5(decoding_.protocol)) note_unheard();  // it ends with its connection [MQTT311-3.1.2-6]
  if (!ack.session_present) tell_unheard();                        // the journal began anew
  if (reconciles()) return error::none;
  const bool in_doubt = doubt_;
  if (ack.session_present) settle(!in_doubt);
  tell<connected>(ack.session_present, in_doubt, assigned, ack.properties);
  return error::none;
}

// What 5.0 makes the server say, and what it may say only when asked.
error session::check_unasked(const mqtt::connack& ack) const {
  if (!is_v5(decoding_.protocol)) return error::none;
  if (nameless_ && ack.properties.text(property::assigned_client_identifier).empty())
    return error::no_client_identifier;  // [MQTT-3.2.2-16]
  if (!asked_response_ && ack.properties.has(property::response_information))
    return error::unasked_response_information;  // [MQTT-3.1.2-28]
  return error::none;
}

// Only PUBLISH, CONNACK and DISCONNECT may tell them where CONNECT declined Problem Information [MQTT-3.1.2-29].
bool session::tells_problems(const properties& list) const {
  return declined_problem_ && (list.has(property::reason_string) || list.has(property::user_property));
}

void session::heed(const properties& announced) {
  const auto number = [&](property id, std::uint32_t absent) { return announced.number(id, absent); };
  const auto flag = [&](property id) { return announced.number(id, 1) != 0; };
  server_.maximum_qos = static_cast<qos>(number(property::maximum_qos, 2));
  server_.retain_available = flag(property::retain_available);
  server_.wildcard_subscription_available = flag(property::wildcard_subscription_available);
  server_.subscription_identifiers_available = flag(property::subscription_identifiers_available);
  server_.shared_subscription_available = flag(property::shared_subscription_available);
  server_.receive_maximum = static_cast<std::uint16_t>(number(property::receive_maximum, receive_maximum_default));
  server_.topic_alias_maximum = static_cast<std::uint16_t>(number(property::topic_alias_maximum, 0));
  server_.maximum_packet_size = number(property::maximum_packet_size, packet_bytes_max);
  server_.session_expiry_s = number(property::session_expiry_interval, requested_expiry_s_);
  server_.keep_alive_s =  // [MQTT-3.2.2-21]
      static_cast<std::uint16_t>(number(property::server_keep_alive, requested_keep_alive_s_));
  clock_.run(std::chrono::seconds{server_.keep_alive_s}, ping_timeout_);
}

error session::check_method(const properties& list) const {
  const auto method = list.find(property::authentication_method);
  const bool same = (method ? hash(method->text) : 0) == method_hash_;
  return same ? error::none : error::wrong_authentication_method;  // [MQTT-4.12.0-5]
}

error session::on_auth(const mqtt::auth& asked) {
  if (tells_problems(asked.properties)) return error::unasked_problem_information;
  if (const error wrong = check_method(asked.properties); wrong != error::none) return wrong;
  const bytes step = as_bytes(asked.properties.text(property::authentication_data));
  authenticating_ = false;
  if (asked.reason == reason::continue_authentication) {
    challenged_ = true;
    if (authenticator_ != nullptr) return on_challenge(step);
    tell<challenge>(asked.properties.text(property::authentication_method), step, asked.properties);
    return error::none;
  }
  if (state_ == state::connecting)  // success of CONNECT is told by CONNACK
    return in_field(field::packet_type, error::unexpected_packet);
  if (authenticator_ != nullptr)
    if (const error wrong = authenticator_->finish(step); wrong != error::none) return wrong;
  tell<authenticated>(step, asked.properties);
  return error::none;
}

error session::on_challenge(bytes step) {
  const auto data = authenticator_->answer(step);
  if (!data) return data.error();
  const auto sent = authenticate(authenticator_->method(), *data);
  return sent ? error::none : sent.error();
}

std::expected<void, error> session::authenticate(std::string_view method, bytes data, const properties& more) {
  if (!challenged_ || (state_ != state::connecting && state_ != state::online))  // [MQTT-3.14.4-1]
    return result_of(error::authentication_not_expected);
  const error wrong = send_auth(reason::continue_authentication, method, data, more);
  if (wrong == error::none) challenged_ = false;
  return result_of(wrong);
}

std::expected<void, error> session::reauthenticate(std::string_view method, bytes data, const properties& more) {
  if (state_ != state::online) return result_of(error::not_connected);
  if (authenticating_ || challenged_ || method_hash_ == 0) return result_of(error::authentication_not_expected);
  return result_of(send_auth(reason::reauthenticate, method, data, more));
}

std::expected<void, error> session::reauthenticate() {
  if (state_ != state::online) return result_of(error::not_connected);
  if (authenticator_ == nullptr || authenticating_) return result_of(error::authentication_not_expected);
  const auto data = authenticator_->begin();
  if (!data) return result_of(data.error());
  return reauthenticate(authenticator_->method(), *data);
}

error session::send_auth(reason code, std::string_view method, bytes data, const properties& more) {
  if (hash(method) != method_hash_) return error::wrong_authentication_method;
  if (const error wrong = check_properties(more, property_in::auth); wrong != error::none) return wrong;
  if (more.has(property::authentication_method) || more.has(property::authentication_data))
    return error::duplicated_property;  // they have places of their own
  const property_value list[] = {{property::authentication_method, method}, {property::authentication_data, data}};
  const properties own{std::span<const property_value>{list, data.empty() ? 1U : 2U}};
  if (const error wrong = say(mqtt::auth{.reason = code, .properties = own.followed_by(more)}); wrong != error::none)
    return wrong;
  authenticating_ = true;
  return error::none;
}

error session::on_disconnect(const mqtt::disconnect& bye) {
  if (bye.reason == reason::session_taken_over) {  // perhaps by a CONNECT of before
    note_unheard();
    tell_unheard();
  }
  return closed_by_server(error::disconnected, bye.reason, bye.properties);
}

error session::closed_by_server(error what, reason code, const properties& said) {
  end(make_fault(what, static_cast<std::uint32_t>(code)), code);
  tell_end();
  if (auto* told = std::get_if<closed>(&**told_)) {
    told->by_server = true;
    told->reason_string = said.text(property::reason_string);
    told->server_reference = said.text(property::server_reference);
    told->properties = said;
    told->packet = {};
  }
  return error::none;
}

}  // namespace recado::mqtt
