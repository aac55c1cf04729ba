// 5. Request and response (MQTT 5.0 §4.10): a service that answers, and a call that waits for the answer.
#include <algorithm>
#include <cstdio>
#include <string>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  const char* url = argc > 1 ? argv[1] : "mqtt://127.0.0.1";
  recado::client::blocking_client service, caller;
  for (auto* each : {&service, &caller}) {
    if (auto done = each->connect(url); !done) {
      std::fprintf(stderr, "%s\n", done.error().line.c_str());
      return 1;
    }
  }
  // A handler runs in the client's own thread: it may publish and reply, but not wait.
  const auto answers = service.subscribe("recado/reverse", [&](const recado::mqtt::message_received& question) {
    std::string text{recado::as_text(question.payload)};
    std::reverse(text.begin(), text.end());
    if (auto done = service.reply(question, text); !done) std::fprintf(stderr, "%s\n", done.error().line.c_str());
  });
  if (!answers) {
    std::fprintf(stderr, "%s\n", answers.error().line.c_str());
    return 1;
  }
  const auto answer = caller.request("recado/reverse", "odacer", std::chrono::seconds{5});
  if (!answer) {
    std::fprintf(stderr, "%s\n", answer.error().line.c_str());
    return 1;
  }
  std::printf("%.*s\n", static_cast<int>(answer->payload.size()), answer->text().data());
}
