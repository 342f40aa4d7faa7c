"""chart - chart.py RESULTS.json PICTURE.png: the figures of `bench/run --only peers` as bars, seconds on a log scale"""
import json
import statistics
import sys

COLOURS = {"Weir": "#1b6ca8"}
OTHERS = "#b9c2cc"


def draw_panel(axes, label, raw):
    bars = [("Weir", statistics.median(raw["weir"]))]
    bars += [(name, statistics.median(seconds)) for name, seconds in raw["peers"].items()]
    bars.sort(key=lambda bar: bar[1])
    weir = dict(bars)["Weir"]
    for i, (name, seconds) in enumerate(bars):
        axes.barh(i, seconds, color=COLOURS.get(name, OTHERS), height=0.66)
        text = "%.1f s" % seconds if name == "Weir" else "%.1f s  (%.3g ×)" % (seconds, seconds / weir)
        axes.text(seconds * 1.08, i, text, va="center", fontsize=9)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(min(seconds for _, seconds in bars) / 2, max(seconds for _, seconds in bars) * 6)
    axes.set_title(label, fontsize=10, loc="left")
    axes.tick_params(length=0)
    axes.grid(axis="x", color="#e4e7ea")
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def main(results, picture):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    with open(results) as file:
        content = json.load(file)
    panels = content["raw"].get("peers", {})
    if not panels:
        sys.exit("chart: %s has no figures of the peers: bench/run --only peers" % results)
    figure, axes = pyplot.subplots(len(panels), 1, figsize=(8, 0.4 + 2.0 * len(panels)), squeeze=False)
    for place, (label, raw) in zip(axes[:, 0], panels.items()):
        draw_panel(place, label, raw)
    machine = content["machine"]
    axes[-1, 0].set_xlabel("seconds of the maximum flood extent, log scale; %s, %d threads, warm cache" % (
        machine["processor"], machine["threads"]), fontsize=9)
    figure.tight_layout()
    figure.savefig(picture, dpi=130, metadata={"Software": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: chart.py RESULTS.json PICTURE.png")
    main(*sys.argv[1:])
