#include "ledger/tokens.h"

#include "base/buf.h"
#include "kit/kit.h"
#include "ledger/ledger.h"
#include "os/file.h"

#define DAY_MS (INT64_C(86400) * 1000)

static struct ledger *ledger;

static const char *path(void)
{
    return kit_path(kit_temp_dir(), "ledger.db");
}

static void start(void)
{
    const struct ledger_options options = {.path = path(), .clock = kit_clock()};
    EXPECT_OK(ledger_open(&options, &ledger, &kit_err));
}

static void restart(void)
{
    ledger_close(ledger);
    start();
}

static const char *make(const char *name, const char *can, int64_t expires_ms)
{
    const struct ledger_token token = {.name = name, .can = can, .expires_ms = expires_ms};
    char secret[LEDGER_SECRET_BYTES] = "";
    EXPECT_OK(ledger_token_new(ledger, &token, "nora", secret, &kit_err));
    return arena_strdup(&kit_arena, secret);
}

static enum ledger_token_state state_of(const char *secret)
{
    struct ledger_token token;
    return ledger_token_find(ledger, secret, &kit_arena, &token);
}

TEST(a_token_is_found_by_its_secret_also_after_a_restart)
{
    start();
    const char *ci = make("ci", " write:deploy:website  read", 0);
    const char *other = make("other", "admin", 0);
    EXPECT_I64(strlen(ci), LEDGER_SECRET_BYTES - 1);
    EXPECT(strncmp(ci, "plb_", 4) == 0 && strcmp(ci, other) != 0);
    for (int i = 0; i < 2; i++) {
        struct ledger_token token = {0};
        EXPECT_I64(ledger_token_find(ledger, ci, &kit_arena, &token), LEDGER_TOKEN_GOOD);
        EXPECT_TEXT(token.name, "ci");
        EXPECT_TEXT(token.can, "write:deploy:website,read");
        EXPECT_I64(token.created_ms, kit_now_us / 1000);
        EXPECT_I64(state_of("plb_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), LEDGER_TOKEN_UNKNOWN);
        EXPECT_I64(state_of(""), LEDGER_TOKEN_UNKNOWN);
        EXPECT_I64(ledger_token_count(ledger), 2);
        restart();
    }
    ledger_close(ledger);
}

TEST(the_secret_is_not_on_disk)
{
    start();
    const char *secret = make("ci", "read", 0);
    ledger_close(ledger);
    static const char *const suffixes[] = {"", "-wal"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        CLEANUP(buf_done) struct buf bytes;
        buf_init(&bytes, 64 << 20);
        const char *file = arena_printf(&kit_arena, "%s%s", path(), suffixes[i]);
        if (!file_exists(file))
            continue;
        EXPECT_OK(file_read_all(file, &bytes, &kit_err));
        EXPECT(memmem(bytes.at, bytes.n, secret + 4, strlen(secret + 4)) == NULL);
        EXPECT(i || memmem(bytes.at, bytes.n, "read", 4) != NULL); /* the right file */
    }
}

TEST(a_token_ends_by_time_and_by_revoking)
{
    start();
    const int64_t now_ms = kit_now_us / 1000;
    const char *brief = make("brief", "read", now_ms + 1000), *ci = make("ci", "read", 0);
    EXPECT_I64(state_of(brief), LEDGER_TOKEN_GOOD);
    kit_now_us += 999000;
    EXPECT_I64(state_of(brief), LEDGER_TOKEN_GOOD);
    kit_now_us += 1000;
    EXPECT_I64(state_of(brief), LEDGER_TOKEN_EXPIRED);
    EXPECT_I64(ledger_token_count(ledger), 1);
    EXPECT_OK(ledger_token_revoke(ledger, "ci", "nora", &kit_err));
    EXPECT_I64(state_of(ci), LEDGER_TOKEN_REVOKED);
    EXPECT_ERR(ledger_token_revoke(ledger, "ci", "nora", &kit_err), ERR_MISSING, "'ci'");
    EXPECT_ERR(ledger_token_revoke(ledger, "nosuch", "", &kit_err), ERR_MISSING, "'nosuch'");
    restart();
    EXPECT_I64(state_of(ci), LEDGER_TOKEN_REVOKED);
    EXPECT_I64(state_of(brief), LEDGER_TOKEN_EXPIRED);
    EXPECT_I64(ledger_token_count(ledger), 0);
    ledger_close(ledger);
}

TEST(a_name_is_free_again_once_it_is_revoked)
{
    start();
    const struct ledger_token again = {.name = "ci", .can = "edit"};
    char secret[LEDGER_SECRET_BYTES] = "untouched";
    const char *first = make("ci", "read", 0);
    EXPECT_ERR(ledger_token_new(ledger, &again, "", secret, &kit_err), ERR_INPUT, "already");
    EXPECT(strstr(kit_err.hint, "plumb token revoke ci") != NULL);
    EXPECT_TEXT(secret, "untouched");
    EXPECT_OK(ledger_token_revoke(ledger, "ci", "", &kit_err));
    const char *second = make("ci", "edit", 0);
    EXPECT_I64(state_of(first), LEDGER_TOKEN_REVOKED);
    EXPECT_I64(state_of(second), LEDGER_TOKEN_GOOD);
    EXPECT_OK(ledger_token_revoke(ledger, "ci", "", &kit_err));
    EXPECT_I64(state_of(second), LEDGER_TOKEN_REVOKED);
    size_t n;
    EXPECT(ledger_token_list(ledger, &kit_arena, &n) != NULL);
    EXPECT_I64(n, 2);
    kit_now_us += 31 * DAY_MS * 1000;
    EXPECT(ledger_token_list(ledger, &kit_arena, &n) != NULL);
    EXPECT_I64(n, 0);
    ledger_close(ledger);
}

TEST(says_what_is_wrong_with_a_token)
{
    static const struct {
        const char *row, *name, *can;
        int64_t expires_ms;
        const char *part;
    } rows[] = {
        {"no name", "", "read", 0, "is no name"},
        {"a blank", "c i", "read", 0, "is no name"},
        {"a slash", "a/revoke", "read", 0, "is no name"},
        {"too long", "0123456789012345678901234567890123456789012345678901234567890123456789",
         "read", 0, "is no name"},
        {"scope", "ci", "reed", 0, "'reed' is no scope"},
        {"no scope", "ci", "", 0, "nothing is given"},
        {"past", "ci", "read", 1000, "expired already"},
    };
    start();
    EACH_ROW (rows, r) {
        char secret[LEDGER_SECRET_BYTES];
        const struct ledger_token token = {
            .name = r->name, .can = r->can, .expires_ms = r->expires_ms};
        EXPECT_ERR(ledger_token_new(ledger, &token, "", secret, &kit_err), ERR_INPUT, r->part);
    }
    EXPECT_I64(ledger_token_count(ledger), 0);
    ledger_close(ledger);
}

TEST(the_last_use_is_kept_to_the_minute)
{
    start();
    const char *ci = make("ci", "read", 0);
    const int64_t first_ms = kit_now_us / 1000;
    EXPECT_I64(state_of(ci), LEDGER_TOKEN_GOOD);
    kit_now_us += 59 * INT64_C(1000000);
    EXPECT_I64(state_of(ci), LEDGER_TOKEN_GOOD);
    size_t n;
    EXPECT_I64(ledger_token_list(ledger, &kit_arena, &n)[0].used_ms, first_ms);
    restart(); /* finishes what is queued */
    EXPECT_I64(ledger_token_list(ledger, &kit_arena, &n)[0].used_ms, first_ms);
    kit_now_us += INT64_C(1000000);
    EXPECT_I64(state_of(ci), LEDGER_TOKEN_GOOD);
    restart();
    EXPECT_I64(ledger_token_list(ledger, &kit_arena, &n)[0].used_ms, first_ms + 60000);
    ledger_close(ledger);
}

TEST(each_making_and_revoking_is_a_row_of_the_chain)
{
    start();
    uint64_t n_rows;
    make("ci", "read", 0);
    EXPECT_OK(ledger_token_revoke(ledger, "ci", "nora", &kit_err));
    struct change change = change_blank();
    struct ledger_receipt receipt;
    change.service = "website";
    change.start_ms = kit_now_us / 1000;
    EXPECT_OK(ledger_record(ledger, &change, &receipt, &kit_err));
    EXPECT_I64(receipt.seq, 3);
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    EXPECT_I64(n_rows, 3);
    restart();
    EXPECT_OK(ledger_verify(ledger, &n_rows, &kit_err));
    ledger_close(ledger);
}

RUN_TESTS(test_of(a_token_is_found_by_its_secret_also_after_a_restart),
          test_of(the_secret_is_not_on_disk), test_of(a_token_ends_by_time_and_by_revoking),
          test_of(a_name_is_free_again_once_it_is_revoked),
          test_of(says_what_is_wrong_with_a_token), test_of(the_last_use_is_kept_to_the_minute),
          test_of(each_making_and_revoking_is_a_row_of_the_chain))
