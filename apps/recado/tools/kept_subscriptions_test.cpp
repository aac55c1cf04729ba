#include "kept_subscriptions.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <recado/store/memory_storage.hpp>

namespace recado::app::tools {
namespace {

/// Counts what is asked of it.
class counting_storage final : public store::storage {
 public:
  store::storage_geometry geometry() const override { return below_.geometry(); }
  bool read(std::uint32_t address, mutable_bytes into) override { return ++reads, below_.read(address, into); }
  bool program(std::uint32_t address, bytes what) override { return below_.program(address, what); }
  bool erase(std::uint32_t sector) override { return below_.erase(sector); }
  bool sync() override { return true; }

  std::uint64_t reads = 0;

 private:
  std::vector<std::byte> memory_ = std::vector<std::byte>(4 << 16);
  store::memory_storage below_{memory_, {1 << 16, 4, 8, std::byte{0}}};
};

class tool_subscriptions : public ::testing::Test {
 protected:
  tool_subscriptions() { EXPECT_TRUE(records.format()); }
  counting_storage below;
  std::vector<store::index_entry> index = std::vector<store::index_entry>(4096);
  std::array<std::byte, 128> scratch{};
  store::journal records{below, index, scratch};
  std::array<std::uint32_t, 4> places{};
  chain::session_store in{records, places};
};

TEST_F(tool_subscriptions, are_known_by_their_filter) {
  kept_subscriptions known{in};
  known.granted({.filter = "a/+", .qos = mqtt::qos::at_least_once}, 7);
  known.granted({.filter = "b"}, 0);
  EXPECT_TRUE(known.holds({.filter = "a/+", .qos = mqtt::qos::at_least_once}, 7));
  EXPECT_FALSE(known.holds({.filter = "a/+", .qos = mqtt::qos::at_least_once}, 8));
  EXPECT_FALSE(known.holds({.filter = "a/+"}, 7));
  known.granted({.filter = "a/+"}, 7);
  EXPECT_TRUE(known.holds({.filter = "a/+"}, 7));
  EXPECT_EQ(in.counts().subscriptions, 2U);
  known.ended("b");
  known.ended("never");
  EXPECT_FALSE(known.holds({.filter = "b"}, 0));
  known.granted({.filter = "c"}, 0);
  kept_subscriptions again{in};
  EXPECT_TRUE(again.holds({.filter = "a/+"}, 7));
  EXPECT_FALSE(again.holds({.filter = "b"}, 0));
  EXPECT_TRUE(again.holds({.filter = "c"}, 0));
  in.session_lost(mqtt::lost_session::publish_again);
  again.read();
  EXPECT_FALSE(again.holds({.filter = "c"}, 0));
}

// 4,000 had taken the square of their number.
TEST_F(tool_subscriptions, are_looked_up_once_however_many_there_are) {
  constexpr unsigned count = 2000;
  const auto grant_all = [&](kept_subscriptions& to, mqtt::qos level) {
    for (unsigned i = 0; i < count; ++i) to.granted({.filter = "some/topic/" + std::to_string(i), .qos = level}, 0);
  };
  kept_subscriptions known{in};
  const std::uint64_t before = below.reads;
  grant_all(known, mqtt::qos::at_most_once);
  EXPECT_LT(below.reads - before, 8 * count);
  const std::uint64_t between = below.reads;
  kept_subscriptions again{in};
  grant_all(again, mqtt::qos::exactly_once);
  EXPECT_LT(below.reads - between, 16 * count);
  EXPECT_EQ(in.counts().subscriptions, count);
}

}  // namespace
}  // namespace recado::app::tools
