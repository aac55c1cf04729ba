#!/usr/bin/env python3
"""The same session over three TCP/IP stacks: Linux's, lwIP by its raw interface, lwIP by its sockets. bench/measure.py
starts it in a network of its own (unshare --net), and reads the lines of JSON.

    broker - Linux - tap0 = two_taps = tap1 - Linux - recado session     (tap1 in a further network)
    broker - Linux - tap0 - lwIP in the process of the recado session

Frames have 1514 bytes at most and their sums taken by the stacks, for a tap takes no work off them.
"""
import argparse
import json
import os
import subprocess
import sys

HERE, THERE = "10.79.0.1", "10.79.0.2"
STACKS = {"Linux": "recado_session", "lwIP, raw interface": "recado_session_lwip_raw",
          "lwIP, sockets": "recado_session_lwip_sockets"}
SCENARIOS = {"QoS 0, 16 B": ("publish", 16, 1_000_000), "QoS 0, 1 KiB": ("publish", 1024, 100_000),
             "receive QoS 0, 16 B": ("receive", 16, 1_000_000), "receive QoS 0, 1 KiB": ("receive", 1024, 100_000),
             "echo, 1000/s": ("latency", 16, 2000)}
CORES = sorted(os.sched_getaffinity(0))


def on_core(core):
    return lambda: os.sched_setaffinity(0, {core})


def ip(*words, inside=()):
    subprocess.run([*inside, "ip", *words], check=True)


class Network:
    """A tap with an address on the broker's side, and for Linux's own stack a cable to a further network."""

    def __init__(self, programs, linux):
        self.inside, self.cable = (), None
        ip("tuntap", "add", "tap0", "mode", "tap")
        ip("address", "add", f"{HERE}/24", "dev", "tap0")
        ip("link", "set", "tap0", "up")
        if linux:
            self.cable = subprocess.Popen([f"{programs}/bench/two_taps", "tap0", "tap1"], stdout=subprocess.PIPE,
                                          text=True, preexec_fn=on_core(CORES[0]))
            if self.cable.stdout.readline() != "ready\n":
                sys.exit("stacks: there is no cable")
            self.inside = ("nsenter", "--net", "-t", str(self.cable.pid))
            ip("address", "add", f"{THERE}/24", "dev", "tap1", inside=self.inside)
            ip("link", "set", "tap1", "up", inside=self.inside)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.cable:
            self.cable.kill()
            self.cable.wait()
        ip("link", "delete", "tap0")


def measure(programs, stack, scenario, scale):
    mode, size, count = SCENARIOS[scenario]
    count = max(int(count * scale), 500)
    with Network(programs, stack == "Linux") as network:
        broker = subprocess.Popen([f"{programs}/bench/broker", "--address", HERE], stdout=subprocess.PIPE, text=True,
                                  preexec_fn=on_core(CORES[0]))
        try:
            port = broker.stdout.readline().split()[1]
            line = [*network.inside, f"{programs}/bench/{STACKS[stack]}", mode, "--host", HERE, "--port", port, "--size",
                    str(size), "--count", str(count), "--rate", "1000", "--tap", "tap0", "--own", THERE]
            done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=120, preexec_fn=on_core(CORES[-1]))
            if done.returncode != 0:
                raise RuntimeError(f"failed: {' '.join(line)}")
            said = json.loads(done.stdout.splitlines()[-1])
            heard = json.loads(broker.stdout.readline()) if mode == "publish" else {}
        finally:
            broker.kill()
            broker.wait()
    if mode == "latency":
        return {**said, "stack": stack, "scenario": scenario}
    if mode == "publish" and heard["publishes"] != count:
        raise RuntimeError(f"{stack}: the broker got {heard['publishes']} messages of {count}")
    wall = (heard["last_ns"] if mode == "publish" else said["end_ns"]) - said["start_ns"]
    return {"stack": stack, "scenario": scenario, "messages_per_second": count / (wall / 1e9),
            "cpu_ns_per_message": said["cpu_ns"] / count, "user_ns_per_message": said["user_ns"] / count}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    ip("link", "set", "lo", "up")
    for _ in range(options.rounds):
        for scenario in SCENARIOS:
            for stack, program in STACKS.items():
                if not os.path.exists(f"{options.programs}/bench/{program}"):
                    continue
                try:
                    print(json.dumps(measure(options.programs, stack, scenario, options.scale)), flush=True)
                except (RuntimeError, subprocess.TimeoutExpired) as why:
                    print(f"\nbench: {stack}: {scenario}: {why}", file=sys.stderr)


if __name__ == "__main__":
    main()
