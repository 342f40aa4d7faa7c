"""remote - Weir and rasterio on remote files, each answer held back by 30 ms (see README.md)

Used by bench/run, with the Python that runs it; rasterio runs in the environment that bench/peers/setup makes.
"""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from steps import BenchError, run, say

HERE = os.path.dirname(os.path.abspath(__file__))
MILLISECONDS = 30

NGINX_CONF = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


class Nginx:
    def __init__(self, folder, root):
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if program is None:
            raise BenchError("no nginx: tools/setup installs it")
        os.makedirs(folder, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w") as file:
            file.write("user root;\n" if os.geteuid() == 0 else "")  # who makes the files may read them
            file.write(NGINX_CONF.format(folder=folder, port=self.port, root=root))
        self.child = subprocess.Popen([program, "-c", conf, "-e", os.path.join(folder, "error.log")])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise BenchError("nginx does not answer")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        self.child.wait()


class Proxy:
    """For one run: counts begin at nothing, connections are new."""

    def __init__(self, port):
        self.child = subprocess.Popen([sys.executable, os.path.join(HERE, "proxy.py"), str(port), str(MILLISECONDS)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())

    def stop(self):
        answer, _ = self.child.communicate()
        return json.loads(answer)


class Remote:
    """`bench` is the Bench of bench/run, archive what it made, python the program of the environment."""

    def __init__(self, bench, archive, graph, python):
        self.bench, self.archive, self.graph, self.python = bench, archive, graph, python
        self.folder = os.path.join(bench.data, "remote")
        os.makedirs(self.folder, exist_ok=True)
        self.out = os.path.join(self.folder, "out")
        self.baseline = os.path.join(self.folder, "rasterio.tif")
        self.local = os.path.join(self.folder, "local")
        self.extent = None

    def write(self, port):
        """Items and list of addresses, all at this port; returns their paths."""
        features, urls = [], []
        for path, item in self.archive.items():
            asset = next(iter(item["assets"].values()))
            file = os.path.normpath(os.path.join(os.path.dirname(path), asset["href"]))
            asset["href"] = "http://127.0.0.1:%d/%s" % (port, os.path.relpath(file, self.archive.folder))
            item["links"] = []
            features.append(item)
            urls.append(asset["href"])
        items, listing = os.path.join(self.folder, "items.json"), os.path.join(self.folder, "urls")
        with open(items, "w") as file:
            json.dump({"type": "FeatureCollection", "features": features}, file)
        with open(listing, "w") as file:
            file.write("\n".join(urls))
        return items, listing

    def choose_extent(self):
        """A small box well inside one block of every file."""
        _, item = next(iter(self.archive.items()))
        west, south, east, north = item["bbox"]
        x, y = west + 0.42 * (east - west), south + 0.56 * (north - south)
        self.extent = json.dumps({"west": x, "south": y, "east": x + 0.015, "north": y + 0.015})

    def command(self, catalog, out):
        return [self.bench.weir, "run", self.graph, "--param", "catalog=" + catalog, "--param",
                "spatial_extent=" + self.extent, "-o", out]

    def run_weir(self, nginx):
        proxy = Proxy(nginx.port)
        items, _ = self.write(proxy.port)
        started = time.monotonic()
        run(self.command(items, self.out))
        return time.monotonic() - started, proxy.stop()

    def run_rasterio(self, nginx):
        proxy = Proxy(nginx.port)
        _, listing = self.write(proxy.port)
        started = time.monotonic()
        answer = json.loads(run([self.python, os.path.join(HERE, "rasterio_pool.py"), listing,
                                 os.path.join(self.local, "result.tif"), self.baseline]))
        return answer["loop"], time.monotonic() - started, proxy.stop()

    def compare(self):
        run([self.python, "-c", "import sys, rasterio; a, b, c = (rasterio.open(p).read() for p in sys.argv[1:]); "
             "sys.exit(not (a.any() and (a == b).all() and (a == c).all()))", os.path.join(self.local, "result.tif"),
             os.path.join(self.out, "result.tif"), self.baseline])

    def measure(self):
        self.choose_extent()
        run(self.command(self.archive.catalog, self.local))
        nginx = Nginx(self.folder, self.archive.folder)
        try:
            self.run_weir(nginx)
            self.run_rasterio(nginx)
            self.compare()
            weir, peer = [], []
            for _ in range(self.bench.runs):
                weir.append(self.run_weir(nginx))
                peer.append(self.run_rasterio(nginx))
        finally:
            nginx.stop()
        self.report(weir, peer)

    def report(self, weir, peer):
        row = self.bench.row
        mine = statistics.median(seconds for seconds, _ in weir)
        loop = statistics.median(seconds for seconds, _, _ in peer)
        whole = statistics.median(seconds for _, seconds, _ in peer)
        counts = weir[-1][1]["requests"].values()
        theirs = peer[-1][2]["requests"].values()
        what = "%d remote files, 30 ms an answer" % len(counts)
        row(what + ": rasterio's loop over Weir's whole command", "×", loop / mine, 1.2, 2, at_most=False)
        row("the same: rasterio's whole command over Weir's", "×", whole / mine)
        row("the same: Weir, whole command", "s", mine)
        row("the same: rasterio, 32 threads, loop alone", "s", loop)
        row("the same: most requests for a file, Weir", "", sorted(counts)[-2], 4, 2)
        row("the same: requests for a file, rasterio, mean", "", sum(theirs) / len(theirs))
        say("requests at a time: Weir %d, rasterio %d" % (weir[-1][1]["peak"], peer[-1][2]["peak"]))
        self.bench.raw["remote"] = {"weir": [seconds for seconds, _ in weir], "peer": [list(run[:2]) for run in peer],
                                    "requests": sorted(counts), "requests_peer": sorted(theirs)}
