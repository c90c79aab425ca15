/* Each case is a repository that git made, and git is asked for the same. */
#include "cli/git_here.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "os/child.h"
#include "os/file.h"

#include "kit/kit.h"

enum { GIT_MS = 60000 };

/* What a command says, without the line's end; NULL when it fails. */
static const char *said(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 4096);
    int code = -1;
    if (!child_read(argv, GIT_MS, &out, &code, &kit_err) || code != 0)
        return NULL;
    const struct str line = str_trim(str_make(buf_text(&out), out.n));
    return arena_strndup(&kit_arena, line.at, line.n);
}

static const char *git_rev(void)
{
    const char *rev = said("git rev-parse --is-inside-work-tree --short HEAD");
    return rev && text_starts(rev, "true\n") ? rev + strlen("true\n") : "";
}

static const char *git_name(void)
{
    const char *name = said("git config user.name");
    return name ? name : "";
}

/* Only what is set here counts. */
static void forget_git_variables(void)
{
    for (char **entry = environ; *entry;) {
        if (!text_starts(*entry, "GIT_")) {
            entry++;
            continue;
        }
        const size_t n = strcspn(*entry, "=");
        unsetenv(arena_strndup(&kit_arena, *entry, n)); /* and the next one takes its place */
    }
    unsetenv("XDG_CONFIG_HOME");
}

/* A home of its own, with a name in it, and a folder to be in. */
static void settle(void)
{
    static unsigned n_homes;
    forget_git_variables();
    const char *home = arena_printf(&kit_arena, "%s/%u", kit_temp_dir(), n_homes++);
    EXPECT_OK(dir_make(home, &kit_err));
    EXPECT(chdir(home) == 0);
    setenv("HOME", home, 1);
    static const char config[] = "[user]\n\tname = Nora N\n\temail = n@x\n[init]\n"
                                 "\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n";
    EXPECT_OK(file_replace(".gitconfig", config, strlen(config), &kit_err));
    EXPECT_OK(dir_make("r", &kit_err));
    EXPECT(chdir("r") == 0);
}

/* A commit has its time from outside, so that its name is the same in each run. */
#define COMMIT                                                                                     \
    "GIT_AUTHOR_DATE='1500000000 +0' GIT_COMMITTER_DATE='1500000000 +0' git commit -q "            \
    "--allow-empty -m x"
#define PLAIN "git init -q && " COMMIT
#define MANY_PACKS                                                                                 \
    "for i in 1 2 3; do echo $i >f; git add f; git commit -qm $i; git repack -q -d; done"

enum sure { SURE, ASKS };

struct here_row {
    const char *row, *script, *folder;
    enum sure name, rev;
};

static void compare(const struct here_row *row)
{
    const char *name = NULL, *rev = NULL;
    settle();
    EXPECT(said(row->script) != NULL);
    EXPECT(chdir(row->folder) == 0);
    const bool is_name_sure = git_here_name(&kit_arena, &name);
    const bool is_rev_sure = git_here_rev(&kit_arena, &rev);
    EXPECT_I64(is_name_sure ? SURE : ASKS, row->name);
    EXPECT_I64(is_rev_sure ? SURE : ASKS, row->rev);
    if (is_name_sure)
        EXPECT_TEXT(name, git_name());
    if (is_rev_sure)
        EXPECT_TEXT(rev, git_rev());
    EXPECT(chdir("/") == 0);
}

TEST(says_what_git_says)
{
    static const struct here_row rows[] = {
        {"plain", PLAIN, ".", SURE, SURE},
        {"a folder within", PLAIN " && mkdir -p a/b", "a/b", SURE, SURE},
        {"its own name", PLAIN " && git config user.name Other", ".", SURE, SURE},
        {"packed refs", PLAIN " && git pack-refs --all", ".", SURE, SURE},
        {"packed, and moved since", PLAIN " && git pack-refs --all && " COMMIT, ".", SURE, SURE},
        {"a deep branch", PLAIN " && git checkout -q -b fix/a.b/c", ".", SURE, SURE},
        {"detached", PLAIN " && git checkout -q --detach", ".", SURE, SURE},
        {"in a pack", PLAIN " && git gc -q", ".", SURE, SURE},
        {"in several packs", PLAIN " && " MANY_PACKS, ".", SURE, SURE},
        {"a worktree", PLAIN " && git worktree add -q ../w -b w && cd ../w && " COMMIT, "../w",
         SURE, SURE},
        {"within a worktree of packed refs",
         PLAIN " && git worktree add -q ../w -b w && git pack-refs --all && mkdir ../w/x", "../w/x",
         SURE, SURE},
        {"a shallow clone", PLAIN " && " COMMIT " && git clone -q --depth 1 \"file://$PWD\" ../c",
         "../c", SURE, SURE},
        {"no repository", "true", ".", SURE, SURE},
        {"beside one", "git init -q x", ".", SURE, SURE},
    };
    EACH_ROW (rows, r)
        compare(r);
}

TEST(asks_where_it_is_not_plain)
{
    static const struct here_row rows[] = {
        {"no commit yet", "git init -q", ".", SURE, ASKS},
        {"bare", "git init -q --bare", ".", ASKS, ASKS},
        {"within .git", PLAIN, ".git", ASKS, ASKS},
        {"within .git/refs", PLAIN, ".git/refs", ASKS, ASKS},
        {"a submodule",
         "git init -q ../s && (cd ../s && " COMMIT ") && " PLAIN
         " && git submodule --quiet add ../s s",
         "s", ASKS, ASKS},
        {"an include", PLAIN " && git config include.path x", ".", ASKS, ASKS},
        {"an include at times",
         PLAIN
         " && git config --global includeIf.gitdir:/.path y && git config -f ../y user.name Z",
         ".", ASKS, ASKS},
        {"long short names", PLAIN " && git config core.abbrev 12", ".", ASKS, ASKS},
        {"a work tree elsewhere", PLAIN " && git config core.worktree ../..", ".", ASKS, ASKS},
        {"worktrees with their own configuration",
         PLAIN " && git config extensions.worktreeConfig true", ".", ASKS, ASKS},
        {"sha256", "git init -q --object-format=sha256 && " COMMIT, ".", ASKS, ASKS},
        {"borrowed objects", PLAIN " && git clone -q --shared . ../c", "../c", SURE, ASKS},
        {"an index of many packs", PLAIN " && " MANY_PACKS " && git multi-pack-index write", ".",
         SURE, ASKS},
        {"a ref of a ref",
         PLAIN " && git symbolic-ref refs/heads/x refs/heads/main && "
               "git symbolic-ref HEAD refs/heads/x",
         ".", SURE, ASKS},
        {"a broken HEAD", PLAIN " && echo x >.git/HEAD", ".", SURE, ASKS},
        {"a .git that is a link", PLAIN " && mv .git ../g && ln -s ../g .git", ".", ASKS, ASKS},
        {"no name", PLAIN " && git config --global --unset user.name", ".", ASKS, SURE},
        {"a quoted name", PLAIN " && git config user.name ' x'", ".", ASKS, ASKS},
    };
    EACH_ROW (rows, r)
        compare(r);
}

TEST(asks_when_the_environment_bends_git)
{
    static const struct {
        const char *row, *name, *value;
    } rows[] = {
        {"another repository", "GIT_DIR", "/nowhere"},
        {"another configuration", "GIT_CONFIG_GLOBAL", "/dev/null"},
        {"no such home", "HOME", "home"},
        {"another git", "PATH", "/usr/local/no-git:/no-git"},
    };
    const char *path = arena_strdup(&kit_arena, getenv("PATH"));
    EACH_ROW (rows, r) {
        const char *name, *rev;
        settle();
        EXPECT(said(PLAIN) != NULL);
        setenv(r->name, r->value, 1);
        EXPECT(!git_here_name(&kit_arena, &name));
        EXPECT(!git_here_rev(&kit_arena, &rev));
        setenv("PATH", path, 1);
        EXPECT(chdir("/") == 0);
    }
}

TEST(variables_for_the_network_and_for_people_bend_nothing)
{
    static const char *const names[] = {"GIT_SSL_CAINFO", "GIT_SSH_COMMAND", "GIT_EDITOR",
                                        "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"};
    const char *name = "", *rev = "";
    settle();
    EXPECT(said(PLAIN) != NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        setenv(names[i], "x", 1);
    EXPECT(git_here_name(&kit_arena, &name));
    EXPECT(git_here_rev(&kit_arena, &rev));
    EXPECT_TEXT(name, git_name());
    EXPECT_TEXT(rev, git_rev());
    EXPECT(chdir("/") == 0);
}

TEST(asks_about_what_belongs_to_others)
{
    const char *name, *rev;
    if (geteuid() != 0)
        return; /* only root can give a file away */
    settle();
    EXPECT(said(PLAIN " && chown 12345 .git") != NULL);
    EXPECT(!git_here_name(&kit_arena, &name));
    EXPECT(!git_here_rev(&kit_arena, &rev));
    EXPECT(chdir("/") == 0);
}

TEST(another_home_of_the_configuration)
{
    const char *name = "";
    settle();
    EXPECT(said(PLAIN " && rm ../.gitconfig && mkdir -p ../xdg/git && "
                      "git config -f ../xdg/git/config user.name Xenia") != NULL);
    setenv("XDG_CONFIG_HOME", arena_printf(&kit_arena, "%s/xdg", getenv("HOME")), 1);
    EXPECT(git_here_name(&kit_arena, &name));
    EXPECT_TEXT(name, git_name());
    EXPECT_TEXT(name, "Xenia");
    unsetenv("XDG_CONFIG_HOME");
    EXPECT(chdir("/") == 0);
}

/* Git looks at the names of loose objects alone: a file of that name is an object to it. */
TEST(is_longer_beside_an_object_that_is_nearly_the_same)
{
    static const size_t shared[] = {6, 7, 8, 12, 31};
    for (size_t i = 0; i < COUNT_OF(shared); i++) {
        settle();
        EXPECT(said(PLAIN) != NULL);
        const char *sha = said("git rev-parse HEAD");
        char *other = arena_strdup(&kit_arena, sha);
        other[shared[i]] = other[shared[i]] == '0' ? '1' : '0';
        EXPECT(said(arena_printf(&kit_arena, "touch .git/objects/%.2s/%s", other, other + 2)));
        const char *rev = "";
        EXPECT(git_here_rev(&kit_arena, &rev));
        EXPECT_TEXT(rev, git_rev());
        EXPECT_I64(strlen(rev), max_size(shared[i] + 1, 7));
        EXPECT(chdir("/") == 0);
    }
}

static void add_u32_be(struct buf *out, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};
    buf_add(out, bytes, sizeof bytes);
}

/* The index of a pack of n objects: the near one, and others that begin with 0. */
static void write_index(const char *path, const uint8_t *near, uint32_t n)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 16 << 20);
    EXPECT(near[0] != 0);
    buf_add(&out, "\377tOc\0\0\0\2", 8);
    for (unsigned i = 0; i < 256; i++)
        add_u32_be(&out, i < near[0] ? n - 1 : n);
    for (uint32_t i = 0; i + 1 < n; i++) {
        const uint8_t rest[16] = {0};
        add_u32_be(&out, i);
        buf_add(&out, rest, sizeof rest);
    }
    buf_add(&out, near, 20);
    for (uint32_t i = 0; i < 2 * n; i++) /* checksums and offsets, which nobody looks at */
        add_u32_be(&out, 0);
    for (unsigned i = 0; i < 10; i++)
        add_u32_be(&out, 0);
    EXPECT_OK(file_replace(path, out.at, out.n, &kit_err));
}

TEST(is_as_long_as_packs_make_it)
{
    static const struct {
        const char *row;
        size_t shared;
        uint32_t n;
        size_t digits;
    } rows[] = {
        {"few", 3, 10, 7},           {"as many as 7 digits take", 3, (1 << 14) - 1, 7},
        {"one more", 3, 1 << 14, 8}, {"many", 3, 1 << 16, 9},
        {"a near one", 9, 10, 10},   {"a very near one", 31, 10, 32},
    };
    EACH_ROW (rows, r) {
        uint8_t near[20];
        settle();
        EXPECT(said(PLAIN " && mkdir -p .git/objects/pack") != NULL);
        char *sha = arena_strdup(&kit_arena, said("git rev-parse HEAD"));
        sha[r->shared] = sha[r->shared] == '7' ? '8' : '7';
        for (size_t i = 0; i < sizeof near; i++)
            near[i] = (uint8_t)(text_hex_digit(sha[2 * i]) << 4 | text_hex_digit(sha[2 * i + 1]));
        EXPECT_OK(file_replace(".git/objects/pack/pack-x.pack", "", 0, &kit_err));
        write_index(".git/objects/pack/pack-x.idx", near, r->n);
        const char *rev = "";
        EXPECT(git_here_rev(&kit_arena, &rev));
        EXPECT_TEXT(rev, git_rev());
        EXPECT_I64(strlen(rev), r->digits);
        EXPECT(chdir("/") == 0);
    }
}

TEST(asks_about_an_index_that_breaks_off)
{
    const char *rev;
    settle();
    EXPECT(said(PLAIN " && git gc -q && i=$(ls .git/objects/pack/*.idx) && chmod u+w $i && "
                      "truncate -s 1050 $i") != NULL);
    EXPECT(!git_here_rev(&kit_arena, &rev));
    EXPECT(said("truncate -s 40 .git/objects/pack/*.idx") != NULL);
    EXPECT(!git_here_rev(&kit_arena, &rev));
    EXPECT(said("rm -f .git/objects/pack/*.pack") != NULL);
    EXPECT(!git_here_rev(&kit_arena, &rev));
    EXPECT(chdir("/") == 0);
}

RUN_TESTS(test_of(says_what_git_says), test_of(asks_where_it_is_not_plain),
          test_of(asks_when_the_environment_bends_git),
          test_of(variables_for_the_network_and_for_people_bend_nothing),
          test_of(asks_about_what_belongs_to_others), test_of(another_home_of_the_configuration),
          test_of(is_longer_beside_an_object_that_is_nearly_the_same),
          test_of(is_as_long_as_packs_make_it), test_of(asks_about_an_index_that_breaks_off))
