#include <recado/core/base64.hpp>

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace recado {
namespace {

std::string encoded(std::string_view data) {
  std::string out(base64_size(data.size()), '?');
  EXPECT_EQ(base64_encode(as_bytes(data), std::as_writable_bytes(std::span{out})), out.size());
  return out;
}

TEST(base64, the_rfc_s_examples_both_ways) {  // RFC 4648 §10
  const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(encoded(plain), text);
    std::array<std::byte, 16> out{};
    const auto size = base64_decode(text, out);
    ASSERT_TRUE(size.has_value()) << text;
    EXPECT_EQ(as_text(bytes{out}.first(*size)), plain);
  }
}

TEST(base64, every_byte_in_every_place) {
  for (int value = 0; value < 256; ++value)
    for (std::size_t place = 0; place < 3; ++place) {
      std::string data(3, '\x5a');
      data[place] = static_cast<char>(value);
      std::array<std::byte, 3> out{};
      ASSERT_EQ(base64_decode(encoded(data), out), 3u);
      EXPECT_EQ(as_text(out), data);
    }
}

TEST(base64, refuses_what_is_not_base64) {
  std::array<std::byte, 16> out{};
  for (const std::string_view wrong : {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zg==Zg==", "Zm9\n", "Zm9-",
                                       "Zm9_", "Zh==", "Zm9=", "Zm 9", "Zm\0v"})
    EXPECT_FALSE(base64_decode(wrong, out).has_value()) << wrong;
  EXPECT_FALSE(base64_decode("Zm9vYmFy", mutable_bytes{out}.first(5)).has_value()) << "too small";
  EXPECT_EQ(base64_decode("Zm9vYmFy", mutable_bytes{out}.first(6)), 6u);
}

}  // namespace
}  // namespace recado
