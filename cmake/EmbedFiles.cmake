# A script: writes OUT, a C file with the bytes of FILES (separated by '|') as the list page_files.
#   cmake -DOUT=page_files.c -DFILES=a.html|b.css -P EmbedFiles.cmake
string(REPLACE "|" ";" files "${FILES}")
set(arrays "")
set(list "")
set(index 0)
foreach(file IN LISTS files)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    get_filename_component(name "${file}" NAME)
    file(SIZE "${file}" size)
    string(APPEND arrays "static const unsigned char file_${index}[] = {${bytes}};\n")
    string(APPEND list "    {\"${name}\", file_${index}, ${size}},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${OUT}" "/* Made by cmake/EmbedFiles.cmake. */\n#include \"testserver/page_files.h\"\n\n${arrays}\n"
    "const struct page_file page_files[] = {\n${list}    {0},\n};\n")
