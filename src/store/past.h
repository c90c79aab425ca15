/* The classes that series belong to and belonged to before. A link is one number that says both: a
 * number below HEAD_CLASSES_MAX is that class and nothing before it; a higher one is a class and an older
 * link. Every chain is kept once, however many series share it. Changed at start alone, so it is read
 * without a lock. */
#pragma once

#include "base/base.h"

#define PAST_NONE 0xFFFFu /* behind the oldest link */

struct past;

MUST_CHECK struct past *past_new(void);
void past_free(struct past *past); /* NULL is fine */

uint16_t past_class(const struct past *past, uint16_t link);
uint16_t past_older(const struct past *past, uint16_t link); /* or PAST_NONE */
bool past_has(const struct past *past, uint16_t link, uint16_t class_no);

/* The link of class_no with all of `link` behind it; where it stood in there it is taken out. False:
 * there are too many different chains. Thread: start. */
MUST_CHECK bool past_push(struct past *past, uint16_t link, uint16_t class_no, uint16_t *out);
