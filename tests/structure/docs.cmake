# Tests on the manual, the shells' completions and the README's program: what every page has, that everything has a page, that
# programs compile, and that programs, pages and completions have the same options.

set(pages "${INSIST_SOURCE_DIR}/docs/man")
function(insist_docs_test name)
    add_test(NAME docs_${name} COMMAND ${ARGN} COMMAND_EXPAND_LISTS)
    set_tests_properties(docs_${name} PROPERTIES LABELS docs TIMEOUT 1500 ENVIRONMENT "LC_ALL=C")
endfunction()

insist_docs_test(man "${checks}/check_man" "${pages}" "${INSIST_MANUAL_DIR}")
insist_docs_test(man_checks "${checks}/check_the_man_checks" "${pages}" "${INSIST_MANUAL_DIR}" "${include}" "${CMAKE_C_COMPILER}")

# insist_options_test(TARGET SOURCE): the program and the file that has the table of its options.
set(completions "${INSIST_SOURCE_DIR}/docs/completions")
function(insist_options_test target source)
    if(TARGET ${target})
        get_target_property(program ${target} OUTPUT_NAME)
        if(NOT program)
            set(program ${target})
        endif()
        insist_docs_test(options_${program} "${checks}/check_man_options" $<TARGET_FILE:${target}> "${INSIST_SOURCE_DIR}/${source}"
            "${pages}/${program}.1")
        insist_docs_test(completions_${program} "${checks}/check_completions" "${completions}" $<TARGET_FILE:${target}>
            "${INSIST_SOURCE_DIR}/${source}" "${pages}/${program}.1")
    endif()
endfunction()
insist_options_test(insist-cli src/cli/option_table.c)
insist_options_test(insist-testserver testserver/options.c)
insist_options_test(insist-bench bench/options.c)

insist_docs_test(benchmarks "${checks}/check_benchmarks" "${INSIST_SOURCE_DIR}")

# Programs link with the libraries as users do; a sanitizer's runtime would have to come with them.
if(BUILD_SHARED_LIBS AND NOT INSIST_SANITIZE)
    set(libraries $<TARGET_FILE:insist> $<TARGET_FILE:insist_testserver>)
    insist_docs_test(man_names "${checks}/check_man_names" "${pages}" "${INSIST_MANUAL_DIR}" "${include}" "${CMAKE_C_COMPILER}"
        "${libraries}")
    insist_docs_test(man_examples "${checks}/check_man_examples" "${pages}" "${include}" "${CMAKE_C_COMPILER}" "${libraries}")
endif()

# The README's program, built and run as it says there, with what the consumers' tests have installed.
if(INSIST_INSTALL AND NOT INSIST_SANITIZE AND TARGET insist-testserver)
    insist_docs_test(readme_runs "${INSIST_SOURCE_DIR}/tests/consumer/run_readme" "${INSIST_SOURCE_DIR}/README.md"
        "${CMAKE_BINARY_DIR}/tests/consumer/places/prefix" "${CMAKE_CURRENT_BINARY_DIR}/readme")
    set_tests_properties(docs_readme_runs PROPERTIES FIXTURES_REQUIRED insist_installed)
endif()
