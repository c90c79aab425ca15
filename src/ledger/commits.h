/* The table of commits: what ledger_commits_add and ledger_commits_between (ledger.h) work on. Not part
 * of the chain: it repeats what a version control system keeps. Format: docs/formats/ledger.md. */
#pragma once

extern const char commits_tables[];
