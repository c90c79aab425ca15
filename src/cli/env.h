/* The environment that the program was started with. Thread: any; nobody here ever changes it. */
#pragma once

/* The variable's value; NULL when it is not set, or empty. Lent for the life of the process. */
const char *env_get(const char *name);
