#!/usr/bin/env python3
"""Runs recado and its peers side by side, round by round, and says how fast each was. ./bench/run starts it.

Each run has a broker of its own (bench/broker.cpp) on one core and the client on another. Wall time is what was seen;
CPU time per message hardly depends on what else the machine does, so that it is shown beside it.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import plots
import scaling
import tables

CORES = sorted(os.sched_getaffinity(0))
CLIENT_CORE, BROKER_CORE = CORES[-1], CORES[0]
HERE = os.path.dirname(os.path.abspath(__file__))
# A sink looks for so long whether more has come before it sleeps, so that hardly any `send` has to wake it.
SINK_LOOKS_US = 100

# name: (mode, qos, payload bytes, TLS); MQTT 3.1.1 unless the name says 5.0
SCENARIOS = {
    "QoS 0, 16 B": ("publish", 0, 16, False),
    "QoS 0, 1 KiB": ("publish", 0, 1024, False),
    "QoS 1, 16 B": ("publish", 1, 16, False),
    "QoS 2, 16 B": ("publish", 2, 16, False),
    "receive QoS 0, 16 B": ("receive", 0, 16, False),
    "receive QoS 0, 1 KiB": ("receive", 0, 1024, False),
    "receive QoS 1, 16 B": ("receive", 1, 16, False),
    "MQTT 5.0, QoS 0, 16 B": ("publish", 0, 16, False),
    "MQTT 5.0, receive QoS 0, 16 B": ("receive", 0, 16, False),
    "TLS 1.3, QoS 0, 16 B": ("publish", 0, 16, True),
    "TLS 1.3, QoS 0, 1 KiB": ("publish", 0, 1024, True),
    "TLS 1.3, receive 16 B": ("receive", 0, 16, True),
}
# How many messages of 16 B without TLS a run has; others have fewer.
MBEDTLS = "recado session, Mbed TLS"  # only where there is TLS
COUNTS = {MBEDTLS: 1_000_000, "raw": 8_000_000, "recado session": 8_000_000, "recado client": 8_000_000, "recado pub/sub": 4_000_000,
          "libmosquitto": 100_000, "Paho C": 20_000, "Paho C++": 20_000, "MQTT.js": 30_000,
          "mosquitto_pub/sub": 100_000}
PEERS = ("libmosquitto", "Paho C", "Paho C++", "MQTT.js")
OURS = ("recado session", "recado client", "recado pub/sub")


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


class Broker:
    """The sink and source; `report` waits for one of a connection that ended."""

    def __init__(self, programs, folder, window=1000, look=0):
        self.process = subprocess.Popen(
            [f"{programs}/bench/broker", "--certificate", f"{folder}/certificate.pem", "--key", f"{folder}/key.pem",
             "--window", str(window), "--look", str(look)],
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
        self.programs, self.folder = os.path.abspath(options.programs), options.into
        self.scale = options.scale if options.scale else 0.1 if options.quick else 1
        self.progress = progress

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
            return ["node", os.path.join(HERE, "peer_mqttjs.cjs")]
        return [f"{self.programs}/bench/{files[client]}"]

    def environment(self, counting):
        result = dict(os.environ, BENCH_MODULES=os.path.abspath(f"{self.folder}/node_modules"))
        if counting:
            result["LD_PRELOAD"] = os.path.abspath(f"{self.programs}/bench/libbench_counters.so")
        return result

    @staticmethod
    def complain(why):
        print(f"\nbench: {why}", file=sys.stderr)

    def run(self, client, mode, qos, size, tls, count, version=4, counting=False, more=(), window=1000):
        """One run: what the client said, and of the broker's report what belongs to it."""
        look = SINK_LOOKS_US if mode == "publish" and BROKER_CORE != CLIENT_CORE else 0
        with Broker(self.programs, self.folder, window, look) as broker:
            if client in ("recado pub/sub", "mosquitto_pub/sub"):
                return self.run_tool(client, broker, mode, qos, size, tls, count, version)
            line = self.command(client) + [mode, "--port", str(broker.tls_port if tls else broker.port), "--qos",
                                           str(qos), "--size", str(size), "--count", str(count), "--version",
                                           str(version), *more]
            if tls:
                line += ["--ca", f"{self.folder}/certificate.pem"]
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=60, preexec_fn=on_core(CLIENT_CORE),
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

    def run_tool(self, client, broker, mode, qos, size, tls, count, version):
        """The program on the command line, with all that it costs from its start to its end."""
        theirs = client.startswith("mosquitto")
        line = [] if theirs else [f"{self.programs}/recado"]
        line += [("mosquitto_" if theirs else "") + ("pub" if mode == "publish" else "sub"), "-h", "127.0.0.1", "-p",
                 str(broker.tls_port if tls else broker.port), "-q", str(qos), "-V", "311" if version == 4 else "5"]
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
                        one = self.run(client, mode, qos, size, tls, self.count(client, scenario), version_of(scenario))
                    except (RuntimeError, subprocess.TimeoutExpired) as why:
                        self.complain(why)
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
                one = self.run(client, mode, qos, size, tls, max(self.count(client, scenario) // 10, 1000),
                               version_of(scenario), counting=True)
                for what in ("calls", "sends", "allocations"):
                    into[scenario][client][f"{what}_per_message"] = one[what] / one["messages"]

    def latency(self, rates, seconds):
        result = []
        for client in self.clients():
            if client in ("raw", "recado pub/sub", "mosquitto_pub/sub", MBEDTLS):
                continue
            for qos in (0, 1):
                for rate in rates:
                    progress(f"latency: {client}, QoS {qos}, {rate} messages/s")
                    try:
                        result.append(self.run(client, "latency", qos, 16, False, int(rate * seconds),
                                               more=["--rate", str(rate)]))
                    except (RuntimeError, subprocess.TimeoutExpired) as why:
                        self.complain(why)
        return result

    def against_broker(self, line, tls=False):
        """What a program printed that is told --port; nothing if it failed."""
        with Broker(self.programs, self.folder) as broker:
            line = [*line, "--port", str(broker.tls_port if tls else broker.port)]
            try:
                return subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=120, check=True,
                                      preexec_fn=on_core(CLIENT_CORE)).stdout
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as why:
                self.complain(why)
                return None

    def extra(self, program, *arguments, tls=False):
        """A program that prints lines of JSON."""
        path = f"{self.programs}/bench/{program}"
        if not os.path.exists(path):
            return []
        progress(f"{program} {' '.join(arguments)}")
        said = self.against_broker([path, *arguments, *(["--ca", f"{self.folder}/certificate.pem"] if tls else [])], tls)
        return [json.loads(one) for one in (said or "").splitlines()]

    def stacks(self, rounds):
        """The session over other TCP/IP stacks, in a network of its own."""
        if os.getuid() != 0 or not os.path.exists("/dev/net/tun"):
            self.complain("other TCP/IP stacks are left out: they need root and /dev/net/tun")
            return []
        progress("TCP/IP stacks")
        script = os.path.join(HERE, "stacks.py")
        done = subprocess.run(["unshare", "--net", sys.executable, script, "--programs", self.programs, "--rounds",
                               str(rounds), "--scale", str(self.scale)], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.complain("the TCP/IP stacks could not be measured")
        runs = {}
        for one in map(json.loads, done.stdout.splitlines()):
            runs.setdefault((one["scenario"], one["stack"]), []).append(one)
        keys = ("messages_per_second", "cpu_ns_per_message", "user_ns_per_message", "p50_us", "p99_us")
        return [{"scenario": scenario, "stack": stack,
                 **{key: statistics.median(one[key] for one in all_runs) for key in keys if key in all_runs[0]}}
                for (scenario, stack), all_runs in runs.items()]

    def instructions(self):
        """Of the codec and of a message through the session, by callgrind."""
        if not os.path.exists(f"{self.programs}/codec_instructions"):
            return []
        progress("instructions by callgrind")
        done = subprocess.run([os.path.join(HERE, "..", "tools", "instructions"), os.path.dirname(self.programs)],
                              stdout=subprocess.PIPE, text=True)
        rows = [line.split() for line in done.stdout.splitlines()]
        return [{"what": row[0].replace("_", " "), "instructions": float(row[2])}
                for row in rows if len(row) >= 3 and row[2].replace(".", "", 1).isdigit()]

    def micro(self):
        path = f"{self.programs}/bench/micro"
        if not os.path.exists(path):
            return []
        progress("codec and router by Google Benchmark")
        done = subprocess.run([path, "--benchmark_format=json", f"--benchmark_min_time={0.5 * max(self.scale, 0.2)}"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True,
                              preexec_fn=on_core(CLIENT_CORE))
        return [{"name": one["name"], "ns": one["cpu_time"]} for one in json.loads(done.stdout)["benchmarks"]]


def version_of(scenario):
    return 5 if "5.0" in scenario else 4


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


def parts_of(bench, rounds):
    """What is measured beside the clients' throughput, by name."""
    connections = max(int(10_000 * min(bench.scale * 10, 1)), 100)
    handshakes = str(max(int(500 * bench.scale), 10))
    return {
        "latency": lambda: bench.latency((1000, 10_000), max(3 * bench.scale, 0.3)),
        "scaling": lambda: scaling.measure(bench),
        "connections": lambda: bench.extra("connections", "--count", str(connections)) + scaling.fleet(bench, connections),
        "handshakes": lambda: [one for program in ("handshakes", "handshakes_mbedtls")
                               for one in bench.extra(program, "--count", handshakes, tls=True)],
        "stacks": lambda: bench.stacks(min(rounds, 3)),
        "micro": bench.micro,
        "instructions": bench.instructions,
    }


def chosen(wanted, there, what):
    unknown = [one for one in wanted if one not in there]
    if unknown:
        sys.exit(f"bench: there is no {what} '{unknown[0]}'; there are: {'; '.join(there)}")
    return wanted


def write(results, into):
    with open(f"{into}/results.json", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    text = tables.render(results, PEERS, OURS)
    with open(f"{into}/table.md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    if shutil.which("gnuplot"):
        plots.draw(results, into)
    else:
        Bench.complain("gnuplot is missing: there are no plots")
    print(f"Written: {into}/results.json, table.md and *.svg")


def write_docs(results, into):
    """Puts tables and plots into docs/performance.md, between its marks."""
    docs = os.path.join(HERE, "..", "docs")
    begin, end = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
    with open(f"{docs}/performance.md", encoding="utf-8") as file:
        before, rest = file.read().split(begin)
    after = rest.split(end)[1]
    with open(f"{docs}/performance.md", "w", encoding="utf-8") as file:
        file.write(before + begin + tables.render(results, PEERS, OURS, "performance/") + end + after)
    os.makedirs(f"{docs}/performance", exist_ok=True)
    for _, plot, _ in tables.sections(results, PEERS, OURS):
        if plot:
            shutil.copy(f"{into}/{plot}.svg", f"{docs}/performance/{plot}.svg")


def options_of_user():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True, help="the folder with recado and bench/")
    parser.add_argument("--into", required=True, help="where results go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=5.5, help="no further round of the clients begins after so long")
    parser.add_argument("--quick", action="store_true", help="a tenth of the messages, one round")
    parser.add_argument("--scale", type=float, help="this part of the messages")
    parser.add_argument("--only", help="scenarios by name, separated by ';', and nothing else")
    parser.add_argument("--parts", help="nothing but these, separated by ';': latency, scaling, connections, handshakes, "
                        "stacks, micro, instructions")
    parser.add_argument("--docs", action="store_true", help="put the results into docs/performance.md, too")
    return parser.parse_args()


def main():
    options = options_of_user()
    bench = Bench(options)
    rounds = 1 if options.quick else options.rounds
    parts = parts_of(bench, rounds)
    names = chosen(options.only.split(";"), SCENARIOS, "scenario") if options.only else list(SCENARIOS)
    wanted = chosen(options.parts.split(";"), parts, "part") if options.parts else [] if options.only else list(parts)
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    began = time.monotonic()
    results = {"machine": machine(), "date": time.strftime("%Y-%m-%d"), "throughput": {}}
    if not options.parts:
        results["throughput"] = bench.throughput(names, rounds, options.minutes)
        bench.counted(names, results["throughput"])
    for one in wanted:
        results[one] = parts[one]()
    results["minutes"] = (time.monotonic() - began) / 60
    results["machine"]["load_at_end"] = os.getloadavg()[0]
    progress("")
    write(results, options.into)
    if options.docs:
        write_docs(results, options.into)


if __name__ == "__main__":
    main()
