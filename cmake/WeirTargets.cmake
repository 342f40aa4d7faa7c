# WeirTargets.cmake - how libraries, programs and tests of this tree are made

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(CZMQ REQUIRED IMPORTED_TARGET libczmq)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(GDAL REQUIRED IMPORTED_TARGET gdal)
pkg_check_modules(TIFF REQUIRED IMPORTED_TARGET libtiff-4)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)

add_library(weir_options INTERFACE)
target_include_directories(weir_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_definitions(weir_options INTERFACE _GNU_SOURCE WEIR_VERSION="${PROJECT_VERSION}")
target_compile_options(weir_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2
  -Wvla -Wundef -ffp-contract=off -fno-strict-aliasing)
if(WEIR_WERROR)
  target_compile_options(weir_options INTERFACE -Werror)
endif()
if(WEIR_SANITIZE)
  target_compile_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(weir_options INTERFACE -fsanitize=${WEIR_SANITIZE})
  target_compile_definitions(weir_options INTERFACE WEIR_SANITIZED=1)
endif()

# weir_library(NAME SOURCES … LIBS …): a static library of this tree
function(weir_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC weir_options ${ARG_LIBS})
endfunction()

# weir_test(NAME SOURCES … LIBS … [TIMEOUT s]): a cmocka program run by ctest. It finds data by WEIR_SHARED, the
# source tree by WEIR_SOURCE_DIR and the program by WEIR_PROGRAM.
function(weir_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT CMOCKA_FOUND)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE weir_options ${ARG_LIBS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  weir_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()

# weir_script_test(NAME SCRIPT [ARGS …] [TIMEOUT s]): a shell or Python test; exit 77 says that it was skipped.
function(weir_script_test name script)
  cmake_parse_arguments(ARG "" "TIMEOUT" "ARGS;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${script} ${ARG_ARGS})
  weir_test_properties(${name} "${ARG_TIMEOUT}" "${ARG_LABELS}")
endfunction()

function(weir_test_properties name timeout labels)
  if(NOT timeout)
    set(timeout 120)
  endif()
  set(environment "WEIR_SHARED=${WEIR_SHARED};WEIR_SOURCE_DIR=${PROJECT_SOURCE_DIR};WEIR_PROGRAM=${PROJECT_BINARY_DIR}/weir")
  list(APPEND environment "WEIR_BUILD_DIR=${PROJECT_BINARY_DIR}")
  list(APPEND environment "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0" "UBSAN_OPTIONS=print_stacktrace=1")
  list(APPEND environment "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")
  list(APPEND environment "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:ignore_noninstrumented_modules=1")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} SKIP_RETURN_CODE 77 ENVIRONMENT "${environment}")
  if(labels)
    set_tests_properties(${name} PROPERTIES LABELS "${labels}")
  endif()
  if(name MATCHES "^(host_leader|e2e_signals)$") # they wait for deadlines: nothing else beside them
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
