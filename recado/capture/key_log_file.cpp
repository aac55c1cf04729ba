#include <recado/capture/key_log_file.hpp>

#include <string>

#include <recado/core/bytes.hpp>

namespace recado::capture {

void key_log_file::line(std::string_view text) {
  std::string whole;
  whole.reserve(text.size() + 1);
  whole += text;
  whole += '\n';
  file_.write(whole);  // in one piece: several programs may append to the same file
  wipe(std::as_writable_bytes(std::span{whole}));
}

}  // namespace recado::capture
