/* Each reader takes any bytes; what it says it found is in them, and well formed. */
#include <string.h>

#include "base/mem.h"
#include "cli/git_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_inside(struct str text, struct str part)
{
    BUG_IF(part.n && (part.at < text.at || part.at + part.n > text.at + text.n));
}

static void check_sha(struct str sha)
{
    BUG_IF(sha.n != GIT_SHA_DIGITS);
    for (size_t i = 0; i < sha.n; i++)
        BUG_IF(text_hex_digit(sha.at[i]) < 0);
}

static void check_branch(struct str branch)
{
    BUG_IF(!str_starts(branch, "refs/heads/"));
    for (size_t i = 1; i < branch.n; i++)
        BUG_IF(branch.at[i] == '.' && branch.at[i - 1] == '.');
}

static void check_fanout(const uint8_t *bytes, size_t n)
{
    struct git_bucket bucket;
    uint64_t n_in_all = 0;
    if (n < GIT_FANOUT_BYTES || !git_files_fanout(bytes, 255, &bucket))
        return;
    const uint32_t n_objects = bucket.n_objects;
    bool is_rising = true;
    for (unsigned first = 0; first < 256 && is_rising; first++) {
        is_rising = git_files_fanout(bytes, (uint8_t)first, &bucket);
        BUG_IF(is_rising && bucket.from != n_in_all);
        n_in_all += bucket.n;
    }
    BUG_IF(is_rising && n_in_all != n_objects);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *copy = mem_alloc(n + !n); /* no byte more: a sanitizer sees who reads on */
    memcpy(copy, bytes, n);
    const struct str text = str_make(copy, n);
    struct git_head head;
    struct git_config config = {0};
    struct str found;
    if (git_files_head(text, &head)) {
        BUG_IF((head.sha.n != 0) == (head.branch.n != 0));
        check_inside(text, head.sha);
        check_inside(text, head.branch);
        if (head.sha.n)
            check_sha(head.sha);
        else
            check_branch(head.branch);
    }
    if (git_files_folder(text, "gitdir: ", &found)) {
        BUG_IF(!found.n || memchr(found.at, '\0', found.n));
        check_inside(text, found);
    }
    if (git_files_packed(text, str_of("refs/heads/main"), &found)) {
        check_inside(text, found);
        check_sha(found);
    }
    if (git_files_config(text, &config)) {
        BUG_IF(config.name.n && memchr(config.name.at, '"', config.name.n));
        check_inside(text, config.name);
    }
    check_fanout(bytes, n);
    mem_free(copy);
    return 0;
}
