"""compare - compare.py A.tif B.tif: how many cells of two maps differ, as JSON; ends with 1 if any or the grids differ"""
import json
import sys


def main(first, second):
    import numpy
    import rasterio
    with rasterio.open(first) as a, rasterio.open(second) as b:
        if a.shape != b.shape or not a.transform.almost_equals(b.transform, 1e-6) or a.crs != b.crs:
            print(json.dumps({"reason": "the grids differ", "shapes": [a.shape, b.shape],
                              "transforms": [a.transform[:6], b.transform[:6]], "crs": [str(a.crs), str(b.crs)]}))
            return 1
        x, y = a.read(1), b.read(1)
    differ = int(numpy.count_nonzero(x != y))
    print(json.dumps({"cells": x.size, "flooded": int(numpy.count_nonzero(x == 1)), "differ": differ}))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
