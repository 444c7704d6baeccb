# The test server's rooms that need neither thread nor daemon.
foreach(test IN ITEMS test_script test_grammar test_distribution test_stations test_answer test_alarms test_barrier test_pump test_rules test_target test_tcp)
    insist_unit_test(${test} ROOMS testserver_objects)
endforeach()
insist_thread_test(test_ledger ROOMS testserver_objects)
target_compile_definitions(test_grammar PRIVATE TESTSERVER_DOCUMENT="${INSIST_SOURCE_DIR}/docs/testserver.md")
