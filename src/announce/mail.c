/* Mail, through a server that speaks SMTP. */
#include <stdio.h>
#include <string.h>

#include "announce/channels.h"
#include "announce/filter.h"
#include "announce/letter.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/str.h"
#include "os/smtp.h"

enum { WAIT_MS = 10000, TO_MAX = 50 };

struct mail {
    struct channel channel;
    struct arena arena;
    struct letter_names names;
    const char *url, *from, *user, *password, *ca_file; /* from: the bare address */
    bool needs_tls;
};

static void close_mail(struct channel *channel)
{
    struct mail *mail = (struct mail *)channel;
    arena_done(&mail->arena);
    mem_free(mail);
}

static bool read_server(struct mail *mail, const struct ini_section *section, struct err *err)
{
    const char *server = filter_text(section, "server", "");
    const char *colon = strrchr(server, ':');
    const bool is_v6 = colon && strchr(colon, ']');
    int64_t port = 0;
    const bool has_port = colon && !is_v6;
    if (!server[0] || strpbrk(server, " \t\r\n/@?#"))
        return FAIL(err, ERR_INPUT, "server %s; say host:port of a mail server",
                    server[0] ? "is no host:port" : "is missing");
    if (has_port &&
        (!num_parse_i64(colon + 1, strlen(colon + 1), &port) || port < 1 || port > 65535))
        return FAIL(err, ERR_INPUT, "server = '%.80s': the port is no number from 1 to 65535",
                    server);
    const char *tls = filter_text(section, "tls",
                                  port == 465  ? "on"
                                  : port == 25 ? "off"
                                               : "starttls");
    if (strcmp(tls, "on") != 0 && strcmp(tls, "off") != 0 && strcmp(tls, "starttls") != 0)
        return FAIL(err, ERR_INPUT, "tls = '%.20s' is none of starttls, on, off", tls);
    mail->needs_tls = strcmp(tls, "starttls") == 0;
    const bool is_tls = strcmp(tls, "on") == 0;
    mail->url = arena_printf(&mail->arena, "%s://%s%s", is_tls ? "smtps" : "smtp", server,
                             has_port          ? ""
                             : is_tls          ? ":465"
                             : mail->needs_tls ? ":587"
                                               : ":25");
    if (strcmp(tls, "off") == 0 && mail->user[0]) {
        err_set(err, ERR_INPUT, "user and password would be sent in clear");
        err_hint(err, "tls = starttls, or tls = on; a server without either needs no user");
        return false;
    }
    return true;
}

static bool read_names(struct mail *mail, const struct ini_section *section, struct err *err)
{
    struct letter_names *names = &mail->names;
    names->from = filter_text(section, "from", "");
    names->n_to = filter_list(filter_text(section, "to", ""), &mail->arena, &names->to);
    if (names->n_to == 0 || names->n_to > TO_MAX)
        return FAIL(err, ERR_INPUT,
                    names->n_to ? "to: more than %d addresses"
                                : "to is missing (1 to %d addresses)",
                    TO_MAX);
    for (size_t i = 0; i < names->n_to; i++) {
        const char *address;
        if (!letter_address("to", names->to[i], &mail->arena, &address, err))
            return false;
        if (address != names->to[i])
            return FAIL(err, ERR_INPUT, "to = '%.80s': write the address alone", names->to[i]);
    }
    if (!names->from[0])
        return FAIL(err, ERR_INPUT, "from is missing: the sender's address");
    if (!letter_address("from", names->from, &mail->arena, &mail->from, err))
        return false;
    names->domain = strchr(mail->from, '@') + 1;
    return true;
}

static bool open_mail(const struct ini_section *section, const struct announce_options *options,
                      struct channel **out, struct err *err)
{
    (void)options;
    struct mail *mail = mem_zalloc(sizeof *mail);
    arena_init(&mail->arena);
    mail->user = filter_text(section, "user", "");
    mail->password = filter_text(section, "password", "");
    mail->ca_file = filter_text(section, "ca", NULL);
    if (!read_server(mail, section, err) || !read_names(mail, section, err)) {
        close_mail(&mail->channel);
        return false;
    }
    *out = &mail->channel;
    return true;
}

static bool tell_mail(struct channel *channel, const struct message *message,
                      const char **out_thread, struct err *err)
{
    const struct mail *mail = (const struct mail *)channel;
    const char *id;
    const char *text = letter_make(&mail->names, message, &id);
    const struct smtp_letter letter = {
        .url = mail->url,
        .user = mail->user,
        .password = mail->password,
        .needs_tls = mail->needs_tls,
        .ca_file = mail->ca_file,
        .from = mail->from,
        .to = mail->names.to,
        .n_to = mail->names.n_to,
        .text = text,
        .n_text = strlen(text),
        .wait_ms = WAIT_MS,
        .is_ending = channel->is_ending,
    };
    if (!smtp_send(&letter, err))
        return false;
    *out_thread = message->thread[0] ? "" : id; /* all that follows answers the first one */
    return true;
}

static const char *const mail_keys[] = {"server",   "tls",  "ca", "user",
                                        "password", "from", "to", NULL};
const struct channel_kind channel_mail = {
    .name = "mail",
    .about = "mail, through an SMTP server",
    .keys = mail_keys,
    .open = open_mail,
    .tell = tell_mail,
    .close = close_mail,
};
