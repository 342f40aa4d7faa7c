/* order.c - the order of evaluation, cycles, and whether what a node gives suits its readers
 *
 * A walk in depth with a stack of its own: a chain of 100,000 nodes must not use up the thread's.
 */
#include "cube/graph/internal.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_NEW = 0, S_OPEN, S_DONE };

typedef struct {
	weir_node_t *node;
	size_t next; /* of its inputs */
} s_frame_t;

/* "a -> b -> c -> a", long ones cut in the middle. */
static int
s_fail_cycle (weir_build_t *build, const weir_graph_t *graph, const s_frame_t *stack, size_t n,
              const weir_node_t *again)
{
	char text[1024] = "";
	size_t first = n, used = 0;
	while (first > 0 && stack[first - 1].node != again)
		first--;
	first -= first > 0 ? 1 : 0;
	for (size_t i = first; i < n && used < sizeof text; i++) {
		if (i > first + 8 && i + 1 < n)
			continue;
		const char *gap = i > first + 8 && n > first + 10 ? "… → " : "";
		int wrote = snprintf (text + used, sizeof text - used, "%s%.64s → ", gap,
		                      stack[i].node->id);
		used += wrote > 0 ? (size_t) wrote : 0;
	}
	return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, again->id,
	                        "process graph: cycle: %s%.64s", text, again->id);
}

static int
s_walk (weir_build_t *build, weir_graph_t *graph, weir_node_t *root, s_frame_t *stack,
        size_t *n_ordered)
{
	size_t n = 0;
	root->mark = S_OPEN;
	stack[n++] = (s_frame_t){ root, 0 };
	while (n > 0) {
		s_frame_t *top = &stack[n - 1];
		if (top->next == top->node->n_inputs) {
			top->node->mark = S_DONE;
			top->node->position = *n_ordered;
			graph->order[(*n_ordered)++] = top->node;
			n--;
			continue;
		}
		weir_node_t *input = top->node->inputs[top->next++];
		if (input->mark == S_OPEN)
			return s_fail_cycle (build, graph, stack, n, input);
		if (input->mark == S_NEW) {
			input->mark = S_OPEN;
			stack[n++] = (s_frame_t){ input, 0 };
		}
	}
	return 0;
}

/* Does one of the words suit? A computed truth value may stand for a number. */
static bool
s_suits (const char *returns, const char *types)
{
	if (weir_words_have (types, "any", 3) || weir_words_have (returns, "any", 3))
		return true;
	for (const char *p = returns; *p != '\0';) {
		size_t n = strcspn (p, " ");
		bool is_null = n == 4 && memcmp (p, "null", 4) == 0;
		if (!is_null && weir_words_have (types, p, n))
			return true;
		if (n == 7 && memcmp (p, "boolean", 7) == 0 && weir_words_have (types, "number", 6))
			return true;
		p += n + strspn (p + n, " ");
	}
	return false;
}

static int
s_check_readers (weir_build_t *build, const weir_graph_t *graph, const weir_node_t *node)
{
	const weir_process_t *process = node->pub.process;
	for (size_t i = 0; i < process->n_parameters; i++) {
		const weir_parameter_t *parameter = &process->parameters[i];
		const weir_graph_node_t *input = weir_graph_argument_node (graph, &node->pub,
		                                                           parameter->name);
		if (input == NULL || s_suits (input->process->returns, parameter->types))
			continue;
		char wanted[256], found[256];
		return weir_graph_fail (
			build->err, "ProcessParameterInvalid", graph->path, node->id,
			"argument '%s': expected %s, found what node '%s' (%s) gives: %s", parameter->name,
			weir_types_describe (parameter->types, wanted, sizeof wanted), input->id,
			input->process->id, weir_types_describe (input->process->returns, found, sizeof found));
	}
	bool is_value = process->op >= 0 || process->fold >= 0 || process->klass == WEIR_PROCESS_VALUE;
	if (!is_value && graph->parameters[0] != '\0')
		return weir_graph_fail (build->err, "ProcessUnsupported", graph->path, node->id,
		                        "process '%s': works on cubes, not inside another process",
		                        process->id);
	return 0;
}

int
weir_graph_order (weir_build_t *build, weir_graph_t *graph)
{
	int rc = 0;
	size_t n_ordered = 0;
	s_frame_t *stack = weir_alloc (graph->n_nodes * sizeof *stack);
	for (size_t i = 0; rc == 0 && i < graph->n_nodes; i++) {
		if (graph->nodes[i]->mark == S_NEW)
			rc = s_walk (build, graph, graph->nodes[i], stack, &n_ordered);
	}
	free (stack);
	for (size_t i = 0; rc == 0 && i < graph->n_nodes; i++)
		rc = s_check_readers (build, graph, graph->nodes[i]);
	return rc;
}
