/* What scripts written for other tools send, as changes: Grafana's annotations, Graphite's events (which
 * Grafana takes too), Honeycomb's markers. Pure. */
#pragma once

#include "model/change.h"

/* One body. */
struct alias_body {
    const char *text;
    size_t n;
    int64_t now_ms;
    /* Corrects one that is there: what it leaves out stays "not known". Else a text is needed, a time
     * not given is now, and kind, status and key are filled in. */
    bool is_update;
};

/* Strings in the arena. *out_warning: what was odd, but taken; "" nothing. err: ERR_INPUT with the
 * field. */

/* {"text","time","timeEnd","tags",...}: ms, also in seconds. Source "grafana". */
MUST_CHECK bool alias_annotation(const struct alias_body *body, struct arena *arena,
                                 struct change *out, const char **out_warning, struct err *err);
/* {"what","when","tags","data"}: seconds. Source "grafana". */
MUST_CHECK bool alias_graphite(const struct alias_body *body, struct arena *arena,
                               struct change *out, struct err *err);
/* {"message","type","start_time","end_time","url"}: seconds. The dataset is the service, but for
 * "__all__". Source "honeycomb". */
MUST_CHECK bool alias_marker(const struct alias_body *body, const char *dataset,
                             struct arena *arena, struct change *out, struct err *err);

/* Tags without a value name a kind and a service ("deploy", "website"); without a kind it is a note. Sets
 * the kind, and the service if it has none. */
void alias_classify(struct change *io);

/* What one says of a change in a line: its message, else "deploy website 4f2c1e9". */
const char *alias_text(const struct change *change, struct arena *arena);
/* A change's tags as Grafana knows tags, texts: its kind and service first. n_max: CHANGE_TAGS_MAX + 3. */
size_t alias_tags(const struct change *change, struct arena *arena, const char **out);
