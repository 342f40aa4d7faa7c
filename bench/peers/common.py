"""common - what the peers share: the command line, the items, the grid, the clock

Each peer is a program: PEER --catalog COLLECTION.json --grid RESULT.tif --out OUT.tif [--threads N] [...]. It computes
the maximum flood extent of all items of a static catalogue on the grid of RESULT.tif, writes OUT.tif (LZW) and prints
one JSON object: seconds of the whole job (items read, rasters read, folded, written) and, not among them, what came
before it: start_seconds for imports and cluster.
"""
import argparse
import json
import os
import time

IMPORTED = time.monotonic()


def arguments(description, more=()):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--grid", required=True, help="a raster with the wanted grid")
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    for name, options in more:
        parser.add_argument(name, **options)
    return parser.parse_args()


def read_documents(catalog):
    """The items of a static catalogue as plain objects, hrefs absolute, by date and id."""
    folder = os.path.dirname(os.path.abspath(catalog))
    with open(catalog) as file:
        links = json.load(file)["links"]
    documents = []
    for link in links:
        if link["rel"] != "item":
            continue
        path = os.path.normpath(os.path.join(folder, link["href"]))
        with open(path) as file:
            document = json.load(file)
        for asset in document["assets"].values():
            asset["href"] = os.path.normpath(os.path.join(os.path.dirname(path), asset["href"]))
        document["links"] = []
        documents.append(document)
    return sorted(documents, key=lambda document: (document["properties"]["datetime"], document["id"]))


def read_items(catalog):
    import pystac
    return [pystac.Item.from_dict(document) for document in read_documents(catalog)]


def read_geobox(path):
    """The grid of a raster as odc-geo has it."""
    import rasterio
    from odc.geo.geobox import GeoBox
    with rasterio.open(path) as grid:
        return GeoBox(grid.shape, grid.transform, grid.crs)


class Clock:
    """Started when all is imported and the cluster is up; report() ends it."""

    def __init__(self, before):
        self.start_seconds = time.monotonic() - before
        self.started = time.monotonic()

    def report(self, **more):
        seconds = time.monotonic() - self.started
        print(json.dumps(dict(seconds=seconds, start_seconds=self.start_seconds, **more)), flush=True)


def write_map(path, cells, grid, threads):
    """A tiled LZW file like Weir's; `grid` is the open raster or path it takes its place from."""
    import rasterio
    with rasterio.open(grid) as source:
        profile = dict(driver="GTiff", width=source.width, height=source.height, count=1, dtype="uint8",
                       crs=source.crs, transform=source.transform, nodata=255, compress="lzw", tiled=True,
                       blockxsize=512, blockysize=512, num_threads=threads)
    with rasterio.open(path, "w", **profile) as target:
        target.write(cells, 1)
