// Certificates and keys in the form that somebody else wants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <recado/pki/secret.hpp>

namespace recado::pki {

/// One thing to put into a C++ header.
struct header_part {
  std::string name;      ///< of the constant: "ca_certificate"
  std::string comment;   ///< what it is
  std::string_view der;  ///< borrowed
};

/// A header with one constexpr array of DER for each part, in `name_space`: for a device without files, whose TLS
/// back end takes certificates and keys from memory. It needs nothing but <cstdint>.
secret cpp_header(std::string_view name_space, const std::vector<header_part>& parts);

/// True if `name` can be (a possibly qualified) name of a C++ namespace.
bool is_namespace_name(std::string_view name);

/// The certificates of a PEM or DER file as one PEM text, in their order, without anything else that was in it.
std::string pem_bundle(const std::vector<std::string>& contents, std::string_view what);

/// The first certificate, request or CRL in `content` as DER. Throws `failure` if there is none.
std::string to_der(std::string_view content, std::string_view what);

}  // namespace recado::pki
