/* Any bytes as a names log: refused, or read without a name that is no name and a class that makes no
 * sense. */
#include "store/names_log.h"

#include "model/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool on_class(void *self, uint16_t no, const struct schema *schema, int64_t created_s)
{
    (void)self, (void)no, (void)created_s;
    BUG_IF(schema->n_archives == 0 || schema->n_archives > SCHEMA_ARCHIVES_MAX);
    for (size_t i = 0; i < schema->n_archives; i++)
        BUG_IF(schema->archives[i].step_s == 0);
    return true;
}

static bool on_name(void *self, uint32_t id, uint16_t class_no, struct str name)
{
    (void)self, (void)id;
    BUG_IF(!name_is_canonical(name));
    return class_no < 100;
}

static bool on_hidden(void *self, uint32_t id, bool is_hidden)
{
    (void)self, (void)is_hidden;
    return id < 1000;
}

static bool on_deleted(void *self, uint32_t id)
{
    (void)self;
    return id < 1000;
}

static bool on_moved(void *self, uint32_t id, uint16_t class_no)
{
    (void)self;
    return id < 1000 && class_no < 100;
}

static bool on_rules(void *self, uint64_t fingerprint)
{
    (void)self;
    return fingerprint != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct names_log_reader reader = {NULL,       on_class, on_name, on_hidden,
                                            on_deleted, on_moved, on_rules};
    size_t good, n_damaged;
    struct err err;

    if (names_log_parse(bytes, n, &reader, &good, &n_damaged, &err))
        BUG_IF(good > n);
    return 0;
}
