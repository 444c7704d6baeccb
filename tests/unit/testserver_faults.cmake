# The test server's raw answers.
insist_unit_test(test_tape ROOMS testserver_objects)
