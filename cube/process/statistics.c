/* statistics.c - sum, product, mean, min, max, variance, sd of a series
 *
 * No-data elements are left out, or make the result no-data where ignore_nodata is false. A series
 * with nothing in it gives no-data. NaN goes through: in min and max too, it is not missing.
 *
 * Variance and standard deviation are those of a sample: of one number they are NaN.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

#include <math.h>

static double
s_put (weir_fold_kind_t kind, double total, double number)
{
	if (kind == WEIR_FOLD_SUM || kind == WEIR_FOLD_MEAN)
		return total + number;
	if (kind == WEIR_FOLD_PRODUCT)
		return total * number;
	if (isnan (total) || isnan (number))
		return (double) NAN;
	return (kind == WEIR_FOLD_MIN) == (number < total) ? number : total;
}

static int
s_eval_series (const json_t *arguments, weir_fold_kind_t kind, json_t **result_out, weir_err_t *err)
{
	const json_t *data = json_object_get (arguments, "data");
	bool ignores_nodata = weir_argument_flag (arguments, "ignore_nodata", true);
	bool is_nodata = false;
	double total = 0;
	size_t n_numbers = 0;
	for (size_t i = 0; i < weir_value_array_size (data); i++) {
		const json_t *element = weir_value_array_at (data, i);
		double number;
		if (weir_value_is_nodata (element)) {
			is_nodata = is_nodata || !ignores_nodata;
			continue;
		}
		if (!weir_value_number (element, &number))
			return weir_argument_invalid (err, "data", "numbers or null", element);
		total = n_numbers == 0 ? number : s_put (kind, total, number);
		n_numbers++;
	}
	if (kind == WEIR_FOLD_MEAN && n_numbers > 0)
		total /= (double) n_numbers;
	*result_out = is_nodata || n_numbers == 0 ? weir_value_new_nodata ()
	                                          : weir_value_new_number (total);
	return 0;
}

/* Mean and squared deviations, kept up to date. */
static int
s_eval_spread (const json_t *arguments, bool is_root, json_t **result_out, weir_err_t *err)
{
	const json_t *data = json_object_get (arguments, "data");
	bool ignores_nodata = weir_argument_flag (arguments, "ignore_nodata", true);
	bool is_nodata = false;
	double mean = 0, squares = 0, n = 0;
	for (size_t i = 0; i < weir_value_array_size (data); i++) {
		const json_t *element = weir_value_array_at (data, i);
		double number;
		if (weir_value_is_nodata (element)) {
			is_nodata = is_nodata || !ignores_nodata;
			continue;
		}
		if (!weir_value_number (element, &number))
			return weir_argument_invalid (err, "data", "numbers or null", element);
		double off = number - mean;
		mean += off / ++n;
		squares += off * (number - mean);
	}
	double variance = n > 1 ? squares / (n - 1) : (double) NAN;
	*result_out = is_nodata || n == 0
	                  ? weir_value_new_nodata ()
	                  : weir_value_new_number (is_root ? sqrt (variance) : variance);
	return 0;
}

static int
s_eval_product (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, WEIR_FOLD_PRODUCT, result_out, err);
}

static int
s_eval_variance (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_spread (arguments, false, result_out, err);
}

static int
s_eval_sd (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_spread (arguments, true, result_out, err);
}

static int
s_eval_sum (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, WEIR_FOLD_SUM, result_out, err);
}

static int
s_eval_mean (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, WEIR_FOLD_MEAN, result_out, err);
}

static int
s_eval_min (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, WEIR_FOLD_MIN, result_out, err);
}

static int
s_eval_max (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, WEIR_FOLD_MAX, result_out, err);
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data",
	  .is_required = true,
	  .types = "array",
	  .description = "The series of numbers." },
	{ .name = "ignore_nodata",
	  .types = "boolean",
	  .default_json = "true",
	  .description = "Whether no-data is left out; else it makes the result no-data." },
};

const weir_process_t weir_descriptor_sum = {
	.id = "sum",
	.summary = "The sum of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_sum,
	.op = -1,
	.fold = WEIR_FOLD_SUM,
	.returns = "number null",
};

const weir_process_t weir_descriptor_mean = {
	.id = "mean",
	.summary = "The arithmetic mean of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_mean,
	.op = -1,
	.fold = WEIR_FOLD_MEAN,
	.returns = "number null",
};

const weir_process_t weir_descriptor_min = {
	.id = "min",
	.summary = "The smallest number of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_min,
	.op = -1,
	.fold = WEIR_FOLD_MIN,
	.returns = "number null",
};

const weir_process_t weir_descriptor_max = {
	.id = "max",
	.summary = "The largest number of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_max,
	.op = -1,
	.fold = WEIR_FOLD_MAX,
	.returns = "number null",
};

const weir_process_t weir_descriptor_product = {
	.id = "product",
	.summary = "The product of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_product,
	.op = -1,
	.fold = WEIR_FOLD_PRODUCT,
	.returns = "number null",
};

const weir_process_t weir_descriptor_variance = {
	.id = "variance",
	.summary = "The variance of a series, as of a sample",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_variance,
	.op = -1,
	.fold = WEIR_FOLD_VARIANCE,
	.returns = "number null",
};

const weir_process_t weir_descriptor_sd = {
	.id = "sd",
	.summary = "The standard deviation of a series, as of a sample",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_sd,
	.op = -1,
	.fold = WEIR_FOLD_SD,
	.returns = "number null",
};
