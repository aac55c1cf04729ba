// A session with its journal and its queue on a storage whose power can be cut.
#pragma once

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include <recado/chain/outbox.hpp>
#include <recado/chain/session_store.hpp>
#include <recado/store/failing_storage_for_tests.hpp>
#include <tests/support/mqtt_dialogue.hpp>

namespace recado::chain::testing {

/// What is gone when the power goes.
struct program {
  explicit program(store::storage& below)
      : index(64), places(6), records(below, index, scratch), kept(records, places) {
    box.keep_in(&kept);
  }
  std::vector<store::index_entry> index;
  std::vector<std::uint32_t> places;
  std::array<std::byte, 128> scratch{};
  store::journal records;
  session_store kept;
  std::array<std::byte, 300> waiting{};
  outbox box{waiting};
  mqtt::test::subject who{{.transmit = 400, .outgoing = 6, .received = 8, .owed = 4}};
};

/// The parts alone, without a server.
class store_of_a_session : public ::testing::Test {
 protected:
  store_of_a_session() {
    EXPECT_TRUE(now.records.format());
    EXPECT_TRUE(now.kept.restore(now.who.machine).has_value());
  }
  store::testing::failing_storage below{{2048, 4, 4, std::byte{0xff}}};
  program now{below};
  std::array<std::byte, 200> space{};
};

}  // namespace recado::chain::testing
