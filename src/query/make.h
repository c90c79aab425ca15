/* New series and the texts in their names, as Graphite makes them. What is made counts against the
 * request's limits and lives in its arena. */
#pragma once

#include "query/function.h"

/* The name, by its address, of a series that has none: "None", which JSON shows as null. */
extern const char make_no_name[];

struct shape {
    int64_t start_s, end_s, step_s; /* end is kept as given, whatever the number of points */
    size_t n_points;
};

/* The shape of a series; its number of points is the number of its values. */
struct shape make_shape(const struct series *series);

/* A series of gaps from nowhere: name and path expression are the text, the tags are read off it
 * ("a;b=c"), xFilesFactor is the request's.  err: ERR_LIMIT */
MUST_CHECK bool make_series(struct call *call, const char *name, const struct shape *shape,
                            struct series **out, struct err *err);

/* A series of gaps that goes on from another one: its tags, consolidation and xFilesFactor; its path
 * expression is the new name and its style is lost, as in Graphite.  err: ERR_LIMIT */
MUST_CHECK bool make_derived(struct call *call, const struct series *from, const char *name,
                             const struct shape *shape, struct series **out, struct err *err);

/* One series with n equal values. As in Graphite it is named after its value, and has 3 points over
 * the whole range. */
MUST_CHECK bool make_line(struct call *call, const char *name, double value, struct series **out,
                          struct err *err);

/* The tags that a name says: "a.b;dc=east" has name=a.b and dc=east, any other has itself as name. */
void make_name_tags(struct call *call, struct series *series);

/* Gives a series another name (copied); its path expression stays.
 * err: ERR_LIMIT when it is too long, since calls inside calls may double a name each */
MUST_CHECK bool make_alias(struct call *call, struct series *series, const char *name,
                           struct err *err);

/* Sets a tag of a series of this call. */
void make_tag(struct call *call, struct series *series, const char *key, const char *value);

/* How Python prints a number in names: str() of a float, "%d" of one (cut, not rounded). In the arena. */
const char *make_text(struct call *call, double value);
const char *make_text_d(struct call *call, double value);

/* Python's round(value, decimals): correctly rounded, half to even. */
double make_round(double value, int64_t decimals);
