#include <recado/capture/mqtt_json.hpp>

#include <string>

#include <recado/wire/walk.hpp>

namespace recado::capture {
namespace {

using mqtt::field;

class json_walker {
 public:
  json_walker(json_writer& out, const mqtt::print_options& how)
      : out_(out), secrets_(how.show_secrets), v5_(how.protocol == mqtt::version::v5_0) {}
  bool v5() const { return v5_; }

  template <wire::scalar T>
  void operator()(field where, const T& value) {
    out_.number(words(where), wire::to_wire(value));
  }
  void protocol_name() {}
  void protocol_version(mqtt::version value) {
    v5_ = value == mqtt::version::v5_0;
    out_.text("version", words(value));
  }
  void connect_flags(const mqtt::connect& self) {
    out_.boolean(v5_ ? "clean start" : "clean session", self.clean_start);
    if (!self.will) return;
    out_.number("will_qos", static_cast<std::uint64_t>(self.will->qos));
    out_.boolean("will_retain", self.will->retain);
  }
  void publish_flags(const mqtt::publish& self) {
    out_.number("qos", static_cast<std::uint64_t>(self.qos));
    out_.boolean("retain", self.retain);
    out_.boolean("dup", self.duplicate);
  }
  void flag_octet(field, field name, bool value) { out_.boolean(words(name), value); }
  void identifier(std::uint16_t value) { out_.number("packet_identifier", value); }
  void reason(mqtt::reason value, mqtt::packet_type type) {
    out_.number("reason_code", static_cast<std::uint64_t>(value));
    out_.text("reason", words(value, type));
  }
  void connect_reason(mqtt::reason value) {
    if (v5_) return reason(value, mqtt::packet_type::connack);
    const mqtt::connect_return_code old = mqtt::to_return_code(value);
    out_.number("return_code", static_cast<std::uint64_t>(old));
    out_.text("reason", words(old));
  }
  void text(field where, std::string_view value) { out_.text(words(where), value); }
  void topic(field where, std::string_view value) { text(where, value); }
  void binary(field where, bytes value) { text(where, as_text(value)); }
  void secret(field where, bytes value) { hidden(words(where), value); }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, mqtt::error, field) {}
  bool carries(const mqtt::properties&, mqtt::property) const { return true; }
  void reasons(bytes codes, mqtt::packet_type type) {
    out_.begin_array("reason_codes");
    for (const std::byte one : codes) {
      out_.begin_object();
      reason(static_cast<mqtt::reason>(one), type);
      out_.end_object();
    }
    out_.end_array();
  }
  void payload(bytes value, std::uint32_t) { binary(field::payload, value); }
  void properties(field where, const mqtt::properties& list, std::uint16_t) {
    if (!v5_) return;
    out_.begin_array(words(where));
    for (const mqtt::property_value& one : list) write(one);
    out_.end_array();
  }
  void list(field, const mqtt::sequence<mqtt::subscription>& items) {
    out_.begin_array("subscriptions");
    for (const mqtt::subscription& one : items) write(one);
    out_.end_array();
  }
  void list(field, const mqtt::sequence<std::string_view>& items) {
    out_.begin_array("topic_filters");
    for (const std::string_view one : items) out_.text({}, one);
    out_.end_array();
  }

 private:
  void hidden(std::string_view name, bytes value) {
    if (secrets_) out_.text(name, as_text(value));
    else out_.number(std::string{name} + "_bytes", value.size());
  }
  void write(const mqtt::subscription& one) {
    out_.begin_object();
    out_.text("topic_filter", one.filter);
    out_.number("qos", static_cast<std::uint64_t>(one.qos));
    if (v5_) {
      out_.boolean("no_local", one.no_local);
      out_.boolean("retain_as_published", one.retain_as_published);
      out_.number("retain_handling", static_cast<std::uint64_t>(one.retain_handling));
    }
    out_.end_object();
  }
  void write(const mqtt::property_value& one) {
    out_.begin_object();
    out_.text("name", words(one.id));
    switch (traits_of(one.id).kind) {
      case mqtt::property_kind::pair:
        out_.text("key", one.name);
        out_.text("value", one.text);
        break;
      case mqtt::property_kind::text:
        out_.text("value", one.text);
        break;
      case mqtt::property_kind::binary:
        if (one.id == mqtt::property::authentication_data) hidden("value", one.binary());
        else out_.text("value", one.text);
        break;
      default:
        out_.number("value", one.number);
    }
    out_.end_object();
  }

  json_writer& out_;
  bool secrets_;
  bool v5_;
};

}  // namespace

void write_json(const mqtt::any_packet& packet, const mqtt::print_options& how, json_writer& out) {
  std::visit(
      [&](const auto& one) {
        json_walker walk{out, how};
        out.text("packet", words(one.type));
        one.fields(one, walk);
      },
      packet);
}

}  // namespace recado::capture
