# What plans and options are checked with, and the layout of what is public.
insist_unit_test(test_base64 ROOMS base SOURCES ../support/fail_alloc.c)
insist_unit_test(test_authority ROOMS base SOURCES ../../src/wire/authority.c)
insist_unit_test(test_network ROOMS base SOURCES ../../src/wire/network.c ../../src/wire/signpost.c ../../src/wire/route.c
    ../../src/wire/authority.c ../../src/wire/addresses.c ../support/fail_alloc.c)
insist_unit_test(test_layout ROOMS base view policy engine origin wire pool call)
set_tests_properties(test_layout PROPERTIES LABELS "unit;abi")
insist_unit_test(test_feed ROOMS base SOURCES ../../src/call/feed.c ../support/fail_alloc.c)
