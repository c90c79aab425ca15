#include "cli/ingest_kube.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "cli/when.h"
#include "model/service.h"

enum { OBJECT_BYTES_MAX = 16 << 20 /* a whole list of a large cluster */ };

/* What is remembered of an object. */
struct seen {
    int64_t generation, replicas;
    uint64_t template; /* a hash */
    uint64_t cause;    /* of the change-cause, which stays when nobody writes a new one */
    char *restarted_at;
    bool is_open; /* a rollout is under way: */
    int64_t open_generation, open_start_ms;
};

struct ingest_kube {
    struct ingest_kube_options options;
    struct hash_key hash_key;
    struct map *seen; /* uid → struct seen */
    /* The object that is coming in. */
    struct buf object;
    unsigned depth;
    bool in_text, is_escaped;
    size_t n_objects;
};

struct ingest_kube *ingest_kube_new(const struct ingest_kube_options *options)
{
    struct ingest_kube *kube = mem_zalloc(sizeof *kube);
    kube->options = *options;
    kube->hash_key = hash_key_random();
    kube->seen = map_new();
    buf_init(&kube->object, OBJECT_BYTES_MAX);
    return kube;
}

void ingest_kube_free(struct ingest_kube *kube)
{
    if (!kube)
        return;
    for (size_t i = 0; i < map_count(kube->seen); i++) {
        struct seen *seen = map_value(kube->seen, i);
        if (seen)
            mem_free(seen->restarted_at);
        mem_free(seen);
    }
    map_free(kube->seen);
    buf_done(&kube->object);
    mem_free(kube);
}

/* ---- one object, looked at ---- */

struct view {
    struct ingest_kube *kube;
    const json_t *root;
    struct arena *arena;
    struct change_list *out;
    int64_t now_ms;
    const char *kind, *uid, *name;
    int64_t generation, observed;
    int64_t replicas;                  /* wanted */
    int64_t total, updated, available; /* there are */
    int64_t kept_back;                 /* a stateful set's partition: so many stay old */
    int64_t created_ms, progressed_ms; /* 0: not known */
    bool is_failed;                    /* its deadline is over */
    const char *failure;               /* in Kubernetes' words */
    bool has_old;                      /* pods of another template than the newest */
    uint64_t template;
    const char *restarted_at;
};

static const json_t *at(const json_t *root, const char *path)
{
    char key[64];
    for (struct str rest = str_of(path), piece; root && str_split(&rest, '/', &piece);) {
        BUG_IF(piece.n >= sizeof key);
        memcpy(key, piece.at, piece.n);
        key[piece.n] = '\0';
        root = json_object_get(root, key);
    }
    return root;
}

static const char *text(const json_t *root, const char *path)
{
    const char *found = json_string_value(at(root, path));
    return found ? found : "";
}

static int64_t number(const json_t *root, const char *path)
{
    return json_integer_value(at(root, path)); /* 0 for what is none */
}

static int64_t time_of(const json_t *root, const char *path)
{
    const struct when_now now = {0, tz_utc()};
    int64_t ms = 0;
    struct err ignored;
    return when_parse(text(root, path), &now, &ms, &ignored) ? ms : 0;
}

/* Labels and annotations have slashes in their names. */
static const char *entry(const json_t *root, const char *path, const char *key)
{
    const char *found = json_string_value(json_object_get(at(root, path), key));
    return found ? found : "";
}

static uint64_t hash_json(const struct ingest_kube *kube, const json_t *value)
{
    CLEANUP(mem_done) char *bytes = value ? json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    return bytes ? hash_sip13(kube->hash_key, bytes, strlen(bytes)) : 0;
}

static void look_at_progress(struct view *view)
{
    const json_t *conditions = at(view->root, "status/conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *condition = json_array_get(conditions, i);
        if (strcmp(text(condition, "type"), "Progressing") != 0)
            continue;
        view->progressed_ms = time_of(condition, "lastUpdateTime");
        view->is_failed = strcmp(text(condition, "reason"), "ProgressDeadlineExceeded") == 0 &&
                          view->observed >= view->generation;
        view->failure = text(condition, "message");
    }
}

/* The numbers of pods, under the names that each kind gives them. */
static void look_at_pods(struct view *view)
{
    const json_t *status = at(view->root, "status"), *spec = at(view->root, "spec");
    if (strcmp(view->kind, "DaemonSet") == 0) {
        view->replicas = view->total = number(status, "desiredNumberScheduled");
        view->updated = number(status, "updatedNumberScheduled");
        view->available = number(status, "numberAvailable");
        view->has_old = view->updated < view->total;
        return;
    }
    view->replicas = at(spec, "replicas") ? number(spec, "replicas") : 1;
    view->total = number(status, "replicas");
    view->updated = number(status, "updatedReplicas");
    view->available =
        number(status, at(status, "availableReplicas") ? "availableReplicas" : "readyReplicas");
    view->has_old = view->updated < view->total;
    if (strcmp(view->kind, "StatefulSet") != 0)
        return;
    view->kept_back = number(spec, "updateStrategy/rollingUpdate/partition");
    view->has_old = view->updated < view->total - view->kept_back &&
                    strcmp(text(status, "currentRevision"), text(status, "updateRevision")) != 0;
}

static void look(struct view *view)
{
    const json_t *root = view->root, *spec = at(root, "spec");
    view->uid = text(root, "metadata/uid");
    view->name = text(root, "metadata/name");
    view->generation = number(root, "metadata/generation");
    view->observed = number(root, "status/observedGeneration");
    view->created_ms = time_of(root, "metadata/creationTimestamp");
    view->template = hash_json(view->kube, at(spec, "template"));
    view->restarted_at =
        entry(spec, "template/metadata/annotations", "kubectl.kubernetes.io/restartedAt");
    look_at_pods(view);
    look_at_progress(view);
}

static bool is_done(const struct view *view)
{
    return view->observed >= view->generation && view->total == view->replicas &&
           view->updated >= view->replicas - view->kept_back && view->available >= view->replicas;
}

/* ---- what it is called ---- */

static const char *image_of(const struct view *view)
{
    const json_t *containers = at(view->root, "spec/template/spec/containers");
    return text(json_array_get(containers, 0), "image");
}

/* registry:5000/team/web:1.4@sha256:ab: "1.4"; of latest or no tag the digest. */
static const char *rev_of_image(const char *image, struct arena *arena)
{
    const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
    const char *digest = strchr(name, '@');
    const size_t n_name = digest ? (size_t)(digest - name) : strlen(name);
    const char *colon = memchr(name, ':', n_name);
    const char *tag =
        colon ? arena_strndup(arena, colon + 1, n_name - (size_t)(colon + 1 - name)) : "";
    if (tag[0] && strcmp(tag, "latest") != 0)
        return tag;
    return digest ? arena_strdup(arena, digest + 1) : tag;
}

static const char *label_of(const struct view *view, const char *key)
{
    const char *own = entry(view->root, "metadata/labels", key);
    return own[0] ? own : entry(view->root, "spec/template/metadata/labels", key);
}

static const char *service_of(const struct view *view)
{
    const char *given = view->kube->options.service;
    const char *label = label_of(view, "app.kubernetes.io/name");
    return service_slug(given[0] ? given : label[0] ? label : view->name, view->arena);
}

/* A copy that a field of a change holds. */
static const char *fit(const struct view *view, const char *value)
{
    return arena_strndup(view->arena, value, min_size(strlen(value), CHANGE_FIELD_MAX));
}

static void tag(const struct view *view, struct change *change, const char *key, const char *value)
{
    if (value[0])
        change->tags[change->n_tags++] = (struct tag){key, fit(view, value)};
}

static struct change begin(const struct view *view, int64_t generation)
{
    struct change change = change_blank();
    const char *version = label_of(view, "app.kubernetes.io/version");
    change.source = "ingest/kube";
    change.key = arena_printf(view->arena, "k8s:%.64s:%lld", view->uid, (long long)generation);
    change.service = service_of(view);
    change.env = view->kube->options.env;
    change.rev =
        version[0] ? fit(view, version) : fit(view, rev_of_image(image_of(view), view->arena));
    change.tags = arena_array(view->arena, 4, struct tag);
    tag(view, &change, "namespace", text(view->root, "metadata/namespace"));
    tag(view, &change, "workload", arena_printf(view->arena, "%s/%s", view->kind, view->name));
    tag(view, &change, "image", image_of(view));
    return change;
}

static void emit(const struct view *view, const struct change *change)
{
    struct change_list *out = view->out;
    arena_grow(view->arena, &out->items, &out->cap, out->n + 1, sizeof out->items[0]);
    out->items[out->n++] = *change;
}

/* ---- what happens ---- */

static void remember(const struct view *view, struct seen *seen)
{
    seen->generation = view->generation;
    seen->replicas = view->replicas;
    seen->template = view->template;
    mem_free(seen->restarted_at);
    seen->restarted_at = mem_strdup(view->restarted_at);
}

static void tell_start(const struct view *view, struct seen *seen, int64_t start_ms)
{
    const char *cause = entry(view->root, "metadata/annotations", "kubernetes.io/change-cause");
    const uint64_t cause_hash = hash_sip13(view->kube->hash_key, cause, strlen(cause));
    struct change change = begin(view, view->generation);
    change.status = STATUS_RUNNING;
    change.start_ms = start_ms;
    if (seen->restarted_at && view->restarted_at[0] &&
        strcmp(seen->restarted_at, view->restarted_at) != 0)
        change.action = "restart";
    if (cause_hash != seen->cause)
        change.msg = arena_strdup(view->arena, cause);
    seen->cause = cause_hash;
    seen->is_open = true;
    seen->open_generation = view->generation;
    seen->open_start_ms = start_ms;
    emit(view, &change);
}

static void tell_end(const struct view *view, struct seen *seen, enum change_status status,
                     int64_t end_ms)
{
    struct change change = begin(view, seen->open_generation);
    change.status = status;
    change.start_ms = seen->open_start_ms;
    change.end_ms = max_i64(end_ms, change.start_ms);
    if (status == STATUS_FAILED)
        change.msg = arena_strdup(view->arena, view->failure);
    if (status == STATUS_CANCELLED) { /* what runs now is the next one's */
        change.rev = "";
        change.msg = arena_printf(view->arena, "generation %lld took its place",
                                  (long long)view->generation);
    }
    seen->is_open = false;
    emit(view, &change);
}

static void tell_scaling(const struct view *view, const struct seen *seen)
{
    struct change change = begin(view, view->generation);
    change.kind = CHANGE_INFRA;
    change.action = "scale";
    change.status = STATUS_SUCCEEDED;
    change.start_ms = change.end_ms = view->now_ms;
    change.old_value = arena_printf(view->arena, "%lld", (long long)seen->replicas);
    change.new_value = arena_printf(view->arena, "%lld", (long long)view->replicas);
    change.msg = arena_printf(view->arena, "%s/%s: %s to %s replicas", view->kind, view->name,
                              change.old_value, change.new_value);
    emit(view, &change);
}

/* Of an object that is new to us: invariant 1. */
static void meet(const struct view *view, struct seen *seen)
{
    const int64_t since_ms = view->kube->options.since_ms;
    const char *cause = entry(view->root, "metadata/annotations", "kubernetes.io/change-cause");
    const bool is_made = view->created_ms >= since_ms;
    const bool is_rolled_out = view->progressed_ms >= since_ms && is_done(view);
    if (is_made)
        tell_start(view, seen, view->created_ms);
    else if (is_rolled_out)
        tell_start(view, seen, view->progressed_ms);
    else if (view->has_old && !view->is_failed)
        tell_start(view, seen, view->now_ms);
    else
        seen->cause = hash_sip13(view->kube->hash_key, cause, strlen(cause));
}

static void follow(const struct view *view, struct seen *seen)
{
    if (view->generation <= seen->generation)
        return;
    if (view->template != seen->template) {
        if (seen->is_open)
            tell_end(view, seen, STATUS_CANCELLED, view->now_ms);
        tell_start(view, seen, view->now_ms);
        return;
    }
    const bool is_counted = strcmp(view->kind, "DaemonSet") != 0; /* nodes come and go */
    if (is_counted && view->replicas != seen->replicas && !view->kube->options.without_scaling)
        tell_scaling(view, seen);
}

static void take(struct view *view)
{
    struct map *map = view->kube->seen;
    struct seen *seen = map_get(map, view->uid, strlen(view->uid));
    const bool is_new = seen == NULL;
    if (is_new) {
        seen = mem_zalloc(sizeof *seen);
        map_put(map, view->uid, strlen(view->uid), seen);
        meet(view, seen);
    } else if (view->generation < seen->generation) {
        return; /* an old one, after a new list */
    } else {
        follow(view, seen);
    }
    remember(view, seen);
    if (!seen->is_open)
        return;
    /* What had ended before we looked ended when it last got on. */
    const int64_t end_ms = is_new && view->progressed_ms ? view->progressed_ms : view->now_ms;
    if (view->is_failed)
        tell_end(view, seen, STATUS_FAILED, end_ms);
    else if (is_done(view))
        tell_end(view, seen, STATUS_SUCCEEDED, end_ms);
}

static void forget(struct ingest_kube *kube, const char *uid)
{
    struct seen *seen = map_put(kube->seen, uid, strlen(uid), NULL);
    if (seen)
        mem_free(seen->restarted_at);
    mem_free(seen);
}

static bool is_workload(const char *kind)
{
    return strcmp(kind, "Deployment") == 0 || strcmp(kind, "StatefulSet") == 0 ||
           strcmp(kind, "DaemonSet") == 0;
}

/* One of a list, of a watch, or bare. */
static void read_one(const struct view *from, const json_t *root)
{
    struct view view = *from;
    const json_t *inner = json_object_get(root, "object");
    view.root = json_is_object(inner) ? inner : root;
    view.kind = text(view.root, "kind");
    if (!is_workload(view.kind) || !text(view.root, "metadata/uid")[0])
        return;
    if (view.root == inner && strcmp(text(root, "type"), "DELETED") == 0) {
        forget(view.kube, text(inner, "metadata/uid"));
        return;
    }
    look(&view);
    take(&view);
}

static bool read_object(struct view *view, struct err *err)
{
    struct ingest_kube *kube = view->kube;
    json_error_t why;
    json_auto_t *root = json_loadb(kube->object.at, kube->object.n, 0, &why);
    kube->n_objects++;
    if (!root)
        return FAIL(err, ERR_INPUT, "object %zu is not JSON: line %d: %s", kube->n_objects,
                    why.line, why.text);
    const json_t *items = json_object_get(root, "items");
    for (size_t i = 0; i < json_array_size(items); i++)
        read_one(view, json_array_get(items, i));
    if (!items)
        read_one(view, root);
    return true;
}

/* ---- bytes to objects ---- */

static bool take_between(struct ingest_kube *kube, char c, struct err *err)
{
    if (strchr(" \t\r\n", c) && c)
        return true;
    if (c == '{') {
        buf_add_char(&kube->object, c);
        kube->depth = 1;
        return true;
    }
    err_set(err, ERR_INPUT, "object %zu does not begin with '{'", kube->n_objects + 1);
    err_hint(err, "as in: kubectl get deploy -A -w -o json | plumb ingest kube");
    return false;
}

/* Is the object whole with this byte? */
static bool take_within(struct ingest_kube *kube, char c)
{
    buf_add_char(&kube->object, c);
    if (kube->in_text) {
        kube->in_text = c != '"' || kube->is_escaped;
        kube->is_escaped = c == '\\' && !kube->is_escaped;
        return false;
    }
    kube->in_text = c == '"';
    kube->depth += c == '{' || c == '[';
    kube->depth -= c == '}' || c == ']';
    return kube->depth == 0;
}

bool ingest_kube_feed(struct ingest_kube *kube, struct str bytes, int64_t now_ms,
                      struct arena *arena, struct change_list *out, struct err *err)
{
    struct view view = {.kube = kube, .arena = arena, .out = out, .now_ms = now_ms};
    for (size_t i = 0; i < bytes.n; i++) {
        if (kube->depth == 0) {
            if (!take_between(kube, bytes.at[i], err))
                return false;
            continue;
        }
        const bool is_whole = take_within(kube, bytes.at[i]);
        if (kube->object.is_full)
            return FAIL(err, ERR_LIMIT, "object %zu is longer than %d bytes", kube->n_objects + 1,
                        OBJECT_BYTES_MAX);
        if (!is_whole)
            continue;
        if (!read_object(&view, err))
            return false;
        buf_clear(&kube->object);
    }
    return true;
}

bool ingest_kube_end(const struct ingest_kube *kube, struct err *err)
{
    if (kube->depth == 0)
        return true;
    return FAIL(err, ERR_INPUT, "object %zu is cut off", kube->n_objects + 1);
}
