/* The evaluator with a function table of its own: functions that show what they were given. */
#include "query/eval.h"

#include <string.h>

#include "base/buf.h"
#include "kit/fake_source.h"
#include "kit/kit.h"

/* ---- the table ---- */

static struct series *add_named(struct call *call, struct series_list *io, const char *name)
{
    struct series *series = series_new(call_arena(call), call_from_s(call), 60, 1);
    series->name = name;
    series->path_expression = name;
    series_list_add(io, series, call_arena(call));
    return series;
}

static void add_arg(struct buf *text, struct call *call, size_t i)
{
    static const char *const kinds[] = {
        [VALUE_NONE] = "none",   [VALUE_BOOL] = "bool", [VALUE_INT] = "int",
        [VALUE_FLOAT] = "float", [VALUE_TEXT] = "text", [VALUE_SERIES] = "series"};
    enum value_kind kind = call_kind(call, i);
    buf_printf(text, "%s%s%s", i ? " " : "", call_has(call, i) ? "" : "~", kinds[kind]);
    if (kind == VALUE_SERIES)
        buf_printf(text, ":%zu", call_series(call, i)->n);
    else if (kind != VALUE_NONE)
        buf_printf(text, ":%s/%s", call_text(call, i), call_tag_text(call, i));
}

/* Its one series is named by its arguments: kind:as typed/as a tag; ~ where none was given. */
static bool show(struct call *call, struct series_list *io, struct err *err UNUSED)
{
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < call_n(call) || (i < PARAMS_MAX && call->function->params[i].name); i++)
        add_arg(&text, call, i);
    io->n = 0;
    add_named(call, io, arena_strdup(call_arena(call), buf_text(&text)));
    buf_done(&text);
    return true;
}

static bool same(struct call *call UNUSED, struct series_list *io UNUSED, struct err *err UNUSED)
{
    return true;
}

static bool shift(struct call *call, struct series_list *io, struct err *err)
{
    int64_t by_s = call_i64(call, 1);
    return call_again(call, 0, call_from_s(call) - by_s, call_until_s(call) - by_s, io, err);
}

static bool wrap(struct call *call, struct series_list *io, struct err *err)
{
    for (size_t i = 0; i < io->n; i++) {
        io->items[i]->values[0] += 1000; /* what is this call's own may be changed */
        if (!series_rename(io->items[i], call_arena(call), err, "%s(%s)", call_name(call),
                           io->items[i]->name))
            return false;
    }
    return true;
}

static bool stack(struct call *call, struct series_list *io, struct err *err)
{
    struct series **total = call_stack_total(call, call_text(call, 1));
    for (size_t i = 0; i < io->n; i++) {
        if (*total)
            io->items[i]->values[0] += (*total)->values[0];
        *total = series_copy(call_arena(call), io->items[i]);
    }
    return series_rename(*total, call_arena(call), err, "total");
}

static bool set_factor(struct call *call, struct series_list *io UNUSED, struct err *err UNUSED)
{
    call_set_request_xff(call, call_f64(call, 1));
    return true;
}

static bool target(struct call *call, struct series_list *io, struct err *err)
{
    return call_target(call, call_text(call, 0), io, err);
}

static bool apply(struct call *call, struct series_list *io, struct err *err)
{
    return call_function(call, call_text(call, 1), io, err);
}

static bool tagged(struct call *call, struct series_list *io, struct err *err)
{
    struct tag_expr exprs[8];
    for (size_t i = 0; i < call_n(call); i++) {
        if (!tag_expr_parse(call_text(call, i), call_arena(call), &exprs[i], err))
            return false;
    }
    return call_tagged(call, exprs, call_n(call), io, err);
}

static bool spend(struct call *call, struct series_list *io UNUSED, struct err *err)
{
    return call_spend(call, (size_t)call_i64(call, 0), err);
}

static bool refuse(struct call *call UNUSED, struct series_list *io UNUSED, struct err *err)
{
    err_set(err, ERR_INPUT, "this will not do");
    err_hint(err, "do that");
    return false;
}

static bool changes(struct call *call, struct series_list *io, struct err *err)
{
    struct change_query query = {.kind = -1};
    struct change_list list;
    if (!call_changes(call, &query, &list, err))
        return false;
    add_named(call, io, arena_printf(call_arena(call), "%zu changes", list.n));
    return true;
}

#define LIST                                                                                       \
    {                                                                                              \
        "seriesList", PARAM_SERIES_LIST                                                            \
    }
#define FN(id, how, ...)                                                                           \
    static const struct function id = {                                                            \
        .name = #id, .group = "Test", .params = {__VA_ARGS__}, .run = (how)}
FN(fn_apply, apply, LIST, {"func", PARAM_AGG_OR_SERIES_FUNC});
FN(fn_changes, changes, {NULL});
FN(fn_list, same, {"lists", PARAM_SERIES_LISTS, .is_multiple = true, .is_optional = true});
FN(fn_refuse, refuse, LIST);
FN(fn_set, set_factor, LIST, {"x", PARAM_FLOAT});
FN(fn_shift, shift, LIST, {"seconds", PARAM_INT});
FN(fn_show, show, {"x", PARAM_ANY, .is_optional = true, .is_multiple = true});
FN(fn_spend, spend, {"n", PARAM_INT});
FN(fn_stack, stack, LIST, {"stack", PARAM_STRING, .fallback = "\"main\""});
FN(fn_tagged, tagged, {"exprs", PARAM_STRING, .is_multiple = true});
FN(fn_target, target, {"target", PARAM_STRING});
FN(fn_two, show, LIST, {"other", PARAM_SERIES_LIST, .is_optional = true});
FN(fn_typed, show, LIST, {"f", PARAM_FLOAT, .fallback = "0.5"},
   {"i", PARAM_INT, .is_optional = true}, {"b", PARAM_BOOL, .fallback = "false"},
   {"s", PARAM_INTERVAL, .fallback = "\"5min\""}, {"a", PARAM_AGG_FUNC, .fallback = "\"sum\""},
   {"limit", PARAM_INT_OR_INF, .fallback = "1e9999"});
FN(fn_window, show, LIST, {"window", PARAM_INT_OR_INTERVAL},
   {"node", PARAM_NODE, .is_optional = true}, {"tag", PARAM_NODE_OR_TAG, .is_optional = true},
   {"date", PARAM_DATE, .is_optional = true});
FN(fn_wrap, wrap, LIST);

const struct function_entry functions_all[] = {
    {"apply", &fn_apply}, {"changes", &fn_changes}, {"list", &fn_list},     {"refuse", &fn_refuse},
    {"set", &fn_set},     {"shift", &fn_shift},     {"show", &fn_show},     {"spend", &fn_spend},
    {"stack", &fn_stack}, {"tagged", &fn_tagged},   {"target", &fn_target}, {"two", &fn_two},
    {"typed", &fn_typed}, {"window", &fn_window},   {"wrap", &fn_wrap},
};
const size_t n_functions = COUNT_OF(functions_all);

const struct function *function_find(const char *name)
{
    for (size_t i = 0; i < n_functions; i++) {
        if (strcmp(functions_all[i].name, name) == 0)
            return functions_all[i].function;
    }
    return NULL;
}

/* ---- the source ---- */

enum { T0 = 1772323200 };
static const double ramp[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const double tens[] = {10, 20, NAN, 40, 50, 60, 70, 80, 90, 100};
static const struct fake_series held[] = {
    {"web.b.load", T0, 60, ramp, 10},
    {"web.a.load", T0, 60, tens, 10},
    {"web.a", T0, 60, tens, 10},
    {"web.c(d).load", T0, 60, ramp, 10},
    {"req;dc=east;host=h1", T0, 60, ramp, 10},
    {"req;dc=east;host=h2", T0, 60, tens, 10},
    {"req;dc=west;host=h1;zone=z", T0, 60, tens, 10},
};

static struct fake_source fake;
static struct fake_changes fake_held;

static struct query_env env(void)
{
    static const struct change one;
    fake = (struct fake_source){.items = held, .n = COUNT_OF(held)};
    fake_held = (struct fake_changes){.items = &one, .n = 1};
    return (struct query_env){.source = fake_source(&fake),
                              .changes = fake_changes(&fake_held),
                              .limits = query_limits_default(),
                              .clock = kit_clock()};
}

static struct query_request request(const char *const *targets, size_t n)
{
    return (struct query_request){.from_s = T0,
                                  .until_s = T0 + 300,
                                  .now_s = T0 + 3600,
                                  .tz = tz_utc(),
                                  .x_files_factor = (double)NAN,
                                  .targets = targets,
                                  .n_targets = n};
}

static bool run_one(const char *text, struct series_list *out, struct err *err)
{
    struct query_env e = env();
    struct query_request r = request(&text, 1);
    *out = (struct series_list){0};
    return query_run(&e, &r, &kit_arena, out, err);
}

/* Names of the answer, a blank between; or the error. */
static const char *names_of(const char *text)
{
    struct series_list list;
    struct buf names;
    err_clear(&kit_err);
    if (!run_one(text, &list, &kit_err))
        return arena_strdup(&kit_arena, kit_err.text);
    buf_init(&names, 4096);
    for (size_t i = 0; i < list.n; i++)
        buf_printf(&names, "%s%s", i ? " " : "", list.items[i]->name);
    const char *result = arena_strdup(&kit_arena, buf_text(&names));
    buf_done(&names);
    return result;
}

/* ---- fetching ---- */

TEST(finds_series)
{
    static const struct {
        const char *row, *names;
    } rows[] = {
        {"web.a.load", "web.a.load"},
        {"web.*.load", "web.a.load web.b.load web.c(d).load"},
        {"web.{b,a}.load", "web.a.load web.b.load"},
        {"web.*", "web.a"},
        {"web.**", "web.a web.a.load web.b.load web.c(d).load"},
        {"web.c\\(d\\).load", "web.c(d).load"},
        {"no.such", ""},
        {"web", ""},
        {"  ", ""},
        {"", ""},
        {"req", ""},
        {"req;dc=east;host=h1", "req;dc=east;host=h1"},
        {"req;host=h2;dc=east", "req;dc=east;host=h2"},
        {"req;dc=west;host=h1", ""},
        {"tagged('name=req','dc=east')", "req;dc=east;host=h1 req;dc=east;host=h2"},
        {"list(web.b.load,web.a.load)", "web.b.load web.a.load"},
        {"list()", ""},
        {"wrap(web.a.load,.5)", ""},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(names_of(r->row), r->names);
}

TEST(dresses_what_it_fetches)
{
    struct series_list list;
    EXPECT_OK(run_one("web.[a].load", &list, &kit_err));
    EXPECT_I64(list.n, 1);
    const struct series *series = list.items[0];
    EXPECT_TEXT(series->name, "web.a.load");
    EXPECT_TEXT(series->path_expression, "web.[a].load");
    EXPECT_TEXT(series_tag(series, "name"), "web.a.load");
    EXPECT_F64(series->x_files_factor, 0, 0);
    EXPECT_I64(series->per_point, 1);
    /* from < t <= until: neither T0 nor what follows T0 + 300 */
    EXPECT_I64(series->start_s, T0 + 60);
    EXPECT_I64(series->n_points, 5);
    EXPECT_F64(series->values[0], 20, 0);
    EXPECT(is_gap(series->values[1]));
    EXPECT_F64(series->values[4], 60, 0);

    EXPECT_OK(run_one("tagged( 'dc=east' , 'host=h1' )", &list, &kit_err));
    EXPECT_I64(list.n, 1);
    EXPECT_TEXT(list.items[0]->path_expression, "tagged( 'dc=east' , 'host=h1' )");
    EXPECT_TEXT(series_tag(list.items[0], "host"), "h1");
    EXPECT_TEXT(series_tag(list.items[0], "name"), "req");
}

TEST(leaves_out_what_the_source_cannot_have)
{
    struct query_env e = env();
    const char *text = "web.*.load";
    struct query_request r = request(&text, 1);
    struct series_list list = {0};
    r.now_s = T0 - 100;
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 0);
}

TEST(the_age_of_the_range_chooses_the_archive)
{
    struct query_env e = env();
    const char *text = "web.b.load";
    struct query_request r = request(&text, 1);
    struct series_list list = {0};
    fake.fine_s = 3600;
    fake.coarse_step_s = 300;
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.items[0]->step_s, 60);
    r.now_s = T0 + 3601;
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.items[0]->step_s, 300);
}

TEST(reads_a_path_once_and_gives_copies)
{
    struct query_env e = env();
    static const char *const texts[] = {"web.a.load", "wrap(web.a.load)", "wrap(web.a.load)"};
    struct query_request r = request(texts, 3);
    struct series_list list = {0};
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(fake.n_reads, 1);
    EXPECT_I64(list.n, 3);
    EXPECT_F64(list.items[0]->values[0], 20, 0);
    EXPECT_F64(list.items[1]->values[0], 1020, 0);
    EXPECT_F64(list.items[2]->values[0], 1020, 0);
    EXPECT_TEXT(list.items[2]->name, "wrap(web.a.load)");
    EXPECT_TEXT(list.items[0]->path_expression, "web.a.load");
}

TEST(a_path_in_a_keyword_finds_only_what_is_read_anyway)
{
    EXPECT_TEXT(names_of("two(web.a.load,other=web.b.load)"), "series:1 series:0");
    EXPECT_TEXT(names_of("two(web.a.load,web.b.load)"), "series:1 series:1");
    EXPECT_TEXT(names_of("two(web.a.load,other=web.a.load)"), "series:1 series:1");
    EXPECT_TEXT(names_of("two(web.a.load,other=tagged('dc=east'))"), "series:1 series:0");
}

/* ---- arguments ---- */

TEST(converts_arguments)
{
    static const struct {
        const char *row, *shown;
    } rows[] = {
        {"show()", "~none"},
        {"show(1,-2,1.5,1e3)", "int:1/1 int:-2/-2 float:1.5/1.5 float:1e3/1000.0"},
        {"show('x',true,FALSE,none,inf)",
         "text:x/x bool:True/True bool:False/False ~none float:inf/inf"},
        {"show(web.*.load,1)", "series:3 int:1/1"},
        {"typed(web.*.load)", "series:3 ~float:0.5/0.5 ~none ~bool:False/False ~text:5min/5min "
                              "~text:sum/sum ~float:1e9999/inf"},
        {"typed(no.such,2,3,true,'1h','avg',7)", "series:0 float:2/2.0 int:3/3 bool:True/True "
                                                 "text:1h/1h text:avg/avg int:7/7"},
        {"typed(no.such,'2.50',' 3 ','TRUE')", "series:0 float:2.50/2.5 int: 3 /3 bool:True/True "
                                               "~text:5min/5min ~text:sum/sum ~float:1e9999/inf"},
        {"typed(no.such,true,false,0,'-1d','sumSeries',inf)",
         "series:0 float:true/1.0 int:false/0 bool:False/False text:-1d/-1d "
         "text:sumSeries/sumSeries float:inf/inf"},
        {"typed(no.such,none,none,none)", "series:0 ~float:0.5/0.5 ~none ~bool:False/False "
                                          "~text:5min/5min ~text:sum/sum ~float:1e9999/inf"},
        {"typed(no.such,b=1,f=-1)", "series:0 float:-1/-1.0 ~none bool:True/True "
                                    "~text:5min/5min ~text:sum/sum ~float:1e9999/inf"},
        {"typed(seriesList=web.a)", "series:0 ~float:0.5/0.5 ~none ~bool:False/False "
                                    "~text:5min/5min ~text:sum/sum ~float:1e9999/inf"},
        {"window(web.a,5,-1,'dc',1772323200)",
         "series:1 int:5/5 int:-1/-1 text:dc/dc int:1772323200/1772323200"},
        {"window(web.a,'5min','2',3,'now-1d')",
         "series:1 text:5min/5min int:2/2 int:3/3 text:now-1d/now-1d"},
        {"web.*.load|show(5)", "series:3 int:5/5"},
        {"list(web.a,web.*.load)|show()", "series:4"},
        {"changes()", "1 changes"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(names_of(r->row), r->shown);
}

TEST(refuses_wrong_arguments)
{
    static const struct {
        const char *row, *error;
    } rows[] = {
        {"typed()", "target 1, position 1: typed(): seriesList is missing"},
        {"typed(5)", "target 1, position 7: typed(): seriesList must be a list of series, got the "
                     "number 5"},
        {"typed('web.a')", "typed(): seriesList must be a list of series, got the text 'web.a'"},
        {"wrap(typed(web.a,'x'))", "target 1, position 18: typed(): f must be a number, got the "
                                   "text 'x'"},
        {"typed(web.a,web.b)", "f must be a number, got the path web.b"},
        {"typed(web.a,wrap(web.b))", "f must be a number, got a list of series"},
        {"typed(web.a,+2)", "f must be a number, got the path +2"},
        {"typed(web.a,1,2.0)",
         "target 1, position 15: typed(): i must be a whole number, got the number 2.0"},
        {"typed(web.a,1,'2.0')", "i must be a whole number, got the text '2.0'"},
        {"typed(web.a,1,2,3)", "b must be true or false, got the number 3"},
        {"typed(web.a,1,2,'yes')", "b must be true or false, got the text 'yes'"},
        {"typed(web.a,s='5parsecs')", "s must be an interval like '5min', got the text '5parsecs'"},
        {"typed(web.a,s=5)",
         "position 15: typed(): s must be an interval like '5min', got the number 5"},
        {"typed(web.a,a='nosuch')", "a must be an aggregation"},
        {"typed(web.a,limit=1.5)", "limit must be a whole number or inf"},
        {"window(web.a)", "window(): window is missing"},
        {"window(web.a,'5parsecs')", "window must be a number of points or an interval"},
        {"window(web.a,5,1.5)", "node must be the number of a node"},
        {"window(web.a,5,1,web.b)", "tag must be the number of a node or a tag's name"},
        {"typed(web.a,1,100000000001)", "i must be a whole number, got the number 100000000001"},
        {"typed(web.a,s='-9000y')", "s must be an interval like '5min', got the text '-9000y'"},
        {"window(web.a,1e300)", "window must be a number of points or an interval"},
        {"window(web.a,inf)", "window must be a number of points or an interval"},
        {"window(web.a,5,1000001)", "node must be the number of a node"},
        {"window(web.a,5,1,-1000001)", "tag must be the number of a node or a tag's name"},
        {"tagged('name=req',none)", "exprs must be a text in quotes, got none"},
        {"shift(web.a,1,2)", "position 15: shift() takes at most 2 arguments, not 3"},
        {"changes(1)", "changes() takes at most 0 arguments, not 1"},
        {"shift(web.a,1,seconds=2)", "position 23: shift(): seconds is given twice"},
        {"shift(web.a,second=2)", "position 20: shift() has no parameter 'second'"},
        {"nosuch(web.a)", "target 1, position 1: there is no function 'nosuch'"},
        {"apply(web.a,'nosuch')", "func must be an aggregation (average, sum, ...) or a function's "
                                  "name, got the text 'nosuch'"},
        {"list(web.a,5)", "lists must be a list of series, got the number 5"},
        {"refuse(web.a)", "target 1, position 1: refuse(): this will not do"},
        {"wrap( refuse(web.a))", "target 1, position 7: refuse(): this will not do"},
        {"a b", "target 1, position 3: expected ','"},
        {"template($x,x=5)", "target 1, position 1: expected series, got 5"},
        {"target('wrap(')", "target 1, position 1: target(): in the target 'wrap(': position 6: "},
        {"target('refuse(web.a)')",
         "target 1, position 1: target(): in the target 'refuse(web.a)': "
         "position 1: refuse(): this will not do"},
        {"web.[a.load", "target 1, position 1: "},
    };
    EACH_ROW (rows, r) {
        struct series_list list;
        EXPECT_ERR(run_one(r->row, &list, &kit_err), ERR_INPUT, r->error);
    }
}

TEST(hints_at_what_was_meant)
{
    static const struct {
        const char *row, *hint;
    } rows[] = {
        {"typd(web.a)", "did you mean typed?"},
        {"shift(web.a,second=2)", "did you mean seconds=?"},
        {"target(web.a)", "put text in quotes"},
        {"refuse(web.a)", "do that"},
    };
    EACH_ROW (rows, r) {
        struct series_list list;
        EXPECT_ERR(run_one(r->row, &list, &kit_err), ERR_INPUT, "");
        EXPECT_TEXT(kit_err.hint, r->hint);
    }
}

TEST(the_second_target_is_named_in_errors)
{
    struct query_env e = env();
    static const char *const texts[] = {"web.a", "\xc3\xbc|wrap(5)"};
    struct query_request r = request(texts, 2);
    struct series_list list = {0};
    EXPECT_ERR(query_run(&e, &r, &kit_arena, &list, &kit_err), ERR_INPUT,
               "target 2, position 8: wrap() takes at most 1 arguments, not 2");
    EXPECT_I64(list.n, 0);
}

/* ---- templates ---- */

TEST(templates_fill_in_variables)
{
    static const struct {
        const char *row, *names;
    } rows[] = {
        {"template(web.$h.load,h='a')", "web.a.load"},
        {"template(web.$1.$2,'b','load')", "web.b.load"},
        {"template(web.$h.load)", ""},
        {"template(show($n,$t,$f,$x),n=3,t='word',f='2.5',x=-1.5)",
         "int:3/3 text:word/word float:2.5/2.5 float:-1.5/-1.5"},
        {"template(show('$x'),x='y')", "text:$x/$x"},
        {"template(wrap(web.$h.load),h='*')", "wrap(web.a.load) wrap(web.b.load) "
                                              "wrap(web.c(d).load)"},
        {"template(web.$host.load,h='a',host='b')", ""}, /* $h first: web.aost.load */
        {"template(web.$g.load,g='b')", "web.a.load"},   /* the request's own g wins */
        {"show(template(web.$h.load,h='a'),$h)", "series:1 series:0"},
        {"template(web.{$1,$2}.load,'a','b')", "web.a.load web.b.load"},
    };
    static const struct query_template given[] = {{"g", "a"}, {"unused", "x"}};
    EACH_ROW (rows, r) {
        struct query_env e = env();
        struct query_request q = request(&r->row, 1);
        struct series_list list = {0};
        q.templates = given;
        q.n_templates = COUNT_OF(given);
        EXPECT_OK(query_run(&e, &q, &kit_arena, &list, &kit_err));
        struct buf names;
        buf_init(&names, 4096);
        for (size_t i = 0; i < list.n; i++)
            buf_printf(&names, "%s%s", i ? " " : "", list.items[i]->name);
        EXPECT_TEXT(buf_text(&names), r->names);
        buf_done(&names);
    }
}

/* ---- what functions may do ---- */

TEST(evaluates_an_argument_over_another_range)
{
    struct series_list list;
    EXPECT_OK(run_one("shift(wrap(web.b.load),-120)", &list, &kit_err));
    EXPECT_I64(list.n, 1);
    EXPECT_I64(list.items[0]->start_s, T0 + 180);
    EXPECT_F64(list.items[0]->values[0], 1003, 0);
    EXPECT_TEXT(list.items[0]->name, "wrap(web.b.load)");
    EXPECT_OK(run_one("template(shift(web.$h.load,-120),h='b')", &list, &kit_err));
    EXPECT_I64(list.items[0]->start_s, T0 + 180);
    EXPECT_OK(run_one("web.b.load|wrap()|shift(-120)", &list, &kit_err));
    EXPECT_F64(list.items[0]->values[0], 1003, 0);
}

TEST(a_range_is_read_once)
{
    struct query_env e = env();
    static const char *const texts[] = {"list(web.a.load,shift(web.a.load,60))",
                                        "shift(web.a.load,60)"};
    struct query_request r = request(texts, 2);
    struct series_list list = {0};
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 3);
    EXPECT_I64(fake.n_reads, 2);
}

TEST(says_which_leaves_it_read)
{
    struct query_env e = env();
    static const char *const texts[] = {"wrap(web.*.load)", "shift(web.b.load,60)", "web.none"};
    struct query_leaves leaves = {0};
    struct query_request r = request(texts, 3);
    struct series_list list = {0};
    r.leaves = &leaves;
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    const char *all = "";
    for (size_t i = 0; i < leaves.n; i++)
        all = arena_printf(&kit_arena, "%s %s", all, leaves.items[i]);
    EXPECT_TEXT(all, " web.a.load web.b.load web.c(d).load web.b.load web.b.load");
}

TEST(evaluates_a_target_text)
{
    EXPECT_TEXT(names_of("target('wrap(web.a.load)')"), "wrap(web.a.load)");
    EXPECT_TEXT(names_of("target('')"), "");
}

TEST(applies_a_function_to_a_list)
{
    EXPECT_TEXT(names_of("apply(web.*.load,'wrap')"),
                "wrap(web.a.load) wrap(web.b.load) wrap(web.c(d).load)");
    EXPECT_TEXT(names_of("apply(web.a.load,'window')"),
                "target 1, position 1: apply(): window(): window is missing");
    EXPECT_TEXT(names_of("apply(web.a.load,'changes')"),
                "target 1, position 1: apply(): changes() takes no series");
}

TEST(stacks_are_shared_by_all_targets)
{
    struct query_env e = env();
    static const char *const texts[] = {"stack(web.b.load)", "stack(web.a.load)",
                                        "stack(web.*.load,'other')"};
    struct query_request r = request(texts, 3);
    struct series_list list = {0};
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_F64(list.items[0]->values[0], 1, 0);
    EXPECT_F64(list.items[1]->values[0], 21, 0);
    EXPECT_F64(list.items[2]->values[0], 20, 0);
    EXPECT_F64(list.items[3]->values[0], 21, 0);
}

TEST(the_x_files_factor_holds_for_what_follows)
{
    struct query_env e = env();
    static const char *const texts[] = {"web.b.load", "set(web.a.load,0.5)", "web.b.load",
                                        "shift(set(web.a.load,0.7),60)", "web.b.load"};
    static const double wanted[] = {0.25, 0.25, 0.5, 0.5, 0.7};
    struct query_request r = request(texts, 5);
    struct series_list list = {0};
    r.x_files_factor = 0.25;
    EXPECT_OK(query_run(&e, &r, &kit_arena, &list, &kit_err));
    EXPECT_I64(list.n, 5);
    for (size_t i = 0; i < list.n && i < 5; i++) {
        if (i != 3)
            EXPECT_F64(list.items[i]->x_files_factor, wanted[i], 0);
    }
}

/* ---- limits ---- */

static bool run_limited(const char *text, const struct query_limits *limits, struct err *err)
{
    struct query_env e = env();
    struct query_request r = request(&text, 1);
    struct series_list list = {0};
    e.limits = *limits;
    return query_run(&e, &r, &kit_arena, &list, err);
}

TEST(limits_are_named)
{
    struct query_limits limits = query_limits_default();
    limits.n_series_max = 4;
    EXPECT_OK(run_limited("web.**", &limits, &kit_err));
    EXPECT_ERR(run_limited("list(web.**,web.a)", &limits, &kit_err), ERR_LIMIT, "query.max-series");
    limits.n_series_max = 2;
    EXPECT_ERR(run_limited("web.*.load", &limits, &kit_err), ERR_LIMIT, "query.max-series");
    EXPECT_ERR(run_limited("tagged('name=req')", &limits, &kit_err), ERR_LIMIT, "query.max-series");

    limits = query_limits_default();
    limits.n_points_max = 15;
    EXPECT_OK(run_limited("web.*.load", &limits, &kit_err));
    EXPECT_ERR(run_limited("list(web.*.load,web.a)", &limits, &kit_err), ERR_LIMIT,
               "query.max-points");
    EXPECT_OK(run_limited("spend(15)", &limits, &kit_err));
    EXPECT_ERR(run_limited("spend(16)", &limits, &kit_err), ERR_LIMIT, "query.max-points");
    EXPECT_ERR(run_limited("spend(-1)", &limits, &kit_err), ERR_LIMIT, "query.max-points");

    limits = query_limits_default();
    limits.n_depth_max = 3;
    EXPECT_OK(run_limited("wrap(wrap(wrap(web.a)))", &limits, &kit_err));
    EXPECT_ERR(run_limited("wrap(wrap(wrap(wrap(web.a))))", &limits, &kit_err), ERR_LIMIT,
               "query.max-depth");

    limits = query_limits_default();
    limits.target_bytes_max = 10;
    EXPECT_OK(run_limited("web.a.load", &limits, &kit_err));
    EXPECT_ERR(run_limited("web.a.load|wrap()", &limits, &kit_err), ERR_LIMIT,
               "query.max-target-bytes");

    limits = query_limits_default();
    limits.time_us_max = -1;
    EXPECT_ERR(run_limited("web.a.load", &limits, &kit_err), ERR_LIMIT, "query.max-time");
}

static bool is_gone_from_third_on(const void *self)
{
    int *n_looks = *(int *const *)self;
    return ++*n_looks >= 3;
}

TEST(a_request_that_nobody_waits_for_ends_at_the_next_look)
{
    const struct query_env e = env();
    const char *texts[] = {"web.a.load", "wrap(web.b.load)", "web.c.load"};
    struct query_request r = request(texts, 3);
    struct series_list list = {0};
    int n_looks = 0;
    int *counter = &n_looks;
    r.is_gone = is_gone_from_third_on;
    r.is_gone_self = &counter;
    EXPECT_ERR(query_run(&e, &r, &kit_arena, &list, &kit_err), ERR_BUSY, "has closed");
    EXPECT_I64(n_looks, 3);
    EXPECT_I64(list.n, 0);
}

TEST(targets_that_make_targets_end)
{
    struct query_limits limits = query_limits_default();
    limits.n_depth_max = 3;
    EXPECT_ERR(run_limited("target('target(\"target(`web.a`)\")')", &limits, &kit_err), ERR_INPUT,
               "in the target");
    EXPECT_OK(run_limited("target(\"target('web.a')\")", &limits, &kit_err));
}

TEST(the_points_limit_is_met_before_the_memory)
{
    struct query_env e = env();
    const char *text = "web.*.load";
    struct query_request r = request(&text, 1);
    struct series_list list = {0};
    e.limits.n_points_max = 6;
    EXPECT_ERR(query_run(&e, &r, &kit_arena, &list, &kit_err), ERR_LIMIT, "query.max-points");
    EXPECT_I64(fake.n_leaves_read, 2); /* of three: the first one has five values */
}

RUN_TESTS(test_of(finds_series), test_of(dresses_what_it_fetches),
          test_of(leaves_out_what_the_source_cannot_have),
          test_of(the_age_of_the_range_chooses_the_archive),
          test_of(reads_a_path_once_and_gives_copies),
          test_of(a_path_in_a_keyword_finds_only_what_is_read_anyway), test_of(converts_arguments),
          test_of(refuses_wrong_arguments), test_of(hints_at_what_was_meant),
          test_of(the_second_target_is_named_in_errors), test_of(templates_fill_in_variables),
          test_of(evaluates_an_argument_over_another_range), test_of(a_range_is_read_once),
          test_of(says_which_leaves_it_read), test_of(evaluates_a_target_text),
          test_of(applies_a_function_to_a_list), test_of(stacks_are_shared_by_all_targets),
          test_of(the_x_files_factor_holds_for_what_follows), test_of(limits_are_named),
          test_of(a_request_that_nobody_waits_for_ends_at_the_next_look),
          test_of(targets_that_make_targets_end),
          test_of(the_points_limit_is_met_before_the_memory))
