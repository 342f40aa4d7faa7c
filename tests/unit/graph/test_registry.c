/* test_registry.c - every descriptor is whole, and found */
#include "cube/process/process.h"
#include "cube/process/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
s_check_parameter (const weir_parameter_t *parameter)
{
	assert_non_null (parameter->name);
	assert_non_null (parameter->description);
	assert_non_null (parameter->types);
	if (parameter->is_required) {
		assert_null (parameter->default_json);
		return;
	}
	json_t *value = json_loads (parameter->default_json, JSON_DECODE_ANY, NULL);
	assert_non_null (value);
	assert_true (weir_value_matches (value, parameter->types));
	json_decref (value);
}

static void
s_test_descriptors (void **state)
{
	(void) state;
	assert_true (weir_process_count () > 0);
	assert_null (weir_process_at (weir_process_count ()));
	for (size_t i = 0; i < weir_process_count (); i++) {
		const weir_process_t *process = weir_process_at (i);
		if (i > 0)
			assert_true (strcmp (weir_process_at (i - 1)->id, process->id) < 0);
		assert_ptr_equal (weir_process_find (process->id), process);
		assert_non_null (process->summary);
		assert_non_null (process->returns);
		assert_true (process->op < 0 || process->fold < 0);
		if (process->op >= 0) {
			assert_string_equal (weir_op_name ((weir_op_t) process->op), process->id);
			assert_true (weir_op_n_operands ((weir_op_t) process->op) <=
			             (int) process->n_parameters);
		}
		if (process->fold >= 0)
			assert_string_equal (weir_fold_name ((weir_fold_kind_t) process->fold), process->id);
		for (size_t k = 0; k < process->n_parameters; k++)
			s_check_parameter (&process->parameters[k]);
	}
}

static void
s_test_unknown (void **state)
{
	(void) state;
	static const char *const unknown[] = { "", "aa", "absolut", "absolutee", "zzz", "ADD" };
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		assert_null (weir_process_find (unknown[i]));
	assert_null (weir_process_find (NULL));
	assert_true (weir_process_registry_hash () == weir_process_registry_hash ());
	assert_true (weir_process_registry_hash () != 0);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_descriptors),
		cmocka_unit_test (s_test_unknown),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
