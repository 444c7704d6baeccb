# The insist command as a user runs it: the real program against a test server.
if(TARGET insist-cli)
    insist_integration_test(test_cli SOURCES run_program.c LIBS PkgConfig::JANSSON)
endif()
if(TARGET test_cli)
    target_compile_definitions(test_cli PRIVATE INSIST_PROGRAM="$<TARGET_FILE:insist-cli>")
    add_dependencies(test_cli insist-cli)
endif()
