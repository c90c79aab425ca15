/* Time zones as data: a parsed TZif file, and calendar arithmetic without libc's global zone.
 * os/zone.h finds them by name. A struct tz never changes, so threads share it. */
#pragma once

#include "base/err.h"

struct tz;

struct civil {            /* wall-clock time */
    int year, month, day; /* month 1..12, day 1..31 */
    int hour, minute, second;
    int weekday; /* 0 = Monday */
};

/* Parses the bytes of a TZif (version 1..4) file; err: ERR_INPUT. tz_free ends it. */
MUST_CHECK bool tz_parse(const char *name, const void *bytes, size_t n, struct tz **out,
                         struct err *err);
void tz_free(struct tz *tz);
const struct tz *tz_utc(void); /* static, never freed */

const char *tz_name(const struct tz *tz);
/* Seconds east of UTC at that instant; *out_abbreviation (may be NULL) is lent. */
int32_t tz_offset(const struct tz *tz, int64_t at_s, const char **out_abbreviation);

struct civil tz_civil(const struct tz *tz, int64_t at_s);
/* Instant of a wall-clock time; fields may be out of range (day 32, hour -1) and are carried.
 * In a gap or an overlap: as standard time (is_dst = false in pytz's words), so of the two instants
 * of an overlap the later one. */
int64_t tz_instant(const struct tz *tz, const struct civil *civil);

int64_t civil_days(int year, int month, int day); /* days since 1970-01-01 */
struct civil civil_of_days(int64_t days);
/* strftime's %a %A %b %B %c %d %D %e %F %h %H %I %j %k %l %m %M %p %r %R %S %T %u %w %x %X %y %Y %Z
 * %z %%, English; others stay as they are; cut to fit. Returns the length. */
size_t tz_format(const struct tz *tz, int64_t at_s, const char *format, char *out,
                 size_t out_bytes);
