# Many calls at once on one thread.
insist_integration_test(test_execute_all SOURCES ../support/crowd.c ../support/usage.c TIMEOUT 120)
