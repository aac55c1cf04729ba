#!/usr/bin/env python3
"""Runs recado and its peers side by side, round by round, and says how fast each was. ./bench/run starts it.

Each run has a broker of its own (bench/broker.cpp) on one core and the client on another. Wall time is what was seen;
CPU time per message hardly depends on what else the machine does, so that it is shown beside it.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import plots
import tables

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, BROKER_CORE = CORES[-1], CORES[0]

# name: (mode, qos, payload bytes, TLS)
SCENARIOS = {
    "QoS 0, 16 B": ("publish", 0, 16, False),
    "QoS 0, 1 KiB": ("publish", 0, 1024, False),
    "QoS 1, 16 B": ("publish", 1, 16, False),
    "QoS 2, 16 B": ("publish", 2, 16, False),
    "receive QoS 0, 16 B": ("receive", 0, 16, False),
    "receive QoS 0, 1 KiB": ("receive", 0, 1024, False),
    "receive QoS 1, 16 B": ("receive", 1, 16, False),
    "TLS 1.3, QoS 0, 16 B": ("publish", 0, 16, True),
    "TLS 1.3, QoS 0, 1 KiB": ("publish", 0, 1024, True),
    "TLS 1.3, receive 16 B": ("receive", 0, 16, True),
}
# How many messages of 16 B without TLS a run has; others have fewer.
MBEDTLS = "recado session, Mbed TLS"  # only where there is TLS
COUNTS = {MBEDTLS: 1_000_000, "raw": 8_000_000, "recado session": 4_000_000, "recado client": 2_000_000, "recado pub/sub": 2_000_000,
          "libmosquitto": 200_000, "Paho C": 60_000, "Paho C++": 60_000, "MQTT.js": 100_000,
          "mosquitto_pub/sub": 200_000}
PEERS = ("libmosquitto", "Paho C", "Paho C++", "MQTT.js")
OURS = ("recado session", "recado client", "recado pub/sub")


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


class Broker:
    """The sink and source; `lines` are its reports, one for each connection that ended."""

    def __init__(self, programs, folder, window=1000):
        self.process = subprocess.Popen(
            [f"{programs}/bench/broker", "--certificate", f"{folder}/certificate.pem", "--key", f"{folder}/key.pem",
             "--window", str(window)],
            stdout=subprocess.PIPE, text=True, preexec_fn=on_core(BROKER_CORE))
        _, plain, tls = self.process.stdout.readline().split()
        self.port, self.tls_port = int(plain), int(tls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def report(self):
        return json.loads(self.process.stdout.readline())


class Bench:
    def __init__(self, options):
        self.programs, self.folder = options.programs, options.into
        self.scale = 0.1 if options.quick else 1
        self.version = 4

    def count(self, client, scenario):
        mode, qos, size, tls = SCENARIOS[scenario]
        by_size = 6 if size > 256 and COUNTS[client] > 500_000 else 1
        by_tls = 4 if tls and COUNTS[client] > 500_000 else 1
        by_window = 20 if qos != 0 and client.endswith("pub/sub") else 1  # they have 20 in flight
        return max(int(COUNTS[client] * self.scale / by_size / by_tls / by_window), 500)

    def clients(self):
        found = [name for name, file in (("raw", "raw"), ("recado session", "recado_session"),
                                         ("recado client", "recado_blocking"), (MBEDTLS, "recado_session_mbedtls"),
                                         ("libmosquitto", "peer_mosquitto"),
                                         ("Paho C", "peer_paho_c"), ("Paho C++", "peer_paho_cpp"))
                 if os.path.exists(f"{self.programs}/bench/{file}")]
        if os.path.exists(f"{self.programs}/recado"):
            found.insert(3, "recado pub/sub")
        if os.path.isdir(f"{self.folder}/node_modules/mqtt"):
            found.append("MQTT.js")
        found.append("mosquitto_pub/sub")
        return found

    def command(self, client):
        files = {MBEDTLS: "recado_session_mbedtls", "raw": "raw", "recado session": "recado_session", "recado client": "recado_blocking",
                 "libmosquitto": "peer_mosquitto", "Paho C": "peer_paho_c", "Paho C++": "peer_paho_cpp"}
        if client == "MQTT.js":
            return ["node", os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer_mqttjs.cjs")]
        return [f"{self.programs}/bench/{files[client]}"]

    def environment(self, counting):
        result = dict(os.environ, BENCH_MODULES=os.path.abspath(f"{self.folder}/node_modules"))
        if counting:
            result["LD_PRELOAD"] = os.path.abspath(f"{self.programs}/bench/libbench_counters.so")
        return result

    def run(self, client, mode, qos, size, tls, count, counting=False, more=()):
        """One run: what the client said, and of the broker's report what belongs to it."""
        with Broker(self.programs, self.folder) as broker:
            if client in ("recado pub/sub", "mosquitto_pub/sub"):
                return self.run_tool(client, broker, mode, qos, size, tls, count)
            line = self.command(client) + [mode, "--port", str(broker.tls_port if tls else broker.port), "--qos",
                                           str(qos), "--size", str(size), "--count", str(count), "--version",
                                           str(self.version), *more]
            if tls:
                line += ["--ca", f"{self.folder}/certificate.pem"]
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=600, preexec_fn=on_core(CLIENT_CORE),
                                  env=self.environment(counting))
            if done.returncode != 0:
                raise RuntimeError(f"{client} failed: {' '.join(line)}")
            said = json.loads(done.stdout.splitlines()[-1])
            if mode == "latency":
                return said
            heard = broker.report()
        if mode == "publish" and heard["publishes"] != count:
            raise RuntimeError(f"{client}: the broker got {heard['publishes']} messages of {count}")
        end = heard["last_ns"] if mode == "publish" else said["end_ns"]
        return {**said, "wall_ns": end - said["start_ns"], "broker_cpu_ns": heard["cpu_ns"]}

    def run_tool(self, client, broker, mode, qos, size, tls, count):
        """The program on the command line, with all that it costs from its start to its end."""
        theirs = client.startswith("mosquitto")
        line = [] if theirs else [f"{self.programs}/recado"]
        line += [("mosquitto_" if theirs else "") + ("pub" if mode == "publish" else "sub"), "-h", "127.0.0.1", "-p",
                 str(broker.tls_port if tls else broker.port), "-q", str(qos), "-V", "311" if self.version == 4 else "5"]
        if tls:
            line += ["--cafile", f"{self.folder}/certificate.pem"]
        given = subprocess.DEVNULL
        if mode == "publish":
            line += ["-t", "sensors/room/0042/is", "-l"]
            given = tempfile.TemporaryFile(dir=self.folder)
            given.write((b"x" * size + b"\n") * count)
            given.seek(0)
        else:
            line += ["-t", f"source/{qos}/{size}/{count}", "-C", str(count)]
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        process = subprocess.Popen(line, stdin=given, stdout=subprocess.DEVNULL, preexec_fn=on_core(CLIENT_CORE))
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        if status != 0:
            raise RuntimeError(f"failed: {' '.join(line)}")
        heard = broker.report()
        if mode == "publish" and heard["publishes"] != count:
            raise RuntimeError(f"{client}: the broker got {heard['publishes']} messages of {count}")
        wall = heard["last_ns"] - heard["first_ns"] if mode == "publish" else ended - began
        return {"client": client, "messages": count, "wall_ns": wall, "broker_cpu_ns": heard["cpu_ns"],
                "cpu_ns": int((usage.ru_utime + usage.ru_stime) * 1e9), "user_ns": int(usage.ru_utime * 1e9),
                "peak_kib": 0}  # ru_maxrss counts this program, too

    def throughput(self, names, rounds, minutes):
        """All clients, one after the other, again and again: so that what disturbs disturbs them all."""
        runs = {}
        began = time.monotonic()
        for number in range(rounds):
            if number != 0 and time.monotonic() - began > 60 * minutes:
                print(f"\nbench: {number} rounds, since --minutes are over", file=sys.stderr)
                break
            for scenario in names:
                for client in self.clients():
                    progress(f"round {number + 1} of {rounds}: {scenario}: {client}")
                    mode, qos, size, tls = SCENARIOS[scenario]
                    if client == MBEDTLS and not tls:
                        continue
                    try:
                        one = self.run(client, mode, qos, size, tls, self.count(client, scenario))
                    except (RuntimeError, subprocess.TimeoutExpired) as why:
                        print(f"\nbench: {why}", file=sys.stderr)
                        continue
                    runs.setdefault(scenario, {}).setdefault(client, []).append(one)
        return {scenario: {client: summary(all_runs) for client, all_runs in clients.items()}
                for scenario, clients in runs.items()}

    def counted(self, names, into):
        """System calls and allocations, in a round of its own."""
        for scenario in names:
            mode, qos, size, tls = SCENARIOS[scenario]
            for client in self.clients():
                if client in ("recado pub/sub", "mosquitto_pub/sub", "MQTT.js") or client not in into.get(scenario, {}):
                    continue
                progress(f"counting: {scenario}: {client}")
                one = self.run(client, mode, qos, size, tls, max(self.count(client, scenario) // 10, 1000), counting=True)
                for what in ("calls", "sends", "allocations"):
                    into[scenario][client][f"{what}_per_message"] = one[what] / one["messages"]

    def latency(self, rates, seconds):
        result = []
        for client in self.clients():
            if client in ("raw", "recado pub/sub", "mosquitto_pub/sub", "MQTT.js", MBEDTLS):
                continue
            for qos in (0, 1):
                for rate in rates:
                    progress(f"latency: {client}, QoS {qos}, {rate} messages/s")
                    one = self.run(client, "latency", qos, 16, False, int(rate * seconds),
                                   more=["--rate", str(rate)])
                    result.append(one)
        return result

    def scaling(self):
        """Cost per message of recado as the number in flight, and the payload, grow."""
        result = {"in_flight": [], "payload": []}
        for in_flight in (1, 10, 100, 1000, 10_000):
            progress(f"scaling: {in_flight} in flight")
            count = int((20_000 if in_flight == 1 else 1_000_000) * max(self.scale, 0.2))
            one = self.run("recado session", "publish", 1, 16, False, count, more=["--in-flight", str(in_flight)])
            result["in_flight"].append({"in_flight": in_flight, "cpu_ns": one["cpu_ns"] / count,
                                        "user_ns": one["user_ns"] / count, "wall_ns": one["wall_ns"] / count})
        for size in (10, 100, 1000, 10_000, 100_000, 1 << 20):
            progress(f"scaling: payload of {size} B")
            count = max(int(min(2_000_000, 4e9 / size) * self.scale), 100)
            point = {"size": size}
            for client in ("raw", "recado session", "recado client"):
                one = self.run(client, "publish", 0, size, False, count)
                point[client] = one["cpu_ns"] / count
            result["payload"].append(point)
        return result

    def extra(self, program, *arguments, clean=False):
        """A program that prints lines of JSON."""
        path = f"{self.programs}/bench/{program}"
        if not os.path.exists(path):
            return []
        progress(f"{program} {' '.join(arguments)}")
        with Broker(self.programs, self.folder) as broker:
            line = [path, "--port", str(broker.tls_port if "--tls" in arguments else broker.port), "--ca",
                    f"{self.folder}/certificate.pem", *[one for one in arguments if one != "--tls"]]
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=600, preexec_fn=on_core(CLIENT_CORE))
        if done.returncode != 0:
            print(f"\nbench: failed: {' '.join(line)}", file=sys.stderr)
        return [json.loads(one) for one in done.stdout.splitlines()]

    def micro(self):
        path = f"{self.programs}/bench/micro"
        if not os.path.exists(path):
            return []
        progress("codec and router by Google Benchmark")
        done = subprocess.run([path, "--benchmark_format=json", f"--benchmark_min_time={0.5 * max(self.scale, 0.2)}"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
                              preexec_fn=on_core(CLIENT_CORE))
        return [{"name": one["name"], "ns": one["cpu_time"]} for one in json.loads(done.stdout)["benchmarks"]]


def summary(runs):
    """Medians, with the smallest and the largest; per message."""
    def of(value):
        values = [value(one) for one in runs]
        return {"median": statistics.median(values), "min": min(values), "max": max(values)}

    return {"messages": runs[0]["messages"], "rounds": len(runs),
            "messages_per_second": of(lambda one: one["messages"] / (one["wall_ns"] / 1e9)),
            "cpu_ns_per_message": of(lambda one: one["cpu_ns"] / one["messages"]),
            "broker_cpu_ns_per_message": of(lambda one: one["broker_cpu_ns"] / one["messages"]),
            "peak_kib": max(one["peak_kib"] for one in runs)}


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": os.uname().release, "load": os.getloadavg()[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True, help="the folder with recado and bench/")
    parser.add_argument("--into", required=True, help="where results go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=60, help="no further round begins after so long")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, three rounds")
    parser.add_argument("--only", help="scenarios by name, separated by ';'")
    options = parser.parse_args()
    bench = Bench(options)
    names = [one.strip() for one in options.only.split(";")] if options.only else list(SCENARIOS)
    unknown = [one for one in names if one not in SCENARIOS]
    if unknown:
        sys.exit(f"bench: there is no scenario '{unknown[0]}'; there are: {'; '.join(SCENARIOS)}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    results = {"machine": machine(), "date": time.strftime("%Y-%m-%d")}
    results["throughput"] = bench.throughput(names, 3 if options.quick and options.rounds == 5 else options.rounds,
                                               options.minutes)
    bench.counted(names, results["throughput"])
    if not options.only:
        results["latency"] = bench.latency((1000, 10_000), 1 if options.quick else 5)
        results["scaling"] = bench.scaling()
        results["connections"] = bench.extra("connections")
        results["handshakes"] = bench.extra("handshakes", "--tls") + bench.extra("handshakes_mbedtls", "--tls")
        results["micro"] = bench.micro()
    results["machine"]["load_at_end"] = os.getloadavg()[0]
    progress("")
    with open(f"{options.into}/results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    text = tables.render(results, PEERS, OURS)
    with open(f"{options.into}/table.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    plots.draw(results, options.into)
    print(f"Written: {options.into}/results.json, table.md and *.svg")


if __name__ == "__main__":
    main()
