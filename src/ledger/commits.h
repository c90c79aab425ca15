/* The table of commits. Internal to ledger/. */
#pragma once

extern const char commits_tables[];
