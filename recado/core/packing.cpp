#include <recado/core/packing.hpp>

namespace recado {

void unpack(const char* text, text_sink& out) {
  for (; *text != '\0'; ++text) {
    const auto code = static_cast<unsigned char>(*text);
    if (code < 0x80) {
      out << *text;
      continue;
    }
    std::string_view rest = packing::fragments;
    for (unsigned i = 0x80; i < code; ++i) rest.remove_prefix(rest.find('|') + 1);
    out << rest.substr(0, rest.find('|'));
  }
}

}  // namespace recado
