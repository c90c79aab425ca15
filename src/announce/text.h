/* What is said about a change: sentences that fit a line of chat, in the words that deploy channels have
 * used for long. No control character and no mention of everybody gets out, whatever the change's texts
 * hold. Pure; results are in the message's arena. */
#pragma once

#include "announce/channel.h"

enum text_form {
    TEXT_PLAIN,    /* IRC, mail */
    TEXT_MARKDOWN, /* Mattermost, Discord, Teams */
    TEXT_SLACK,    /* mrkdwn */
};

/* website PROD deployed by nora build: 4f2c1e9 took: 105 seconds diff: http://... */
const char *text_line(const struct message *message, enum text_form form);
/* "website PROD 4f2c1e9 nora: succeeded": the same for each moment but for the last word. Plain. */
const char *text_subject(const struct message *message);
/* Its colour, 0xRRGGBB: green went well, red did not, yellow is under way, grey all else. */
uint32_t text_colour(const struct message *message);

/* Somebody's text, made fit for the form and cut to about n_max bytes at the edge of a character. */
const char *text_value(const char *text, enum text_form form, size_t n_max, struct arena *arena);
/* An http address, with what could end it or hide in it percent-encoded; "" when it is none. */
const char *text_url(const char *url, struct arena *arena);
/* At most n_max bytes of a text, cut at the edge of a character; what is cut ends in an ellipsis. */
const char *text_cut(const char *text, size_t n_max, struct arena *arena);
/* "105 seconds", "2 h 5 min". */
const char *text_took(int64_t ms, struct arena *arena);
/* "PROD" for production, else in capitals. */
const char *text_env(const struct change *change, struct arena *arena);
bool text_is_rollback(const struct change *change);
/* Is it a verdict of harm? */
bool text_is_harm(const struct message *message);
