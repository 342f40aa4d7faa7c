"""tutorial - the maximum flood extent as tutorials of flood archives teach it

odc-stac loads lazily in chunks of 1000 × 1000 cells with all dates, xarray drops 0 and no-data by `where` (which makes
floats of the bytes), sums over time and asks where the sum is above 0; Dask computes it on a LocalCluster as it comes,
rioxarray saves the result. As there, but for two lines: the grid is given, so that the maps can be compared, and the
map keeps its CRS.
"""
import common


def main(options):
    from dask.distributed import Client, LocalCluster
    import odc.stac
    import rioxarray  # noqa: F401
    import xarray

    geobox = common.read_geobox(options.grid)
    with LocalCluster(dashboard_address=None) as cluster, Client(cluster):
        clock = common.Clock(common.IMPORTED)
        items = common.read_items(options.catalog)
        cube = odc.stac.load(items, bands=["ensemble_flood_extent"], geobox=geobox, dtype="uint8", groupby="time",
                             chunks={"x": 1000, "y": 1000, "time": -1})
        flood = cube["ensemble_flood_extent"]
        times = flood.where((flood != 255) & (flood != 0)).sum(dim="time")
        extent = xarray.where(times > 0, 1, 0).astype("uint8").compute()
        extent = extent.rio.write_crs(geobox.crs)  # xarray.where loses it
        extent.rio.to_raster(options.out, compress="LZW")
        clock.report(dates=flood.sizes["time"], workers=len(cluster.workers))


if __name__ == "__main__":  # workers import this file again
    main(common.arguments(__doc__.split("\n")[0]))
