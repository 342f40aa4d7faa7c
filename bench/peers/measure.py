"""measure - runs the peers beside Weir: results compared first, then timed in turn (see README.md)

Used by bench/run, with the Python that runs it; the peers themselves run in the environment that setup makes.
"""
import json
import os
import statistics
import subprocess
import time

from steps import BenchError, run, say

HERE = os.path.dirname(os.path.abspath(__file__))
LONG_SECONDS = 60   # a peer that takes longer is measured fewer times
LIMIT_SECONDS = 900  # and one that takes longer than this is given up

# name, program, least and aimed at ratio to Weir on both mask sets (None: reported only)
PEERS = [
    ("tutorial", "tutorial.py", 50, 70),
    ("best Dask", "dask_best.py", 5, 10),
    ("odc-stac, pool", "odc_pool.py", None, None),
    ("rasterio loop", "rasterio_loop.py", 1.8, 2.2),
]
# what the best of is taken for those who have a choice, on the first archive
CHOICES = {
    "best Dask": [["--scheduler", scheduler, "--chunk", str(chunk), "--dates", dates]
                  for scheduler, dates in (("threads", "1"), ("threads", "8"), ("processes", "1"))
                  for chunk in (1024, 2048, 4096)],
    "rasterio loop": [["--blocks", str(blocks)] for blocks in (1, 2, 4)],
}
BOX = {"west": 67.398376, "south": 26.197341, "east": 69.0271, "north": 27.591066}


class Peers:
    """All peers against Weir on one or more archives; `bench` is the Bench of bench/run."""

    def __init__(self, bench, folder):
        self.bench = bench
        self.folder = folder  # of the Python environment
        self.chosen = {}
        self.out = os.path.join(bench.data, "peers")
        os.makedirs(self.out, exist_ok=True)

    def set_up(self):
        done = subprocess.run([os.path.join(HERE, "setup"), self.folder], stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise BenchError("bench/peers/setup: exit status %d" % done.returncode)

    def versions(self):
        """What the peers are made of, the names of requirements.txt only."""
        with open(os.path.join(HERE, "requirements.txt")) as file:
            asked = {line.split(">")[0].split("[")[0].strip() for line in file if line[0] != "#"}
        with open(os.path.join(self.folder, "versions.txt")) as file:
            rows = [line.strip().split("==") for line in file if "==" in line]
        return {row[0]: row[1] for row in rows if row[0] in asked}

    def python(self, program, *words):
        # numpy without threads of its own, as Dask advises; GDAL writes nothing beside what it reads
        environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", GDAL_PAM_ENABLED="NO",
                           PYTHONDONTWRITEBYTECODE="1")
        return run([os.path.join(self.folder, "bin", "python"), os.path.join(HERE, program), *words],
                   env=environment, timeout=LIMIT_SECONDS)

    def peer(self, name, program, archive):
        """One run of a peer; what it reports of itself."""
        words = ["--catalog", archive.catalog, "--grid", os.path.join(self.out, "weir", "result.tif"), "--out",
                 os.path.join(self.out, "peer.tif"), "--threads", str(self.bench.threads)]
        answer = self.python(program, *words, *self.chosen.get(name, []))
        return json.loads(answer.strip().splitlines()[-1])

    def weir(self, archive, graph):
        """Wall seconds of the whole command."""
        started = time.monotonic()
        run([self.bench.weir, "run", graph, "--param", "catalog=" + archive.catalog, "-o",
             os.path.join(self.out, "weir")])
        return time.monotonic() - started

    def compared(self, name, program, archive):
        """One run that is compared with Weir's map, cell by cell."""
        report = self.peer(name, program, archive)
        answer = json.loads(self.python("compare.py", os.path.join(self.out, "weir", "result.tif"),
                                        os.path.join(self.out, "peer.tif")))
        say("%s: %d cells as Weir's, %d flooded; %.2f s" % (name, answer["cells"], answer["flooded"],
                                                            report["seconds"]))
        return report

    def choose(self, archive):
        """The best options of those peers that have a choice; one run each, the first of all to warm up."""
        trials = {}
        for name, program, _, _ in PEERS:
            for words in CHOICES.get(name, []):
                self.chosen[name] = words
                try:
                    seconds = self.peer(name, program, archive)["seconds"]
                except BenchError as error:
                    say("%s %s: %s" % (name, " ".join(words), error))
                    continue
                trials.setdefault(name, []).append((seconds, words))
                say("%s %s: %.2f s" % (name, " ".join(words), seconds))
            if name in trials:
                self.chosen[name] = min(trials[name])[1]
        return trials

    def measure(self, label, archive, graph, limits, long_runs):
        """Rows and raw figures of one archive. limits: by name of the peer, its (must, aim). long_runs: how often
        those who take long run again after the run that was compared; 0: that one is what counts."""
        bench = self.bench
        self.weir(archive, graph)
        raw = {"weir": [], "peers": {}, "start": {}, "broken": {}, "compared": {}}
        if not self.chosen:
            raw["trials"] = self.choose(archive)
        left = {}  # runs still to come
        for name, program, _, _ in PEERS:
            try:
                report = raw["compared"][name] = self.compared(name, program, archive)
            except BenchError as error:
                raw["broken"][name] = str(error)
                say("%s: %s" % (name, error))
                continue
            is_long = report["seconds"] > LONG_SECONDS
            left[name] = min(bench.runs, long_runs) if is_long else bench.runs
            raw["peers"][name] = [report["seconds"]] if left[name] == 0 else []
            raw["start"][name] = report["start_seconds"]
        for turn in range(bench.runs):
            raw["weir"].append(self.weir(archive, graph))
            for name, program, _, _ in PEERS:
                if turn < left.get(name, 0):
                    raw["peers"][name].append(self.peer(name, program, archive)["seconds"])
        self.report(label, raw, limits)
        raw["chosen"] = dict(self.chosen)
        bench.raw.setdefault("peers", {})[label] = raw
        if raw["broken"]:
            raise BenchError("%s: no result of %s" % (label, ", ".join(raw["broken"])))

    def report(self, label, raw, limits):
        weir = statistics.median(raw["weir"])
        self.bench.row("%s: Weir, whole command" % label, "s", weir)
        for name, seconds in raw["peers"].items():
            median = statistics.median(seconds)
            must, aim = limits.get(name, (None, None))
            times = "median of %d" % len(seconds) if len(seconds) > 1 else "once"
            words = " ".join(self.chosen.get(name, [])).replace("--", "")
            note = "%.1f s, %s%s; before the clock %.1f s" % (median, times, ", " + words if words else "",
                                                              raw["start"][name])
            self.bench.row("%s: %s over Weir (%s)" % (label, name, note), "×", median / weir, must, aim,
                           at_most=False)


def write_box_graph(source, path):
    """The main job with the box of examples/max-flood-extent-gfm.json."""
    with open(source) as file:
        graph = json.load(file)
    for node in graph["process_graph"].values():
        if node["process_id"] == "load_stac":
            node["arguments"]["spatial_extent"] = BOX
    with open(path, "w") as file:
        json.dump(graph, file, indent=1)


def draw(folder, results, picture):
    """The bar chart of a results.json."""
    run([os.path.join(folder, "bin", "python"), os.path.join(HERE, "chart.py"), results, picture])
