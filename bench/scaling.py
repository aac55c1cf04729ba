"""Cost per message as something grows: messages in flight, payload, subscriptions, connections. Each series is a list of
points, with the CPU time per message of each client; bench/measure.py runs it and plots.py draws it."""
import json
import subprocess

TENS = (1, 10, 100, 1000, 10_000)
SIZES = (10, 100, 1000, 10_000, 100_000, 1 << 20)

# key: what is on the axes
LABELS = {
    "publish_qos_1": "messages in flight, publish QoS 1",
    "publish_qos_2": "messages in flight, publish QoS 2",
    "receive_qos_1": "messages in flight, receive QoS 1",
    "payload_publish_qos_0": "bytes of payload, publish QoS 0",
    "payload_publish_qos_1": "bytes of payload, publish QoS 1",
    "payload_receive_qos_0": "bytes of payload, receive QoS 0",
    "payload_receive_qos_1": "bytes of payload, receive QoS 1",
    "subscriptions": "subscriptions of the client, receive QoS 0",
    "connections": "connections, one message of QoS 1 on its way on each",
}


def per_message(one):
    return one["cpu_ns"] / one["messages"]


def series(bench, points):
    """points: (x, client, how to run it); as rows with a column for each client."""
    rows = {}
    for x, client, run in points:
        try:
            rows.setdefault(x, {"x": x})[client] = per_message(run())
        except (RuntimeError, subprocess.TimeoutExpired) as why:
            bench.complain(why)
    return list(rows.values())


def in_flight(bench, mode, qos, clients):
    def run(number, client):
        # One at a time takes a round trip each.
        count = int((20_000 if number == 1 else 100_000 if number == 10 else 600_000) * bench.scale)
        if mode == "publish":
            return bench.run(client, mode, qos, 16, False, max(count, 500), more=["--in-flight", str(number)])
        return bench.run(client, mode, qos, 16, False, max(count, 500), window=number)

    return series(bench, [(number, client, lambda n=number, c=client: run(n, c)) for number in TENS for client in clients])


def payload(bench, mode, qos, clients):
    def run(size, client):
        count = max(int(min(600_000, 1.2e9 / size) * bench.scale), 50)
        in_flight = max(min(1000, (8 << 20) // size), 2)
        return bench.run(client, mode, qos, size, False, count, more=["--in-flight", str(in_flight)] if qos else [])

    return series(bench, [(size, client, lambda s=size, c=client: run(s, c)) for size in SIZES for client in clients])


def subscriptions(bench):
    def run(number):
        return bench.run("recado client", "receive", 0, 16, False, max(int(600_000 * bench.scale), 500),
                         more=["--subscriptions", str(number)])

    return series(bench, [(number, "recado client", lambda n=number: run(n)) for number in TENS])


def connections(bench):
    def run(number):
        lines = bench.extra("connections", "--count", str(number), "--messages",
                            str(max(int(100_000 * bench.scale), 1000)))
        if not lines:
            raise RuntimeError(f"no figure for {number} connections")
        return lines[0]

    numbers = [number for number in TENS if bench.scale >= 0.1 or number <= 1000]
    return series(bench, [(number, "recado session", lambda n=number: run(n)) for number in numbers])


def measure(bench):
    both = ("recado session", "recado client")
    steps = {
        "publish_qos_1": lambda: in_flight(bench, "publish", 1, both),
        "publish_qos_2": lambda: in_flight(bench, "publish", 2, both),
        "receive_qos_1": lambda: in_flight(bench, "receive", 1, both),
        "payload_publish_qos_0": lambda: payload(bench, "publish", 0, ("raw", *both)),
        "payload_publish_qos_1": lambda: payload(bench, "publish", 1, both),
        "payload_receive_qos_0": lambda: payload(bench, "receive", 0, ("raw", *both)),
        "payload_receive_qos_1": lambda: payload(bench, "receive", 1, both),
        "subscriptions": lambda: subscriptions(bench),
        "connections": lambda: connections(bench),
    }
    result = {}
    for key, step in steps.items():
        bench.progress(f"scaling: {LABELS[key]}")
        result[key] = step()
    return result


def fleet(bench, count):
    """What recado bench fleet, whose idle sessions are laid down, has of memory for a device."""
    said = bench.against_broker([f"{bench.programs}/recado", "bench", "fleet", "--host", "127.0.0.1", "--clients",
                                 str(count), "--rate", "5000", "--interval", "3600", "--duration", "2", "--json"])
    if said is None:
        return []
    each = json.loads(said)["memory_bytes_per_connection"]
    return [{"client": "recado bench fleet", "connections": count, "bytes each": each, "of them chosen buffers": 0,
             "beside them": each, "connects/s": 5000}]
