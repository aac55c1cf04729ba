"""Draws the results of bench/measure.py with gnuplot."""
import subprocess


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
    script += [" ".join(str(one[key]) for key in (x, *ys)) for one in points]
    script += ["END", "set terminal svg size 700,420 dynamic font 'sans,13' background '#ffffff'",
               f"set output '{path}'", "set logscale xy", f"set xlabel '{labels[0]}'", f"set ylabel '{labels[1]}'",
               "set grid", "set key left top",
               "plot " + ", ".join(f"$data using 1:{i + 2} with linespoints lw 2 title '{name}'"
                                   for i, name in enumerate(labels[2]))]
    run("\n".join(script) + "\n")


def draw(results, folder):
    bars(results, f"{folder}/throughput.svg")
    scaling = results.get("scaling")
    if scaling:
        lines(scaling["in_flight"], "in_flight", ["cpu_ns", "wall_ns"],
              ("messages in flight, QoS 1", "ns per message", ["CPU time", "wall time"]), f"{folder}/in_flight.svg")
        lines(scaling["payload"], "size", ["raw", "recado session", "recado client"],
              ("bytes of payload, QoS 0", "CPU ns per message", ["raw", "recado session", "recado client"]),
              f"{folder}/payload.svg")
    routes = [{"subscriptions": int(one["name"].split("/")[1]), "ns": one["ns"]}
              for one in results.get("micro") or [] if one["name"].startswith("router/")]
    if routes:
        lines(routes, "subscriptions", ["ns"], ("subscriptions", "ns to route a message", ["router"]),
              f"{folder}/router.svg")
