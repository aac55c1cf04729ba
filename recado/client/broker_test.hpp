// What the client's tests share: a broker, and waiting without sleeping.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include <recado/client/blocking_client.hpp>
#include <tests/support/mosquitto.hpp>

#include <unistd.h>

#define ASSERT_OK(call) ASSERT_EQ(recado::client::line_of(call), "")
#define EXPECT_OK(call) EXPECT_EQ(recado::client::line_of(call), "")

namespace recado::client {

inline const std::string mosquitto_program = RECADO_SERVERS "/usr/sbin/mosquitto";

/// A folder of the running test's own.
inline std::filesystem::path own_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::filesystem::path{RECADO_TEST_FOLDER} /
         (std::string{test->test_suite_name()} + "." + test->name() + "." + std::to_string(::getpid()));
}

template <class T>
std::string line_of(const std::expected<T, failure>& result) {
  return result ? std::string{} : result.error().line.empty() ? "failed without a word" : result.error().line;
}
/// The client's error in a result; 0 if there is none, or another's.
template <class T>
error error_of(const std::expected<T, failure>& result) {
  if (result || result.error().why.where != layer::application) return {};
  return static_cast<error>(result.error().why.code);
}

/// Counts what happens in another thread.
class tally {
 public:
  void add() {
    const std::scoped_lock held{mutex_};
    ++count_;
    changed_.notify_all();
  }
  /// Waits until so many have happened; false after ten seconds.
  bool reaches(std::size_t count) {
    std::unique_lock held{mutex_};
    return changed_.wait_for(held, std::chrono::seconds{10}, [&] { return count_ >= count; });
  }
  std::size_t count() {
    const std::scoped_lock held{mutex_};
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

}  // namespace recado::client
