/* options.c - see options.h */
#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *name;
	size_t offset; /* of an int64_t in the options */
	int64_t low, high;
	int64_t step; /* a multiple of this */
} s_number_t;

static const s_number_t s_numbers[] = {
	{ "--tiles", offsetof (weir_archive_options_t, tiles), 1, 400, 1 },
	{ "--dates", offsetof (weir_archive_options_t, dates), 1, 20000, 1 },
	{ "--size", offsetof (weir_archive_options_t, size), 16, 32768, 1 },
	{ "--block", offsetof (weir_archive_options_t, block), 128, 4096, 16 },
	{ "--pixel", offsetof (weir_archive_options_t, pixel), 1, 1000, 1 },
	{ "--seed", offsetof (weir_archive_options_t, seed), 0, INT64_MAX, 1 },
	{ "--threads", offsetof (weir_archive_options_t, threads), 0, 256, 1 },
};

static const char *const s_kinds[] = { "flood", "noisy", "smooth" };

const char *
weir_archive_help (void)
{
	return "usage: weir-archive DIR [options]\n"
		   "\n"
		   "Makes an archive of flood masks: GeoTIFFs (COG, deflate, uint8: 0 dry, 1 flood, 255 no-data)\n"
		   "in DIR/cog and a static STAC catalogue, DIR/collection.json and DIR/items. The grid is\n"
		   "azimuthal equidistant and has no EPSG code. The same options give the same pixels.\n"
		   "\n"
		   "  --kind flood    frames that overlap and end at swath edges, a river that floods (default)\n"
		   "  --kind noisy    one whole frame a date, scattered pixels, deflates about 10 times\n"
		   "  --kind smooth   one frame a date with swath edges, deflates more than 200 times\n"
		   "  --tiles N       neighbouring tiles (2; noisy and smooth: 1)\n"
		   "  --dates N       acquisitions, spread over 2022-09 (20)\n"
		   "  --size N        pixels a side of a tile (1500)\n"
		   "  --block N       pixels a side of a block, a multiple of 16 (512)\n"
		   "  --pixel N       metres a side of a pixel (20)\n"
		   "  --seed N        another seed, another archive (1)\n"
		   "  --threads N     files made at a time (0: one for each CPU)\n"
		   "  --help          this text\n";
}

static int
s_parse_number (const s_number_t *number, const char *text, weir_archive_options_t *options,
                weir_err_t *err)
{
	char *end = NULL;
	errno = 0;
	long long value = strtoll (text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < number->low || value > number->high ||
	    value % number->step != 0)
		return weir_err_invalid (err, "BadUsage", number->name,
		                         "expected a whole number from %lld to %lld%s, found '%s'",
		                         (long long) number->low, (long long) number->high,
		                         number->step > 1 ? " that is a multiple of 16" : "", text);
	*(int64_t *) (void *) ((char *) options + number->offset) = value;
	return 0;
}

static int
s_parse_kind (const char *text, weir_archive_options_t *options, weir_err_t *err)
{
	for (size_t i = 0; i < sizeof s_kinds / sizeof s_kinds[0]; i++) {
		if (strcmp (text, s_kinds[i]) == 0) {
			options->kind = (weir_archive_kind_t) i;
			return 0;
		}
	}
	return weir_err_invalid (err, "BadUsage", "--kind",
	                         "expected flood, noisy or smooth, found '%s'", text);
}

static int
s_parse_option (const char *name, const char *value, weir_archive_options_t *options,
                weir_err_t *err)
{
	const s_number_t *number = NULL;
	for (size_t i = 0; i < sizeof s_numbers / sizeof s_numbers[0]; i++)
		if (strcmp (name, s_numbers[i].name) == 0)
			number = &s_numbers[i];
	if (number == NULL && strcmp (name, "--kind") != 0)
		return weir_err_invalid (err, "BadUsage", name, "unknown option (--help lists them)");
	if (value == NULL)
		return weir_err_invalid (err, "BadUsage", name, "needs a value");
	return number != NULL ? s_parse_number (number, value, options, err)
	                      : s_parse_kind (value, options, err);
}

int
weir_archive_options_parse (int argc, char **argv, weir_archive_options_t *options_out,
                            weir_err_t *err)
{
	weir_archive_options_t options = {
		.dates = 20, .size = 1500, .block = 512, .pixel = 20, .seed = 1
	};
	for (int i = 1; i < argc; i++) {
		if (strcmp (argv[i], "--help") == 0 || strcmp (argv[i], "-h") == 0) {
			options.help = true;
		} else if (argv[i][0] == '-') {
			int status = s_parse_option (argv[i], argv[i + 1], &options, err);
			if (status != 0)
				return status;
			i++;
		} else if (options.folder != NULL) {
			return weir_err_invalid (err, "BadUsage", argv[i], "expected one folder only");
		} else {
			options.folder = argv[i];
		}
	}
	if (!options.help && (options.folder == NULL || options.folder[0] == '\0'))
		return weir_err_invalid (err, "BadUsage", "",
		                         "needs the folder to write to (--help says more)");
	if (options.tiles == 0)
		options.tiles = options.kind == WEIR_ARCHIVE_FLOOD ? 2 : 1;
	*options_out = options;
	return 0;
}
