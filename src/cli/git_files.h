/* Git's own files, as far as they are plain: false means "not for sure", and git itself is to be asked.
 * Formats: git's Documentation (gitrepository-layout, git-config, gitformat-pack). Pure. */
#pragma once

#include "base/str.h"

enum {
    GIT_SHA_BYTES = 20,
    GIT_SHA_DIGITS = 40,
    GIT_FANOUT_BYTES = 8 + 256 * 4, /* the head of a pack's index */
};

/* What HEAD, or the file of a branch, names: one of the two. Lent from the text. */
struct git_head {
    struct str sha;    /* GIT_SHA_DIGITS lower-case digits, or n = 0 */
    struct str branch; /* "refs/heads/main", or n = 0 */
};
MUST_CHECK bool git_files_head(struct str text, struct git_head *out);

/* The one line of a file that names a folder, behind its prefix: "gitdir: " in a .git file. */
MUST_CHECK bool git_files_folder(struct str text, const char *prefix, struct str *out);

/* The sha of a branch in packed-refs. False also when it is not there. */
MUST_CHECK bool git_files_packed(struct str text, struct str branch, struct str *out_sha);

/* What counts here of one configuration file after another. */
struct git_config {
    struct str name;    /* user.name; n = 0: not there yet */
    bool is_of_version; /* core.repositoryformatversion is 0 */
};
/* False: something in it bears on where the work tree is, which files are read, or how long a short name is. */
MUST_CHECK bool git_files_config(struct str text, struct git_config *io);

/* Which of a pack's shas begin with the byte `first`: n of them from index `from`, of n_objects. */
struct git_bucket {
    uint32_t from, n, n_objects;
};
MUST_CHECK bool git_files_fanout(const uint8_t head[GIT_FANOUT_BYTES], uint8_t first,
                                 struct git_bucket *out);

/* How many first digits the two have in common. */
size_t git_files_shared(const char *sha, const char *other);
