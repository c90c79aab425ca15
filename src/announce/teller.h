/* One channel at work: its thread follows the ledger, tells what is due, tries again, and remembers. */
#pragma once

#include "announce/channel.h"
#include "announce/filter.h"

struct teller;

/* Takes the channel. options is lent until teller_free. err: ERR_IO the state. */
MUST_CHECK bool teller_start(const struct announce_options *options, const struct filter *filter,
                             struct channel *channel, struct teller **out, struct err *err);
void teller_wake(struct teller *teller); /* thread: any; never waits */
/* In this order: no new work; what is under way is cut short; the thread has ended; nobody knows it. */
void teller_stop(struct teller *teller);
bool teller_await(struct teller *teller, int64_t until_us); /* has it ended? monotonic */
void teller_cut(struct teller *teller);
void teller_free(struct teller *teller);

const char *teller_name(const struct teller *teller);
void teller_write_state(struct teller *teller, struct jsonw *json); /* thread: any */
MUST_CHECK bool teller_test(struct teller *teller,
                            struct err *err); /* thread: any; see announce_test */

/* When a message that was not taken n_tries times is tried again. */
int64_t teller_backoff_ms(uint32_t n_tries);
