#include "cli/pager.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/env.h"
#include "cli/tell.h"
#include "os/child.h"

/* What to run, by the shell, as git does; NULL: nothing. */
static const char *pager_of(void)
{
    const char *pager = getenv("PLUMB_PAGER"); /* NOLINT(concurrency-mt-unsafe): env.h says why */
    if (!pager)
        pager = env_get("PAGER");
    if (!pager)
        pager = "command -v less >/dev/null || exit 127; exec less -FRX";
    return pager[0] && strcmp(pager, "cat") != 0 ? pager : NULL;
}

bool pager_out(const char *command, const char *text, bool is_wanted)
{
    const char *pager = is_wanted && isatty(STDOUT_FILENO) == 1 ? pager_of() : NULL;
    if (!pager || !text[0])
        return tell_out(command, text);
    const char *const argv[] = {"sh", "-c", pager, NULL};
    struct err why;
    int code;
    if (child_feed(argv, text, strlen(text), &code, &why) && code != 126 && code != 127)
        return true;
    return tell_out(command, text); /* no such pager: better than nothing */
}
