"""rasterio_pool - the job of bench/remote by hand: rasterio, numpy, 32 threads, EMPTY_DIR

rasterio_pool.py LIST LIKE OUT: opens each address of LIST once, reads the window that the raster LIKE covers, folds
(1 where any file says neither 0 nor no-data), writes OUT with LZW. Prints {"seconds": s, "loop": s}: with and without
the imports.
"""
import time

STARTED = time.monotonic()

import concurrent.futures  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402

import numpy  # noqa: E402
import rasterio  # noqa: E402
import rasterio.windows  # noqa: E402

THREADS = 32
OPTIONS = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif",
           "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES", "GDAL_PAM_ENABLED": "NO"}


def read(url, bounds):
    with rasterio.Env(**OPTIONS), rasterio.open("/vsicurl/" + url) as dataset:
        window = rasterio.windows.from_bounds(*bounds, transform=dataset.transform).round_offsets().round_lengths()
        cells = dataset.read(1, window=window)
        return (cells != 0) & (cells != dataset.nodata)


def main():
    with open(sys.argv[1]) as file:
        urls = file.read().split()
    with rasterio.open(sys.argv[2]) as like:
        bounds, profile = like.bounds, like.profile
    loop = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        flooded = None
        for cells in pool.map(lambda url: read(url, bounds), urls):
            flooded = cells if flooded is None else flooded | cells
    profile.update(compress="lzw")
    with rasterio.open(sys.argv[3], "w", **profile) as out:
        out.write(flooded.astype(numpy.uint8), 1)
    now = time.monotonic()
    print(json.dumps({"seconds": now - STARTED, "loop": now - loop}))


if __name__ == "__main__":
    main()
