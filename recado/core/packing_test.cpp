#include <recado/core/packing.hpp>

#include <gtest/gtest.h>

#include <string>

namespace recado {
namespace {

/// What `unpack` writes of the packed literal.
template <packing::literal Text>
std::string there_and_back() {
  char memory[256];
  buffer_sink out{memory};
  unpack(packing::packed<Text>.data(), out);
  return std::string{out.view()};
}

TEST(packing, gives_back_every_text) {
  EXPECT_EQ(there_and_back<"">(), "");
  EXPECT_EQ(there_and_back<"x">(), "x");
  EXPECT_EQ(there_and_back<"ZZZ {~}">(), "ZZZ {~}");
  EXPECT_EQ(there_and_back<"the server's certificate has expired">(), "the server's certificate has expired");
  EXPECT_EQ(there_and_back<"check the DNS server's address, the network, and that UDP port 53 is let through">(),
            "check the DNS server's address, the network, and that UDP port 53 is let through");
}

TEST(packing, takes_the_longest_fragment) {
  EXPECT_EQ(packing::packed<"its of strength">.size(), 2u);  // the first of all, and the zero
  EXPECT_EQ(packing::packed<"y ">.size(), 2u);               // the last of all
  EXPECT_EQ(packing::packed<"the server's ">.size(), 2u);    // not "the ", "server", "'s "
}

TEST(packing, halves_what_faults_say) {
  constexpr std::string_view said = "the server closed the connection during the TLS handshake";
  EXPECT_LE(packing::packed<"the server closed the connection during the TLS handshake">.size(), said.size() / 2 + 1);
}

TEST(packing, knows_different_fragments_longer_ones_first) {
  std::string_view rest = packing::fragments, before = rest;
  std::size_t count = 0;
  for (; !rest.empty(); ++count) {
    const std::string_view fragment = rest.substr(0, rest.find('|'));
    rest.remove_prefix(fragment.size() + 1);
    EXPECT_GE(fragment.size(), 2u);
    EXPECT_LE(fragment.size(), before.size()) << fragment;
    EXPECT_NE(fragment, before);
    before = fragment;
  }
  EXPECT_LE(count, packing::fragment_list::most);
}

}  // namespace
}  // namespace recado
