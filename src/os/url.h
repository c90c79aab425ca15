/* Addresses of HTTP servers. Pure; thread: any. */
#pragma once

#include <sys/socket.h>

#include "base/str.h"

enum {
    URL_ORIGIN_BYTES = 200, /* as much of a URL as an error quotes */
    URL_PLACES_MAX = 2,     /* localhost is ::1 and 127.0.0.1 */
};

/* "http://host:port" of it, without a user's name and password. */
void url_origin(const char *url, char out[URL_ORIGIN_BYTES]);

/* One that can be connected to as it stands. Texts are lent from it. */
struct url {
    struct str user;      /* "name:password", or "name"; empty: none */
    struct str authority; /* "127.0.0.1:2010", as written */
    struct str host;      /* "127.0.0.1", without brackets */
    struct str path;      /* with its query: "/api?x=1", "?x=1", "" */
    struct sockaddr_storage places[URL_PLACES_MAX];
    size_t n_places;
};

/* http:// with an address in numbers or localhost. False: https, a name, a user's name with %, or none at
 * all. */
MUST_CHECK bool url_parse(const char *text, struct url *out);
socklen_t url_place_bytes(const struct sockaddr_storage *place);
