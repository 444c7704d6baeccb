# Tests of src/policy: pure, in virtual time.
insist_unit_test(test_retry ROOMS base view policy SOURCES ../support/fail_alloc.c)
insist_unit_test(test_backoff ROOMS base view policy SOURCES ../support/fail_alloc.c)
insist_unit_test(test_timeout ROOMS base view policy SOURCES ../support/fail_alloc.c)
insist_unit_test(test_defaults ROOMS base view policy SOURCES ../support/fail_alloc.c)
insist_unit_test(test_retry_after ROOMS base view policy)
insist_unit_test(test_http_date ROOMS base view policy)
insist_unit_test(test_budget ROOMS base view policy)
