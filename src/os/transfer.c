#include "os/transfer.h"

#include <errno.h>
#include <string.h>

#include "os/child.h"
#include "os/hold.h"

static int is_unwanted(void *self, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    (void)to_get, (void)got, (void)to_send, (void)sent;
    const _Atomic bool *is_ending = self;
    return (is_ending && *is_ending) || child_waiting_signal() != 0;
}

bool transfer_open(struct transfer *out, struct err *err)
{
    struct hold signals;
    hold_begin(&signals);
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    hold_end(&signals);
    if (!curl)
        return FAIL(err, ERR_BUSY, "the transfer library did not start");
    *out = (struct transfer){.curl = curl};
    return true;
}

void transfer_close(struct transfer *transfer)
{
    struct hold signals;
    hold_begin(&signals);
    curl_easy_cleanup(transfer->curl);
    hold_end(&signals);
}

void transfer_begin(struct transfer *transfer, int64_t wait_ms, const _Atomic bool *is_ending)
{
    CURL *curl = transfer->curl;
    BUG_IF(wait_ms <= 0);
    transfer->reason[0] = '\0';
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->reason);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)wait_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)wait_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT,
                     1L); /* does not join a thread that looks up a name */
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_unwanted);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, is_ending);
}

/* curl may leave a thread behind that waits for a name server (that is the price of a deadline
 * which holds even then), and a thread takes its mask from the one that made it: no signal may ever
 * find it. */
CURLcode transfer_run(struct transfer *transfer)
{
    struct hold signals;
    hold_begin(&signals);
    const CURLcode code = curl_easy_perform(transfer->curl);
    hold_end(&signals);
    return code;
}

bool transfer_fail(struct transfer *transfer, CURLcode code, const char *shown, int64_t wait_ms,
                   struct err *err)
{
    const char *reason = transfer->reason[0] ? transfer->reason : curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return FAIL(err, ERR_BUSY, "%s: no answer within %lld ms", shown, (long long)wait_ms);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return FAIL(err, ERR_BUSY, "%s: interrupted", shown);
    if (code == CURLE_WRITE_ERROR)
        return FAIL(err, ERR_LIMIT, "%s: the answer is too long", shown);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return FAIL(err, ERR_INPUT, "'%s' is no http:// address: %s", shown, reason);
    long os_errno = 0;
    if (code == CURLE_COULDNT_CONNECT)
        curl_easy_getinfo(transfer->curl, CURLINFO_OS_ERRNO, &os_errno);
    if (os_errno == 0)
        return FAIL_SAID(err, "%s: %s", shown, reason);
    errno = (int)os_errno;
    return FAIL(err, ERR_IO, "%s", shown);
}
