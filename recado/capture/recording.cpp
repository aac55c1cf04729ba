#include <recado/capture/recording.hpp>

#include <algorithm>

namespace recado::capture {
namespace {

constexpr std::size_t file_header_bytes = 24;
constexpr std::size_t record_header_bytes = 16;
constexpr std::size_t block_bytes_min = 12;
constexpr std::size_t interfaces_max = 4096;
constexpr std::string_view section_type = "\x0a\x0d\x0d\x0a";

enum block : std::uint32_t {
  description = 1,
  obsolete_packet = 2,
  simple_packet = 3,
  enhanced_packet = 6,
  secrets = 10
};

utc_time time_of(std::uint64_t ticks, std::uint64_t ticks_per_s, std::int64_t offset_s) {
  const std::uint64_t seconds = ticks / ticks_per_s, rest = ticks % ticks_per_s;
  const auto us = static_cast<std::int64_t>(static_cast<double>(rest) * 1e6 / static_cast<double>(ticks_per_s));
  constexpr std::uint64_t seconds_max = std::uint64_t{1} << 42;  // beyond every calendar, within microseconds
  const std::int64_t shift = std::clamp(offset_s, -(std::int64_t{1} << 42), std::int64_t{1} << 42);
  return utc_time{duration{(static_cast<std::int64_t>(std::min(seconds, seconds_max)) + shift) * 1'000'000 + us}};
}

/// §4.2, if_tsresol: a power of ten, or of two if the top bit is set.
std::uint64_t ticks_of(unsigned resolution) {
  const unsigned exponent = resolution & 0x7f;
  if ((resolution & 0x80) != 0) return exponent < 63 ? std::uint64_t{1} << exponent : 1'000'000;
  if (exponent > 18) return 1'000'000;
  std::uint64_t ticks = 1;
  for (unsigned i = 0; i < exponent; ++i) ticks *= 10;
  return ticks;
}

}  // namespace

bool recording::recognises(bytes file) {
  const std::string_view head = as_text(file.first(std::min<std::size_t>(file.size(), 4)));
  return head == section_type || head == "\xa1\xb2\xc3\xd4" || head == "\xd4\xc3\xb2\xa1" ||
         head == "\xa1\xb2\x3c\x4d" || head == "\x4d\x3c\xb2\xa1";
}

recording::recording(bytes file) : file_(file) {
  if (!recognises(file)) {
    fail("it is neither pcap nor pcapng");
    return;
  }
  ng_ = as_text(file.first(4)) == section_type;
  if (ng_) return;
  if (file.size() < file_header_bytes) {
    fail("the file's header is cut off");
    return;
  }
  big_endian_ = file[0] == std::byte{0xa1};
  const bool nanoseconds = number(0, 4) == 0xa1b23c4d;
  interfaces_.push_back({static_cast<std::uint16_t>(number(20, 4)), nanoseconds ? 1'000'000'000u : 1'000'000u, 0});
  at_ = file_header_bytes;
}

std::uint32_t recording::number(std::size_t at, std::size_t octets) const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < octets; ++i)
    value = value << 8 | std::to_integer<std::uint32_t>(file_[big_endian_ ? at + i : at + octets - 1 - i]);
  return value;
}

bool recording::next(recorded& out) {
  if (!trouble_.empty()) return false;
  if (!ng_) return next_record(out);
  for (bool found = false; at_ < file_.size();) {
    if (!next_block(out, found)) return false;
    if (found) return true;
  }
  return false;
}

bool recording::next_record(recorded& out) {
  if (at_ == file_.size()) return false;
  if (file_.size() - at_ < record_header_bytes) return fail("a record's header is cut off");
  const std::size_t length = number(at_ + 8, 4);
  const std::uint32_t original = number(at_ + 12, 4);
  if (length > file_.size() - at_ - record_header_bytes) return fail("a record is longer than the rest of the file");
  const network_interface& of = interfaces_.front();
  out = {++count_, of.link_type, time_of(number(at_, 4) * of.ticks_per_s + number(at_ + 4, 4), of.ticks_per_s, 0),
         file_.subspan(at_ + record_header_bytes, length),
         original > length ? original - static_cast<std::uint32_t>(length) : 0};
  at_ += record_header_bytes + length;
  return true;
}

bool recording::next_block(recorded& out, bool& found) {
  if (file_.size() - at_ < block_bytes_min) return fail("a block is cut off");
  const bool section = as_text(file_.subspan(at_, 4)) == section_type;
  if (section) big_endian_ = file_[at_ + 8] == std::byte{0x1a};
  const std::uint32_t type = number(at_, 4);
  const std::size_t length = number(at_ + 4, 4);
  if (length < block_bytes_min || length % 4 != 0 || length > file_.size() - at_)
    return fail("a block's length can't be right");
  if (number(at_ + length - 4, 4) != length) return fail("a block's two lengths differ");
  bool good = true;
  if (section) good = begin_section(length);
  else if (type == block::description) good = add_interface(length);
  else if (type == block::secrets) secrets_ = true;
  else if (type == block::enhanced_packet || type == block::obsolete_packet || type == block::simple_packet)
    good = found = take_packet(type, length, out);
  if (good) at_ += length;
  return good;
}

bool recording::begin_section(std::size_t length) {
  if (length < 28 || number(at_ + 8, 4) != 0x1a2b3c4d) return fail("a section's header is broken");
  interfaces_.clear();
  return true;
}

bool recording::add_interface(std::size_t length) {
  if (length < 20) return fail("an interface's description is too short");
  if (interfaces_.size() == interfaces_max) return fail("there are too many interfaces");
  network_interface of{static_cast<std::uint16_t>(number(at_ + 8, 2))};
  const std::size_t end = at_ + length - 4;
  for (std::size_t at = at_ + 16; end - at >= 4;) {
    const std::uint32_t code = number(at, 2);
    const std::size_t size = number(at + 2, 2);
    if (code == 0) break;
    if (size > end - at - 4) return fail("an option reaches beyond its block");
    if (code == 9 && size == 1) of.ticks_per_s = ticks_of(number(at + 4, 1));
    if (code == 14 && size == 8) {
      const std::uint64_t high = number(at + (big_endian_ ? 4 : 8), 4), low = number(at + (big_endian_ ? 8 : 4), 4);
      of.offset_s = static_cast<std::int64_t>(high << 32 | low);
    }
    at += std::min(end - at, 4 + (size + 3) / 4 * 4);
  }
  interfaces_.push_back(of);
  return true;
}

bool recording::take_packet(std::uint32_t type, std::size_t length, recorded& out) {
  const bool simple = type == block::simple_packet;
  const std::size_t head = simple ? 12 : 28;
  if (length < head + 4) return fail("a packet's block is too short");
  const std::uint32_t which = simple ? 0 : number(at_ + 8, type == block::obsolete_packet ? 2 : 4);
  if (which >= interfaces_.size()) return fail("a packet names an interface that wasn't described");
  const network_interface& of = interfaces_[which];
  const std::uint32_t original = number(at_ + (simple ? 8 : 24), 4);
  const std::size_t room = length - head - 4;
  const std::size_t held = simple ? std::min<std::size_t>(original, room) : number(at_ + 20, 4);
  if (held > room) return fail("a packet is longer than its block");
  utc_time when{};
  if (!simple)
    when = time_of(std::uint64_t{number(at_ + 12, 4)} << 32 | number(at_ + 16, 4), of.ticks_per_s, of.offset_s);
  out = {++count_, of.link_type, when, file_.subspan(at_ + head, held),
         original > held ? original - static_cast<std::uint32_t>(held) : 0};
  return true;
}

}  // namespace recado::capture
