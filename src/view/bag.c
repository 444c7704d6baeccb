/* Values by key: a handful, so they are looked through. */
#include "view/bag.h"
#include <string.h>

void bag_init(struct bag *bag, const struct env *env) {
    *bag = (struct bag){.env = env};
}

static void destroy(const struct bag_value *one) {
    if (one->destroy != NULL && one->value != NULL)
        one->destroy(one->value);
}

void bag_fini(struct bag *bag) {
    while (bag->count > 0) {
        struct bag_value *last = &bag->values[--bag->count];
        destroy(last);
        env_release(bag->env, last->key);
    }
    env_release(bag->env, bag->values);
    bag_init(bag, bag->env);
}

static struct bag_value *find(const struct bag *bag, const char *key) {
    for (size_t i = 0; i < bag->count; i++)
        if (strcmp(bag->values[i].key, key) == 0)
            return &bag->values[i];
    return NULL;
}

static struct bag_value *append(struct bag *bag, const char *key) {
    if (bag->count == bag->capacity) {
        size_t capacity = bag->capacity == 0 ? 4 : bag->capacity * 2;
        struct bag_value *values = env_resize(bag->env, bag->values, capacity * sizeof *values);
        if (values == NULL)
            return NULL;
        bag->values = values;
        bag->capacity = capacity;
    }
    char *copy = env_copy_text(bag->env, key);
    if (copy == NULL)
        return NULL;
    struct bag_value *one = &bag->values[bag->count++];
    *one = (struct bag_value){.key = copy};
    return one;
}

insist_err bag_set(struct bag *bag, const char *key, void *value, insist_release_fn *destroy_value) {
    struct bag_value *one = find(bag, key);
    if (one == NULL)
        one = append(bag, key);
    if (one == NULL)
        return INSIST_ENOMEM;
    struct bag_value before = *one;
    one->value = value;
    one->destroy = destroy_value;
    if (before.value != value)
        destroy(&before);
    return INSIST_OK;
}

void *bag_get(const struct bag *bag, const char *key) {
    const struct bag_value *one = find(bag, key);
    return one == NULL ? NULL : one->value;
}
