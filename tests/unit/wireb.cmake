# The pure rooms of libcurl's transport: where to connect, where a redirect leads, what is sent along.
insist_unit_test(test_address ROOMS base SOURCES ../../src/wire/address.c ../../src/wire/addresses.c)
insist_unit_test(test_framing ROOMS base SOURCES ../../src/wire/framing.c)
insist_unit_test(test_redirect ROOMS base view SOURCES ../../src/wire/redirect.c ../../src/wire/url.c ../../src/wire/authority.c ../support/fail_alloc.c)
insist_unit_test(test_lines ROOMS base view
    SOURCES ../../src/wire/lines.c ../../src/wire/redirect.c ../../src/wire/url.c ../../src/wire/authority.c ../support/fail_alloc.c)
insist_unit_test(test_sizes ROOMS base SOURCES ../../src/wire/sizes.c)
insist_unit_test(test_connections ROOMS base SOURCES ../../src/wire/connections.c)
