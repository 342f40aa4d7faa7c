"""odc_pool - the same job without Dask: odc-stac reads everything into memory with a pool of threads, numpy folds it"""
import common


def main(options):
    import numpy
    import odc.stac

    geobox = common.read_geobox(options.grid)
    odc.stac.configure_rio(cloud_defaults=True)
    clock = common.Clock(common.IMPORTED)
    items = common.read_items(options.catalog)
    cube = odc.stac.load(items, bands=["ensemble_flood_extent"], geobox=geobox, dtype="uint8", groupby="time",
                         pool=options.threads)
    flooded = numpy.zeros(geobox.shape, dtype=bool)
    for date in cube["ensemble_flood_extent"].data:  # date by date: no second copy of the cube
        flooded |= date == 1
    common.write_map(options.out, flooded.view("uint8"), options.grid, options.threads)
    clock.report(dates=cube.sizes["time"])


if __name__ == "__main__":
    main(common.arguments(__doc__.split("\n")[0]))
