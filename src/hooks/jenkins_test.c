#include "hooks/hook_kit.h"

static const struct tag services[] = {{"shop/*", "shop"}};
static const struct tag envs[] = {{"[Pp]rod", "production"}};
static const struct hook_settings defaults = {.push_refs = ""};
static const struct hook_settings mapped = {
    .services = services, .n_services = 1, .envs = envs, .n_envs = 1, .push_refs = ""};

TEST(each_phase_tells_of_the_same_change)
{
    static const struct {
        const char *row, *file;
        const struct hook_settings *settings;
        const char *from, *to;
    } rows[] = {
        {"queued", "queued", &defaults},
        {"started", "started", &mapped},
        {"completed", "completed", &mapped},
        {"finalized", "finalized", &defaults},
        {"failure", "finalized", &mapped, "SUCCESS", "FAILURE"},
        {"aborted", "finalized", &mapped, "SUCCESS", "ABORTED"},
        {"not_built", "finalized", &mapped, "SUCCESS", "NOT_BUILT"},
        {"folder_unstable", "folder_unstable", &defaults},
        {"folder_mapped", "folder_unstable", &mapped},
        {"no_phase", "finalized", &mapped, "FINALIZED", "NONE"},
    };
    EACH_ROW (rows, r)
        hook_kit_golden(
            &source_jenkins, r->settings, r->row,
            hook_kit_read(arena_printf(&kit_arena, "jenkins/%s.json", r->file), r->from, r->to));
}

TEST(what_cannot_be_read_says_what)
{
    static const struct {
        const char *row, *body, *part;
    } rows[] = {
        {"XML", "<job><name>asgard</name></job>", "not JSON"},
        {"no name", "{}", "name is missing"},
        {"no build", "{\"name\":\"a\"}", "build.phase is missing"},
        {"no number", "{\"name\":\"a\",\"build\":{\"phase\":\"QUEUED\"}}",
         "build.number is missing"},
    };
    EACH_ROW (rows, r) {
        struct hook_result result;
        EXPECT_ERR(hook_kit_deliver(&source_jenkins, &defaults, r->body, &result), ERR_INPUT,
                   r->part);
    }
}

TEST(the_address_holds_the_secret)
{
    static const char *const secrets[] = {"s3cret", "other"};
    static const struct {
        const char *row, *token, *authorization, *part; /* part NULL: it is accepted */
    } rows[] = {
        {"in the address", "s3cret", NULL, NULL},
        {"the other one", "other", NULL, NULL},
        {"as a header", NULL, "Bearer s3cret", NULL},
        {"as a header, any case", "", "bearer s3cret", NULL},
        {"wrong", "s3cre", NULL, "none of the secrets"},
        {"wrong header", NULL, "Bearer s3cret2", "none of the secrets"},
        {"another scheme", NULL, "Basic s3cret", "no token came with it"},
        {"nothing", NULL, NULL, "no token came with it"},
    };
    const struct hook_settings settings = {.secrets = secrets, .n_secrets = 2};
    EACH_ROW (rows, r) {
        const struct hook_header header = {"Authorization", r->authorization};
        const struct hook_call call = {.headers = &header,
                                       .n_headers = r->authorization ? 1 : 0,
                                       .body = "{}",
                                       .n_body = 2,
                                       .token = r->token,
                                       .settings = &settings,
                                       .arena = &kit_arena};
        if (!r->part)
            EXPECT_OK(hooks_verify(&source_jenkins, &call, &kit_err));
        else
            EXPECT_ERR(hooks_verify(&source_jenkins, &call, &kit_err), ERR_REFUSED, r->part);
    }
}

RUN_TESTS(test_of(each_phase_tells_of_the_same_change), test_of(what_cannot_be_read_says_what),
          test_of(the_address_holds_the_secret))
