/* types.c - one type and one no-data for files that may differ
 *
 * Source   DESIGN 8 (Types)
 */
#include "cube/plan/planner.h"

weir_type_t
weir_type_join (weir_type_t a, weir_type_t b)
{
	/* From small to large; the first that holds both ends of both. */
	static const weir_type_t order[] = { WEIR_U8, WEIR_I8, WEIR_U16, WEIR_I16, WEIR_U32, WEIR_I32 };
	if (a == b)
		return a;
	if (weir_type_is_float (a) || weir_type_is_float (b)) {
		weir_type_t other = weir_type_is_float (a) ? b : a;
		bool is_small = other == WEIR_F32 || (other != WEIR_F64 && weir_type_size (other) <= 2);
		bool is_double = a == WEIR_F64 || b == WEIR_F64;
		return is_small && !is_double ? WEIR_F32 : WEIR_F64;
	}
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		weir_type_t type = order[i];
		if (weir_type_holds (type, weir_type_min (a)) &&
		    weir_type_holds (type, weir_type_max (a)) &&
		    weir_type_holds (type, weir_type_min (b)) && weir_type_holds (type, weir_type_max (b)))
			return type;
	}
	return WEIR_F64;
}

/* Can `value` mark no-data for all: nowhere may it be a value. */
static bool
s_is_free_everywhere (size_t n, const weir_cell_t *cells, double value)
{
	for (size_t i = 0; i < n; i++) {
		bool is_its_nodata = cells[i].has_nodata && cells[i].nodata == value;
		if (!is_its_nodata && weir_type_holds (cells[i].type, value))
			return false;
	}
	return true;
}

weir_cell_t
weir_cell_common (size_t n, const weir_cell_t *cells, bool may_be_unobserved)
{
	weir_cell_t common = { .type = cells[0].type };
	bool any_declared = false;
	for (size_t i = 0; i < n; i++) {
		common.type = weir_type_join (common.type, cells[i].type);
		any_declared = any_declared || cells[i].has_nodata;
	}
	if (weir_type_is_float (common.type))
		return weir_cell_float (common.type);
	for (size_t i = 0; i < n; i++) {
		if (!cells[i].has_nodata || !s_is_free_everywhere (n, cells, cells[i].nodata))
			continue;
		if (!common.has_nodata || cells[i].nodata < common.nodata)
			common.nodata = cells[i].nodata;
		common.has_nodata = true;
	}
	if (common.has_nodata || (!any_declared && !may_be_unobserved))
		return common;
	return weir_cell_widen (common);
}
