# Writes a dictionary as C: cmake -DSOURCE=FILE -DOUTPUT=FILE -P dictionary.cmake
file(READ ${SOURCE} digits HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${digits}")
string(REGEX REPLACE "(................................................................................)"
  "\\1\n" lines "${bytes}")
get_filename_component(name ${SOURCE} NAME)
file(WRITE ${OUTPUT} "/* Made from ${name}. */
#include \"codec/dictionary.h\"

const unsigned char mqc__dictionary[] = {
${lines}
};
const size_t mqc__dictionary_bytes = sizeof mqc__dictionary;
")
