/* The routes' work, a file per group; the table is routes.c. */
#pragma once

#include "api/call.h"

/* render.c */
MUST_CHECK bool render_run(struct api_call *call, struct err *err);
/* find.c */
MUST_CHECK bool find_metrics(struct api_call *call,
                             struct err *err); /* also Prometheus' /metrics */
MUST_CHECK bool find_run(struct api_call *call, struct err *err);
MUST_CHECK bool find_expand(struct api_call *call, struct err *err);
MUST_CHECK bool find_index(struct api_call *call, struct err *err);
/* tags.c */
MUST_CHECK bool tags_list(struct api_call *call, struct err *err);
MUST_CHECK bool tags_one(struct api_call *call, struct err *err);
MUST_CHECK bool tags_find_series(struct api_call *call, struct err *err);
MUST_CHECK bool tags_complete(struct api_call *call, struct err *err);
MUST_CHECK bool tags_complete_values(struct api_call *call, struct err *err);
MUST_CHECK bool tags_add_one(struct api_call *call, struct err *err);
MUST_CHECK bool tags_add(struct api_call *call, struct err *err);
MUST_CHECK bool tags_remove(struct api_call *call, struct err *err);
/* manage.c */
MUST_CHECK bool manage_delete(struct api_call *call, struct err *err);
MUST_CHECK bool manage_rename(struct api_call *call, struct err *err);
/* events.c */
MUST_CHECK bool events_page(struct api_call *call, struct err *err); /* GET lists, POST adds */
MUST_CHECK bool events_data(struct api_call *call, struct err *err);
MUST_CHECK bool events_one(struct api_call *call, struct err *err);
/* changes.c */
MUST_CHECK bool changes_tell(struct api_call *call, struct err *err); /* POST /<kind>/<service> */
MUST_CHECK bool changes_all(struct api_call *call, struct err *err);
MUST_CHECK bool changes_one(struct api_call *call, struct err *err);
/* corrections.c */
MUST_CHECK bool corrections_change(struct api_call *call,
                                   struct err *err); /* PATCH, and POST ID/verb */
MUST_CHECK bool corrections_history(struct api_call *call,
                                    struct err *err); /* GET one, and ID/history */
MUST_CHECK bool corrections_purge(struct api_call *call, struct err *err);
MUST_CHECK bool corrections_audit(struct api_call *call, struct err *err);
/* impact.c */
MUST_CHECK bool impact_answer(struct api_call *call, const char *id, struct err *err);
/* why.c */
MUST_CHECK bool why_run(struct api_call *call, struct err *err);
/* stream.c */
MUST_CHECK bool stream_run(struct api_call *call, struct err *err);
/* gate.c */
MUST_CHECK bool gate_run(struct api_call *call, struct err *err);
/* dora.c */
MUST_CHECK bool dora_run(struct api_call *call, struct err *err);
/* transfer.c */
MUST_CHECK bool transfer_export(struct api_call *call, struct err *err);
MUST_CHECK bool transfer_import(struct api_call *call, struct err *err);
/* hooks.c */
MUST_CHECK bool hooks_deliver(struct api_call *call, struct err *err); /* GET shows what arrived */
MUST_CHECK bool hooks_list(struct api_call *call, struct err *err);
/* annotations.c: Grafana's */
MUST_CHECK bool annotations_all(struct api_call *call, struct err *err);
MUST_CHECK bool annotations_graphite(struct api_call *call, struct err *err);
MUST_CHECK bool annotations_one(struct api_call *call, struct err *err);
/* markers.c: Honeycomb's */
MUST_CHECK bool markers_run(struct api_call *call, struct err *err);
/* commits.c */
MUST_CHECK bool commits_add(struct api_call *call, struct err *err);
/* about.c */
MUST_CHECK bool about_root(struct api_call *call, struct err *err);
MUST_CHECK bool about_version(struct api_call *call, struct err *err);
MUST_CHECK bool about_page(struct api_call *call, struct err *err);
MUST_CHECK bool about_dashboards(struct api_call *call, struct err *err);
MUST_CHECK bool about_no_dashboard(struct api_call *call, struct err *err);
MUST_CHECK bool about_ping(struct api_call *call, struct err *err);
MUST_CHECK bool about_functions(struct api_call *call, struct err *err);
MUST_CHECK bool about_function(struct api_call *call, struct err *err);
MUST_CHECK bool about_rejects(struct api_call *call, struct err *err);
MUST_CHECK bool about_stats(struct api_call *call, struct err *err);
MUST_CHECK bool about_flush(struct api_call *call, struct err *err);
MUST_CHECK bool about_prometheus(struct api_call *call, struct err *err);
/* announce.c */
MUST_CHECK bool announce_list(struct api_call *call, struct err *err);
MUST_CHECK bool announce_try(struct api_call *call, struct err *err);
/* ends.c */
MUST_CHECK bool ends_run(struct api_call *call, struct err *err); /* done and fail */
/* freezes.c */
MUST_CHECK bool freezes_can(struct api_call *call, struct err *err); /* may I deploy? */
MUST_CHECK bool freezes_list(struct api_call *call, struct err *err);
MUST_CHECK bool freezes_thaw(struct api_call *call, struct err *err);
/* freezes_ics.c */
MUST_CHECK bool freezes_ics(struct api_call *call, struct err *err); /* as a calendar */
/* now.c */
MUST_CHECK bool now_run(struct api_call *call, struct err *err);
/* snapshot.c */
MUST_CHECK bool snapshot_run(struct api_call *call, struct err *err);
/* tokens.c */
MUST_CHECK bool tokens_all(struct api_call *call, struct err *err); /* GET lists, POST makes */
MUST_CHECK bool tokens_one(struct api_call *call, struct err *err); /* DELETE, POST .../revoke */
/* train.c */
MUST_CHECK bool train_list(struct api_call *call, struct err *err);
MUST_CHECK bool train_one(struct api_call *call, struct err *err); /* GET shows, POST does */
