// Any bytes as a DNS message: printing, reading names and records, and reading it as an answer.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <recado/dns/answer.hpp>

using namespace recado;

namespace {
void check(bool holds) {
  if (!holds) std::abort();
}

class counting_sink final : public text_sink {
 public:
  void write(std::string_view text) override { size += text.size(); }
  std::size_t size = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bytes message{reinterpret_cast<const std::byte*>(data), size};
  counting_sink out;
  dns::print(message, out);
  check(out.size != 0);
  dns::message_reader reader{message};
  std::size_t records = 0;
  for (dns::record what; reader.next(what); ++records) check(what.offset + what.data.length <= size);
  check(records <= size / 11);  // the shortest record: the root, type, class, life, length

  dns::question_record first;
  dns::message_reader again{message};
  if (!again.next(first)) return 0;
  for (const bool edns : {false, true}) {
    const dns::query asked{again.head().id, &first.about, first.data.type, edns};
    if (!dns::answers(message, asked)) continue;
    std::array<ip_address, 4> room;
    dns::name alias;
    const auto said = dns::read_answer(message, asked, dns::aliases_max, room, alias);
    check(said.found <= room.size() && said.aliases <= dns::aliases_max);
    check(said.ttl_s <= dns::ttl_s_max);
    check(said.what != dns::verdict::addresses || said.found != 0);
    check(said.what != dns::verdict::without_edns || edns);
    for (std::size_t i = 0; i < said.found; ++i) check(room[i].is_v4() == (asked.type == dns::record_type::a));
  }
  return 0;
}
