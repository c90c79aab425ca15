/* What HTTP and SMTP have in common of libcurl: its start, its signals, its errors. For fetch.c and smtp.c
 * only. Owner: the thread that opened it. */
#pragma once

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/err.h"

struct transfer {
    CURL *curl;
    char reason[CURL_ERROR_SIZE];
};

/* err: ERR_BUSY. */
MUST_CHECK bool transfer_open(struct transfer *out, struct err *err);
void transfer_close(struct transfer *transfer); /* does not wait for a name server */

/* Forgets the options of the exchange before (connections stay) and sets what every one has.
 *   is_ending  NULL, or lent: once true, what is under way is cut short within a second */
void transfer_begin(struct transfer *transfer, int64_t wait_ms, const _Atomic bool *is_ending);
/* Signals wait until this returns; one that asks the process to end cuts it short. */
CURLcode transfer_run(struct transfer *transfer);
/* What a failed run comes to. shown: whom it was with.
 *   err  ERR_BUSY nothing came in time, or it was cut short; ERR_LIMIT the answer is too long; ERR_INPUT
 *        the URL is none; ERR_IO all else */
bool transfer_fail(struct transfer *transfer, CURLcode code, const char *shown, int64_t wait_ms,
                   struct err *err);
