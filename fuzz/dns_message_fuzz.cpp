// Any bytes as a DNS message: printing, reading names and records, and reading it as an answer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <recado/dns/answer.hpp>

#include "target.hpp"

using recado::fuzz::counting_sink;
using recado::fuzz::require;

using namespace recado;

namespace {}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes message{reinterpret_cast<const std::byte*>(data), size};
  counting_sink out;
  dns::print(message, out);
  require(out.size != 0);
  dns::message_reader reader{message};
  std::size_t records = 0;
  for (dns::record what; reader.next(what); ++records) require(what.offset + what.data.length <= size);
  require(records <= size / 11);  // the shortest record: the root, type, class, life, length

  dns::question_record first;
  dns::message_reader again{message};
  if (!again.next(first)) return 0;
  for (const bool edns : {false, true}) {
    const dns::query asked{again.head().id, &first.about, first.data.type, edns};
    if (!dns::answers(message, asked)) continue;
    std::array<ip_address, 4> room;
    dns::name alias;
    const auto said = dns::read_answer(message, asked, dns::aliases_max, room, alias);
    require(said.found <= room.size() && said.aliases <= dns::aliases_max);
    require(said.ttl_s <= dns::ttl_s_max);
    require(said.what != dns::verdict::addresses || said.found != 0);
    require(said.what != dns::verdict::without_edns || edns);
    for (std::size_t i = 0; i < said.found; ++i) require(room[i].is_v4() == (asked.type == dns::record_type::a));
  }
  return 0;
}
