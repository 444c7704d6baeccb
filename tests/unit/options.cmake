# What plans and options are checked with, and the layout of what is public.
insist_unit_test(test_base64 ROOMS base SOURCES ../support/fail_alloc.c)
insist_unit_test(test_authority ROOMS base SOURCES ../../src/wire/authority.c)
