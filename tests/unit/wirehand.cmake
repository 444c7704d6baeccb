# The hand-over's two ends: jobs and mailboxes, in which calls sleep.
set(hand_over ROOMS base view policy origin wire SOURCES job_example.c ../support/fail_alloc.c)
insist_unit_test(test_job ${hand_over})
insist_thread_test(test_mailbox ${hand_over})
insist_thread_test(test_transport_custom ${hand_over})
