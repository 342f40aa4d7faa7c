#!/usr/bin/env python3
"""remote.py - `weir run` over HTTP: nginx as a server of the real kind, and server.py as one that misbehaves

Each test compares with the same job on local files, or names what has to stand in the one message. Skips (77) where
there is no nginx.
"""
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

WEIR = os.environ.get("WEIR_PROGRAM", "build/release/weir")
BUILD = os.environ.get("WEIR_BUILD_DIR", os.path.dirname(WEIR))
HERE = os.path.dirname(os.path.abspath(__file__))
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
DATES = 5

NGINX_CONF = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format plain '$request_method $uri $http_range $status'; access_log {folder}/access.log plain;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  types {{ application/json json; image/tiff tif; }}
  server {{ listen 127.0.0.1:{port}; root {folder}/archive; keepalive_requests 100000; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_port(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nothing listens on port %d" % port)


def fold_graph(fold):
    callback = {"f": {"process_id": fold, "arguments": {"data": {"from_parameter": "data"}}, "result": True}}
    return {"process_graph": {
        "l": {"process_id": "load_stac", "arguments": {"url": {"from_parameter": "catalog"}}},
        "r": {"process_id": "reduce_dimension", "arguments": {
            "data": {"from_node": "l"}, "dimension": "t", "reducer": {"process_graph": callback}}},
        "s": {"process_id": "save_result", "arguments": {"data": {"from_node": "r"}, "format": "GTiff"},
              "result": True}}}


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Remote(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-remote-")
        os.chmod(cls.folder, 0o755)
        cls.archive = os.path.join(cls.folder, "archive")
        subprocess.run([os.path.join(BUILD, "weir-archive"), cls.archive, "--kind", "noisy", "--dates", str(DATES),
                        "--size", "1500"], check=True, stdout=subprocess.DEVNULL)
        cls.graph = os.path.join(cls.folder, "graph.json")
        with open(cls.graph, "w") as file:
            json.dump(fold_graph("max"), file)
        cls.port = free_port()
        conf = os.path.join(cls.folder, "nginx.conf")
        with open(conf, "w") as file:
            file.write(NGINX_CONF.format(folder=cls.folder, port=cls.port))
        cls.nginx = subprocess.Popen([NGINX, "-c", conf, "-e", os.path.join(cls.folder, "error.log")])
        cls.bad = subprocess.Popen([sys.executable, os.path.join(HERE, "server.py"), os.path.join(cls.archive, "cog")],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.bad_port = int(cls.bad.stdout.readline())
        wait_port(cls.port)
        cls.expected = cls.job(os.path.join(cls.archive, "collection.json"), "local")

    @classmethod
    def tearDownClass(cls):
        cls.nginx.terminate()
        cls.nginx.wait()
        cls.bad.stdin.close()
        cls.bad.stdout.close()
        cls.bad.wait()
        shutil.rmtree(cls.folder)

    @classmethod
    def job(cls, catalog, out, *options):
        """The bytes of the result."""
        out = os.path.join(cls.folder, out)
        subprocess.run([WEIR, "run", cls.graph, "--param", "catalog=" + catalog, "-o", out, *options], check=True,
                       stdout=subprocess.DEVNULL, timeout=100)
        return read(os.path.join(out, "result.tif"))

    def rewrite(self, how, first_only=False):
        """A catalogue on disk whose assets are at the server that misbehaves; its address."""
        folder = os.path.join(self.folder, "catalog-" + how.replace("/", "-"))
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        features = []
        names = sorted(os.listdir(os.path.join(self.archive, "items")))
        for i, name in enumerate(names):
            with open(os.path.join(self.archive, "items", name)) as file:
                item = json.load(file)
            asset = next(iter(item["assets"].values()))
            way = how if i == 0 or not first_only else "good"
            asset["href"] = "http://127.0.0.1:%d/%s/%s" % (self.bad_port, way, os.path.basename(asset["href"]))
            item["links"] = []
            features.append(item)
        path = os.path.join(folder, "items.json")
        with open(path, "w") as file:
            json.dump({"type": "FeatureCollection", "features": features}, file)
        return path

    def log(self):
        with open(os.path.join(self.folder, "access.log")) as file:
            lines = [line.split() for line in file]
        return [line for line in lines if line[1].endswith(".tif")]

    def clear_log(self):
        with open(os.path.join(self.folder, "access.log"), "w"):
            pass

    def base(self):
        return "http://127.0.0.1:%d/collection.json" % self.port

    def fails(self, how, *words, options=("--http-timeout", "1"), seconds=60):
        """The job fails with one message that names the address and holds the words; nothing is left."""
        out = os.path.join(self.folder, "bad")
        shutil.rmtree(out, ignore_errors=True)
        started = time.monotonic()
        done = subprocess.run([WEIR, "run", self.graph, "--param", "catalog=" + self.rewrite(how, True), "-o", out,
                               *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr.count("weir: error: "), 1, done.stderr)
        self.assertIn("http://127.0.0.1:%d/%s/" % (self.bad_port, how), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(os.listdir(out), [])
        return time.monotonic() - started

    # ---- nginx

    def test_catalogue_and_rasters(self):
        self.assertEqual(self.job(self.base(), "remote"), self.expected)

    def test_few_requests(self):
        self.clear_log()
        self.assertEqual(self.job(self.base(), "once", "--slots", "1", "--chunk", "2048x2048"), self.expected)
        log = self.log()
        self.assertTrue(all(line[0] == "GET" and line[-1] == "206" for line in log), log)
        first = min(collections.Counter(line[1] for line in log))  # planning looks at one file
        for name, n in collections.Counter(line[1] for line in log).items():
            self.assertLessEqual(n, 3 if name == first else 2, log)

    def test_window(self):
        """A window in the middle, over a corner of blocks: the head and the rows of blocks."""
        name = sorted(os.listdir(os.path.join(self.archive, "items")))[0]
        with open(os.path.join(self.archive, "items", name)) as file:
            west, south, east, north = json.load(file)["bbox"]
        x, y = (west + east) / 2, (south + north) / 2
        box = {"west": x - 0.01, "south": y - 0.01, "east": x + 0.01, "north": y + 0.01}
        self.clear_log()
        graph = fold_graph("max")
        graph["process_graph"]["l"]["arguments"]["spatial_extent"] = box
        path = os.path.join(self.folder, "window.json")
        with open(path, "w") as file:
            json.dump(graph, file)
        subprocess.run([WEIR, "run", path, "--param", "catalog=" + self.base(), "-o",
                        os.path.join(self.folder, "window")], check=True, stdout=subprocess.DEVNULL, timeout=100)
        counts = collections.Counter(line[1] for line in self.log())
        self.assertEqual(len(counts), DATES)
        self.assertLessEqual(max(counts.values()), 4, self.log())

    def test_missing_file(self):
        path = self.rewrite("good")
        with open(path) as file:
            text = file.read().replace("http://127.0.0.1:%d/good/" % self.bad_port,
                                       "http://127.0.0.1:%d/nothing/" % self.port)
        with open(path, "w") as file:
            file.write(text)
        done = subprocess.run([WEIR, "run", self.graph, "--param", "catalog=" + path, "-o",
                               os.path.join(self.folder, "bad")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=100)
        self.assertEqual(done.returncode, 1)
        self.assertIn("http://127.0.0.1:%d/nothing/" % self.port, done.stderr)
        self.assertIn("404", done.stderr)

    # ---- servers that mend

    def test_busy_then_good(self):
        self.assertEqual(self.job(self.rewrite("busy"), "busy"), self.expected)

    def test_too_many_requests(self):
        self.assertEqual(self.job(self.rewrite("limit"), "limit"), self.expected)

    def test_redirect(self):
        self.assertEqual(self.job(self.rewrite("hop"), "hop"), self.expected)

    # ---- servers that do not

    def test_stall(self):
        seconds = self.fails("stall", "RasterUnreadable", "cannot read bytes", "too slow")
        self.assertLess(seconds, 40)

    def test_mute(self):
        self.fails("mute", "RasterUnreadable", "too slow")

    def test_wrong_range(self):
        self.fails("wrong", "RasterUnreadable", "another range than it was asked for")

    def test_changed(self):
        self.fails("change", "RasterUnreadable", "the file has changed since it was opened")

    def test_shrunk(self):
        self.fails("shrink", "RasterUnreadable")

    def test_breaks_off(self):
        self.fails("close", "RasterUnreadable", "transfer closed with")

    def test_always_busy(self):
        self.fails("always503", "RasterUnreadable", "The requested URL returned error: 503")

    def test_gone(self):
        self.fails("gone", "RasterUnreadable", "The requested URL returned error: 404")

    def test_denied(self):
        self.fails("denied", "RasterUnreadable", "The requested URL returned error: 403")

    def test_no_ranges(self):
        self.fails("whole", "RasterUnreadable", "does not serve byte ranges")

    def test_compressed(self):
        self.fails("gzip", "RasterUnreadable", "compresses")

    def test_redirect_loop(self):
        self.fails("loop", "RasterUnreadable", "more than 5 redirects")

    def test_redirect_to_file(self):
        self.fails("file", "AddressNotAllowed", "only http and https are allowed", "file:///etc/hostname")

    def test_redirect_with_password(self):
        self.fails("user", "AddressNotAllowed", "user name or password")

    def test_nobody_there(self):
        path = self.rewrite("good")
        with open(path) as file:
            text = file.read().replace(":%d/" % self.bad_port, ":%d/" % free_port())
        with open(path, "w") as file:
            file.write(text)
        done = subprocess.run([WEIR, "run", self.graph, "--param", "catalog=" + path, "-o",
                               os.path.join(self.folder, "bad")], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=100)
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed to connect", done.stderr)

    def test_interrupt(self):
        """Ctrl-C in the middle of a read that hangs."""
        out = os.path.join(self.folder, "interrupted")
        child = subprocess.Popen([WEIR, "run", self.graph, "--param", "catalog=" + self.rewrite("stall"), "-o", out],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=5), 130)
        self.assertEqual(os.listdir(out), [])


if __name__ == "__main__":
    if NGINX is None:
        print("no nginx: skipped")
        sys.exit(77)
    unittest.main()
