# Servers that mean harm.
insist_integration_test(test_hostile SOURCES ../support/fail_alloc.c TIMEOUT 120)
