# The three programs with terminals, pipes, full disks and nothing as their standard streams.
if(TARGET insist-cli AND TARGET insist-bench AND TARGET insist-testserver)
    insist_integration_test(test_standard_streams)
endif()
if(TARGET test_standard_streams)
    target_compile_definitions(test_standard_streams PRIVATE INSIST_PROGRAM="$<TARGET_FILE:insist-cli>"
        BENCH_PROGRAM="$<TARGET_FILE:insist-bench>" TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
    add_dependencies(test_standard_streams insist-cli insist-bench insist-testserver)
endif()
