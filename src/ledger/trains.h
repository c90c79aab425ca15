/* The table of push trains; ledger.h has what others call. Internal to ledger/. */
#pragma once

extern const char trains_tables[]; /* made when the writer opens */
