#include "cli/ingest_kube.h"

#include "kit/kit.h"

/* The watch begins at 2026-11-22 12:00 UTC; the objects are older. */
#define BEGIN_MS (INT64_C(1795348800) * 1000)
#define OLD      "2026-01-01T00:00:00Z"

static struct ingest_kube_options options;
static struct ingest_kube *kube;
static struct change_list told;
static int64_t now_ms;

static void start(void)
{
    options = (struct ingest_kube_options){.service = "", .env = "", .since_ms = BEGIN_MS};
    kube = ingest_kube_new(&options);
    now_ms = BEGIN_MS;
}

/* What the tests change of a deployment. */
struct deployment {
    int generation, observed, replicas, total, updated, available;
    const char *image, *extra, *created, *progress;
};

static const char *json_of(const struct deployment *d)
{
    return arena_printf(
        &kit_arena,
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"uid\":\"u1\",\"name\":"
        "\"website\",\"namespace\":\"shop\",\"generation\":%d,\"creationTimestamp\":\"%s\"%s},"
        "\"spec\":{\"replicas\":%d,\"template\":{\"spec\":{\"containers\":[{\"image\":\"%s\"}]}}},"
        "\"status\":{\"observedGeneration\":%d,\"replicas\":%d,\"updatedReplicas\":%d,"
        "\"availableReplicas\":%d,\"conditions\":[%s]}}\n",
        d->generation, d->created ? d->created : OLD, d->extra ? d->extra : "", d->replicas,
        d->image ? d->image : "reg.example.com:5000/shop/website:1.4", d->observed, d->total,
        d->updated, d->available, d->progress ? d->progress : "");
}

static bool feed(const char *text)
{
    told = (struct change_list){0};
    return ingest_kube_feed(kube, str_of(text), now_ms, &kit_arena, &told, &kit_err);
}

/* Each change that this object is news of: "kind/action service rev status key start+length msg; ". */
static const char *news(const char *json)
{
    const char *text = "";
    now_ms += 10000;
    EXPECT_OK(feed(json));
    for (size_t i = 0; i < told.n; i++) {
        struct change *c = &told.items[i];
        EXPECT_OK(change_check(c, now_ms, &kit_arena, &kit_err));
        text = arena_printf(
            &kit_arena, "%s%s/%s %s %s %s %s %lld+%lld %s; ", text, change_kind_name(c->kind),
            c->action, c->service, c->rev, change_status_name(c->status), c->key,
            (long long)(c->start_ms - BEGIN_MS) / 1000,
            (long long)(c->end_ms ? c->end_ms - c->start_ms : -1000) / 1000, c->msg);
    }
    return text;
}

#define SETTLED                                                                                    \
    .generation = 1, .observed = 1, .replicas = 3, .total = 3, .updated = 3, .available = 3
#define NEW .image = "reg.example.com:5000/shop/website:1.5"

static const char *of(struct deployment d)
{
    return json_of(&d);
}

TEST(a_rollout_begins_and_ends)
{
    start();
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 1, 3, 3, 3, 3, NEW})),
                "deploy/ website 1.5 running k8s:u1:2 30+-1 ; ");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 4, 1, 3, NEW})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 3, 3, 2, NEW})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 3, 3, 3, NEW})),
                "deploy/ website 1.5 succeeded k8s:u1:2 30+30 ; ");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 3, 3, 2, NEW})), ""); /* a pod is replaced */
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 3, 3, 3, NEW})), "");
    ingest_kube_free(kube);
}

TEST(only_pods_of_another_number_are_scaling)
{
    start();
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 1, 5, 3, 3, 3})),
                "infra/scale website 1.4 succeeded k8s:u1:2 20+0 Deployment/website: 3 to 5 "
                "replicas; ");
    EXPECT_TEXT(told.items[0].old_value, "3");
    EXPECT_TEXT(told.items[0].new_value, "5");
    options.without_scaling = true;
    struct ingest_kube *quiet = ingest_kube_new(&options);
    ingest_kube_free(kube);
    kube = quiet;
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 1, 5, 3, 3, 3})), "");
    ingest_kube_free(kube);
}

TEST(a_deadline_that_is_over_is_a_failure)
{
    static const char late[] = "{\"type\":\"Progressing\",\"status\":\"False\",\"reason\":"
                               "\"ProgressDeadlineExceeded\",\"message\":\"timed out\"}";
    start();
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    (void)news(of((struct deployment){2, 1, 3, 3, 3, 3, NEW}));
    EXPECT_TEXT(news(of((struct deployment){2, 1, 3, 4, 1, 3, NEW, .progress = late})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 4, 1, 3, NEW, .progress = late})),
                "deploy/ website 1.5 failed k8s:u1:2 20+20 timed out; ");
    EXPECT_TEXT(news(of((struct deployment){2, 2, 3, 4, 1, 3, NEW, .progress = late})), "");
    ingest_kube_free(kube);
}

TEST(the_next_rollout_takes_the_place_of_one_under_way)
{
    start();
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    (void)news(of((struct deployment){2, 1, 3, 3, 3, 3, NEW}));
    EXPECT_TEXT(news(of((struct deployment){3, 2, 3, 4, 1, 3, .image = "website:1.6"})),
                "deploy/ website  cancelled k8s:u1:2 20+10 generation 3 took its place; "
                "deploy/ website 1.6 running k8s:u1:3 30+-1 ; ");
    ingest_kube_free(kube);
}

TEST(a_first_list_is_no_news_unless_something_is_under_way)
{
    static const struct {
        const char *row;
        struct deployment d;
        const char *news;
    } rows[] = {
        {"settled", {SETTLED}, ""},
        {"a rollout", {2, 2, 3, 4, 1, 3, NEW}, "deploy/ website 1.5 running k8s:u1:2 10+-1 ; "},
        {"pods that are not ready", {2, 2, 3, 3, 3, 1}, ""},
        {"growing", {2, 2, 5, 4, 4, 3}, ""},
        {"made since",
         {SETTLED, .created = "2026-11-22T12:00:05Z"},
         "deploy/ website 1.4 running k8s:u1:1 5+-1 ; deploy/ website 1.4 succeeded k8s:u1:1 5+5 "
         "; "},
        {"rolled out since",
         {SETTLED, .progress = "{\"type\":\"Progressing\",\"status\":\"True\",\"lastUpdateTime\":"
                               "\"2026-11-22T12:00:02Z\"}"},
         "deploy/ website 1.4 running k8s:u1:1 2+-1 ; deploy/ website 1.4 succeeded k8s:u1:1 2+0 "
         "; "},
    };
    EACH_ROW (rows, r) {
        start();
        EXPECT_TEXT(news(json_of(&r->d)), r->news);
        ingest_kube_free(kube);
    }
}

TEST(labels_and_causes_say_more)
{
    static const char labels[] = ",\"labels\":{\"app.kubernetes.io/name\":\"Shop Web\",\"app."
                                 "kubernetes.io/version\":\"v9\"},\"annotations\":{\"kubernetes.io/"
                                 "change-cause\":\"fix login\"}";
    start();
    EXPECT_TEXT(news(of((struct deployment){SETTLED})), "");
    EXPECT_TEXT(news(of((struct deployment){2, 1, 3, 3, 3, 3, NEW, .extra = labels})),
                "deploy/ shop-web v9 running k8s:u1:2 20+-1 fix login; ");
    EXPECT_TEXT(told.items[0].tags[0].value, "shop");
    EXPECT_TEXT(told.items[0].tags[1].value, "Deployment/website");
    /* Nobody wrote a new cause. */
    const char *next = news(of((struct deployment){3, 1, 3, 3, 3, 3, .extra = labels}));
    EXPECT(strstr(next, "running k8s:u1:3 30+-1 ; ") != NULL);
    ingest_kube_free(kube);
}

TEST(an_images_tag_or_digest_is_the_revision)
{
    static const struct {
        const char *row, *image, *rev;
    } rows[] = {
        {"a tag", "website:1.5", "1.5"},
        {"a port is no tag", "reg:5000/website", ""},
        {"tag and digest", "reg:5000/a/website:2@sha256:ab", "2"},
        {"a digest", "website@sha256:ab", "sha256:ab"},
        {"latest says nothing", "website:latest@sha256:ab", "sha256:ab"},
        {"latest alone", "website:latest", "latest"},
    };
    EACH_ROW (rows, r) {
        start();
        (void)news(of((struct deployment){SETTLED}));
        (void)news(of((struct deployment){2, 1, 3, 3, 3, 3, .image = r->image}));
        EXPECT_I64(told.n, 1);
        EXPECT_TEXT(told.items[0].rev, r->rev);
        ingest_kube_free(kube);
    }
}

TEST(lists_watch_events_and_other_kinds)
{
    start();
    const char *settled = of((struct deployment){SETTLED});
    EXPECT_TEXT(news(arena_printf(
                    &kit_arena, "{\"kind\":\"List\",\"items\":[%s,{\"kind\":\"Pod\"}]}", settled)),
                "");
    const char *next = of((struct deployment){2, 1, 3, 3, 3, 3, NEW});
    EXPECT_TEXT(news(arena_printf(&kit_arena, "{\"type\":\"MODIFIED\",\"object\":%s}", next)),
                "deploy/ website 1.5 running k8s:u1:2 20+-1 ; ");
    EXPECT_TEXT(news(settled), ""); /* an old one */
    EXPECT_TEXT(news(arena_printf(&kit_arena, "{\"type\":\"DELETED\",\"object\":%s}", next)), "");
    EXPECT_TEXT(news(settled), "");
    ingest_kube_free(kube);
}

#define SET(kind, generation, template, spec, status)                                              \
    "{\"kind\":\"" kind                                                                            \
    "\",\"metadata\":{\"uid\":\"u2\",\"name\":\"db\",\"generation\":" generation                   \
    ",\"creationTimestamp\":\"" OLD                                                                \
    "\"},\"spec\":{\"template\":{\"a\":" template "}" spec "},\"status\":{"                        \
                                                  "\"observedGeneration\":" generation status "}}"

TEST(stateful_and_daemon_sets)
{
    start();
    EXPECT_TEXT(news(SET("StatefulSet", "1", "1", ",\"replicas\":3",
                         ",\"replicas\":3,\"updatedReplicas\":3,\"readyReplicas\":3")),
                "");
    /* With a partition of 2 only one pod is to change. */
    EXPECT_TEXT(news(SET("StatefulSet", "2", "2",
                         ",\"replicas\":3,\"updateStrategy\":{\"rollingUpdate\":{\"partition\":2}}",
                         ",\"replicas\":3,\"updatedReplicas\":0,\"readyReplicas\":3")),
                "deploy/ db  running k8s:u2:2 20+-1 ; ");
    EXPECT_TEXT(news(SET("StatefulSet", "2", "2",
                         ",\"replicas\":3,\"updateStrategy\":{\"rollingUpdate\":{\"partition\":2}}",
                         ",\"replicas\":3,\"updatedReplicas\":1,\"readyReplicas\":3")),
                "deploy/ db  succeeded k8s:u2:2 20+10 ; ");
    ingest_kube_free(kube);
    start();
    EXPECT_TEXT(news(SET("DaemonSet", "1", "1", "",
                         ",\"desiredNumberScheduled\":2,\"updatedNumberScheduled\":2,"
                         "\"numberAvailable\":2")),
                "");
    EXPECT_TEXT(news(SET("DaemonSet", "2", "2", "",
                         ",\"desiredNumberScheduled\":3,\"updatedNumberScheduled\":1,"
                         "\"numberAvailable\":2")),
                "deploy/ db  running k8s:u2:2 20+-1 ; ");
    EXPECT_TEXT(news(SET("DaemonSet", "2", "2", "",
                         ",\"desiredNumberScheduled\":3,\"updatedNumberScheduled\":3,"
                         "\"numberAvailable\":3")),
                "deploy/ db  succeeded k8s:u2:2 20+10 ; ");
    ingest_kube_free(kube);
}

TEST(pieces_of_any_size_make_the_same_objects)
{
    const char *text = arena_printf(
        &kit_arena, "%s%s", of((struct deployment){SETTLED, .extra = ",\"x\":\"}\\\"{[\""}),
        of((struct deployment){2, 1, 3, 3, 3, 3, NEW, .extra = ",\"x\":\"\\\\\""}));
    for (size_t n = 1; n < 40; n += 3) {
        start();
        size_t n_told = 0;
        for (size_t i = 0; i < strlen(text); i += n) {
            told = (struct change_list){0};
            const struct str piece = str_make(text + i, min_size(n, strlen(text) - i));
            EXPECT_OK(ingest_kube_feed(kube, piece, now_ms, &kit_arena, &told, &kit_err));
            n_told += told.n;
        }
        EXPECT_I64(n_told, 1);
        EXPECT_OK(ingest_kube_end(kube, &kit_err));
        ingest_kube_free(kube);
    }
}

TEST(what_is_wrong_is_told)
{
    start();
    EXPECT_ERR(feed("NAME   READY\n"), ERR_INPUT, "object 1 does not begin with '{'");
    EXPECT(strstr(kit_err.hint, "kubectl get deploy") != NULL);
    ingest_kube_free(kube);
    start();
    EXPECT_ERR(feed("{\"a\":1}\n{\"a\":}"), ERR_INPUT, "object 2 is not JSON");
    ingest_kube_free(kube);
    start();
    EXPECT_OK(feed("{\"a\":"));
    EXPECT_ERR(ingest_kube_end(kube, &kit_err), ERR_INPUT, "object 1 is cut off");
    ingest_kube_free(kube);
    ingest_kube_free(NULL);
}

RUN_TESTS(test_of(a_rollout_begins_and_ends), test_of(only_pods_of_another_number_are_scaling),
          test_of(a_deadline_that_is_over_is_a_failure),
          test_of(the_next_rollout_takes_the_place_of_one_under_way),
          test_of(a_first_list_is_no_news_unless_something_is_under_way),
          test_of(labels_and_causes_say_more), test_of(an_images_tag_or_digest_is_the_revision),
          test_of(lists_watch_events_and_other_kinds), test_of(stateful_and_daemon_sets),
          test_of(pieces_of_any_size_make_the_same_objects), test_of(what_is_wrong_is_told))
