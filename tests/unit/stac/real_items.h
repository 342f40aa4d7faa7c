/* real_items.h - what the real items say, worked out from their JSON without the connector
 *
 * Data table: exempt from the limit of lines. Each asset of the first item (by id) of each file
 * is in one row; assets that say the same share it.
 */
#ifndef WEIR_TESTS_STAC_REAL_ITEMS_H
#define WEIR_TESTS_STAC_REAL_ITEMS_H

typedef struct {
	const char *file;
	const char *crs;       /* "" none */
	const char *transform; /* GDAL's order; "" none */
	int height, width;     /* 0: none */
	const char *values;    /* of each band: type, no-data, scale, offset; - where not said */
	const char *assets;    /* key:band/common_name,band…; band - where it has no name */
} real_row_t;

static const real_row_t real_rows[] = {
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,10,0,300000,0,-10", 10980,
	  10980, "uint16 0 0.0001 -0.1",
	  "AOT_10m:- B02_10m:B02/blue B03_10m:B03/green B04_10m:B04/red B08_10m:B08/nir "
	  "WVP_10m:-" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,20,0,300000,0,-20", 5490,
	  5490, "uint16 0 0.0001 -0.1",
	  "AOT_20m:- B01_20m:B01/coastal B02_20m:B02/blue B03_20m:B03/green B04_20m:B04/red "
	  "B05_20m:B05/rededge071 B06_20m:B06/rededge075 B07_20m:B07/rededge078 "
	  "B11_20m:B11/swir16 B12_20m:B12/swir22 B8A_20m:B8A/nir08 WVP_20m:-" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,60,0,300000,0,-60", 1830,
	  1830, "uint16 0 0.0001 -0.1",
	  "AOT_60m:- B01_60m:B01/coastal B02_60m:B02/blue B03_60m:B03/green B04_60m:B04/red "
	  "B05_60m:B05/rededge071 B06_60m:B06/rededge075 B09_60m:B09/nir09 "
	  "B11_60m:B11/swir16 B12_60m:B12/swir22 B8A_60m:B8A/nir08 WVP_60m:-" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,20,0,300000,0,-20", 1830,
	  1830, "uint16 0 0.0001 -0.1", "B07_60m:B07/rededge078" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "", "", 0, 0, "",
	  "Product safe_manifest granule_metadata inspire_metadata product_metadata "
	  "datastrip_metadata" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,20,0,300000,0,-20", 5490,
	  5490, "uint8 0 - -", "SCL_20m:-" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,60,0,300000,0,-60", 1830,
	  1830, "uint8 0 - -", "SCL_60m:-" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,10,0,300000,0,-10", 10980,
	  10980, "uint8 0 - -, uint8 0 - -, uint8 0 - -", "TCI_10m:B04/red,B03/green,B02/blue" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,20,0,300000,0,-20", 5490,
	  5490, "uint8 0 - -, uint8 0 - -, uint8 0 - -", "TCI_20m:B04/red,B03/green,B02/blue" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "EPSG:32636", "699960,60,0,300000,0,-60", 1830,
	  1830, "uint8 0 - -, uint8 0 - -, uint8 0 - -", "TCI_60m:B04/red,B03/green,B02/blue" },
	{ "cdse-stac11-s2-36NYH-itemcollection.json", "", "", 343, 343, "uint8 - - -", "thumbnail:-" },
	{ "dea-fc-percentile-only-epsg.json", "EPSG:4326", "", 0, 0, "- - - -",
	  "BS_PC_10:BS_PC_10 BS_PC_50:BS_PC_50 BS_PC_90:BS_PC_90 PV_PC_10:PV_PC_10 "
	  "PV_PC_50:PV_PC_50 PV_PC_90:PV_PC_90 NPV_PC_10:NPV_PC_10 NPV_PC_50:NPV_PC_50 "
	  "NPV_PC_90:NPV_PC_90" },
	{ "dea-ls8-ard-3.json", "EPSG:32656", "526785,30,0,-3077085,0,-30", 7841, 7781, "- - - -",
	  "nbart_blue:nbart_blue nbart_coastal_aerosol:nbart_coastal_aerosol "
	  "nbart_green:nbart_green nbart_nir:nbart_nir nbart_red:nbart_red "
	  "nbart_swir_1:nbart_swir_1 nbart_swir_2:nbart_swir_2 "
	  "oa_azimuthal_exiting:oa_azimuthal_exiting "
	  "oa_azimuthal_incident:oa_azimuthal_incident "
	  "oa_combined_terrain_shadow:oa_combined_terrain_shadow "
	  "oa_exiting_angle:oa_exiting_angle oa_fmask:oa_fmask "
	  "oa_incident_angle:oa_incident_angle oa_nbart_contiguity:oa_nbart_contiguity "
	  "oa_relative_azimuth:oa_relative_azimuth oa_relative_slope:oa_relative_slope "
	  "oa_satellite_azimuth:oa_satellite_azimuth oa_satellite_view:oa_satellite_view "
	  "oa_solar_azimuth:oa_solar_azimuth oa_solar_zenith:oa_solar_zenith "
	  "oa_time_delta:oa_time_delta" },
	{ "dea-ls8-ard-3.json", "EPSG:32656", "526792.5,15,0,-3077092.5,0,-15", 15681, 15561, "- - - -",
	  "nbart_panchromatic:nbart_panchromatic" },
	{ "dea-ls8-ard-3.json", "EPSG:32656", "526785,30,0,-3077085,0,-30", 7841, 7781, "",
	  "thumbnail:nbart checksum:sha1 metadata:processor" },
	{ "earthsearch-v0-s2-28QCH.json", "EPSG:32628", "", 0, 0, "", "thumbnail info metadata" },
	{ "earthsearch-v0-s2-28QCH.json", "EPSG:32628", "300000,320,0,2300040,0,-320", 343, 343, "",
	  "overview" },
	{ "earthsearch-v0-s2-28QCH.json", "EPSG:32628", "300000,10,0,2300040,0,-10", 10980, 10980, "",
	  "visual B02 B03 B04 B08 WVP" },
	{ "earthsearch-v0-s2-28QCH.json", "EPSG:32628", "300000,60,0,2300040,0,-60", 1830, 1830, "",
	  "B01 B09 AOT" },
	{ "earthsearch-v0-s2-28QCH.json", "EPSG:32628", "300000,20,0,2300040,0,-20", 5490, 5490, "",
	  "B05 B06 B07 B8A B11 B12 SCL" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,20,0,5200020,0,-20", 5490,
	  5490, "uint16 0 0.001 0", "aot:- wvp:- aot-jp2:- wvp-jp2:-" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,10,0,5200020,0,-10", 10980,
	  10980, "uint16 0 0.0001 -0.1",
	  "blue:blue/blue green:green/green nir:nir/nir red:red/red blue-jp2:blue/blue "
	  "green-jp2:green/green nir-jp2:nir/nir red-jp2:red/red" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,60,0,5200020,0,-60", 1830,
	  1830, "uint16 0 0.0001 -0.1",
	  "coastal:coastal/coastal nir09:nir09/nir09 coastal-jp2:coastal/coastal "
	  "nir09-jp2:nir09/nir09" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "", 0, 0, "",
	  "granule_metadata thumbnail tileinfo_metadata" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,20,0,5200020,0,-20", 5490,
	  5490, "uint16 0 0.0001 -0.1",
	  "nir08:nir08/nir08 rededge1:rededge1/rededge rededge2:rededge2/rededge "
	  "rededge3:rededge3/rededge swir16:swir16/swir16 swir22:swir22/swir22 "
	  "nir08-jp2:nir08/nir08 rededge1-jp2:rededge1/rededge "
	  "rededge2-jp2:rededge2/rededge rededge3-jp2:rededge3/rededge "
	  "swir16-jp2:swir16/swir16 swir22-jp2:swir22/swir22" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,20,0,5200020,0,-20", 5490,
	  5490, "uint8 0 - -", "scl:- scl-jp2:-" },
	{ "earthsearch-v1-s2-32TPS-projcode.json", "EPSG:32632", "600000,10,0,5200020,0,-10", 10980,
	  10980, "- - - -, - - - -, - - - -",
	  "visual:red/red,green/green,blue/blue visual-jp2:red/red,green/green,blue/blue" },
	{ "eurac-s2-zarr-datacube.json", "", "", 0, 0, "", "data" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "", "thumbnail reduced_resolution_browse mtl.json mtl.txt mtl.xml ang" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "uint16 1 - -", "qa_pixel:-" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "uint16 - - -", "qa_radsat:-" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "uint16 0 2.75e-05 -0.2",
	  "coastal:OLI_B1/coastal blue:OLI_B2/blue green:OLI_B3/green red:OLI_B4/red "
	  "nir08:OLI_B5/nir08 swir16:OLI_B6/swir16 swir22:OLI_B7/swir22" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "uint8 1 - -", "qa_aerosol:-" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "uint16 0 0.00341802 149", "lwir11:TIRS_B10/lwir11" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "int16 -9999 0.0001 -", "atran:- emis:- emsd:-" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "int16 -9999 0.01 -", "cdist:- qa:-" },
	{ "landsat-c2l2-classification-shape-transform.json", "EPSG:32610", "353685,30,0,5374215,0,-30",
	  7971, 7861, "int16 -9999 0.001 -", "drad:- urad:- trad:-" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,10,0,8400040,0,-10", 10980,
	  10980, "", "AOT WVP" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,60,0,8400040,0,-60", 1830,
	  1830, "- - - -", "B01:B01/coastal B09:B09" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,10,0,8400040,0,-10", 10980,
	  10980, "- - - -", "B02:B02/blue B03:B03/green B04:B04/red B08:B08/nir" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,20,0,8400040,0,-20", 5490,
	  5490, "- - - -",
	  "B05:B05/rededge B06:B06/rededge B07:B07/rededge B11:B11/swir16 B12:B12/swir22 "
	  "B8A:B8A/rededge" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,20,0,8400040,0,-20", 5490,
	  5490, "", "SCL" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "499980,10,0,8400040,0,-10", 10980,
	  10980, "- - - -, - - - -, - - - -", "visual:B04/red,B03/green,B02/blue" },
	{ "pc-s2-itemcollection-tall-strip.geojson", "EPSG:32735", "", 0, 0, "",
	  "preview safe-manifest granule-metadata inspire-metadata product-metadata "
	  "datastrip-metadata tilejson rendered_preview" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980,
	  "", "AOT WVP" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,60,0,6800040,0,-60", 1830, 1830,
	  "uint16 0 - -", "B01:B01/coastal B09:B09" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980,
	  "uint16 0 - -", "B02:B02/blue B03:B03/green B04:B04/red B08:B08/nir" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,20,0,6800040,0,-20", 5490, 5490,
	  "uint16 0 - -",
	  "B05:B05/rededge B07:B07/rededge B11:B11/swir16 B12:B12/swir22 B8A:B8A/rededge" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,20,0,6800040,0,-20", 5490, 5490,
	  "- - - -", "B06:B06/rededge" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,20,0,6800040,0,-20", 5490, 5490,
	  "uint8 0 - -", "SCL:-" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980,
	  "uint8 - - -, uint8 - - -, uint8 - - -", "visual:B04/red,B03/green,B02/blue" },
	{ "pc-s2-l2a-06VVN-raster-ext.json", "EPSG:32606", "", 0, 0, "",
	  "preview safe-manifest granule-metadata inspire-metadata product-metadata "
	  "datastrip-metadata tilejson rendered_preview" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980, "",
	  "AOT WVP" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,60,0,6800040,0,-60", 1830, 1830, "- - - -",
	  "B01:B01/coastal B09:B09" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980, "- - - -",
	  "B02:B02/blue B03:B03/green B04:B04/red B08:B08/nir" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,20,0,6800040,0,-20", 5490, 5490, "- - - -",
	  "B05:B05/rededge B06:B06/rededge B07:B07/rededge B11:B11/swir16 B12:B12/swir22 "
	  "B8A:B8A/rededge" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,20,0,6800040,0,-20", 5490, 5490, "", "SCL" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "399960,10,0,6800040,0,-10", 10980, 10980,
	  "- - - -, - - - -, - - - -", "visual:B04/red,B03/green,B02/blue" },
	{ "pc-s2-l2a-06VVN.json", "EPSG:32606", "", 0, 0, "",
	  "preview safe-manifest granule-metadata inspire-metadata product-metadata "
	  "datastrip-metadata tilejson rendered_preview" },
	{ "rio-tiler-netcdf-asset.json", "EPSG:4326", "-170.085,0.17,0,-80.08,0,0.16", 1000, 2000, "",
	  "geotiff netcdf" },
	{ "usgs-landsat8-c2l2-sr.json", "EPSG:32615", "173085,30,0,4904715,0,-30", 8041, 7931, "",
	  "thumbnail reduced_resolution_browse index qa_aerosol ANG.txt MTL.txt MTL.xml "
	  "MTL.json qa_pixel qa_radsat" },
	{ "usgs-landsat8-c2l2-sr.json", "EPSG:32615", "173085,30,0,4904715,0,-30", 8041, 7931,
	  "- - - -",
	  "coastal:B1/coastal blue:B2/blue green:B3/green red:B4/red nir08:B5/nir08 "
	  "swir16:B6/swir16 swir22:B7/swir22" },
	{ "vito-hrvpp-31UFS-itemcollection.json", "EPSG:32631", "", 0, 0, "uint8 - - -",
	  "SOSD:SOSD EOSD:EOSD MAXD:MAXD QFLAG:QFLAG" },
	{ "vito-hrvpp-31UFS-itemcollection.json", "EPSG:32631", "", 0, 0, "uint16 - 0.0001 0",
	  "SOSV:SOSV EOSV:EOSV MINV:MINV MAXV:MAXV AMPL:AMPL LSLOPE:LSLOPE RSLOPE:RSLOPE" },
	{ "vito-hrvpp-31UFS-itemcollection.json", "EPSG:32631", "", 0, 0, "uint16 - - -",
	  "LENGTH:LENGTH" },
	{ "vito-hrvpp-31UFS-itemcollection.json", "EPSG:32631", "", 0, 0, "uint16 - 0.02 0",
	  "SPROD:SPROD TPROD:TPROD" },
};

static const struct { /* the nine items of the strip: tile, and B02's zone and corner */
	const char *tile;
	int epsg;
	double x, y;
} real_strip[] = {
	{ "T35LND", 32735, 499980, 8400040 }, { "T35LNE", 32735, 499980, 8500000 },
	{ "T35LNF", 32735, 499980, 8600020 }, { "T35LNG", 32735, 499980, 8700040 },
	{ "T35LNH", 32735, 499980, 8800000 }, { "T35LNJ", 32735, 499980, 8900020 },
	{ "T35LNK", 32735, 499980, 9000040 }, { "T35LNL", 32735, 499980, 9100000 },
	{ "T35MNM", 32735, 499980, 9200020 },
};

#endif
