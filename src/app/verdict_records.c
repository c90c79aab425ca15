#include "app/verdict_records.h"

static bool put(void *self, const struct verdict *verdict, struct err *err)
{
    return ledger_verdict_put(self, verdict, err);
}

static bool list(void *self, const char *change_id, struct arena *arena, struct verdict **out,
                 size_t *out_n, struct err *err)
{
    return ledger_verdict_list(self, change_id, arena, out, out_n, err);
}

static bool put_check(void *self, const struct impact_check *check, struct err *err)
{
    const struct ledger_self_check kept = {check->at_ms, check->false_alarms, check->n_metrics,
                                           check->detail};
    return ledger_self_check_put(self, &kept, err);
}

static bool get_check(void *self, struct arena *arena, struct impact_check *out, struct err *err)
{
    struct ledger_self_check kept;
    if (!ledger_self_check_get(self, arena, &kept, err))
        return false;
    *out = (struct impact_check){kept.at_ms, kept.false_alarms, kept.n_metrics, kept.detail};
    return true;
}

struct impact_records verdict_records(struct ledger *ledger)
{
    return (struct impact_records){put, list, put_check, get_check, ledger};
}
