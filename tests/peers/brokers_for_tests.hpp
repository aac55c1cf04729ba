// The brokers that the tools are tried against, each on ports of its own of the loopback interface.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <tests/support/child_process.hpp>
#include <tests/support/mosquitto.hpp>

namespace recado::test {

/// unshare heeds no SIGTERM; what it started vanishes with it.
struct killed {
  void operator()(child_process* what) const {
    what->end(SIGKILL);
    std::default_delete<child_process>{}(what);
  }
};

/// Where a broker listens and what it can do.
struct peer_broker {
  std::string name;
  std::uint16_t plain = free_port(), web = free_port();
  std::string web_path = "/mqtt";
  bool version_5 = false;
  bool qos_2 = true;  ///< else it grants 1 and delivers so
  std::unique_ptr<mosquitto> as_mosquitto{};
  std::unique_ptr<child_process, killed> process{};

  void start(const std::vector<std::string>& command) {
    process.reset(std::make_unique<child_process>(command).release());
  }
};

inline std::filesystem::path peer_folder(const std::string& name) {
  const auto folder = std::filesystem::path{RECADO_TEST_FOLDER} / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline peer_broker start_mosquitto() {
  peer_broker result{.name = "mosquitto", .version_5 = true};
  result.as_mosquitto = std::make_unique<mosquitto>(
      RECADO_SERVERS "/usr/sbin/mosquitto", peer_folder("mosquitto"),
      "allow_anonymous true\nlistener " + std::to_string(result.web) + " 127.0.0.1\nprotocol websockets\n");
  result.plain = result.as_mosquitto->port();
  return result;
}

inline peer_broker start_aedes() {
  peer_broker result{.name = "Aedes"};
  result.start({"/usr/bin/env", "NODE_PATH=" RECADO_SERVERS "/aedes/node_modules", "node", RECADO_PEERS "/aedes.cjs",
                std::to_string(result.plain), std::to_string(result.web)});
  EXPECT_TRUE(result.process->says("running")) << result.process->said();
  result.process->drain();
  return result;
}

/// RabbitMQ with its MQTT plugins, and Erlang's name server with it, in a space of processes that vanishes as a whole.
inline peer_broker start_rabbitmq() {
  peer_broker result{.name = "RabbitMQ", .web_path = "/ws", .qos_2 = false};
  const std::string folder = peer_folder("rabbitmq").string(), loopback = "127.0.0.1:";
  std::ofstream{folder + "/rabbitmq.conf"} << "listeners.tcp.default = " << loopback << free_port()
                                           << "\nmqtt.listeners.tcp.1 = " << loopback << result.plain
                                           << "\nmqtt.allow_anonymous = true\nmqtt.default_user = guest\n"
                                              "mqtt.default_pass = guest\nweb_mqtt.tcp.ip = 127.0.0.1\n"
                                              "web_mqtt.tcp.port = "
                                           << result.web << "\n";
  std::ofstream{folder + "/plugins"} << "[rabbitmq_mqtt,rabbitmq_web_mqtt].\n";
  const std::string servers = RECADO_SERVERS;
  const std::string script =
      "cd '" + folder + "'; export HOME=$PWD PATH='" + servers +
      "/usr/lib/erlang/bin':/usr/sbin:/usr/bin:/sbin:/bin\n" + "H=$(ls -d '" + servers +
      "'/usr/lib/rabbitmq/lib/rabbitmq_server-*)\n" + "export ERL_EPMD_PORT=" + std::to_string(free_port()) +
      " ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=" + std::to_string(free_port()) +
      " RABBITMQ_NODENAME=peer@localhost RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_MNESIA_BASE=$HOME/db"
      " RABBITMQ_LOG_BASE=$HOME RABBITMQ_LOGS=- RABBITMQ_CONFIG_FILE=$HOME/rabbitmq.conf"
      " RABBITMQ_ENABLED_PLUGINS_FILE=$HOME/plugins RABBITMQ_PLUGINS_DIR=$H/plugins"
      " RABBITMQ_GENERATED_CONFIG_DIR=$HOME/generated RABBITMQ_PID_FILE=$HOME/pid"
      " RABBITMQ_ADVANCED_CONFIG_FILE=$HOME/advanced.config RABBITMQ_FEATURE_FLAGS_FILE=$HOME/flags"
      " RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'\n"
      "epmd -daemon; exec $H/sbin/rabbitmq-server\n";
  std::vector<std::string> command = {"/usr/bin/unshare", "--pid",   "--fork", "--mount-proc",
                                      "--kill-child",     "/bin/sh", "-c",     script};
  if (::geteuid() != 0) command.insert(command.begin() + 1, "--map-root-user");
  result.start(command);
  bool up = false;
  for (int i = 0; i < 12 && !up; ++i) up = result.process->says("Server startup complete");  // silent for 10 s each
  EXPECT_TRUE(up) << result.process->said();
  result.process->drain();
  return result;
}

}  // namespace recado::test
