// Names that take long: this program's own getaddrinfo(3) stands before the system's, and waits where the test says so.
#include <atomic>
#include <future>

#include <recado/client/broker_test.hpp>

#include <dlfcn.h>
#include <netdb.h>

namespace {
std::atomic<std::shared_future<void>*> gate{nullptr};
std::atomic<int> waiting{0};
}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  using call = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const call real = reinterpret_cast<call>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (host == nullptr || std::string_view{host} != "slow.invalid") return real(host, service, hints, found);
  const std::shared_future<void> open = *gate.load();
  ++waiting;
  open.wait();
  --waiting;
  return EAI_NONAME;
}

namespace recado::client {
namespace {

using namespace std::chrono_literals;

/// Lets the names of one test through at its end, and waits until nobody is there any more.
class slow_names {
 public:
  slow_names() : future_(opened_.get_future().share()) { gate = &future_; }
  ~slow_names() {
    open();
    while (waiting != 0) std::this_thread::yield();
  }
  void open() {
    if (!std::exchange(open_, true)) opened_.set_value();
  }
  static void wait_for(int count) {
    while (waiting < count) std::this_thread::yield();
  }

 private:
  std::promise<void> opened_;
  std::shared_future<void> future_;
  bool open_ = false;
};

TEST(client_resolve, a_name_may_take_longer_than_the_client_lives) {
  slow_names names;
  for (int i = 1; i <= 4; ++i) {
    auto client = std::make_unique<blocking_client>();
    ASSERT_OK(client->start("mqtt://slow.invalid"));
    names.wait_for(i);
  }  // each is destroyed while its question is asked; under the sanitizers an answer to it would be found out
  names.open();
}

TEST(client_resolve, a_name_may_take_longer_than_an_attempt) {
  slow_names names;
  options how;
  how.connect_timeout = 20ms, how.attempts_max = 2;
  how.backoff = {.first = 1ms, .longest = 2ms};
  blocking_client client{how};
  EXPECT_FALSE(client.connect("mqtt://slow.invalid"));
  names.wait_for(1);
  names.open();
  EXPECT_FALSE(client.connect("mqtt://slow.invalid")) << "the next attempts ask anew";
}

}  // namespace
}  // namespace recado::client
