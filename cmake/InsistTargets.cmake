# How a room, a program and a test are declared, so that each CMakeLists.txt only says what is its own.

set(INSIST_SOURCE_DIR "${CMAKE_CURRENT_LIST_DIR}/..")
cmake_path(NORMAL_PATH INSIST_SOURCE_DIR)
set(INSIST_ROOMS base view policy engine origin wire pool call)

# Gives a target of this project its language, visibility, warnings and sanitizers.
function(insist_configure_target target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE=)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
        -Wstrict-prototypes -Wmissing-prototypes $<$<BOOL:${INSIST_WERROR}>:-Werror>)
    if(INSIST_SANITIZE)
        target_compile_options(${target} PRIVATE
            -fsanitize=${INSIST_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${INSIST_SANITIZE})
    endif()
endfunction()

# insist_library(TARGET MAP objects…): a library for users, shared or static. MAP is the version script, which says
# what a shared one shows.
#
# SOVERSION is the number of the binary interface, not of the release: 0 until 1.0, then one more whenever something that was
# exported is taken away or changes its meaning or its layout.
function(insist_library target map)
    add_library(${target} ${ARGN})
    insist_configure_target(${target})
    target_include_directories(${target} PUBLIC
        "$<BUILD_INTERFACE:${INSIST_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0 LINKER_LANGUAGE C)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "SHARED_LIBRARY")
        target_link_options(${target} PRIVATE "LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/${map}")
        set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${map}")
        if(NOT INSIST_SANITIZE) # a sanitizer's runtime is found in the program, not in the library
            target_link_options(${target} PRIVATE "LINKER:--no-undefined")
        endif()
    endif()
endfunction()

# insist_room(NAME sources…): the object library insist_NAME of the folder src/NAME.
function(insist_room name)
    add_library(insist_${name} OBJECT ${ARGN})
    insist_configure_target(insist_${name})
    target_include_directories(insist_${name} PUBLIC
        "$<BUILD_INTERFACE:${INSIST_SOURCE_DIR}/src>" "$<BUILD_INTERFACE:${INSIST_SOURCE_DIR}/include>")
    target_link_libraries(insist_${name} PUBLIC CURL::libcurl ZLIB::ZLIB Threads::Threads)
endfunction()

# One cmocka program NAME made of the given sources and rooms, registered with ctest. The timeout, in seconds, is for what
# hangs on a quick machine: a slow one has five times as long, and twice that with a sanitizer. Where tests run beside each
# other, those that may take longest begin.
function(insist_add_test name label timeout sources rooms libs)
    list(REMOVE_ITEM rooms "")
    list(TRANSFORM rooms PREPEND insist_ OUTPUT_VARIABLE objects)
    add_executable(${name} ${sources})
    insist_configure_target(${name})
    target_include_directories(${name} PRIVATE "${INSIST_SOURCE_DIR}/tests" "${INSIST_SOURCE_DIR}/include")
    target_link_libraries(${name} PRIVATE ${objects} ${libs} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name})
    if(INSIST_SANITIZE)
        math(EXPR timeout "${timeout} * 10")
    else()
        math(EXPR timeout "${timeout} * 5")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${timeout} COST ${timeout} SKIP_RETURN_CODE 77)
endfunction()

# insist_unit_test(NAME ROOMS room… [SOURCES file…] [TIMEOUT seconds]): links the objects of the named rooms only, so that a
# room which reaches above its place does not link. The source is NAME.c unless SOURCES names others (NAME.c comes with them).
# It cannot sleep: tests/support/no_sleep.c is linked in, and whoever waits for time to pass dies.
function(insist_unit_test name)
    insist_small_test(${name} unit no_sleep ${ARGN})
endfunction()

# insist_thread_test(NAME …): the same about waiting itself, with real threads, clocks and descriptors: it may sleep. No
# test may depend on how long that lasts.
function(insist_thread_test name)
    insist_small_test(${name} unit-threads "" ${ARGN})
endfunction()

function(insist_small_test name label more_rooms)
    cmake_parse_arguments(PARSE_ARGV 3 arg "" "TIMEOUT" "ROOMS;SOURCES")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 30)
    endif()
    insist_add_test(${name} ${label} ${arg_TIMEOUT} "${name}.c;${arg_SOURCES}" "${arg_ROOMS};${more_rooms}" "")
endfunction()

# insist_integration_test(NAME [SOURCES file…] [LIBS target…] [TIMEOUT seconds]): all rooms' objects and the test server.
function(insist_integration_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LIBS")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    insist_add_test(${name} integration ${arg_TIMEOUT} "${name}.c;${arg_SOURCES}" "${INSIST_ROOMS}"
        "insist_testserver;${arg_LIBS}")
endfunction()
