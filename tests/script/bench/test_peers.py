#!/usr/bin/env python3
"""test_peers - the parts of bench/peers that need no environment: reading items, cutting windows, choosing, rows"""
import json
import os
import subprocess
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
BENCH = os.path.join(os.environ["WEIR_SOURCE_DIR"], "bench")
sys.path[:0] = [BENCH, os.path.join(BENCH, "peers")]
import common  # noqa: E402
import measure  # noqa: E402
import rasterio_loop  # noqa: E402


def item(identity, date, west=0, north=0, side=4):
    return {"id": identity, "links": [1], "properties": {"datetime": date, "proj:shape": [side, side],
                                                         "proj:transform": [10, 0, west, 0, -10, north]},
            "assets": {"ensemble_flood_extent": {"href": "../cog/%s.tif" % identity}}}


class Items(unittest.TestCase):
    def test_are_sorted_and_absolute(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "items"))
            links = [{"rel": "root", "href": "./collection.json"}]
            for identity, date in (("b", "2022-09-02"), ("c", "2022-09-01"), ("a", "2022-09-02")):
                with open(os.path.join(folder, "items", identity + ".json"), "w") as file:
                    json.dump(item(identity, date), file)
                links.append({"rel": "item", "href": "./items/%s.json" % identity})
            catalog = os.path.join(folder, "collection.json")
            with open(catalog, "w") as file:
                json.dump({"links": links}, file)
            documents = common.read_documents(catalog)
        self.assertEqual([document["id"] for document in documents], ["c", "a", "b"])
        self.assertEqual(documents[0]["assets"]["ensemble_flood_extent"]["href"],
                         os.path.join(folder, "cog", "c.tif"))


class Windows(unittest.TestCase):
    def test_edges_fall_on_blocks(self):
        rows = [(0, 10, 4, [0, 4, 8, 10]), (0, 8, 4, [0, 4, 8]), (-3, 10, 4, [0, 1, 5, 9, 10]), (5, 10, 4, [0, 1, 5, 9, 10])]
        for first, end, step, expected in rows:
            self.assertEqual(rasterio_loop.edges(first, end, step), expected)

    def test_a_file_is_cut_to_a_window(self):
        # map begins at x 100, y 200; the file 2 columns left of it and 1 row below
        transform = types.SimpleNamespace(a=10, c=100, e=-10, f=200)
        place = rasterio_loop.Place(item("a", "", west=80, north=190), transform)
        self.assertEqual((place.col, place.row), (-2, 1))
        self.assertEqual(place.cut((0, 4, 0, 4)), (1, 4, 0, 2))
        self.assertIsNone(place.cut((0, 4, 2, 4)))
        self.assertIsNone(place.cut((0, 1, 0, 4)))


class Measuring(unittest.TestCase):
    """Every run is a number handed out by hand: what is chosen, how often, and what stands in the rows."""

    def measure(self, seconds, runs=5, long_runs=3):
        with tempfile.TemporaryDirectory() as folder:
            bench = types.SimpleNamespace(data=folder, runs=runs, raw={}, lines=[])
            bench.row = lambda what, unit, got, *limits, at_most=True: bench.lines.append((what, got, limits))
            peers = measure.Peers(bench, folder)
            self.ran = []

            def peer(name, program, archive):
                self.ran.append((name, " ".join(peers.chosen.get(name, []))))
                return {"seconds": seconds(name, peers.chosen.get(name)), "start_seconds": 1.0}

            peers.peer = peers.compared = peer
            peers.weir = lambda archive, graph: 2.0
            peers.measure("data", None, None, {"tutorial": (50, 70)}, long_runs)
        return bench

    def test_the_best_choice_is_measured(self):
        best = ["--scheduler", "processes", "--chunk", "2048", "--dates", "1"]
        bench = self.measure(lambda name, words: 3.0 if words == best else 5.0)
        self.assertEqual(bench.raw["peers"]["data"]["chosen"]["best Dask"], best)
        self.assertEqual(self.ran.count(("best Dask", " ".join(best))), 1 + 1 + 5)  # tried, compared, timed
        self.assertIn(1.5, [got for what, got, _ in bench.lines if "best Dask" in what])

    def test_long_peers_run_less(self):
        for long_runs, expected in ((3, 3), (0, 0)):
            bench = self.measure(lambda name, _: 100.0 if name == "tutorial" else 4.0, long_runs=long_runs)
            self.assertEqual(self.ran.count(("tutorial", "")), 1 + expected)
            line = [line for line in bench.lines if "tutorial" in line[0]][0]
            self.assertEqual(line[1:], (50.0, (50, 70)))
            self.assertIn("once" if long_runs == 0 else "median of 3", line[0])

    def test_a_broken_peer_does_not_hide_the_others(self):
        def seconds(name, words):
            if name == "odc-stac, pool":
                raise measure.BenchError("differs")
            return 4.0
        with self.assertRaises(measure.BenchError) as caught:
            self.measure(seconds)
        self.assertIn("odc-stac, pool", str(caught.exception))
        self.assertEqual(self.ran.count(("tutorial", "")), 1 + 5)


class Commands(unittest.TestCase):
    def test_setup_refuses_what_it_does_not_know(self):
        done = subprocess.run([os.path.join(BENCH, "peers", "setup"), "--bad"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr.split()[0]), (2, "usage:"))

    def test_the_box_goes_into_the_graph(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "graph.json")
            measure.write_box_graph(os.path.join(os.environ["WEIR_SOURCE_DIR"], "examples", "max-flood-extent.json"), path)
            done = subprocess.run([os.environ["WEIR_PROGRAM"], "validate", path, "--param", "catalog=x"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path) as file:
                self.assertEqual(file.read().count('"west": 67.398376'), 1)


if __name__ == "__main__":
    unittest.main()
