// The fourth walker: fields to words.
#include <algorithm>

#include <recado/mqtt/packet.hpp>
#include <recado/wire/walk.hpp>

namespace recado::mqtt {

namespace {

class print_walker {
 public:
  print_walker(const print_options& options, text_sink& out)
      : out_(out), options_(options), v5_(options.protocol == version::v5_0) {}
  bool v5() const { return v5_; }

  template <wire::scalar T>
  void operator()(field where, const T& value) {
    label(words(where)).number(wire::to_wire(value));
  }
  void protocol_name() {}
  void protocol_version(version value) {
    v5_ = value == version::v5_0;
    label("version") << words(value);
  }
  void connect_flags(const connect& self) {
    flag(self.clean_start, v5_ ? "clean start" : "clean session");
    if (!self.will) return;
    label("will QoS").number(static_cast<std::uint64_t>(self.will->qos));
    flag(self.will->retain, "will retain");
  }
  void publish_flags(const publish& self) {
    label("QoS").number(static_cast<std::uint64_t>(self.qos));
    flag(self.retain, "retain");
    flag(self.duplicate, "DUP");
  }
  void flag_octet(field, field name, bool value) { flag(value, words(name)); }
  void identifier(std::uint16_t value) { (*this)(field::packet_identifier, value); }
  void reason(mqtt::reason value, packet_type type) {
    label(words(field::reason_code));
    code(value, type);
  }
  void connect_reason(mqtt::reason value) {
    if (v5_) return reason(value, packet_type::connack);
    const connect_return_code old = to_return_code(value);
    label("return code") << words(old) << " (";
    out_.number(static_cast<std::uint64_t>(old)) << ')';
  }
  void text(field where, std::string_view value) { label(words(where)).quoted(as_bytes(value)); }
  void topic(field where, std::string_view value) { text(where, value); }
  void binary(field where, bytes value) { label(words(where)), cut_text(value); }
  void secret(field where, bytes value) { label(words(where)), hidden(value); }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, error, field) {}
  bool carries(const mqtt::properties&, property) const { return true; }
  void reasons(bytes codes, packet_type type) {
    for (const std::byte one : codes) reason(static_cast<mqtt::reason>(one), type);
  }
  void payload(bytes value, std::uint32_t rest) {
    label(words(field::payload));
    cut_text(value);
    if (rest == 0) return;
    out_ << " and ";
    out_.number(rest) << " bytes to come";
  }
  void properties(field where, const mqtt::properties& list, std::uint16_t) {
    if (!v5_) return;
    for (const property_value& one : list) print_property(one, where == field::will_properties ? "will's" : "");
  }
  void list(field where, const sequence<subscription>& items) {
    for (const subscription& one : items) {
      text(where, one.filter);
      out_ << " (QoS ";
      out_.number(static_cast<std::uint64_t>(one.qos));
      if (one.no_local) out_ << ", no local";
      if (one.retain_as_published) out_ << ", retain as published";
      if (v5_) out_ << ", retain handling ", out_.number(static_cast<std::uint64_t>(one.retain_handling));
      out_ << ')';
    }
  }
  void list(field where, const sequence<std::string_view>& items) {
    for (const std::string_view one : items) text(where, one);
  }

 private:
  text_sink& label(auto name) {
    if (!options_.one_line) out_ << "\n  ";
    else out_ << (first_ ? " " : ", ");
    first_ = false;
    return out_ << name << ' ';
  }
  void flag(bool value, auto name) {
    if (!options_.one_line) label(name) << (value ? "yes" : "no");
    else if (value) out_ << (first_ ? " " : ", ") << name, first_ = false;
  }
  void code(mqtt::reason value, packet_type type) {
    out_ << words(value, type) << " (0x";
    out_.hex(static_cast<std::uint64_t>(value), 2) << ')';
  }
  void cut_text(bytes value) {
    out_.quoted(value.first(std::min(value.size(), options_.payload_bytes_max)));
    if (value.size() <= options_.payload_bytes_max) return;
    out_ << "... (";
    out_.number(value.size()) << " bytes)";
  }
  void hidden(bytes value) {
    if (options_.show_secrets) return void(out_.quoted(value));
    out_ << '(';
    out_.number(value.size()) << " bytes)";
  }
  void print_property(const property_value& one, std::string_view prefix) {
    if (prefix.empty()) label(words(one.id));
    else label(prefix) << words(one.id) << ' ';
    switch (traits_of(one.id).kind) {
      case property_kind::text:
        out_.quoted(one.binary());
        break;
      case property_kind::pair:
        out_.quoted(as_bytes(one.name)) << " = ", out_.quoted(one.binary());
        break;
      case property_kind::binary:
        if (one.id == property::authentication_data) hidden(one.binary());
        else cut_text(one.binary());
        break;
      default:
        out_.number(one.number);
    }
  }

  text_sink& out_;
  const print_options& options_;
  bool v5_;
  bool first_ = true;
};

}  // namespace

template <class P>
void print(const P& packet, const print_options& options, text_sink& out) {
  print_walker walk{options, out};
  out << words(packet.type);
  P::fields(packet, walk);
}

template void print<connect>(const connect&, const print_options&, text_sink&);
template void print<connack>(const connack&, const print_options&, text_sink&);
template void print<publish>(const publish&, const print_options&, text_sink&);
template void print<acknowledgement>(const acknowledgement&, const print_options&, text_sink&);
template void print<subscribe>(const subscribe&, const print_options&, text_sink&);
template void print<subscribe_acknowledgement>(const subscribe_acknowledgement&, const print_options&, text_sink&);
template void print<unsubscribe>(const unsubscribe&, const print_options&, text_sink&);
template void print<ping>(const ping&, const print_options&, text_sink&);
template void print<disconnect>(const disconnect&, const print_options&, text_sink&);
template void print<auth>(const auth&, const print_options&, text_sink&);

}  // namespace recado::mqtt
