// The fast walkers for what is sent and received with every message: PUBLISH and its answers in their usual
// form, without properties and as a whole. They dissolve into one straight function for each packet; what is
// unusual they leave to the walkers of codec.hpp. They visit the same `fields`.
#pragma once

#include <recado/mqtt/codec.hpp>
#include <recado/mqtt/plain_text.hpp>

namespace recado::mqtt {

/// Adds up the bytes behind the fixed header; `plain()` is false if the packet isn't of the usual form.
class quick_size_walker {
 public:
  explicit quick_size_walker(version protocol) : v5_(is_v5(protocol)) {}
  bool v5() const { return v5_; }
  std::size_t size() const { return size_; }
  bool plain() const { return plain_; }

  void publish_flags(const publish&) {}
  void identifier(std::uint16_t) { size_ += 2; }
  void reason(mqtt::reason, packet_type) { size_ += 1; }
  void topic(field, std::string_view value) {
    size_ += 2 + value.size();
    plain_ &= value.size() <= string_bytes_max;
  }
  void properties(field, const mqtt::properties& list, std::uint16_t) {
    if (v5_) size_ += 1;
    plain_ &= list.empty();
  }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, error, field) {}
  bool carries(const mqtt::properties&, property) const { return true; }
  void payload(bytes value, std::uint32_t rest) {
    size_ += value.size();
    plain_ &= rest == 0;
  }

 private:
  std::size_t size_ = 0;
  bool v5_;
  bool plain_ = true;
};

/// Writes what the above measured.
class quick_encode_walker {
 public:
  quick_encode_walker(version protocol, std::byte* at) : at_(at), v5_(is_v5(protocol)) {}
  bool v5() const { return v5_; }

  void publish_flags(const publish&) {}
  void identifier(std::uint16_t value) { at_ = write_u16(at_, value); }
  void reason(mqtt::reason value, packet_type) { *at_++ = static_cast<std::byte>(value); }
  void topic(field, std::string_view value) {
    at_ = write_u16(at_, value.size());
    put(as_bytes(value));
  }
  void properties(field, const mqtt::properties&, std::uint16_t) {
    if (v5_) *at_++ = std::byte{0};
  }
  bool ends(bool nothing_follows) const { return nothing_follows; }
  template <class F>
  void require(F&&, error, field) {}
  bool carries(const mqtt::properties&, property) const { return true; }
  void payload(bytes value, std::uint32_t) { put(value); }

 private:
  /// The usual lengths of a topic and of a short payload are copied by two overlapping moves instead of a call.
  void put(bytes value) {
    const std::size_t length = value.size();
    if (length - 16 > 16) {
      copy(value, {at_, length});
    } else {
      std::memcpy(at_, value.data(), 16);
      std::memcpy(at_ + length - 16, value.data() + length - 16, 16);
    }
    at_ += length;
  }
  std::byte* at_;
  bool v5_;
};

/// Reads the fields as `decode_walker` does, but only finds out whether all is well and there are no properties:
/// then that is the answer, else `decode_walker` walks again.
class scan_walker {
 public:
  scan_walker(const decode_options& options, const std::byte* at, const std::byte* end)
      : at_(at), end_(end), how_{options.from, is_v5(options.protocol), options.trusted} {}
  bool v5() const { return how_.v5; }
  /// The characters of the topic are looked at last, when nothing else needs the registers.
  bool well() const {
    return well_ && at_ == end_ && (how_.trusted || plain_text_inline(topic_, text_rule::topic_name));
  }

  void publish_flags(const publish&) {}
  void identifier(std::uint16_t& value) {
    if (left() < 2) [[unlikely]]
      return stop();
    value = read_u16(at_);
    at_ += 2;
    well_ &= value != 0;
  }
  void topic(field, std::string_view& value) {
    if (left() < 2) [[unlikely]]
      return stop();
    const std::size_t length = read_u16(at_);
    if (left() - 2 < length) [[unlikely]]
      return stop();
    value = as_text({at_ + 2, length});
    at_ += 2 + length;
    topic_ = value;
  }
  void properties(field, mqtt::properties&, std::uint16_t) {
    if (!how_.v5) return;
    if (at_ == end_) [[unlikely]]
      return stop();
    if (*at_++ != std::byte{0}) [[unlikely]]
      stop();
  }
  template <class F>
  void require(F&& condition, error, field) {
    well_ &= condition();
  }
  bool carries(const mqtt::properties&, property) const { return false; }
  bool ends(bool) const { return at_ == end_; }
  void reason(mqtt::reason& value, packet_type type) {
    if (at_ == end_) [[unlikely]]
      return stop();
    value = static_cast<mqtt::reason>(*at_++);
    well_ &= allowed(value, type, how_);
  }
  void payload(bytes& value, std::uint32_t& rest) {
    value = {at_, left()};
    rest = 0;
    at_ = end_;
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  void stop() { well_ = false, at_ = end_; }
  const std::byte* at_;
  const std::byte* end_;
  std::string_view topic_;
  reading how_;
  bool well_ = true;
};

}  // namespace recado::mqtt
