#include "cli/git_files.h"

#include "kit/kit.h"

#define SHA "3f786850e387550fdab836ed7e6dc881de23001b"

static const char *text_or_none(struct str text)
{
    return text.n ? arena_strndup(&kit_arena, text.at, text.n) : "none";
}

TEST(a_head_names_a_commit_or_a_branch)
{
    static const struct {
        const char *row, *text, *sha, *branch; /* sha NULL: refused */
    } rows[] = {
        {"a branch", "ref: refs/heads/main\n", "none", "refs/heads/main"},
        {"a deep one", "ref: refs/heads/fix/a.b-c_d#7+8\n", "none", "refs/heads/fix/a.b-c_d#7+8"},
        {"a commit", SHA "\n", SHA, "none"},
        {"no line's end", SHA, SHA, "none"},
        {"a short sha", "3f786850\n", NULL, NULL},
        {"upper case", "3F786850E387550FDAB836ED7E6DC881DE23001B\n", NULL, NULL},
        {"reftable's stand-in", "ref: refs/heads/.invalid\n", NULL, NULL},
        {"out of its folder", "ref: refs/heads/../../x\n", NULL, NULL},
        {"another space", "ref: refs/bisect/x\n", NULL, NULL},
        {"a lock", "ref: refs/heads/main.lock\n", NULL, NULL},
        {"an empty part", "ref: refs/heads/a//b\n", NULL, NULL},
        {"a blank at the end", "ref: refs/heads/main \n", NULL, NULL},
        {"two lines", "ref: refs/heads/main\nref: refs/heads/x\n", NULL, NULL},
        {"nothing", "", NULL, NULL},
    };
    EACH_ROW (rows, r) {
        struct git_head head;
        const bool is_ok = git_files_head(str_of(r->text), &head);
        EXPECT(is_ok == (r->sha != NULL));
        if (!is_ok || !r->sha)
            continue;
        EXPECT_TEXT(text_or_none(head.sha), r->sha);
        EXPECT_TEXT(text_or_none(head.branch), r->branch);
    }
}

TEST(a_file_names_a_folder)
{
    static const struct {
        const char *row, *text, *prefix, *folder;
    } rows[] = {
        {"of a worktree", "gitdir: /r/.git/worktrees/w\n", "gitdir: ", "/r/.git/worktrees/w"},
        {"with a blank", "gitdir: ../a b\n", "gitdir: ", "../a b"},
        {"commondir", "../..\n", "", "../.."},
        {"another prefix", "gitdit: x\n", "gitdir: ", NULL},
        {"nothing behind it", "gitdir: \n", "gitdir: ", NULL},
        {"carriage return", "gitdir: x\r\n", "gitdir: ", NULL},
        {"two lines", "gitdir: x\ny\n", "gitdir: ", NULL},
    };
    EACH_ROW (rows, r) {
        struct str folder = {0};
        EXPECT(git_files_folder(str_of(r->text), r->prefix, &folder) == (r->folder != NULL));
        if (r->folder)
            EXPECT_TEXT(text_or_none(folder), r->folder);
    }
}

TEST(a_packed_branch_is_found_by_its_whole_name)
{
    static const char text[] = "# pack-refs with: peeled fully-peeled sorted \n"
                               "0000000000000000000000000000000000000001 refs/heads/main2\n"
                               "0000000000000000000000000000000000000002 refs/heads/main\n"
                               "0000000000000000000000000000000000000003 refs/tags/v1\n"
                               "^0000000000000000000000000000000000000004\n"
                               "0000000000000000000000000000000000000005 refs/tags/v2\n";
    struct str sha = {0};
    EXPECT(git_files_packed(str_of(text), str_of("refs/heads/main"), &sha));
    EXPECT_TEXT(text_or_none(sha), "0000000000000000000000000000000000000002");
    EXPECT(git_files_packed(str_of(text), str_of("refs/tags/v2"), &sha));
    EXPECT_TEXT(text_or_none(sha), "0000000000000000000000000000000000000005");
    EXPECT(!git_files_packed(str_of(text), str_of("refs/heads/mai"), &sha));
    EXPECT(
        !git_files_packed(str_of("x\n" SHA " refs/heads/main\n"), str_of("refs/heads/main"), &sha));
    EXPECT(!git_files_packed(str_of(SHA "\trefs/heads/main\n"), str_of("refs/heads/main"), &sha));
}

TEST(a_plain_configuration_is_read)
{
    static const struct {
        const char *row, *text, *name;
    } rows[] = {
        {"as git config writes it", "[user]\n\tname = Nora N\n\temail = n@example.com\n", "Nora N"},
        {"the last wins", "[user]\nname = a\n[user]\nname = b\n", "b"},
        {"in any case", "[USER]\nName=Nora\n", "Nora"},
        {"blanks around", "  [user]  \n  name  =  Nora  N \t\n", "Nora  N"},
        {"another script", "[user]\nname = Jörg\n", "Jörg"},
        {"of another section", "[user \"x\"]\nname = a\n[author]\nname = b\n", "none"},
        {"comments", "# a\n; b\n[user] \n# name = c\nname = d\n", "d"},
        {"others' quotes", "[alias]\nx = \"!f() { a; }; f\" ; c\ny = \\\"\n[user]\nname = e\n",
         "e"},
        {"a key alone", "[push]\ndefault\n[user]\nname = f\n", "f"},
        {"nothing", "", "none"},
    };
    EACH_ROW (rows, r) {
        struct git_config config = {0};
        EXPECT(git_files_config(str_of(r->text), &config));
        EXPECT_TEXT(text_or_none(config.name), r->name);
    }
}

TEST(what_makes_git_answer_otherwise_is_not_for_sure)
{
    static const struct {
        const char *row, *text;
    } rows[] = {
        {"another file", "[include]\npath = x\n"},
        {"another file at times", "[includeIf \"gitdir:~/w/\"]\npath = x\n"},
        {"in capitals", "[InClude]\npath = x\n"},
        {"extensions", "[extensions]\nobjectformat = sha256\n"},
        {"a later format", "[core]\nrepositoryformatversion = 1\n"},
        {"no work tree", "[core]\nbare = true\n"},
        {"no work tree, short", "[core]\nbare\n"},
        {"a work tree elsewhere", "[core]\nworktree = ../x\n"},
        {"short names of another length", "[core]\nabbrev = 12\n"},
        {"an entry beside its section", "[core] bare = true\n"},
        {"two sections in a line", "[a \"x\"] [core] bare = \"true\"]\n"},
        {"a quoted name", "[user]\nname = \"Nora\"\n"},
        {"a name with a comment", "[user]\nname = Nora # N\n"},
        {"a tab in a name", "[user]\nname = Nora\tN\n"},
        {"no name", "[user]\nname =\n"},
        {"a name alone", "[user]\nname\n"},
        {"a line that goes on", "[alias]\nx = a\\\nname = b\n"},
        {"an open quote", "[alias]\nx = \"a\n"},
        {"an unknown escape", "[alias]\nx = \\q\n"},
        {"carriage returns", "[user]\r\nname = Nora\r\n"},
        {"a byte order mark", "\xEF\xBB\xBF[user]\nname = Nora\n"},
        {"an old subsection", "[include.x]\npath = y\n"},
        {"no section at all", "[]\n"},
        {"no configuration", "name: Nora\n"},
    };
    EACH_ROW (rows, r) {
        struct git_config config = {0};
        EXPECT(!git_files_config(str_of(r->text), &config));
    }
    struct git_config config = {0};
    EXPECT(!git_files_config(str_make("[user]\nname = a\0b\n", 18), &config));
}

TEST(a_fanout_says_where_a_byte_begins)
{
    uint8_t head[GIT_FANOUT_BYTES] = {0xFF, 't', 'O', 'c', 0, 0, 0, 2};
    for (unsigned i = 0; i < 256; i++)
        head[8 + i * 4 + 2] = i < 3 ? 0 : i < 200 ? 1 : 2; /* 256 objects of byte 3, 256 of 200 */
    struct git_bucket bucket;
    EXPECT(git_files_fanout(head, 0, &bucket));
    EXPECT_I64(bucket.n, 0);
    EXPECT(git_files_fanout(head, 3, &bucket));
    EXPECT_I64(bucket.from, 0);
    EXPECT_I64(bucket.n, 256);
    EXPECT(git_files_fanout(head, 200, &bucket));
    EXPECT_I64(bucket.from, 256);
    EXPECT_I64(bucket.n, 256);
    EXPECT_I64(bucket.n_objects, 512);
    head[8 + 4 * 4 + 2] = 9; /* falls again */
    EXPECT(!git_files_fanout(head, 5, &bucket));
    head[7] = 3;
    EXPECT(!git_files_fanout(head, 0, &bucket));
}

RUN_TESTS(test_of(a_head_names_a_commit_or_a_branch), test_of(a_file_names_a_folder),
          test_of(a_packed_branch_is_found_by_its_whole_name),
          test_of(a_plain_configuration_is_read),
          test_of(what_makes_git_answer_otherwise_is_not_for_sure),
          test_of(a_fanout_says_where_a_byte_begins))
