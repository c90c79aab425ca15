/* IRC's lines: one message taken apart, one put together, and what a server says of itself. Pure.
 * Grammar: modern.ircdocs.horse, RFC 1459; tags: IRCv3. */
#pragma once

#include "base/buf.h"

enum {
    IRC_LINE_MAX = 8192 + 512, /* bytes with tags, without CR LF; longer ones are no IRC */
    IRC_PARAMS_MAX = 15,
    IRC_TEXT_MAX = 400, /* bytes of text in a line of ours: 512 less what servers put before it */
};

/* All texts are lent from the bytes parsed; "" for what is not there. */
struct irc_line {
    const char *tags; /* "a=b;c", still escaped */
    const char *nick, *user, *host;
    const char *command; /* "PRIVMSG", "001" */
    const char *params[IRC_PARAMS_MAX];
    size_t n_params;
};

/* Takes one line apart in place; io_text is ended by NUL and has no line end. False: it is no message. */
MUST_CHECK bool irc_line_parse(char *io_text, struct irc_line *out);
/* The i-th parameter, "" when there are not so many. */
const char *irc_line_param(const struct irc_line *line, size_t i);
/* A tag's value, unescaped and cut to fit; false when it is not there. */
bool irc_line_tag(const struct irc_line *line, const char *key, char *out, size_t out_bytes);

/* Adds "COMMAND target :text\r\n". Control characters, CR, LF and what else ends a line early become
 * blanks, bytes that are no UTF-8 '?'; target loses blanks too. The text has at most text_max bytes, whole
 * characters. target NULL: none. */
struct irc_out {
    const char *command, *target, *text;
    size_t text_max;
};
void irc_line_add(struct buf *out, const struct irc_out *line);
/* Adds text as irc_line_add writes it: what a server will tell of. */
void irc_line_add_clean(struct buf *out, const char *text, size_t text_max);
/* Takes colours and other formatting out of what somebody typed, and other control characters. In place.
 * */
void irc_line_strip(char *io_text);

/* What a server's 005 lines say. */
enum irc_casemap { IRC_CASE_RFC1459 = 0, IRC_CASE_STRICT, IRC_CASE_ASCII };
struct irc_support {
    enum irc_casemap casemap;
    size_t topic_bytes_max, nick_bytes_max; /* 0: it did not say */
};
void irc_support_take(struct irc_support *support, const struct irc_line *line);
/* The same name (of a nick, a channel), as this server sees it? */
bool irc_support_same(const struct irc_support *support, const char *a, const char *b);
