# The test server's rooms behind its journal, its counts and its admin paths.
foreach(test IN ITEMS test_identity test_foreign)
    insist_unit_test(${test} ROOMS testserver_objects)
endforeach()
