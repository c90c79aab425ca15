/* The input is a storage-schemas.conf and, after a NUL, a storage-aggregation.conf. Any text is
 * either refused with a place, or gives every name a schema that keeps whisper's rules. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "model/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_schema(const struct schema *schema)
{
    BUG_IF(schema->n_archives == 0 || schema->n_archives > SCHEMA_ARCHIVES_MAX);
    BUG_IF(!(schema->x_files_factor >= 0.0 && schema->x_files_factor <= 1.0));
    BUG_IF(!schema_equal(schema, schema));
    for (size_t i = 0; i < schema->n_archives; i++) {
        const struct archive *a = &schema->archives[i];
        BUG_IF(a->step_s == 0 || a->n_points == 0);
        BUG_IF((uint64_t)a->step_s * a->n_points > UINT32_MAX);
        BUG_IF(i > 0 && a->step_s % a[-1].step_s != 0);
        BUG_IF(i > 0 && a->step_s <= a[-1].step_s);
    }
    const double values[] = {1.0, NAN, -2.0, 3.0};
    const double got = aggregate(schema, values, COUNT_OF(values));
    BUG_IF(is_gap(got) != (schema->x_files_factor > 0.75));
    BUG_IF(strlen(aggregation_name(schema->aggregation)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    const char *schemas_text = arena_strndup(&arena, (const char *)bytes, n);
    const size_t n_schemas = strlen(schemas_text);
    const char *aggregation_text = n_schemas < n ? schemas_text + n_schemas + 1 : NULL;
    struct schemas *schemas;
    struct err err;
    if (schemas_parse("s.conf", schemas_text, "a.conf", aggregation_text, &schemas, &err)) {
        const char *const names[] = {"carbon.cpu", "a.b.count", "a;k=v", ""};
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            const struct schema schema = schemas_find(schemas, str_of(names[i]), NULL);
            check_schema(&schema);
        }
        schemas_free(schemas);
    } else {
        BUG_IF(strncmp(err.text, "s.conf:", 7) != 0 && strncmp(err.text, "a.conf:", 7) != 0);
    }
    arena_done(&arena);
    return 0;
}
