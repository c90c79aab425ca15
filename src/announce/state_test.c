#include "announce/state.h"

#include "base/buf.h"
#include "base/mem.h"
#include "os/file.h"

#include "kit/kit.h"

#define ID   "01JD9Q6X4T7M0000000000000"
#define HEAD "plumb-announce 1\n"

static struct state *opened(const char *path)
{
    struct state *state = NULL;
    bool is_new;
    EXPECT_OK(state_open(path, &state, &is_new, &kit_err));
    return state;
}

static const char *path_of(void)
{
    return kit_path(kit_temp_dir(), "x.state");
}

static void put(struct state *state, const char *id, const char *thread)
{
    struct state_entry *entry = state_add(state, id);
    entry->told = (struct moments_told){.start = true,
                                        .is_known = true,
                                        .status = STATUS_RUNNING,
                                        .verdict = VERDICT_HARM,
                                        .seen_stage = VERDICT_24H,
                                        .seen = VERDICT_NO_HARM};
    entry->is_waiting = true;
    entry->n_tries = 3;
    entry->first_ms = 1700000000000;
    entry->touched_ms = 1700000000001;
    mem_free(entry->thread);
    entry->thread = mem_strdup(thread);
    state_note(state, entry);
}

TEST(what_was_saved_is_read_back)
{
    struct state *state = NULL;
    bool is_new = false;
    EXPECT_OK(state_open(path_of(), &state, &is_new, &kit_err));
    EXPECT(is_new);
    put(state, ID "2", "<a.start@example.org> with blanks");
    put(state, ID "1", "");
    put(state, ID "3", "x");
    state_forget(state, state_find(state, ID "3"));
    const struct state_dead dead = {1700000000002, ID "1.end", "the peer\nanswers 400"};
    state_bury(state, &dead);
    state_note_seq(state, 17);
    EXPECT_OK(state_save(state, true, &kit_err));
    state_close(state);

    EXPECT_OK(state_open(path_of(), &state, &is_new, &kit_err));
    EXPECT(!is_new);
    EXPECT_I64(state_seq(state), 17);
    EXPECT_I64(state_count(state), 2);
    EXPECT_TEXT(state_at(state, 0)->id, ID "1");
    EXPECT_TEXT(state_at(state, 0)->thread, "");
    const struct state_entry *entry = state_find(state, ID "2");
    EXPECT_TEXT(entry->thread, "<a.start@example.org> with blanks");
    EXPECT(entry->told.start && entry->told.is_known && !entry->told.end && entry->is_waiting);
    EXPECT_I64(entry->told.status, STATUS_RUNNING);
    EXPECT_I64(entry->told.verdict, VERDICT_HARM);
    EXPECT_I64(entry->told.seen, VERDICT_NO_HARM);
    EXPECT_I64(entry->told.seen_stage, VERDICT_24H);
    EXPECT_I64(entry->n_tries, 3);
    EXPECT_I64(entry->first_ms, 1700000000000);
    EXPECT_I64(entry->touched_ms, 1700000000001);
    const struct state_dead *deads;
    EXPECT_I64(state_deads(state, &deads), 1);
    EXPECT_TEXT(deads[0].message, ID "1.end");
    EXPECT_TEXT(deads[0].reason, "the peer answers 400");
    EXPECT(!state_find(state, ID "3"));
    state_close(state);
}

TEST(the_last_twenty_dead_letters_are_kept)
{
    struct state *state = opened(path_of());
    for (int i = 0; i < 50; i++) {
        struct state_dead dead = {.at_ms = i, .message = "m", .reason = "r"};
        state_bury(state, &dead);
    }
    EXPECT_OK(state_save(state, false, &kit_err));
    state_close(state);
    state = opened(path_of());
    const struct state_dead *deads;
    EXPECT_I64(state_deads(state, &deads), STATE_DEAD_MAX);
    EXPECT_I64(deads[0].at_ms, 30);
    EXPECT_I64(deads[STATE_DEAD_MAX - 1].at_ms, 49);
    state_close(state);
}

TEST(lines_that_cannot_be_read_are_left_out)
{
    static const struct {
        const char *row, *text;
        size_t n_bad, n;
        uint64_t seq;
    } rows[] = {
        {"a good one", HEAD "c " ID "1 -sk 3 10 0 0 \nn 5\n", 0, 1, 5},
        {"cut off", HEAD "n 5\nc " ID "1 -s 3 10 0", 1, 0, 5},
        {"cut off in a number", HEAD "n 5\nn 1", 1, 0, 5},
        {"another program's", "hello\nn 5\n", 2, 0, 5},
        {"no id", HEAD "c 01jd -s 3 10 0 0 \nn 5\n", 1, 0, 5},
        {"no flags", HEAD "c " ID "1 s 3 10 0 0 \nn 5\n", 1, 0, 5},
        {"no status", HEAD "c " ID "1 - 99 10 0 0 \nn 5\n", 1, 0, 5},
        {"a negative number", HEAD "c " ID "1 - 3 -10 0 0 \nn 5\n", 1, 0, 5},
        {"the later line counts",
         HEAD "c " ID "1 -s 3 10 0 0 a\nc " ID "1 -se 3 10 0 0 b\nx " ID "1\nn 6\n", 0, 0, 6},
        {"empty", "", 1, 0, 0},
        {"empty lines", HEAD "\n\nn 5\n", 2, 0, 5},
    };
    EACH_ROW (rows, r) {
        struct state *state = state_new();
        EXPECT_I64(state_read(state, r->text, strlen(r->text)), r->n_bad);
        EXPECT_I64(state_count(state), r->n);
        EXPECT_I64(state_seq(state), r->seq);
        state_close(state);
    }
}

TEST(the_file_is_written_anew_before_it_is_long)
{
    struct state *state = opened(path_of());
    for (int i = 0; i < 100000; i++) {
        put(state, ID "1", "a thread of some length, as mail has them");
        state_note_seq(state, (uint64_t)i);
        EXPECT_OK(state_save(state, false, &kit_err));
    }
    int fd;
    int64_t bytes = 0;
    EXPECT_OK(file_open(path_of(), 0, &fd, &kit_err));
    EXPECT_OK(file_size(fd, path_of(), &bytes, &kit_err));
    fd_done(&fd);
    EXPECT(bytes < (5 << 20));
    state_close(state);
    state = opened(path_of());
    EXPECT_I64(state_seq(state), 99999);
    EXPECT_I64(state_count(state), 1);
    state_close(state);
}

/* Whatever fails: what was noted is there after a save that worked. */
TEST(a_failing_disk_loses_nothing)
{
    for (uint64_t n = 1; kit_fault(n); n++) {
        struct state *state = NULL;
        bool is_new;
        const char *path = kit_path(kit_temp_dir(), "y.state");
        struct err err;
        bool is_ok = state_open(path, &state, &is_new, &err);
        if (is_ok) {
            put(state, ID "1", "t");
            is_ok = state_save(state, true, &err);
            put(state, ID "2", "t");
            is_ok &= state_save(state, true, &err);
        }
        kit_fault_off();
        if (state) {
            state_note_seq(state, 3);
            EXPECT_OK(state_save(state, true, &kit_err));
            state_close(state);
            state = opened(path);
            EXPECT(state_find(state, ID "1") && state_find(state, ID "2"));
            state_close(state);
        }
        EXPECT_OK(file_unlink(path, &kit_err));
    }
}

RUN_TESTS(test_of(what_was_saved_is_read_back), test_of(the_last_twenty_dead_letters_are_kept),
          test_of(lines_that_cannot_be_read_are_left_out),
          test_of(the_file_is_written_anew_before_it_is_long),
          test_of(a_failing_disk_loses_nothing))
