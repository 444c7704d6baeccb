# The hand-over's two ends: jobs and mailboxes.
foreach(name IN ITEMS job mailbox)
    insist_unit_test(test_${name} ROOMS base view policy origin wire SOURCES job_example.c ../support/fail_alloc.c)
endforeach()
