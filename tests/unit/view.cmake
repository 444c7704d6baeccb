insist_unit_test(test_names ROOMS base view)
insist_unit_test(test_request ROOMS base view)
insist_unit_test(test_outcome ROOMS base view SOURCES ../support/fail_alloc.c)
insist_unit_test(test_view_execution ROOMS base view)
