# Finds what the chosen parts need. Debian's libcurl brings no CURLConfig.cmake, so CMake's FindCURL is used; libmicrohttpd,
# gnutls, jansson and cmocka only bring pkg-config files and become PkgConfig::… targets.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(CURL 7.87 REQUIRED)
find_package(ZLIB REQUIRED)

if(INSIST_BUILD_CLI OR INSIST_BUILD_TESTSERVER OR INSIST_BUILD_BENCH OR INSIST_BUILD_TESTS)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
endif()
if(INSIST_BUILD_TESTSERVER)
    pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
    pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)
endif()
if(INSIST_BUILD_TESTS)
    pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
