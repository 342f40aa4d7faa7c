"""dask_best - the same job with everything we know about Dask

Bytes stay bytes: a cell counts where it is 1, one comparison, and `any` over time is a tree of logical or. The
chunk's size, its dates and the scheduler are options, and the bench takes the best of them. No listing of folders by
GDAL, a tiled file compressed by all threads.
"""
import common

MORE = [("--chunk", dict(type=int, default=2048)), ("--dates", dict(type=int, default=1, help="a chunk; -1: all")),
        ("--scheduler", dict(choices=["threads", "processes"], default="threads"))]


def compute(options, geobox, clock):
    import odc.stac

    items = common.read_items(options.catalog)
    cube = odc.stac.load(items, bands=["ensemble_flood_extent"], geobox=geobox, dtype="uint8", groupby="time",
                         chunks={"x": options.chunk, "y": options.chunk, "time": options.dates})
    flooded = (cube["ensemble_flood_extent"].data == 1).any(axis=0)
    cells = flooded.compute().view("uint8")
    common.write_map(options.out, cells, options.grid, options.threads)
    clock.report(dates=cube.sizes["time"])


def main(options):
    import dask
    import odc.stac

    geobox = common.read_geobox(options.grid)
    if options.scheduler == "threads":
        odc.stac.configure_rio(cloud_defaults=True)
        with dask.config.set(scheduler="threads", num_workers=options.threads):
            compute(options, geobox, common.Clock(common.IMPORTED))
        return
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=options.threads, threads_per_worker=1, dashboard_address=None) as cluster, \
            Client(cluster) as client:
        odc.stac.configure_rio(cloud_defaults=True, client=client)
        compute(options, geobox, common.Clock(common.IMPORTED))


if __name__ == "__main__":
    main(common.arguments(__doc__.split("\n")[0], MORE))
