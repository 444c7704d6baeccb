# What is installed: libraries, public headers, programs, and the files by which pkg-config and CMake find them.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/insist")

# Headers: the test server's belongs to its own library.
install(DIRECTORY include/insist DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN testserver.h EXCLUDE)
install(TARGETS insist EXPORT insistTargets)
install(EXPORT insistTargets NAMESPACE insist:: DESTINATION "${package_dir}")
if(TARGET insist-cli)
    install(TARGETS insist-cli)
endif()
if(TARGET insist-bench)
    install(TARGETS insist-bench)
endif()
if(TARGET insist_testserver)
    set_target_properties(insist_testserver PROPERTIES EXPORT_NAME testserver)
    install(FILES include/insist/testserver.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/insist")
    install(TARGETS insist_testserver EXPORT insistTestserverTargets)
    install(EXPORT insistTestserverTargets NAMESPACE insist:: DESTINATION "${package_dir}")
    install(TARGETS insist-testserver)
endif()

# The programs find the libraries wherever the prefix is, be it one that the linker does not look into. Packages for a place where
# it does look switch that off: CMAKE_SKIP_INSTALL_RPATH.
file(RELATIVE_PATH libraries_from_programs "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
foreach(target IN ITEMS insist-cli insist-testserver insist-bench)
    if(TARGET ${target})
        set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH "\$ORIGIN/${libraries_from_programs}")
    endif()
endforeach()

# Completions for the shells: bash and fish have a file for each program, zsh has one.
set(INSIST_ZSH_COMPLETIONS_DIR "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" CACHE STRING "Where zsh's completion is installed")
foreach(target IN ITEMS insist-cli insist-testserver insist-bench)
    if(TARGET ${target})
        string(REPLACE "-cli" "" program "${target}")
        install(FILES "docs/completions/bash/${program}" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
        install(FILES "docs/completions/fish/${program}.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
        set(any_program TRUE)
    endif()
endforeach()
if(any_program)
    install(FILES docs/completions/zsh/_insist DESTINATION "${INSIST_ZSH_COMPLETIONS_DIR}")
endif()

# A static library hands its own dependencies on; who links a shared one needs none of their headers.
get_target_property(type insist TYPE)
set(INSIST_IS_SHARED FALSE)
set(INSIST_PC_NEEDS "Requires: libcurl >= 7.87, zlib\nLibs: -L\${libdir} -linsist -pthread")
set(INSIST_TESTSERVER_PC_NEEDS
    "Requires: libmicrohttpd, gnutls, jansson, zlib\nLibs: -L\${libdir} -linsist-testserver -pthread -lm")
if(type STREQUAL "SHARED_LIBRARY")
    set(INSIST_IS_SHARED TRUE)
    set(INSIST_PC_NEEDS "Libs: -L\${libdir} -linsist")
    set(INSIST_TESTSERVER_PC_NEEDS "Libs: -L\${libdir} -linsist-testserver")
endif()

# CMake: 0.x releases are compatible within the same minor number.
configure_package_config_file(cmake/insistConfig.cmake.in insistConfig.cmake INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(insistConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/insistConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/insistConfigVersion.cmake"
    DESTINATION "${package_dir}")

# pkg-config: the prefix is told from the place of the file, so that an installed tree may be moved.
set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(INSIST_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
    set(INSIST_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(INSIST_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
    file(RELATIVE_PATH up "/${pkgconfig_dir}" "/")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(INSIST_PC_PREFIX "\${pcfiledir}/${up}")
    set(INSIST_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(INSIST_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/insist.pc.in insist.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/insist.pc" DESTINATION "${pkgconfig_dir}")
if(TARGET insist_testserver)
    configure_file(cmake/insist-testserver.pc.in insist-testserver.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/insist-testserver.pc" DESTINATION "${pkgconfig_dir}")
endif()

configure_file(cmake/record_directories.cmake.in record_directories.cmake @ONLY)
configure_file(cmake/uninstall.cmake.in uninstall.cmake @ONLY)
if(NOT TARGET uninstall)
    add_custom_target(uninstall COMMAND "${CMAKE_COMMAND}" -P "${CMAKE_CURRENT_BINARY_DIR}/uninstall.cmake"
        COMMENT "Removing what was installed")
endif()
