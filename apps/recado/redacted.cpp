#include "redacted.hpp"

namespace recado::app {

std::string quoted_without_password(std::string_view url) {
  const std::size_t scheme_end = url.find("://"), at = url.rfind('@');
  const std::size_t colon = url.find(':', scheme_end == url.npos ? 0 : scheme_end + 3);
  if (at == url.npos || colon == url.npos || colon > at) return "'" + std::string{url} + "'";
  return "'" + std::string{url.substr(0, colon + 1)} + "(" + std::to_string(at - colon - 1) + " bytes)" +
         std::string{url.substr(at)} + "'";
}

}  // namespace recado::app
