# Who does the work. The other suites do not ask: with INSIST_LEADING off or random they say whether anything depends on it.
if(INSIST_LEADING STREQUAL "on")
    insist_integration_test(test_leading SOURCES ../support/usage.c LIBS ZLIB::ZLIB)
endif()
