/* Form encoding: letters, digits and *-._ stand for themselves, a blank is a plus, the rest is %XX. */
#include "call/form.h"
#include <string.h>

static insist_err append_encoded(struct body *out, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
    insist_err err = INSIST_OK;
    for (; *text != '\0' && err == INSIST_OK; text++) {
        if (strchr(plain, *text) != NULL)
            err = body_append(out, text, 1);
        else if (*text == ' ')
            err = body_append(out, "+", 1);
        else
            err = body_append_format(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return err;
}

static insist_err append_pair(struct body *out, const insist_pair *pair) {
    insist_err err = out->length > 0 ? body_append(out, "&", 1) : INSIST_OK;
    if (err == INSIST_OK)
        err = append_encoded(out, pair->name);
    if (err == INSIST_OK)
        err = body_append(out, "=", 1);
    return err == INSIST_OK ? append_encoded(out, pair->value) : err;
}

/* A stable insertion sort: forms are short, and pairs of one name must keep their order. */
static void sort_by_name(const insist_pair **sorted, const insist_pair *pairs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t place = i;
        for (; place > 0 && strcmp(sorted[place - 1]->name, pairs[i].name) > 0; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = &pairs[i];
    }
}

insist_err form_encode(struct body *out, const insist_pair *pairs, size_t n) {
    if (pairs == NULL && n > 0)
        return INSIST_EINVAL;
    for (size_t i = 0; i < n; i++)
        if (pairs[i].name == NULL || pairs[i].value == NULL)
            return INSIST_EINVAL;
    if (n == 0)
        return INSIST_OK;
    if (n > SIZE_MAX / sizeof(insist_pair *))
        return INSIST_ENOMEM;
    const insist_pair **sorted = env_alloc(out->env, n * sizeof *sorted);
    if (sorted == NULL)
        return INSIST_ENOMEM;
    sort_by_name(sorted, pairs, n);
    insist_err err = INSIST_OK;
    for (size_t i = 0; i < n && err == INSIST_OK; i++)
        err = append_pair(out, sorted[i]);
    env_release(out->env, sorted);
    return err;
}
