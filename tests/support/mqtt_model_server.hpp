// A model server with sessions of its own: the other side of the wire as the standard describes it.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <tests/support/mqtt_dialogue.hpp>

namespace recado::mqtt::test {

/// One side of the wire as the standard describes it, with no regard for speed.
class model_server {
 public:
  explicit model_server(version protocol, std::mt19937& random) : protocol_(protocol), random_(random) {}

  std::map<std::string, int> arrived;  // payloads of the client's messages
  std::vector<std::string> order;      // of the first arrivals of QoS 1
  std::size_t to_deliver = 0;          // messages for the client that are not published yet
  octets said;                         // to the client

  void stream_lost() { said.clear(), heard_.clear(), open_ = false; }
  bool idle() const { return to_deliver == 0 && outgoing_.empty(); }

  void hear(bytes data) {
    heard_.insert(heard_.end(), data.begin(), data.end());
    bytes rest = heard_;
    const decode_options how{.protocol = protocol_, .from = sender::client};
    for (;;) {
      fixed_header header;
      ASSERT_FALSE(read_header(rest, how, header)) << hex(rest);
      if (header.size == 0 || rest.size() < header.total()) break;
      any_packet any;
      const defect found = decode(header, rest.first(header.total()), how, any);
      ASSERT_FALSE(found) << words(found.code);
      on_packet(any);
      rest = rest.subspan(header.total());
    }
    heard_.erase(heard_.begin(), heard_.end() - static_cast<std::ptrdiff_t>(rest.size()));
  }

  /// Publishes what the client's Receive Maximum allows.
  void publish_some() {
    while (open_ && to_deliver != 0 && outgoing_.size() < client_maximum_) {
      const std::uint16_t id = ++last_identifier_;
      outgoing_[id] = {random_() % 2 == 0 ? qos::at_least_once : qos::exactly_once, std::to_string(to_deliver--)};
      say(message_of(outgoing_[id].level, id, "in", outgoing_[id].text));
    }
  }

 private:
  struct sent_message {
    qos level{};
    std::string text{};
    bool received = false;
  };
  template <class P>
  void say(const P& what) {
    const octets data = wire(what, protocol_);
    said.insert(said.end(), data.begin(), data.end());
  }
  void on_packet(const any_packet& any) {
    if (const auto* p = std::get_if<mqtt::connect>(&any)) on_connect(*p);
    if (const auto* p = std::get_if<mqtt::publish>(&any)) on_publish(*p);
    if (const auto* p = std::get_if<acknowledgement>(&any)) on_acknowledgement(*p);
    if (std::holds_alternative<ping>(any)) said.push_back(std::byte{0xd0}), said.push_back(std::byte{0});
  }
  void on_connect(const mqtt::connect& what) {
    EXPECT_FALSE(open_) << "[MQTT-3.1.0-2]";
    open_ = true;
    unanswered_.clear();
    client_maximum_ = what.properties.number(property::receive_maximum, 65'535);
    if (protocol_ == version::v3_1_1) client_maximum_ = 4;
    maximum_ = 1 + random_() % 3;
    const property_value list[] = {{property::receive_maximum, static_cast<std::uint32_t>(maximum_)}};
    connack answer{.session_present = known_, .properties = {}};
    if (protocol_ == version::v5_0) answer.properties = properties{list};
    else maximum_ = 65'535;
    known_ = true;
    say(answer);
    for (auto& [id, one] : outgoing_) {
      if (one.received) say(mqtt::test::answer(pubrel, id));
      else say(message_of(one.level, id, "in", one.text, true));
    }
  }
  void on_publish(const mqtt::publish& what) {
    const std::string text{as_text(what.payload)};
    if (what.qos == qos::at_most_once) return;
    unanswered_.insert(what.packet_identifier);
    EXPECT_LE(unanswered_.size(), maximum_) << "[MQTT-3.3.4-7]";
    if (what.qos == qos::at_least_once) {
      if (++arrived[text] == 1) order.push_back(text);
    } else if (received_.insert(what.packet_identifier).second) {
      ++arrived[text];
    }
    owed_.push_back(answer(what.qos == qos::at_least_once ? puback : pubrec, what.packet_identifier));
    answer_some();
  }
  void on_acknowledgement(const acknowledgement& what) {
    if (what.type == pubrel) {
      received_.erase(what.packet_identifier);
      owed_.push_back(answer(pubcomp, what.packet_identifier));
      return answer_some();
    }
    if (what.type == pubrec) {
      const auto one = outgoing_.find(what.packet_identifier);
      if (one != outgoing_.end()) one->second.received = true;
      return say(answer(pubrel, what.packet_identifier));
    }
    outgoing_.erase(what.packet_identifier);
  }

 public:
  /// Some answers at once, some later.
  void answer_some(bool all = false) {
    while (!owed_.empty() && (all || random_() % 2 == 0)) {
      if (owed_.front().type != pubrec) unanswered_.erase(owed_.front().packet_identifier);
      say(owed_.front());
      owed_.pop_front();
    }
  }
  void forget_answers() { owed_.clear(); }

 private:
  version protocol_;
  std::mt19937& random_;
  octets heard_;
  bool open_ = false, known_ = false;
  std::size_t maximum_ = 1, client_maximum_ = 1;
  std::uint16_t last_identifier_ = 0;
  std::set<std::uint16_t> received_, unanswered_;
  std::deque<acknowledgement> owed_;
  std::map<std::uint16_t, sent_message> outgoing_;
};

}  // namespace recado::mqtt::test
