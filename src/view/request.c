/* The counting of requests, and what their methods promise. Pure; any thread. */
#include "view/request.h"

#include <string.h>

struct request *request_retain(const struct request *request) {
    struct request *counted = (struct request *)request; /* only the count changes */
    atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

void request_release(const struct request *request) {
    struct request *counted = (struct request *)request;
    if (counted && atomic_fetch_sub_explicit(&counted->references, 1, memory_order_acq_rel) == 1)
        counted->release(counted);
}

bool request_is_sensitive(const struct request *request, const char *header) {
    return headers_get(&request->sensitive, header) != NULL;
}

bool request_method_is_raceable(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0 ||
           strcmp(method, "QUERY") == 0;
}

bool request_method_is_repeatable(const char *method) {
    return request_method_is_raceable(method) || strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0 ||
           strcmp(method, "TRACE") == 0;
}
