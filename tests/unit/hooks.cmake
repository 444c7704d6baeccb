# What user code may do in a call.
insist_unit_test(test_hooks ROOMS base view engine SOURCES ../support/world.c)
insist_unit_test(test_redact ROOMS base SOURCES ../../src/call/redact.c ../support/fail_alloc.c)
insist_unit_test(test_events ROOMS base view engine SOURCES ../support/world.c)
insist_unit_test(test_bag ROOMS base view SOURCES ../support/fail_alloc.c)
