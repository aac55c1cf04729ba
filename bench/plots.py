"""Draws the results of bench/measure.py with gnuplot."""
import subprocess

from scaling import LABELS


def run(script):
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def bars(results, path):
    """CPU time of a message, all clients, one group for each scenario."""
    scenarios = list(results["throughput"])
    clients = []
    for each in results["throughput"].values():
        clients += [one for one in each if one not in clients]
    lines = ["$data << END"]
    for scenario in scenarios:
        values = [results["throughput"][scenario].get(one, {}).get("cpu_ns_per_message", {}).get("median") for one in clients]
        lines.append(f'"{scenario}" ' + " ".join("NaN" if one is None else f"{one:.2f}" for one in values))
    lines += ["END", "set terminal svg size 1200,560 dynamic font 'sans,13' background '#ffffff'", f"set output '{path}'",
              "set style data histogram", "set style histogram clustered gap 1", "set style fill solid 0.9 noborder",
              "set logscale y", "set ylabel 'CPU time of a message, ns (less is better)'", "set xtics rotate by -20",
              "set grid ytics", "set key outside right", "set format y '%.0f'",
              "plot " + ", ".join(f"$data using {i + 2}:xtic(1) title '{name}'" for i, name in enumerate(clients))]
    run("\n".join(lines) + "\n")


def lines(points, x, ys, labels, path):
    script = ["$data << END"]
    script += [" ".join(str(one.get(key, "NaN")) for key in (x, *ys)) for one in points]
    script += ["END", "set terminal svg size 700,420 dynamic font 'sans,13' background '#ffffff'",
               f"set output '{path}'", "set logscale xy", f"set xlabel '{labels[0]}'", f"set ylabel '{labels[1]}'",
               "set grid", "set key left top", "set format x '%.0f'",
               "plot " + ", ".join(f"$data using 1:{i + 2} with linespoints lw 2 title '{name}'"
                                   for i, name in enumerate(labels[2]))]
    run("\n".join(script) + "\n")


def groups(rows, names, ylabel, path):
    """Clustered bars: rows are (label, values)."""
    script = ["$data << END"]
    script += [f'"{label}" ' + " ".join("NaN" if one is None else str(one) for one in values) for label, values in rows]
    script += ["END", "set terminal svg size 1000,480 dynamic font 'sans,13' background '#ffffff'", f"set output '{path}'",
               "set style data histogram", "set style histogram clustered gap 1", "set style fill solid 0.9 noborder",
               "set logscale y", f"set ylabel '{ylabel}'", "set xtics rotate by -20", "set grid ytics",
               "set key outside right",
               "plot " + ", ".join(f"$data using {i + 2}:xtic(1) title '{name}'" for i, name in enumerate(names))]
    run("\n".join(script) + "\n")


def latency(results, path):
    rows = [(f"{one['client']}, QoS {one['qos']}, {one['rate']}/s", [one["p50_us"], one["p99_us"], one["p999_us"]])
            for one in results["latency"]]
    groups(rows, ("p50", "p99", "p99.9"), "microseconds from when it was due", path)


def stacks(results, path):
    names = list(dict.fromkeys(one["stack"] for one in results["stacks"]))
    by_scenario = {}
    for one in results["stacks"]:
        if "messages_per_second" in one:
            by_scenario.setdefault(one["scenario"], {})[one["stack"]] = one["messages_per_second"]
    groups([(scenario, [values.get(name) for name in names]) for scenario, values in by_scenario.items()], names,
           "messages a second over a tap", path)


def draw(results, folder):
    if results["throughput"]:
        bars(results, f"{folder}/throughput.svg")
    if results.get("latency"):
        latency(results, f"{folder}/latency.svg")
    if results.get("stacks"):
        stacks(results, f"{folder}/stacks.svg")
    for key, points in results.get("scaling", {}).items():
        if points:
            clients = [one for one in points[0] if one != "x"]
            lines(points, "x", clients, (LABELS[key], "CPU ns per message", clients), f"{folder}/scaling_{key}.svg")
    routes = [{"subscriptions": int(one["name"].split("/")[1]), "ns": one["ns"]}
              for one in results.get("micro") or [] if one["name"].startswith("router/")]
    if routes:
        lines(routes, "subscriptions", ["ns"], ("subscriptions", "ns to route a message", ["router"]),
              f"{folder}/router.svg")
