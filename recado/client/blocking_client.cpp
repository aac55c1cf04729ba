#include <recado/client/blocking_client.hpp>

#include <utility>

#include <recado/client/engine.hpp>

namespace recado::client {

blocking_client::blocking_client(options how) : engine_(std::make_shared<engine>(std::move(how))) {}
blocking_client::~blocking_client() { engine_->close(); }

std::expected<void, failure> blocking_client::connect(std::span<const std::string_view> brokers) {
  return engine_->connect(brokers);
}
std::expected<void, failure> blocking_client::start(std::span<const std::string_view> brokers) {
  return engine_->start(brokers);
}
std::expected<void, failure> blocking_client::disconnect(duration timeout) { return engine_->disconnect(timeout); }
bool blocking_client::online() const { return engine_->online(); }
connection_status blocking_client::status() const { return engine_->status(); }
std::expected<void, failure> blocking_client::reauthenticate(duration timeout) {
  return engine_->reauthenticate(timeout);
}

std::expected<mqtt::reason, failure> blocking_client::publish(const mqtt::message& what, duration timeout) {
  return engine_->publish(what, timeout);
}
std::expected<publication, failure> blocking_client::start_publish(const mqtt::message& what, duration timeout) {
  return engine_->start_publish(what, timeout);
}
std::expected<mqtt::reason, failure> blocking_client::wait(publication which, duration timeout) {
  return engine_->wait(which, timeout);
}
std::expected<mqtt::reason, failure> blocking_client::publish_pieces(const mqtt::message& what, std::uint32_t size,
                                                                     payload_source source, duration timeout) {
  return engine_->publish_pieces(what, size, std::move(source), timeout);
}

std::expected<subscription, failure> blocking_client::subscribe(const mqtt::subscription& what, message_handler handler,
                                                                duration timeout) {
  return engine_->subscribe(what, std::move(handler), timeout);
}
std::expected<void, failure> blocking_client::unsubscribe(const subscription& which, duration timeout) {
  return engine_->unsubscribe(which, timeout);
}

std::expected<bool, failure> blocking_client::receive(received& into, duration timeout) {
  return engine_->receive(into, timeout);
}
std::expected<std::optional<received>, failure> blocking_client::receive(duration timeout) {
  received one;
  const auto got = engine_->receive(one, timeout);
  if (!got) return std::unexpected{got.error()};
  return *got ? std::optional{std::move(one)} : std::nullopt;
}

std::expected<received, failure> blocking_client::request(const mqtt::message& what, duration timeout) {
  return engine_->request(what, timeout);
}
std::expected<publication, failure> blocking_client::reply(const mqtt::message_received& to, std::string_view payload,
                                                           mqtt::qos qos) {
  return engine_->reply(to, payload, qos);
}

}  // namespace recado::client
