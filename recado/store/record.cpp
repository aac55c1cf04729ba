#include <recado/store/record.hpp>

#include <algorithm>

#include <recado/store/crc32c.hpp>

namespace recado::store {
namespace {

constexpr std::uint32_t magic = 0x4a64'6372;  // "rcdJ"
constexpr std::uint32_t format = 2;           // 1: without pages, and waiting messages without a date

class writer {
 public:
  explicit writer(mutable_bytes to) : to_(to) {}
  void put(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) to_[at_++] = static_cast<std::byte>(value >> 8 * i);
  }
  bytes before() const { return to_.first(at_); }

 private:
  mutable_bytes to_;
  std::size_t at_ = 0;
};

class reader {
 public:
  explicit reader(bytes from) : from_(from) {}
  template <class Number>
  void get(Number& into) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) value |= std::to_integer<std::uint64_t>(from_[at_++]) << 8 * i;
    into = static_cast<Number>(value);
  }
  std::uint16_t half() {
    std::uint16_t value = 0;
    get(value);
    return value;
  }
  bytes before() const { return from_.first(at_); }

 private:
  bytes from_;
  std::size_t at_ = 0;
};

}  // namespace

void encode(const sector_header& what, std::array<std::byte, sector_header_bytes>& into) {
  writer out{into};
  out.put(magic, 4);
  out.put(format, 4);
  out.put(what.sequence, 8);
  out.put(what.oldest, 8);
  out.put(what.after, 8);
  out.put(what.sector_bytes, 4);
  out.put(what.sectors, 4);
  out.put(what.program_bytes, 2);
  out.put(what.page_bytes == 1 ? 0 : what.page_bytes, 2);
  out.put(crc32c(out.before()), 4);
}

header_state decode(const std::array<std::byte, sector_header_bytes>& from, sector_header& into) {
  std::uint32_t found_magic = 0, found_format = 0, checksum = 0;
  reader in{from};
  in.get(found_magic);
  in.get(found_format);
  in.get(into.sequence);
  in.get(into.oldest);
  in.get(into.after);
  in.get(into.sector_bytes);
  in.get(into.sectors);
  into.program_bytes = in.half();
  into.page_bytes = std::max<std::uint32_t>(in.half(), 1);
  const std::uint32_t computed = crc32c(in.before());
  in.get(checksum);
  if (found_magic != magic || checksum != computed) return header_state::invalid;
  return found_format == format ? header_state::valid : header_state::other_format;
}

record_header_octets encode(const record_header& what) {
  record_header_octets result;
  writer out{result};
  out.put(what.checksum, 4);
  out.put(what.payload, 4);
  out.put(what.sequence, 8);
  out.put(what.number, 4);
  out.put(what.kind, 1);
  out.put(what.flags, 1);
  out.put(what.unsynced, 2);
  return result;
}

record_header decode(const record_header_octets& from) {
  record_header result;
  reader in{from};
  in.get(result.checksum);
  in.get(result.payload);
  in.get(result.sequence);
  in.get(result.number);
  in.get(result.kind);
  in.get(result.flags);
  in.get(result.unsynced);
  return result;
}

note_octets encode(const note& what) {
  note_octets result;
  writer out{result};
  out.put(what.first, 8);
  out.put(what.second, 8);
  return result;
}

note decode(const note_octets& from) {
  note result;
  reader in{from};
  in.get(result.first);
  in.get(result.second);
  return result;
}

std::uint32_t checksum_of(std::uint64_t sector, const record_header_octets& head) {
  std::array<std::byte, 8> seed;
  writer{seed}.put(sector, 8);
  return crc32c(bytes{head}.subspan(4), crc32c(seed));
}

}  // namespace recado::store
