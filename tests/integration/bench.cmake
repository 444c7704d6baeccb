# insist-bench: that each workload runs and reports what it promises. Of its figures counts are looked at, and
# times only where no machine could do with less.
if(TARGET insist-bench)
    insist_add_test(test_bench integration 480 "test_bench.c;run_program.c" "" "PkgConfig::JANSSON")
    target_compile_definitions(test_bench PRIVATE BENCH_PROGRAM="$<TARGET_FILE:insist-bench>"
        BENCH_PEER="$<TARGET_FILE_DIR:insist-bench>/insist-bench-retryablehttp"
        TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
    add_dependencies(test_bench insist-bench insist-testserver)
    insist_add_test(test_bench_requests integration 60
        "test_bench_requests.c;${INSIST_SOURCE_DIR}bench/contender_insist.c;${INSIST_SOURCE_DIR}bench/contender_libcurl.c" ""
        "insist_yardstick;insist::insist;insist::testserver")
    target_include_directories(test_bench_requests PRIVATE "${INSIST_SOURCE_DIR}")
endif()
