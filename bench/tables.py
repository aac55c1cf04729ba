"""The results of bench/measure.py as Markdown."""
from scaling import LABELS


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


def plain(lines):
    """Whatever columns the lines have, in the order of their first appearance."""
    head = list(dict.fromkeys(key for one in lines for key in one))
    return table(head, [[value if isinstance(value, str) else number(value) for value in
                         (one.get(key, "") for key in head)] for one in lines])


def scaling(key, points):
    clients = [one for one in points[0] if one != "x"] if points else []
    return table([LABELS[key], *(f"{client}, CPU ns" for client in clients)],
                 [[f"{one['x']:,}", *(number(one[client]) if client in one else "" for client in clients)]
                  for one in points])


def sections(results, peers, ours):
    """(heading, plot, table), as far as it was measured."""
    if results["throughput"]:
        yield "Throughput", "throughput", "Medians of the rounds, smallest and largest in brackets.\n\n" + throughput(
            results, ours)
        yield "Ratios", None, ratios(results, peers, ours)
    if results.get("latency"):
        yield "Latency, from when a message was due", "latency", latency(results)
    for key, points in results.get("scaling", {}).items():
        yield f"Scaling: {LABELS[key]}", f"scaling_{key}", scaling(key, points)
    for key, heading, plot in (("connections", "Memory of idle connections", None),
                               ("handshakes", "TLS 1.3 handshakes", None),
                               ("stacks", "TCP/IP stacks, over a tap", "stacks"),
                               ("micro", "Codec and router, nanoseconds", "router"),
                               ("instructions", "Instructions of a message", None)):
        if results.get(key):
            yield heading, plot, plain(results[key])


def render(results, peers, ours, plots=""):
    """`plots`: where the plots are, seen from the text."""
    it = results["machine"]
    text = (f"{it['cpu']}, {it['cores']} cores, Linux {it['kernel']}; load {it['load']:.1f} at the beginning and "
            f"{it['load_at_end']:.1f} at the end; {results['date']}; {results['minutes']:.1f} minutes.\n")
    for heading, plot, body in sections(results, peers, ours):
        text += f"\n### {heading}\n\n"
        if plot:
            text += f"![{heading}]({plots}{plot}.svg)\n\n"
        text += body
    return text
