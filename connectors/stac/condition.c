/* condition.c - conditions on the properties of an item, evaluated here whatever an API filtered
 *
 * A property that is missing or null is no-data, and only true lets an item through: as in
 * filter_properties of openEO, an item without the property is left out unless the condition asks
 * for just that.
 *
 * Source   openEO processes 2.0 (load_stac), DESIGN 8 (Properties)
 */
#include "connectors/stac/loading.h"
#include "cube/graph/eval.h"

static int
s_fail (const weir_stac_item_t *item, const char *name, const weir_err_t *reason, weir_err_t *err)
{
	return weir_err_invalid (err, "ItemInvalid", item->id,
	                         "properties.%s: the condition cannot be evaluated: %s (in %s)", name,
	                         reason->text, item->href);
}

int
weir_stac_meets (const weir_plan_want_t *want, const weir_stac_item_t *item, bool *meets_out,
                 weir_err_t *err)
{
	*meets_out = true;
	for (size_t i = 0; i < want->n_conditions && *meets_out; i++) {
		const weir_plan_condition_t *condition = &want->conditions[i];
		json_t *value = json_object_get (item->properties, condition->name);
		json_t *values = json_object (), *result = NULL;
		weir_err_t reason = { 0 };
		json_object_set_new (values, "value", value != NULL ? json_incref (value) : json_null ());
		int status = weir_graph_eval (condition->graph, values, &result, &reason);
		*meets_out = json_is_true (result);
		json_decref (values);
		json_decref (result);
		if (status != 0)
			return s_fail (item, condition->name, &reason, err);
	}
	return 0;
}
