# What the wire is made of: URLs, names, content codings, libcurl's codes. Each needs base and nothing else, so it is linked with nothing else.
insist_unit_test(test_url ROOMS base SOURCES ../../src/wire/url.c ../../src/wire/authority.c ../support/fail_alloc.c)
insist_unit_test(test_curl_code ROOMS base SOURCES ../../src/wire/curl_code.c)
insist_unit_test(test_decode ROOMS base SOURCES ../../src/wire/decode.c ../support/fail_alloc.c)
insist_unit_test(test_address_cache ROOMS base SOURCES ../../src/wire/address_cache.c ../../src/wire/addresses.c ../support/fail_alloc.c)
insist_thread_test(test_resolver ROOMS base SOURCES ../../src/wire/lookup.c ../../src/wire/resolver.c ../../src/wire/resolver_thread.c
    ../../src/wire/resolver_system.c ../../src/wire/address_cache.c ../../src/wire/addresses.c ../support/fail_alloc.c)
