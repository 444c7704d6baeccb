/* What every public header starts from: the version, and how a symbol is exported. Since 0.1.0. */
#ifndef INSIST_API_H
#define INSIST_API_H

/** The version of these headers, which may differ from that of the library that is running. */
#define INSIST_VERSION_MAJOR 0
#define INSIST_VERSION_MINOR 1
#define INSIST_VERSION_PATCH 0
#define INSIST_VERSION "0.1.0"

/** Marks what the shared library exports, and results that must be looked at. */
#if defined(__GNUC__)
#define INSIST_API __attribute__((visibility("default")))
#define INSIST_MUST_USE __attribute__((warn_unused_result))
#else
#define INSIST_API
#define INSIST_MUST_USE
#endif

/** Around the declarations of a header: C linkage in C++. */
#ifdef __cplusplus
#define INSIST_BEGIN_DECLS extern "C" {
#define INSIST_END_DECLS }
#else
#define INSIST_BEGIN_DECLS
#define INSIST_END_DECLS
#endif

INSIST_BEGIN_DECLS

/** The version of the library that is running, such as "0.1.0": static text. Any thread. */
INSIST_API const char *insist_version(void);

INSIST_END_DECLS

#endif
