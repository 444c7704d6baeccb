/* Errors in words, from the one table in the public header; the version. Pure. */
#include <insist/error.h>

const char *insist_strerror(insist_err err) {
    switch ((int)err) {
#define TEXT_OF(name, number, text)                                                                                    \
    case number: return text;
        INSIST_ERR_MAP(TEXT_OF)
#undef TEXT_OF
    default: return "unknown error";
    }
}

const char *insist_err_name(insist_err err) {
    switch ((int)err) {
#define NAME_OF(name, number, text)                                                                                    \
    case number: return #name;
        INSIST_ERR_MAP(NAME_OF)
#undef NAME_OF
    default: return "UNKNOWN";
    }
}

const char *insist_version(void) {
    return INSIST_VERSION;
}
