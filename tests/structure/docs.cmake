# Tests on the manual: what every page has, that everything has a page, and that its programs compile.

set(pages "${INSIST_SOURCE_DIR}/docs/man")
function(insist_docs_test name)
    add_test(NAME docs_${name} COMMAND ${ARGN} COMMAND_EXPAND_LISTS)
    set_tests_properties(docs_${name} PROPERTIES LABELS docs TIMEOUT 120 ENVIRONMENT "LC_ALL=C")
endfunction()

insist_docs_test(man "${checks}/check_man" "${pages}" "${INSIST_MANUAL_DIR}")
insist_docs_test(man_checks "${checks}/check_the_man_checks" "${pages}" "${INSIST_MANUAL_DIR}" "${include}" "${CMAKE_C_COMPILER}")
if(TARGET insist-cli)
    insist_docs_test(man_options "${checks}/check_man_options" $<TARGET_FILE:insist-cli> "${INSIST_SOURCE_DIR}/src/cli/option_table.c"
        "${pages}/insist.1")
endif()
insist_docs_test(man_options_testserver "${checks}/check_man_options" $<TARGET_FILE:insist-testserver>
    "${INSIST_SOURCE_DIR}/testserver/options.c" "${pages}/insist-testserver.1")
if(TARGET insist-bench)
    insist_docs_test(man_options_bench "${checks}/check_man_options" $<TARGET_FILE:insist-bench> "${INSIST_SOURCE_DIR}/bench/options.c"
        "${pages}/insist-bench.1")
endif()

# Programs link with the libraries as users do; a sanitizer's runtime would have to come with them.
if(BUILD_SHARED_LIBS AND NOT INSIST_SANITIZE)
    set(libraries $<TARGET_FILE:insist> $<TARGET_FILE:insist_testserver>)
    insist_docs_test(man_names "${checks}/check_man_names" "${pages}" "${INSIST_MANUAL_DIR}" "${include}" "${CMAKE_C_COMPILER}"
        "${libraries}")
    insist_docs_test(man_examples "${checks}/check_man_examples" "${pages}" "${include}" "${CMAKE_C_COMPILER}" "${libraries}")
endif()
