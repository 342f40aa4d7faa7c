/* fixture.c - see fixture.h */
#include "tests/unit/graph/fixture.h"

#include "cube/process/process.h"
#include "runtime/base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *at;
	json_t *nodes;
} s_reader_t;

static json_t *s_read_value (s_reader_t *self);

static void
s_skip (s_reader_t *self)
{
	self->at += strspn (self->at, " ,");
}

static json_t *
s_read_call (s_reader_t *self, const char *name)
{
	const weir_process_t *process = weir_process_find (name);
	json_t *arguments = json_object ();
	char id[96];
	self->at++;
	for (size_t i = 0; s_skip (self), *self->at != ')'; i++) {
		weir_assert (process != NULL && i < process->n_parameters && *self->at != '\0');
		json_object_set_new (arguments, process->parameters[i].name, s_read_value (self));
	}
	self->at++;
	snprintf (id, sizeof id, "%s%zu", name, json_object_size (self->nodes));
	json_object_set_new (self->nodes, id,
	                     json_pack ("{s:s, s:o}", "process_id", name, "arguments", arguments));
	return json_pack ("{s:s}", "from_node", id);
}

static json_t *
s_read_graph (s_reader_t *self)
{
	s_reader_t inner = { self->at, json_object () };
	json_t *result = s_read_value (&inner);
	const char *id = json_string_value (json_object_get (result, "from_node"));
	weir_assert (id != NULL);
	json_object_set_new (json_object_get (inner.nodes, id), "result", json_true ());
	json_decref (result);
	self->at = inner.at;
	return json_pack ("{s:o}", "process_graph", inner.nodes);
}

static json_t *
s_read_value (s_reader_t *self)
{
	char word[64];
	s_skip (self);
	if (*self->at == '{') {
		self->at++;
		json_t *graph = s_read_graph (self);
		weir_assert (*self->at == '}');
		self->at++;
		return graph;
	}
	size_t n = *self->at == '\'' ? strcspn (self->at + 1, "'") + 2 : strcspn (self->at, " ,(){}");
	snprintf (word, sizeof word, "%.*s", (int) n, self->at);
	self->at += n;
	if (word[0] == '\'')
		return json_stringn (word + 1, n - 2);
	if (*self->at == '(')
		return s_read_call (self, word);
	json_t *literal = json_loads (word, JSON_DECODE_ANY, NULL);
	if (strcmp (word, "NaN") == 0)
		return json_pack ("{s:s, s:s}", "type", "number", "value", "NaN");
	return literal != NULL ? literal : json_pack ("{s:s}", "from_parameter", word);
}

json_t *
fixture_callback (const char *expression)
{
	s_reader_t reader = { expression, NULL };
	return s_read_graph (&reader);
}

char *
fixture_quotes (const char *text)
{
	char *copy = weir_strdup (text);
	for (char *p = copy; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

weir_cell_t
fixture_cell (const char *text)
{
	static const char *const names[] = { "u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64" };
	weir_cell_t cell = { .type = WEIR_U8 };
	if (strcmp (text, "bool") == 0)
		return weir_cell_bool ();
	size_t n = strcspn (text, "/");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strlen (names[i]) == n && memcmp (names[i], text, n) == 0)
			cell.type = (weir_type_t) i;
	}
	if (weir_type_is_float (cell.type))
		return weir_cell_float (cell.type);
	cell.has_nodata = text[n] == '/';
	cell.nodata = cell.has_nodata ? strtod (text + n + 1, NULL) : 0;
	return cell;
}

const char *
fixture_cell_text (weir_cell_t cell)
{
	static char text[64];
	static const char *const names[] = { "u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64" };
	if (cell.is_bool)
		return weir_cell_equal (cell, weir_cell_bool ()) ? "bool" : "a strange bool";
	if (weir_type_is_float (cell.type) || !cell.has_nodata)
		return names[cell.type];
	snprintf (text, sizeof text, "%s/%.0f", names[cell.type], cell.nodata);
	return text;
}

const char *
fixture_prog_text (const weir_prog_t *prog)
{
	static char text[4096];
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < prog->n_instr && used < sizeof text - 128; i++) {
		const weir_instr_t *instr = &prog->instr[i];
		const char *gap = i > 0 ? " " : "";
		int n_operands = weir_op_n_operands (instr->op);
		int wrote;
		if (instr->op == WEIR_OP_INPUT)
			wrote = sprintf (text + used, "%sx%d", gap, instr->a);
		else if (instr->op == WEIR_OP_CONST)
			wrote = sprintf (text + used, "%s%g", gap, instr->value);
		else if (n_operands == 0)
			wrote = sprintf (text + used, "%s%s", gap, weir_op_name (instr->op));
		else if (n_operands == 1)
			wrote = sprintf (text + used, "%s%s:%d", gap, weir_op_name (instr->op), instr->a);
		else if (n_operands == 2)
			wrote = sprintf (text + used, "%s%s:%d,%d", gap, weir_op_name (instr->op), instr->a,
			                 instr->b);
		else
			wrote = sprintf (text + used, "%s%s:%d,%d,%d", gap, weir_op_name (instr->op), instr->a,
			                 instr->b, instr->c);
		used += (size_t) wrote;
	}
	return text;
}

double
fixture_value (double value)
{
	return value == ND ? weir_nodata_f64 () : value;
}

int
fixture_same (double got, double wanted)
{
	if (wanted == ND || weir_is_nodata_f64 (got))
		return wanted == ND && weir_is_nodata_f64 (got);
	return got == wanted || (isnan (got) && isnan (wanted));
}
