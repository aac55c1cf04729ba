// -A: which addresses of this host a connection may come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <recado/core/address.hpp>
#include <recado/core/instant.hpp>

namespace recado::app::tools {

/// The addresses that `name` stands for: an address, an interface of this host, or a host name that is looked up for
/// `patience` at most. Throws `failure` if there is none.
std::vector<ip_address> local_addresses(const std::string& name, duration patience);

/// Takes the one to use for `candidates` and leaves only those in it that can be reached from it: the family of the
/// first candidate for which there is an address. Nothing, and no candidate left, if none fits.
std::optional<ip_address> choose_local(const std::vector<ip_address>& from, std::vector<endpoint>& candidates);

}  // namespace recado::app::tools
