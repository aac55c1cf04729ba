"""The results of bench/measure.py as Markdown."""


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def spread(what, factor=1.0):
    low, middle, high = (what[key] * factor for key in ("min", "median", "max"))
    return f"{number(middle)} ({number(low)}–{number(high)})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def throughput(results, ours):
    rows = []
    for scenario, clients in results["throughput"].items():
        for client, one in clients.items():
            name = f"**{client}**" if client in ours else client
            rows.append([scenario, name, spread(one["messages_per_second"], 1e-3), spread(one["cpu_ns_per_message"]),
                         spread(one["broker_cpu_ns_per_message"]), number(one["peak_kib"] / 1024) if one["peak_kib"] else "",
                         *(number(one[key]) if key in one else ""
                           for key in ("calls_per_message", "sends_per_message", "allocations_per_message"))])
    return table(["scenario", "client", "thousand messages/s", "CPU ns/message", "broker's CPU ns/message", "peak MiB",
                  "calls/message", "sends/message", "allocations/message"], rows)


def ratios(results, peers, ours):
    """How many times the best peer, and which part of raw: by wall time, and by CPU time."""
    rows = []
    for scenario, clients in results["throughput"].items():
        def wall(client):
            return clients[client]["messages_per_second"]["median"]

        def cpu(client):
            return clients[client]["cpu_ns_per_message"]["median"]

        there = [one for one in peers if one in clients]
        for client in [one for one in ours if one in clients]:
            row = [scenario, f"**{client}**"]
            if there:
                fastest, leanest = max(there, key=wall), min(there, key=cpu)
                row += [f"{wall(client) / wall(fastest):.1f} × {fastest}", f"{cpu(leanest) / cpu(client):.1f} × {leanest}"]
            else:
                row += ["", ""]
            if "raw" in clients:
                row += [f"{100 * wall(client) / wall('raw'):.0f} %", f"{cpu(client) / cpu('raw'):.2f} ×"]
            else:
                row += ["", ""]
            rows.append(row)
    return table(["scenario", "client", "messages/s against the best peer", "CPU against the best peer",
                  "messages/s of raw", "CPU of raw"], rows)


def latency(results):
    rows = [[one["client"], str(one["qos"]), f"{one['rate']:,}",
             *(number(one[key]) for key in ("p50_us", "p99_us", "p999_us", "max_us"))] for one in results["latency"]]
    return table(["client", "QoS", "messages/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs"], rows)


def render(results, peers, ours):
    it = results["machine"]
    parts = [f"{it['cpu']}, {it['cores']} cores, Linux {it['kernel']}; load {it['load']:.1f} at the beginning and "
             f"{it['load_at_end']:.1f} at the end; {results['date']}.\n",
             "Medians of the rounds, smallest and largest in brackets.\n", throughput(results, ours),
             ratios(results, peers, ours)]
    if results.get("latency"):
        parts.append(latency(results))
    if results.get("scaling"):
        parts.append(table(["in flight, QoS 1", "CPU ns/message", "wall ns/message"],
                           [[f"{one['in_flight']:,}", number(one["cpu_ns"]), number(one["wall_ns"])]
                            for one in results["scaling"]["in_flight"]]))
        parts.append(table(["payload bytes, QoS 0", "raw", "recado session", "recado client"],
                           [[f"{one['size']:,}"] + [number(one[key]) for key in ("raw", "recado session", "recado client")]
                            for one in results["scaling"]["payload"]]))
    for key in ("connections", "handshakes", "micro"):
        lines = results.get(key)
        if lines:
            parts.append(table(list(lines[0]), [[value if isinstance(value, str) else number(value)
                                                 for value in one.values()] for one in lines]))
    return "\n".join(parts)
