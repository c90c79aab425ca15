#include "api/pie.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"

/* "label:12.5"; other targets may have colons too. False when it is none of these. */
static bool split_literal(const char *target, struct str *out_name, double *out_value)
{
    const char *colon = strchr(target, ':');
    if (!colon)
        return false;
    struct str number = str_trim(str_of(colon + 1));
    *out_name = (struct str){target, (size_t)(colon - target)};
    return num_parse_f64(number.at, number.n, out_value);
}

static bool add_literal(struct str name, double value, const struct query_request *request,
                        struct arena *arena, struct series_list *out, struct err *err)
{
    if (!isfinite(value))
        return FAIL(err, ERR_INPUT, "target '%.*s:': not a finite number",
                    (int)min_size(name.n, 100), name.at);
    int64_t step_s = max_i64(request->until_s - request->from_s, 1);
    struct series *s = series_new(arena, request->from_s, step_s, 1);
    s->name = s->path_expression = arena_strndup(arena, name.at, name.n);
    s->values[0] = value;
    series_list_add(out, s, arena);
    return true;
}

bool pie_run(const struct query_env *env, const struct query_request *request, struct arena *arena,
             struct series_list *out, struct err *err)
{
    struct series_list all = {0};
    for (size_t i = 0; i < request->n_targets; i++) {
        struct str name;
        double value;
        if (split_literal(request->targets[i], &name, &value)) {
            if (!add_literal(name, value, request, arena, &all, err))
                return false;
            continue;
        }
        struct query_request one = *request;
        struct series_list found = {0};
        one.targets = &request->targets[i];
        one.n_targets = 1;
        if (!query_run(env, &one, arena, &found, err))
            return false;
        if (found.n == 0 && strchr(one.targets[0], ':') && !strchr(one.targets[0], '('))
            return FAIL(err, ERR_INPUT, "target '%.100s' is neither label:number nor a series",
                        one.targets[0]);
        for (size_t k = 0; k < found.n; k++)
            series_list_add(&all, found.items[k], arena);
    }
    *out = all;
    return true;
}
