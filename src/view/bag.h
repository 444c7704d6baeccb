/* What user code keeps in a call: values by key. One thread. */
#ifndef VIEW_BAG_H
#define VIEW_BAG_H

#include "base/env.h"
#include <insist/execution.h>

struct bag_value {
    char *key;
    void *value;
    insist_release_fn *destroy; /* NULL: none */
};

struct bag {
    const struct env *env;
    struct bag_value *values;
    size_t count, capacity;
};

void bag_init(struct bag *bag, const struct env *env);
void bag_fini(struct bag *bag); /* destroys the values, the newest key first */
/* The last of a key stays; the one before is destroyed. INSIST_OK, or INSIST_ENOMEM with nothing changed. */
insist_err bag_set(struct bag *bag, const char *key, void *value, insist_release_fn *destroy);
void *bag_get(const struct bag *bag, const char *key); /* NULL: none */

#endif
