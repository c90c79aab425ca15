#include "cli/git_here.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/env.h"
#include "cli/git_files.h"
#include "os/file.h"

enum {
    LINE_BYTES_MAX = 4096,       /* HEAD, .git and their like: a name */
    CONFIG_BYTES_MAX = 64 << 10, /* people's have 2 KB */
    REFS_BYTES_MAX = 1 << 20,    /* packed-refs of 15,000 branches and tags */
    BUCKET_BYTES_MAX = 1 << 20,  /* a 256th of a pack of 13 million objects */
    PACKS_MAX = 64,              /* git gathers them into one at 50 */
    SHORT_DIGITS_MIN = 7,        /* git's */
    SHARED_DIGITS_MAX = 31, /* git counts no more than these, and no two objects share so many */
};

/* Where the current folder is; root NULL: in no work tree. */
struct place {
    const char *root, *git_dir;
    const char *common_dir; /* the same, but for a worktree beside the main one */
};

static const char *below(struct arena *arena, const char *dir, const char *name)
{
    return arena_printf(arena, "%s/%s", dir, name);
}

static const char *text_of(struct arena *arena, struct str text)
{
    return arena_strndup(arena, text.at, text.n);
}

enum found {
    FOUND,
    FOUND_NONE,
    FOUND_ODD, /* it cannot be read */
};

/* The whole file as a text in the arena. */
static enum found read_text(struct arena *arena, const char *path, size_t bytes_max,
                            struct str *out)
{
    struct stat is;
    struct err err;
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, bytes_max);
    if (lstat(path, &is) != 0)
        return errno == ENOENT ? FOUND_NONE : FOUND_ODD;
    if (!S_ISREG(is.st_mode) || !file_read_all(path, &text, &err))
        return FOUND_ODD;
    *out = str_make(arena_strndup(arena, buf_text(&text), text.n), text.n);
    return FOUND;
}

/* Of git's variables, those that are for the network, for editors and for new commits. */
static const char *const harmless[] = {
    "GIT_SSL_",
    "GIT_SSH=",
    "GIT_SSH_",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_ASKPASS=",
    "GIT_TERMINAL_PROMPT=",
    "GIT_EDITOR=",
    "GIT_SEQUENCE_EDITOR=",
    "GIT_PAGER=",
    "GIT_PS1_",
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
};

/* The git that would be asked is the system's own, so that /etc/gitconfig is its file; no variable bends it. */
static bool is_git_plain(struct arena *arena)
{
    const char *path = env_get("PATH");
    struct str rest = str_of(path ? path : ""), dir;
    if (env_has_prefix("GIT_", harmless, COUNT_OF(harmless)))
        return false;
    while (str_split(&rest, ':', &dir)) {
        const char *git = below(arena, text_of(arena, dir), "git");
        if (access(git, X_OK) == 0)
            return str_is(dir, "/usr/bin") || str_is(dir, "/bin");
    }
    return false;
}

/* ---- where ---- */

static bool is_mine(const char *path)
{
    struct stat is;
    return lstat(path, &is) == 0 && is.st_uid == geteuid();
}

static bool is_folder(const char *path)
{
    struct stat is;
    return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

/* The folder that a file of one line names, seen from base. */
static bool read_folder(struct arena *arena, const char *file, const char *prefix, const char *base,
                        const char **out)
{
    struct str text, folder;
    if (read_text(arena, file, LINE_BYTES_MAX, &text) != FOUND ||
        !git_files_folder(text, prefix, &folder))
        return false;
    const char *name = text_of(arena, folder);
    *out = name[0] == '/' ? name : below(arena, base, name);
    return true;
}

/* root/.git is there, as `is` says: a folder, or the file of a worktree. */
static bool enter(struct arena *arena, const char *root, const struct stat *is, struct place *out)
{
    const char *git = below(arena, root, ".git");
    struct place place = {.root = root, .git_dir = git};
    if (!S_ISDIR(is->st_mode) && !read_folder(arena, git, "gitdir: ", root, &place.git_dir))
        return false;
    const char *common = below(arena, place.git_dir, "commondir");
    place.common_dir = place.git_dir;
    if (file_exists(common) && !read_folder(arena, common, "", place.git_dir, &place.common_dir))
        return false;
    *out = place;
    /* Of what belongs to others git says nothing. */
    return is_mine(root) && is_mine(git) && is_mine(place.git_dir) && is_mine(place.common_dir) &&
           file_exists(below(arena, place.git_dir, "HEAD")) &&
           is_folder(below(arena, place.common_dir, "refs")) &&
           is_folder(below(arena, place.common_dir, "objects"));
}

/* Goes up from the current folder, as git does. */
static bool find(struct arena *arena, struct place *out)
{
    char folder[PATH_MAX];
    struct stat first, is;
    if (!getcwd(folder, sizeof folder) || folder[0] != '/' || stat(folder, &first) != 0)
        return false;
    for (size_t n = strlen(folder);;) {
        /* "" is the root. */
        if (stat(n ? folder : "/", &is) != 0)
            return false;
        if (is.st_dev != first.st_dev) /* git looks no further than the edge of a file system */
            break;
        if (lstat(below(arena, folder, ".git"), &is) == 0)
            return enter(arena, arena_strdup(arena, folder), &is, out);
        /* What has a HEAD may be a repository without a work tree, or the inner side of one with. */
        if (errno != ENOENT || file_exists(below(arena, folder, "HEAD")))
            return false;
        if (n == 0)
            break;
        while (folder[--n] != '/')
            continue;
        folder[n] = '\0';
    }
    *out = (struct place){0};
    return true;
}

/* ---- configuration ---- */

static bool add_config(struct arena *arena, const char *path, bool is_needed, struct git_config *io)
{
    struct str text;
    switch (read_text(arena, path, CONFIG_BYTES_MAX, &text)) {
    case FOUND:
        return git_files_config(text, io);
    case FOUND_NONE:
        return !is_needed;
    case FOUND_ODD:
        break;
    }
    return false;
}

/* In git's order: the system's, one's own, the repository's. */
static bool read_config(struct arena *arena, const struct place *place, struct git_config *out)
{
    const char *home = env_get("HOME"), *config = env_get("XDG_CONFIG_HOME");
    *out = (struct git_config){0};
    if (!home || home[0] != '/' || (config && config[0] != '/'))
        return false;
    config = config ? config : below(arena, home, ".config");
    if (!add_config(arena, "/etc/gitconfig", false, out) ||
        !add_config(arena, below(arena, config, "git/config"), false, out) ||
        !add_config(arena, below(arena, home, ".gitconfig"), false, out))
        return false;
    if (!place->root)
        return true;
    out->is_of_version = false;
    return add_config(arena, below(arena, place->common_dir, "config"), true, out) &&
           out->is_of_version;
}

static bool look(struct arena *arena, struct place *out, struct git_config *out_config)
{
    return is_git_plain(arena) && find(arena, out) && read_config(arena, out, out_config);
}

/* ---- the revision ---- */

static bool read_branch(struct arena *arena, const struct place *place, struct str branch,
                        struct str *out_sha)
{
    struct git_head head;
    struct str text;
    const char *file = below(arena, place->common_dir, text_of(arena, branch));
    switch (read_text(arena, file, LINE_BYTES_MAX, &text)) {
    case FOUND:
        if (!git_files_head(text, &head) || !head.sha.n)
            return false;
        *out_sha = head.sha;
        return true;
    case FOUND_NONE:
        break;
    case FOUND_ODD:
        return false;
    }
    return read_text(arena, below(arena, place->common_dir, "packed-refs"), REFS_BYTES_MAX,
                     &text) == FOUND &&
           git_files_packed(text, branch, out_sha);
}

static bool read_head(struct arena *arena, const struct place *place, const char **out_sha)
{
    struct git_head head;
    struct str text, sha;
    if (read_text(arena, below(arena, place->git_dir, "HEAD"), LINE_BYTES_MAX, &text) != FOUND ||
        !git_files_head(text, &head))
        return false;
    sha = head.sha;
    if (!sha.n && !read_branch(arena, place, head.branch, &sha))
        return false;
    *out_sha = text_of(arena, sha);
    return true;
}

/* What else is in the repository: how long must a name be that is one commit's alone? */
struct crowd {
    struct arena *arena;
    const char *sha;
    const char *dir;
    size_t n_packs;
    uint64_t n_objects; /* in packs: git counts no others */
    size_t n_shared;    /* digits, with the one that is nearest */
};

static void meet(struct crowd *crowd, const char *other)
{
    const size_t n = git_files_shared(crowd->sha, other);
    if (n < GIT_SHA_DIGITS) /* or it is the commit itself */
        crowd->n_shared = max_size(crowd->n_shared, n);
}

static bool meet_loose(void *self, const char *name, struct err *err)
{
    struct crowd *crowd = self;
    (void)err;
    if (strlen(name) == GIT_SHA_DIGITS - 2)
        meet(crowd, arena_printf(crowd->arena, "%.2s%s", crowd->sha, name));
    return true;
}

static bool meet_bucket(struct crowd *crowd, int fd, const char *path, const struct git_bucket *in,
                        struct err *err)
{
    const size_t n_bytes = (size_t)in->n * GIT_SHA_BYTES;
    const int64_t at = GIT_FANOUT_BYTES + (int64_t)in->from * GIT_SHA_BYTES;
    size_t n_read;
    if (n_bytes > BUCKET_BYTES_MAX)
        return FAIL(err, ERR_LIMIT, "'%s' is large", path);
    unsigned char *shas = arena_alloc(crowd->arena, n_bytes + 1);
    if (!file_read_at(fd, path, shas, n_bytes, at, &n_read, err))
        return false;
    if (n_read < n_bytes)
        return FAIL(err, ERR_CORRUPT, "'%s' breaks off", path);
    for (size_t i = 0; i < in->n; i++) {
        char other[GIT_SHA_DIGITS + 1];
        text_hex(other, shas + i * GIT_SHA_BYTES, GIT_SHA_BYTES);
        meet(crowd, other);
    }
    return true;
}

static bool meet_index(struct crowd *crowd, const char *path, struct err *err)
{
    uint8_t head[GIT_FANOUT_BYTES];
    struct git_bucket bucket;
    size_t n_read;
    CLEANUP(fd_done) int fd = -1;
    const int first = text_hex_digit(crowd->sha[0]) << 4 | text_hex_digit(crowd->sha[1]);
    if (++crowd->n_packs > PACKS_MAX)
        return FAIL(err, ERR_LIMIT, "many packs");
    if (!file_open(path, O_RDONLY, &fd, err) ||
        !file_read_at(fd, path, head, sizeof head, 0, &n_read, err))
        return false;
    if (n_read < sizeof head || !git_files_fanout(head, (uint8_t)first, &bucket))
        return FAIL(err, ERR_CORRUPT, "'%s' is no index of version 2", path);
    crowd->n_objects += bucket.n_objects;
    return meet_bucket(crowd, fd, path, &bucket, err);
}

static bool meet_pack(void *self, const char *name, struct err *err)
{
    struct crowd *crowd = self;
    struct stat pack;
    if (text_starts(name, "multi-pack-index"))
        return FAIL(err, ERR_INPUT, "an index of many packs");
    if (!text_ends(name, ".idx"))
        return true;
    const char *path = below(crowd->arena, crowd->dir, name);
    const char *beside = arena_printf(crowd->arena, "%.*s.pack", (int)strlen(path) - 4, path);
    if (stat(beside, &pack) != 0 || !S_ISREG(pack.st_mode))
        return FAIL(err, ERR_INPUT, "an index without its pack");
    return meet_index(crowd, path, err);
}

/* As many digits as git prints: enough for so many objects, and one more than any other has in common. */
static size_t short_digits(const struct crowd *crowd)
{
    size_t n_bits = 1;
    for (uint64_t n = crowd->n_objects; n > 1; n >>= 1)
        n_bits++;
    return max_size(max_size((n_bits + 1) / 2, SHORT_DIGITS_MIN), crowd->n_shared + 1);
}

static bool shorten(struct arena *arena, const struct place *place, const char *sha,
                    const char **out)
{
    struct err err;
    const char *objects = below(arena, place->common_dir, "objects");
    struct crowd crowd = {.arena = arena, .sha = sha, .dir = below(arena, objects, "pack")};
    const char *loose = arena_printf(arena, "%s/%.2s", objects, sha);
    if (file_exists(below(arena, objects, "info/alternates")) ||
        !dir_each(crowd.dir, meet_pack, &crowd, &err) ||
        (!dir_each(loose, meet_loose, &crowd, &err) && err.kind != ERR_MISSING) ||
        crowd.n_shared > SHARED_DIGITS_MAX)
        return false;
    *out = arena_strndup(arena, sha, short_digits(&crowd));
    return true;
}

bool git_here_name(struct arena *arena, const char **out)
{
    struct place place;
    struct git_config config;
    if (!look(arena, &place, &config) || !config.name.n)
        return false;
    *out = text_of(arena, config.name);
    return true;
}

bool git_here_rev(struct arena *arena, const char **out)
{
    struct place place;
    struct git_config config;
    const char *sha;
    if (!look(arena, &place, &config))
        return false;
    *out = "";
    return !place.root || (read_head(arena, &place, &sha) && shorten(arena, &place, sha, out));
}
