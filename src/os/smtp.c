#include "os/smtp.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "os/net.h"
#include "os/transfer.h"

enum { URL_BYTES_MAX = 600 };

struct rest {
    const char *at;
    size_t n;
};

static size_t give_text(char *out, size_t size, size_t n, void *self)
{
    struct rest *rest = self;
    const size_t n_given = min_size(mul_size(size, n), rest->n);
    memcpy(out, rest->at, n_given);
    rest->at += n_given;
    rest->n -= n_given;
    return n_given;
}

static bool fail(struct transfer *transfer, CURLcode code, const struct smtp_letter *letter,
                 struct err *err)
{
    long answer = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer);
    const bool is_answer =
        code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_WEIRD_SERVER_REPLY;
    if (is_answer && answer >= 400)
        return FAIL(err, answer >= 500 ? ERR_REFUSED : ERR_BUSY,
                    "%s: the mail server answers %ld: %s", letter->url, answer, transfer->reason);
    return transfer_fail(transfer, code, letter->url, letter->wait_ms, err);
}

static void prepare(struct transfer *transfer, const struct smtp_letter *letter, struct rest *rest)
{
    CURL *curl = transfer->curl;
    transfer_begin(transfer, letter->wait_ms, letter->is_ending);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, letter->from);
    if (letter->needs_tls)
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (letter->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, letter->ca_file);
    if (letter->user[0]) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, letter->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, letter->password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L); /* one is enough */
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(curl, CURLOPT_READDATA, rest);
}

bool smtp_send(const struct smtp_letter *letter, struct err *err)
{
    struct transfer transfer;
    struct rest rest = {letter->text, letter->n_text};
    char host[NET_HOSTNAME_MAX], url[URL_BYTES_MAX];
    if (!transfer_open(&transfer, err))
        return false;
    prepare(&transfer, letter, &rest);
    net_hostname(host);
    snprintf(url, sizeof url, "%s/%s", letter->url, host); /* the name that it says HELO with */
    curl_easy_setopt(transfer.curl, CURLOPT_URL, url);
    struct curl_slist *to = NULL;
    for (size_t i = 0; i < letter->n_to; i++)
        to = curl_slist_append(to, letter->to[i]);
    curl_easy_setopt(transfer.curl, CURLOPT_MAIL_RCPT, to);
    const CURLcode code = transfer_run(&transfer);
    const bool is_ok = code == CURLE_OK || fail(&transfer, code, letter, err);
    transfer_close(&transfer);
    curl_slist_free_all(to);
    return is_ok;
}
