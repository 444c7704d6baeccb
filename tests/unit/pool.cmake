# The pool on a transport without a wire. The reactor alone is driven by the test's own thread.
set(hand_examples job_example.c fake_transport.c ../support/fail_alloc.c)
insist_unit_test(test_reactor ROOMS base view policy origin wire pool SOURCES ${hand_examples})
insist_unit_test(test_pool ROOMS base view policy origin wire pool SOURCES ${hand_examples} TIMEOUT 60)
