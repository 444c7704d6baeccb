/* What a body says. See mirror_body.h. Forms are taken apart by libmicrohttpd's own reader of them. */
#include "mirror_body.h"

#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t form_buffer = 65536; /* names of fields must fit */

void mirror_body_fini(struct mirror_body *body) {
    json_decref(body->data);
    json_decref(body->form);
    json_decref(body->files);
    json_decref(body->json);
}

/* UTF-8 as it is, anything else as data:TYPE;base64,... */
static json_t *tell_content(const char *bytes, size_t size, const char *type) {
    json_t *json = json_stringn(bytes, size);
    if (json) {
        return json;
    }
    const gnutls_datum_t raw = {(unsigned char *)(uintptr_t)bytes, (unsigned)size};
    gnutls_datum_t base64 = {0};
    char *url = NULL;
    if (gnutls_base64_encode2(&raw, &base64) != 0) {
        return NULL;
    }
    if (asprintf(&url, "data:%s;base64,%.*s", type, (int)base64.size, (const char *)base64.data) >= 0) {
        json = json_text(url);
        free(url);
    }
    gnutls_free(base64.data);
    return json;
}

/* ---- forms ------------------------------------------------------------------------------------------------------ */

/* The field that is being read; its value may come in pieces. */
struct form {
    struct mirror_body *body;
    char *name; /* NULL: none yet */
    char *file;
    char *type;
    char *value;
    size_t size;
    bool failed;
};

/* Enters the field that has been read. */
static void end_field(struct form *form) {
    const char *value = form->value ? form->value : "";
    if (form->name && form->file) {
        const char *type = form->type ? form->type : "application/octet-stream";
        form->failed =
            !json_add(form->body->files, json_text(form->name), tell_content(value, form->size, type)) || form->failed;
    } else if (form->name) {
        form->failed =
            !json_add(form->body->form, json_text(form->name), json_bytes(value, form->size)) || form->failed;
    }
    free(form->name);
    free(form->file);
    free(form->type);
    free(form->value);
    form->name = form->file = form->type = form->value = NULL;
    form->size = 0;
}

static void begin_field(struct form *form, const char *name, const char *file, const char *type) {
    form->name = strdup(name);
    form->file = file ? strdup(file) : NULL;
    form->type = type ? strdup(type) : NULL;
    form->failed = form->failed || !form->name || (file && !form->file) || (type && !form->type);
}

static enum MHD_Result take_piece(void *cls, enum MHD_ValueKind kind, const char *name, const char *file,
                                  const char *type, const char *coding, const char *data, uint64_t offset,
                                  size_t size) {
    struct form *form = cls;
    (void)kind;
    (void)coding;
    if (offset == 0) {
        end_field(form);
        begin_field(form, name ? name : "", file, type);
    }
    char *grown = realloc(form->value, form->size + size + 1);
    if (form->failed || !grown) {
        form->value = grown ? grown : form->value;
        form->failed = true;
        return MHD_NO;
    }
    form->value = grown;
    if (size > 0) {
        memcpy(grown + form->size, data, size);
    }
    form->size += size;
    return MHD_YES;
}

/* Reads a form into body. False: the body is none, or a broken one. */
static bool read_form(struct mirror_body *body, const struct exchange *exchange, bool *no_memory) {
    struct form form = {.body = body};
    struct MHD_PostProcessor *reader = MHD_create_post_processor(exchange->mhd, form_buffer, take_piece, &form);
    if (!reader) {
        return false;
    }
    bool whole = exchange->body_size == 0 ||
                 MHD_post_process(reader, (const char *)exchange->body, exchange->body_size) == MHD_YES;
    whole = MHD_destroy_post_processor(reader) == MHD_YES && whole;
    end_field(&form);
    *no_memory = form.failed;
    return whole && !form.failed;
}

/* ---- anything else ---------------------------------------------------------------------------------------------- */

/* Numbers too large for an integer are taken as reals. */
static json_t *parse(const char *bytes, size_t size) {
    const size_t usual = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *json = json_loadb(bytes, size, usual, NULL);
    json = json ? json : json_loadb(bytes, size, usual | JSON_DECODE_INT_AS_REAL, NULL);
    return json ? json : json_null();
}

bool mirror_body_init(struct mirror_body *body, const struct exchange *exchange) {
    const char *bytes = exchange->body ? (const char *)exchange->body : "";
    size_t size = exchange->body_size;
    bool no_memory = false;
    *body = (struct mirror_body){.form = json_object(), .files = json_object()};
    if (!body->form || !body->files) {
        return false;
    }
    if (read_form(body, exchange, &no_memory)) {
        body->data = json_string("");
        body->json = json_null();
    } else {
        json_object_clear(body->form);
        json_object_clear(body->files);
        body->data = tell_content(bytes, size, "application/octet-stream");
        body->json = parse(bytes, size);
    }
    return !no_memory && body->data && body->json;
}
