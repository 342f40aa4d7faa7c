"""rasterio_loop - the same job written by hand: rasterio, numpy, a pool of threads

Each thread takes one window of the map at a time, reads it from every file (each thread has datasets of its own, opened
once) and folds it in place, in bytes. Windows are blocks of the files, or a few blocks a side: `--blocks`, the bench
takes the best. Where items of one date meet in a window, the first valid cell wins.
"""
import concurrent.futures
import itertools
import threading

import common

MORE = [("--blocks", dict(type=int, default=4, help="blocks a side of a window"))]
BLOCK = 512


class Place:
    """A file and where it lies in the map, in cells."""

    def __init__(self, document, transform):
        properties = document["properties"]
        rows, cols = properties["proj:shape"]
        west, north = properties["proj:transform"][2], properties["proj:transform"][5]
        self.path = document["assets"]["ensemble_flood_extent"]["href"]
        self.col = round((west - transform.c) / transform.a)
        self.row = round((north - transform.f) / transform.e)
        self.col_end, self.row_end = self.col + cols, self.row + rows

    def cut(self, window):
        """The part of a window (row, row_end, col, col_end) that the file covers; None if it covers none."""
        row, row_end, col, col_end = window
        part = max(row, self.row), min(row_end, self.row_end), max(col, self.col), min(col_end, self.col_end)
        return part if part[0] < part[1] and part[2] < part[3] else None


def edges(first, end, step):
    """From 0 to end in steps that fall on the blocks of a file that begins at `first`."""
    inner = range(first % step, end, step)
    return sorted({0, end, *inner})


def pairs(values):
    return itertools.pairwise(values)


class Loop:
    def __init__(self, dates, shape, step):
        import numpy
        self.numpy = numpy
        self.dates = dates
        self.step = step
        self.cells = numpy.zeros(shape, dtype="uint8")
        self.local = threading.local()

    def read(self, place, part):
        import rasterio
        if not hasattr(self.local, "open"):
            self.local.open = {}
        dataset = self.local.open.get(place.path)
        if dataset is None:
            dataset = self.local.open[place.path] = rasterio.open(place.path, sharing=False)
        row, row_end, col, col_end = part
        return dataset.read(1, window=((row - place.row, row_end - place.row), (col - place.col, col_end - place.col)))

    def fold(self, window):
        import rasterio
        out = self.cells[window[0]:window[1], window[2]:window[3]]
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
            for places in self.dates:
                touching = [(place, part) for place in places if (part := place.cut(window))]
                if len(touching) == 1 and touching[0][1] == window:
                    out |= self.read(*touching[0]) == 1
                elif touching:
                    out |= self.mosaic(window, touching) == 1

    def mosaic(self, window, touching):
        slice_ = self.numpy.full((window[1] - window[0], window[3] - window[2]), 255, dtype="uint8")
        for place, part in touching:
            under = slice_[part[0] - window[0]:part[1] - window[0], part[2] - window[2]:part[3] - window[2]]
            self.numpy.copyto(under, self.read(place, part), where=under == 255)
        return slice_


def main(options):
    import rasterio

    with rasterio.open(options.grid) as grid:
        shape, transform = grid.shape, grid.transform
    clock = common.Clock(common.IMPORTED)
    documents = common.read_documents(options.catalog)
    dates = [[Place(document, transform) for document in group]
             for _, group in itertools.groupby(documents, key=lambda document: document["properties"]["datetime"])]
    loop = Loop(dates, shape, options.blocks * BLOCK)
    first = dates[0][0]
    windows = [rows + cols for rows in pairs(edges(first.row, shape[0], loop.step))
               for cols in pairs(edges(first.col, shape[1], loop.step))]
    with concurrent.futures.ThreadPoolExecutor(options.threads) as pool:
        for _ in pool.map(loop.fold, windows):
            pass
    common.write_map(options.out, loop.cells, options.grid, options.threads)
    clock.report(dates=len(dates), windows=len(windows))


if __name__ == "__main__":
    main(common.arguments(__doc__.split("\n")[0], MORE))
