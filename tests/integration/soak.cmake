# Calls of all kinds, a little of what `test_soak 1000000` does.
insist_integration_test(test_soak SOURCES soak_calls.c testserver_process.c ../support/crowd.c ../support/fail_alloc.c ../support/usage.c TIMEOUT 240)
target_compile_definitions(test_soak PRIVATE TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
add_dependencies(test_soak insist-testserver)
