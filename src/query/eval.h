/* The evaluator's own structs: a request under evaluation, a scope, a value and a call. What functions
 * may use is in function.h. One thread a request; everything lives in the request's arena but the
 * maps, which eval_done frees. */
#pragma once

#include "base/map.h"
#include "query/function.h"
#include "query/parse.h"
#include "query/query.h"

struct value {
    enum value_kind kind;
    bool is_given;    /* not a fallback, not none */
    bool is_true;     /* VALUE_BOOL */
    int64_t integer;  /* VALUE_INT */
    double number;    /* VALUE_INT, VALUE_FLOAT */
    const char *text; /* VALUE_TEXT; numbers: as typed */
    struct series_list series;
};

/* What a function may change for those after it, and what evaluating again changes for those below. */
struct context {
    int64_t from_s, until_s;
    double x_files_factor; /* NaN: not given */
    bool is_again;         /* below call_again */
};

struct binding {
    const char *key;
    struct value value;
};

struct scope {
    struct context *context;
    const struct binding *bindings; /* of the template around it */
    size_t n_bindings;
};

struct eval {
    const struct query_env *env;
    const struct query_request *request;
    struct arena *arena;
    struct map *fetched; /* "from until path" → struct series_list *: paths named more than once */
    struct map *uses;    /* path as typed → how often it is named as a positional argument */
    struct map *stacks;  /* stack name → struct series ** */
    size_t n_series;     /* read for the request's own range */
    size_t n_values;     /* spent */
    int64_t deadline_us;
    unsigned depth; /* of nested evaluation */
    bool is_placed; /* the error says its position already */
};

struct call {
    struct eval *eval;
    struct scope scope;
    const struct node *node; /* NULL: called by another function */
    const struct function *function;
    const char *name;
    struct value *values;      /* one a parameter, and one for each further of a multiple one */
    const struct node **nodes; /* what was evaluated to it; NULL: nothing */
    size_t n_values, n_given;
    const struct node *blamed; /* the argument that run's error is about; NULL: the call itself */
};

void eval_init(struct eval *eval, const struct query_env *env, const struct query_request *request,
               struct arena *arena);
void eval_done(struct eval *eval);

/* The tree of a target text, NULL where that is blanks only; counts its paths.
 * err: ERR_INPUT "position P: ..." */
MUST_CHECK bool eval_parse(struct eval *eval, const char *target, enum parse_rest rest,
                           const struct node **out, struct err *err);
/* The series of a tree that eval_parse made. err: ERR_INPUT "position P: ..." */
MUST_CHECK bool eval_tree(struct eval *eval, struct context *context, const struct node *node,
                          struct series_list *out, struct err *err);
MUST_CHECK bool eval_node(struct eval *eval, const struct scope *scope, const struct node *node,
                          struct value *out, struct err *err);
/* Calls a function with values at hand: values[i] for parameter i, taken over. */
MUST_CHECK bool eval_call(struct call *call, struct series_list *out, struct err *err);

/* False: puts the node's position before a message of the sender's mistake, once: the innermost place. */
bool eval_place(struct eval *eval, const struct node *node, struct err *err);

/* err: ERR_LIMIT "query.max-time: ...", ERR_BUSY: nobody waits for the answer any more */
MUST_CHECK bool eval_check_time(const struct eval *eval, struct err *err);
/* err: ERR_LIMIT "query.max-points: ..." */
MUST_CHECK bool eval_spend(struct eval *eval, size_t n_values, struct err *err);
